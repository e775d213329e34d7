"""Every setting of MetadataSync, declared once: name, type, default, accepted values and meaning.

`make generate` writes the component's arguments (`args.py`), the `config` block of Pulumi.yaml and the table in
docs/settings.md from these declarations. A configuration key is the setting's name in camelCase, but for the two names
in `_CONTRACT_KEYS`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import pulumi
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from readset_sync.constants import DOCUMENTED_TPS, RATED_OPERATIONS, read_rates

NEVER = "off"
"""The `reconcile_schedule` without reconciliations."""

UNRESERVED = -1
"""The `function_reserved_concurrency` that reserves nothing."""

TABLE_INDEXES: Mapping[str, tuple[str, ...]] = {
    "subject": ("set_subject_id",),
    "sample": ("set_sample_id",),
    "store": ("store_id", "set_status"),
}
"""The indexes that a created table can have, by name: partition key, and sort key if any."""

_NO_INDEXES = "none"
_KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+"
_A_KEY = "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)"
# DynamoDB's own limit per table is a quota that can be raised; this only catches slips of the keyboard.
_MOST_CAPACITY = 1_000_000
# EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler": rates and cron expressions of six fields.
# Every hour at the most: a cron expression names one minute.
_SCHEDULE = r"rate\([1-9][0-9]* (hour|day)s?\)|cron\([0-5]?[0-9]( \S+){5}\)"


def _accepts(values: str, pattern: str | None = None) -> Any:
    """What a field accepts: in words, as the end of "give …", and as a pattern of the whole text."""
    return Field(json_schema_extra={"accepts": values}, pattern=pattern and f"^(?:{pattern})$")


def _whole(low: int, high: int, unit: str = "") -> Any:
    words = f"a whole number from {low} to {high}{unit and f' ({unit})'}"
    return Field(json_schema_extra={"accepts": words}, ge=low, le=high)


def with_fifo_suffix(name: str) -> str:
    """The name of a FIFO queue, which SQS requires to end in `.fifo`."""
    return name if name.endswith(".fifo") else f"{name}.fifo"


def _complete_queue_name(name: object) -> object:
    if isinstance(name, pulumi.Output):
        return cast("pulumi.Output[str]", name).apply(with_fifo_suffix)
    return with_fifo_suffix(name) if isinstance(name, str) else name


def _read_switch(value: object) -> object:
    """Take true and false too, which were all that there was to choose in the first versions."""
    return {"true": "both", "false": "off"}.get(str(value).lower(), value)


def _normalize_indexes(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    if names != [_NO_INDEXES] and (len(set(names)) < len(names) or not set(names) <= TABLE_INDEXES.keys()):
        raise ValueError
    return ",".join(names)


def _check_rates(value: object) -> object:
    """Programs may give a plain number."""
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str):
        read_rates(text)
    return text


def _check_tag_key(key: str) -> str:
    if key.lower().startswith("aws:"):
        raise ValueError
    return key


_TableName = Annotated[
    str,
    _accepts(
        "the name of a DynamoDB table: 3 to 255 letters, digits, underscores, dots and hyphens", "[a-zA-Z0-9_.-]{3,255}"
    ),
]
_FifoQueueName = Annotated[
    str,
    _accepts(
        "the name of a FIFO queue: letters, digits, underscores and hyphens, at most 80 with .fifo",
        r"[a-zA-Z0-9_-]{1,75}\.fifo",
    ),
]
_TopicArn = Annotated[
    str,
    _accepts(
        "the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)",
        "arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}",
    ),
]
_AwsOwnedOrKey = Annotated[str, _accepts(f"AWS_OWNED or {_A_KEY}", f"AWS_OWNED|{_KEY_ARN}")]
_TagKey = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_check_tag_key)]
_TagValue = pulumi.Output[str] | Annotated[str, Field(max_length=256)]


class Settings(BaseModel):
    """All settings of one component.

    None stands for "not set". Names of existing resources and tags may be Outputs, everything else is plain.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True
    )

    existing_table_name: pulumi.Output[str] | _TableName | None = None
    """Name of an existing table to write to; its partition key must be `set_arn` (a string), without a sort key. Not
    set: a table is created."""

    existing_queue_name: Annotated[
        pulumi.Output[str] | _FifoQueueName | None, BeforeValidator(_complete_queue_name)
    ] = None
    """Name of an existing FIFO queue with content-based deduplication; `.fifo` is added when it is missing. Its
    visibility timeout should be six times the function's timeout. Not set: a queue is created."""

    table_name: _TableName | None = None
    """Name of the created table. Not set: a name is made from the component's."""

    queue_name: Annotated[_FifoQueueName | None, BeforeValidator(_complete_queue_name)] = None
    """Name of the created FIFO queue; `.fifo` is added when it is missing. Not set: a name is made from the
    component's."""

    dead_letter_queue_name: Annotated[_FifoQueueName | None, BeforeValidator(_complete_queue_name)] = None
    """Name of the FIFO dead-letter queue behind the created queue; `.fifo` is added when it is missing. Not set: a name
    is made from the component's."""

    undelivered_queue_name: Annotated[
        str | None,
        _accepts(
            "the name of a standard queue: at most 80 letters, digits, underscores and hyphens", "[a-zA-Z0-9_-]{1,80}"
        ),
    ] = None
    """Name of the standard queue that keeps events which EventBridge could not deliver. Not set: a name is made from
    the component's."""

    import_retained_table: bool = False
    """Bring the created table, which an earlier destroy left in place, back under management instead of creating it."""

    table_billing_mode: Literal["PAY_PER_REQUEST", "PROVISIONED"] = "PAY_PER_REQUEST"
    """How the created table is paid for."""

    table_read_capacity: Annotated[int, _whole(0, _MOST_CAPACITY, "read capacity units")] = 0
    """Read capacity units of a `PROVISIONED` table."""

    table_write_capacity: Annotated[int, _whole(0, _MOST_CAPACITY, "write capacity units")] = 0
    """Write capacity units of a `PROVISIONED` table."""

    table_indexes: Annotated[
        str,
        _accepts(f"some of {', '.join(TABLE_INDEXES)}, separated by commas, or {_NO_INDEXES}"),
        AfterValidator(_normalize_indexes),
    ] = "subject,sample"
    """Indexes of the created table, by which read sets are found without reading all of it; `store` is by store id and
    status. They can be changed at any time."""

    table_point_in_time_recovery: bool = True
    """Whether the created table can be restored to any second of the last 35 days."""

    table_deletion_protection: bool = True
    """Whether DynamoDB refuses to delete the created table."""

    table_encryption: Annotated[
        str, _accepts(f"AWS_MANAGED, AWS_OWNED or {_A_KEY}", f"AWS_MANAGED|AWS_OWNED|{_KEY_ARN}")
    ] = "AWS_MANAGED"
    """Key that the created table is encrypted with."""

    table_stream: bool = False
    """Whether the created table has a DynamoDB stream of its changes, with the row before and after each, for a journal
    of yours. The output `tableStreamArn` names it; of an existing table, it names the stream that its owner enabled."""

    retain_table: bool = True
    """Whether the created table and its data stay after `pulumi destroy`."""

    manage_queue_policy: bool = False
    """For an existing queue only: set its policy to the one that lets the event rule send to it. This replaces the
    queue's whole policy. Otherwise the policy is left alone, and the statement that it needs is reported."""

    function_memory_size: Annotated[int, _whole(128, 10240, "MiB")] = 256
    """Memory of the function in MiB."""

    function_timeout: Annotated[int, _whole(15, 900, "seconds")] = 60
    """Timeout of the function in seconds. The visibility timeout of a created queue follows from it."""

    function_reserved_concurrency: Annotated[int, _whole(UNRESERVED, 100_000, "-1 reserves none")] = UNRESERVED
    """Executions reserved for the function; -1 reserves none."""

    maximum_concurrency: Annotated[int, _whole(2, 1000)] = 2
    """How many executions of the function the queue may cause at a time."""

    batch_size: Annotated[int, _whole(1, 10)] = 10
    """Messages per execution."""

    max_receive_count: Annotated[int, _whole(1, 1000)] = 5
    """How often a message is tried before it goes to the dead-letter queue of a created queue."""

    message_retention_days: Annotated[int, _whole(1, 14)] = 14
    """How many days a created queue keeps a message."""

    queue_encryption: Annotated[str, _accepts(f"SQS_MANAGED or {_A_KEY}", f"SQS_MANAGED|{_KEY_ARN}")] = "SQS_MANAGED"
    """Key that the created queues are encrypted with; the policy of a KMS key must let EventBridge use it. For an
    existing queue: the key that it is encrypted with, so that the function may use it."""

    store_events: bool = True
    """Whether rows follow at once when a sequence store is renamed or deleted."""

    tag_events: Annotated[
        Literal["off", "tag", "trail", "both"],
        _accepts("off, tag, trail or both; true means both, and false off"),
        BeforeValidator(_read_switch),
    ] = "tag"
    """Which events make rows follow at once when a read set's tags are changed: `tag` is EventBridge's own, which costs
    nothing; `trail` takes a CloudTrail trail of management events in the account. Neither is guaranteed to come."""

    reconcile_schedule: Annotated[
        str,
        _accepts(
            "rate(1 day), another rate(NUMBER hours or days), a cron(MINUTE ...) expression of EventBridge Scheduler"
            f" with one minute, or {NEVER}: reconciliations that begin more often than every hour pile up in the queue",
            f"{NEVER}|{_SCHEDULE}",
        ),
    ] = "cron(0 3 * * ? *)"
    """How often all rows are compared with their read sets. A cron expression is in UTC; a rate also runs at once."""

    max_row_age_days: Annotated[int, _whole(0, 3650, "days; 0 for never")] = 7
    """A reconciliation refreshes a row this many days after its last full refresh at the latest, because its tags may
    have changed. For rows whose tags it compares in bulk it is 90 days, or this if it is more: less changes nothing for
    them."""

    log_encryption: _AwsOwnedOrKey = "AWS_OWNED"
    """Key that the function's logs are encrypted with; the policy of a KMS key must let CloudWatch Logs use it."""

    # What CloudWatch Logs accepts as a retention (PutRetentionPolicy).
    log_retention_days: Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
    ] = 30
    """How many days the function's logs are kept."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """Least level of the messages that the function logs."""

    max_tps: Annotated[
        str,
        _accepts(
            "a number greater than 0 (HealthOmics calls a second, per operation), with a number for single operations"
            f" if wanted, as in 20,GetReadSetMetadata=50; these are {', '.join(RATED_OPERATIONS)}"
        ),
        BeforeValidator(_check_rates),
    ] = "5"
    """How many calls a second, per HealthOmics operation, the function may make in all its executions together. 5 is
    the quota of a new account. GetResources, which gives tags in bulk and has another quota, has 10 unless it is
    named; one execution at a time calls it."""

    tags: Annotated[
        pulumi.Output[dict[str, str]] | dict[_TagKey, _TagValue],
        _accepts(
            "an object of texts: at most 50 tags, keys of 1 to 128 characters that do not begin with aws:, values of at"
            " most 256 characters"
        ),
        Field(max_length=50),
    ] = {}
    """Tags for everything that is created and can be tagged."""

    alarms: bool = True
    """Whether CloudWatch alarms watch the queues, the function and the reconciliations."""

    alarm_email: Annotated[
        # Only what SNS could never deliver to is refused: an address is right once its owner has confirmed it.
        str | None, _accepts("one e-mail address, such as on-call@example.org", r"[^@\s]+@[^@\s]+\.[^@\s]+")
    ] = None
    """Whom the alarms tell: an SNS topic is created, and this address is asked to confirm its subscription. Not set:
    the alarms are seen in CloudWatch and by `omics-meta status` only."""

    alarm_topic_arn: pulumi.Output[str] | _TopicArn | None = None
    """ARN of an existing SNS topic that the alarms publish to, instead of a created one; its policy must let CloudWatch
    publish."""

    alarm_encryption: _AwsOwnedOrKey = "AWS_OWNED"
    """Key that the created topic is encrypted with; the policy of a KMS key must let CloudWatch use it."""

    oldest_message_minutes: Annotated[int, _whole(1, 1440, "minutes")] = 60
    """How many minutes a message may wait in the FIFO queue before there is an alarm."""

    dashboard: bool = False
    """Whether a CloudWatch dashboard is created."""

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: object, info: ValidationInfo) -> object:
        """Read what is no text in Python: a stack's configuration has texts only, and other languages have floats."""
        wanted = DECLARED[str(info.field_name)].type
        if isinstance(value, str) and wanted is not str:
            value = json.loads(value.lower() if wanted is bool else value)
        return int(value) if wanted is int and isinstance(value, float) and value.is_integer() else value

    @property
    def index_names(self) -> tuple[str, ...]:
        """The indexes of the created table, by name."""
        return () if self.table_indexes == _NO_INDEXES else tuple(self.table_indexes.split(","))


