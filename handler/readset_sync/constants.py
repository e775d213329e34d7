"""Names, numbers and formats that the deployed stack, the function and the command line share.

The component imports this module alone of `readset_sync`, so it imports nothing itself.
"""

KEY = "set_arn"
"""The partition key of the table: the ARN of the read set."""

OMICS_SOURCE = "aws.omics"
"""The `source` of HealthOmics' events."""

READ_SET_EVENT = "Read Set Status Change"
"""The `detail-type` of an event about a read set."""

STORE_EVENT = "Sequence Store Status Change"
"""The `detail-type` of an event about a sequence store."""

API_CALL_EVENT = "AWS API Call via CloudTrail"
"""The `detail-type` of an event about an API call, such as one that changes tags."""

TAG_SOURCE = "aws.tag"
"""The `source` of AWS's own events about tags, of whatever service."""

TAG_EVENT = "Tag Change on Resource"
"""The `detail-type` of an event about changed tags."""

# The metrics that the function sends; docs/architecture.md says what each of them counts.
MESSAGES_METRIC = "Messages"
EVENTS_METRIC = "Events"
LAG_METRIC = "SourceToRowLag"
REFRESH_METRIC = "RefreshDuration"
RECONCILIATIONS_METRIC = "Reconciliations"
DRIFT_METRIC = "ReconciliationDrift"
SHARED_GROUPS_METRIC = "SharedGroups"

OVERWRITTEN = "overwritten"
"""What the function's log says of a row that somebody else had written, for those who look for it."""

OWN_SOURCE = "healthomics-metadata-sync"
"""The `source` of messages that the product sends to its own queue."""

RECONCILE = "Reconcile"
"""The `detail-type` of a message that asks for a reconciliation."""

RECONCILE_GROUP = "reconcile"
"""The message group of requests for a reconciliation."""

STEP_SECONDS = 5.0
"""A step of a reconciliation begins no further page after this many seconds."""

FILL_A_MINUTE = 200
"""Rows that the first fill of a table completes in a minute."""

ANSWER_SECONDS = 5.0
"""Kept back of the function's time: to answer for its messages, and to give those back that have not ended."""

DOCUMENTED_TPS = 5.0
"""HealthOmics calls a second, per operation, of a new account. Source: user guide, "HealthOmics service quotas"."""

OPERATIONS = (
    "GetReadSetMetadata",
    "GetReferenceMetadata",
    "GetSequenceStore",
    "ListReadSets",
    "ListSequenceStores",
    "ListTagsForResource",
)
"""The HealthOmics operations that are called, as the API names them."""

BULK_OPERATION = "GetResources"
"""The operation of the Resource Groups Tagging API that gives the tags of a hundred read sets at once."""

BULK_TPS = 10.0
"""Calls of it a second. About 15 are granted to an account in a region, for all who call it. Source: AWS General
Reference, "AWS Resource Groups endpoints and quotas"."""

RATED_OPERATIONS = (*OPERATIONS, BULK_OPERATION)
"""The operations that have a rate."""

BULK_MAX_AGE_DAYS = 90
"""How old a row may become, by default, whose tags are compared in bulk: for `files`, which no listing shows."""


def longest_pause(schedule: str) -> int:
    """Return how many hours it takes at most from one time of a schedule to the next.

    Args:
        schedule: A `rate(...)` of hours or days, or a `cron(...)`, of EventBridge Scheduler.
    """
    kind, _, fields = schedule.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = fields.split()
        return int(number) * (1 if unit.startswith("hour") else 24)
    _, _, day_of_month, month, day_of_week, year = fields.split()
    if (month, year) != ("*", "*"):
        return 366 * 24
    if day_of_month not in {"*", "?"}:
        return 62 * 24
    if day_of_week in {"*", "?"}:
        return 24
    return (35 if {"#", "L"} & {*day_of_week} else 7) * 24


def read_rates(text: str) -> dict[str, float]:
    """Read the calls a second of each operation named in a text; the key "" holds those of all others of HealthOmics.

    Args:
        text: Such as `20`, `20,GetReadSetMetadata=50` or `GetReadSetMetadata=50`: at most one number for every
            operation, and one for each operation by name, joined by commas.

    Raises:
        ValueError: Something in the text is not a rate; the message names it and the remedy.
    """
    rates: dict[str, float] = {}
    for entry in text.split(","):
        operation, equals, number = entry.strip().rpartition("=")
        if equals and operation not in RATED_OPERATIONS:
            names = ", ".join(RATED_OPERATIONS)
            raise ValueError(f"{operation!r} is not an operation that is called: name one of {names}")
        rate = _read_rate(number)
        if operation in rates:
            raise ValueError(f"{text!r} has two rates for {operation or 'every operation'}: give one")
        rates[operation] = rate
    return rates


def _read_rate(number: str) -> float:
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(f"{number!r} is not a number of calls: give one above 0")
    return rate


def largest_batch(max_tps: str, timeout: float) -> int:
    """How many messages one execution of the function can work through before it has to answer.

    A message costs at most one call of each operation, and the slowest operation decides. Half of the time is for
    waiting for the rate, the other half for the calls themselves and for trying them again. One of the messages may be
    a step of a reconciliation. Whatever takes longer all the same is cut short, and comes again alone.

    Args:
        max_tps: The rates of one execution, as `read_rates` takes them.
        timeout: The function's timeout in seconds.

    Raises:
        ValueError: Something in the text is not a rate.
    """
    rates = read_rates(max_tps)
    default = rates.get("", DOCUMENTED_TPS)
    slowest = min(rates.get(operation, default) for operation in OPERATIONS)
    return max(0, int((timeout - ANSWER_SECONDS - STEP_SECONDS) * slowest / 2))