def key_arn(encryption: str) -> str | None:
    """The KMS key that a setting for encryption names, if it is the user's own."""
    return encryption if re.fullmatch(_KEY_ARN, encryption) else None


def share(max_tps: str, executions: int) -> str:
    """The rates of one of so many executions, which do not know of each other; in the format of `max_tps`."""
    rates = {"": DOCUMENTED_TPS} | read_rates(max_tps)
    return ",".join(f"{name and name + '='}{rate / executions:g}" for name, rate in rates.items())


@dataclass(frozen=True)
class Setting:
    """What is declared about one setting.

    Attributes:
        name: The field of Settings, and the component's argument.
        type: str, int, bool or dict.
        default: The value when it is not given; None if there is none.
        can_be_output: Whether a program may give an Output.
        accepts: The accepted values in words, as the end of "give …".
        meaning: What it is for, in full sentences.
    """

    name: str
    type: type
    default: Any
    can_be_output: bool
    accepts: str
    meaning: str

    @property
    def key(self) -> str:
        """The configuration key."""
        return _CONTRACT_KEYS.get(self.name) or camel_case(self.name)

    @property
    def both_names(self) -> str:
        """The argument and the key, for messages that do not know which of them the user gave."""
        return f"{self.name} ({self.key} in a stack's configuration)"


_CONTRACT_KEYS = {"existing_table_name": "dynamoTableName", "existing_queue_name": "SQSQueueName"}


def camel_case(name: str) -> str:
    """A setting's or an output's name as Pulumi's other languages and the configuration write it."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


# A dict has texts in it.
_TYPES: tuple[type, ...] = (bool, int, dict, str)


def _declared(name: str, field: FieldInfo) -> Setting:
    parts: list[Any] = [*_parts(field.annotation), field]
    options: tuple[object, ...] = next((get_args(part) for part in parts if get_origin(part) is Literal), ())
    kind = type(options[0]) if options else next(kind for kind in _TYPES if kind in parts)
    extras: Iterator[Any] = (getattr(part, "json_schema_extra", None) for part in parts)
    accepts = next((extra["accepts"] for extra in extras if extra), _either(options or ("true", "false")))
    meaning = " ".join((field.description or "").split())
    return Setting(name, kind, field.default, pulumi.Output in parts, accepts, meaning)


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation, and everything that it is made of."""
    yield annotation
    yield get_origin(annotation)
    for part in get_args(annotation):
        yield from _parts(part)


def _either(options: Sequence[object]) -> str:
    *others, last = map(str, options)
    return f"{', '.join(others)} or {last}"


DECLARED: Mapping[str, Setting] = {name: _declared(name, field) for name, field in Settings.model_fields.items()}
"""Every setting by name."""
