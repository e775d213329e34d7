"""Every setting of MetadataSync: name, type, default, range and remedy, in one place.

The component's arguments and the stack configuration are two spellings of this table: an argument is the
field's name, a configuration key the same in camelCase (two names are the contract's own, see `config.py`).
"""

# ruff: noqa: RUF009 (the fields are made by a function that wraps dataclasses.field)

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, cast

from .rates import slowest
from .validation import (
    EMAIL,
    FIFO_QUEUE_NAME,
    KMS_KEY_ARN,
    QUEUE_NAME,
    SCHEDULE,
    SECRET,
    TABLE_NAME,
    TOPIC_ARN,
    Accepts,
    SettingsError,
    boolean,
    choice,
    integer,
    integer_of,
    problem,
    rates,
    some_of,
    tags,
    text,
    unknown,
    with_fifo_suffix,
)

if TYPE_CHECKING:
    import pulumi

# What CloudWatch Logs accepts as a retention (PutRetentionPolicy).
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# DynamoDB's own limit per table is a quota that can be raised; this only catches slips of the keyboard.
MOST_CAPACITY = 1_000_000
UNRESERVED = -1
NEVER = "off"
# For how long a step of a reconciliation begins another page, as `readset_sync.stores.reconciliation` has it.
STEP_SECONDS = 5
NO_INDEXES = "none"
# The indexes that a created table can have, by name: partition key, and sort key if any.
TABLE_INDEXES: Mapping[str, tuple[str, ...]] = {
    "subject": ("set_subject_id",),
    "sample": ("set_sample_id",),
    "store": ("store_id", "set_status"),
}

_KMS_KEY = "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)"

_TABLE = text(TABLE_NAME, "give the name of a DynamoDB table: 3 to 255 letters, digits, underscores, dots and hyphens.")
_QUEUE = text(
    FIFO_QUEUE_NAME,
    "give the name of a FIFO queue: letters, digits, underscores and hyphens, at most 80 with .fifo.",
    with_fifo_suffix,
)
_STANDARD_QUEUE = text(
    QUEUE_NAME, "give the name of a standard queue: at most 80 letters, digits, underscores and hyphens."
)


def _setting(accepts: Accepts, default: object) -> Any:
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(cast("dict[str, str]", default)), metadata={"accepts": accepts})
    return field(default=default, metadata={"accepts": accepts})


@dataclass(frozen=True)
class Settings:
    """All settings, read and free of contradictions. What they mean is told in `MetadataSyncArgs`.

    None stands for "not set". A name or tags may be an Output, everything else is plain.
    """

    existing_table_name: "pulumi.Input[str] | None" = _setting(_TABLE, None)
    existing_queue_name: "pulumi.Input[str] | None" = _setting(_QUEUE, None)
    table_name: str | None = _setting(_TABLE, None)
    queue_name: str | None = _setting(_QUEUE, None)
    dead_letter_queue_name: str | None = _setting(_QUEUE, None)
    undelivered_queue_name: str | None = _setting(_STANDARD_QUEUE, None)
    import_retained_table: bool = _setting(boolean(), default=False)
    table_billing_mode: str = _setting(choice(("PAY_PER_REQUEST", "PROVISIONED")), "PAY_PER_REQUEST")
    table_read_capacity: int = _setting(integer(0, MOST_CAPACITY, "(read capacity units)"), 0)
    table_write_capacity: int = _setting(integer(0, MOST_CAPACITY, "(write capacity units)"), 0)
    table_indexes: str = _setting(some_of(tuple(TABLE_INDEXES), NO_INDEXES), "subject,sample")
    table_point_in_time_recovery: bool = _setting(boolean(), default=True)
    table_deletion_protection: bool = _setting(boolean(), default=True)
    table_encryption: str = _setting(
        choice(
            ("AWS_MANAGED", "AWS_OWNED"),
            KMS_KEY_ARN,
            f"give AWS_MANAGED, AWS_OWNED or {_KMS_KEY}.",
        ),
        "AWS_MANAGED",
    )
    retain_table: bool = _setting(boolean(), default=True)
    manage_queue_policy: bool = _setting(boolean(), default=False)
    function_memory_size: int = _setting(integer(128, 10240, "(MiB)"), 256)
    function_timeout: int = _setting(integer(10, 900, "(seconds)"), 60)
    function_reserved_concurrency: int = _setting(integer(UNRESERVED, 100_000, "(-1 reserves none)"), UNRESERVED)
    maximum_concurrency: int = _setting(integer(2, 1000), 2)
    batch_size: int = _setting(integer(1, 10), 10)
    max_receive_count: int = _setting(integer(1, 1000), 5)
    message_retention_days: int = _setting(integer(1, 14), 14)
    queue_encryption: str = _setting(
        choice(("SQS_MANAGED",), KMS_KEY_ARN, f"give SQS_MANAGED or {_KMS_KEY}."), "SQS_MANAGED"
    )
    store_events: bool = _setting(boolean(), default=True)
    tag_events: bool = _setting(boolean(), default=False)
    reconcile_schedule: str = _setting(
        choice(
            (NEVER,),
            SCHEDULE,
            "give rate(1 day), another rate(NUMBER hours or days), a cron(MINUTE ...) expression of EventBridge"
            f" Scheduler with one minute, or {NEVER}: reconciliations that begin more often than every hour pile up in"
            " the queue.",
        ),
        "cron(0 3 * * ? *)",
    )
    max_row_age_days: int = _setting(integer(0, 3650, "(days; 0 for any age)"), 7)
    log_encryption: str = _setting(choice(("AWS_OWNED",), KMS_KEY_ARN, f"give AWS_OWNED or {_KMS_KEY}."), "AWS_OWNED")
    log_retention_days: int = _setting(integer_of(LOG_RETENTION_DAYS, "(days)"), 30)
    log_level: str = _setting(choice(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")), "INFO")
    max_tps: str = _setting(rates(), "5")
    tags: "pulumi.Input[Mapping[str, pulumi.Input[str]]]" = _setting(tags(), {})
    alarms: bool = _setting(boolean(), default=True)
    alarm_email: str | None = _setting(text(EMAIL, "give one e-mail address, such as on-call@example.org."), None)
    alarm_topic_arn: "pulumi.Input[str] | None" = _setting(
        text(TOPIC_ARN, "give the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)."), None
    )
    alarm_encryption: str = _setting(choice(("AWS_OWNED",), KMS_KEY_ARN, f"give AWS_OWNED or {_KMS_KEY}."), "AWS_OWNED")
    oldest_message_minutes: int = _setting(integer(1, 1440, "(minutes)"), 60)
    dashboard: bool = _setting(boolean(), default=False)

    @property
    def queue_key_arn(self) -> str | None:
        """The KMS key that the queues are encrypted with, if it is the user's own."""
        return _key_arn(self.queue_encryption)

    @property
    def log_key_arn(self) -> str | None:
        """The KMS key that the logs are encrypted with, if it is the user's own."""
        return _key_arn(self.log_encryption)

    @property
    def alarm_key_arn(self) -> str | None:
        """The KMS key that the created topic of the alarms is encrypted with, if it is the user's own."""
        return _key_arn(self.alarm_encryption)

    @property
    def index_names(self) -> tuple[str, ...]:
        """The indexes of the created table, by name."""
        return () if self.table_indexes == NO_INDEXES else tuple(self.table_indexes.split(","))

    @property
    def table_key_arn(self) -> str | None:
        """The KMS key that the created table is encrypted with, if it is the user's own."""
        return _key_arn(self.table_encryption)


def _key_arn(encryption: str) -> str | None:
    return encryption if KMS_KEY_ARN.fullmatch(encryption) else None


_FIELDS: Mapping[str, Field[Any]] = {f.name: f for f in fields(Settings)}
_CREATED_TABLE_ONLY = (
    "table_name",
    "import_retained_table",
    "table_billing_mode",
    "table_read_capacity",
    "table_write_capacity",
    "table_indexes",
    "table_point_in_time_recovery",
    "table_deletion_protection",
    "table_encryption",
    "retain_table",
)
_CREATED_QUEUE_ONLY = (
    "queue_name",
    "dead_letter_queue_name",
    "max_receive_count",
    "message_retention_days",
)

_ALARMS_ONLY = ("alarm_email", "alarm_topic_arn", "alarm_encryption", "oldest_message_minutes")


def read_settings(
    given: Mapping[str, object], spell: Callable[[str], str] = str, secrets: Collection[str] = ()
) -> Settings:
    """Read what was given, by field name; whatever is missing, None or an empty text takes its default.

    Args:
        given: Values by field name.
        spell: The name under which the caller's user knows a field; used in messages.
        secrets: Fields whose values messages must not show.

    Raises:
        SettingsError: Some of it is wrong. All of it is named, not only the first.
    """
    problems = [unknown(spell(name), [spell(known) for known in _FIELDS]) for name in given if name not in _FIELDS]
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, value in given.items():
        if name not in _FIELDS or value is None or (isinstance(value, str) and not value):
            continue
        accepts: Accepts = _FIELDS[name].metadata["accepts"]
        try:
            values[name] = accepts.read(value)
        except ValueError:
            wrong.add(name)
            problems.append(problem(spell(name), SECRET if name in secrets else value, accepts.remedy))
    settings = Settings(**values)
    # A value that was not understood contradicts nothing: its own problem is enough.
    problems.extend(
        contradiction.sentence(settings, spell, secrets)
        for contradiction in _contradictions(settings)
        if wrong.isdisjoint(contradiction.names)
    )
    if problems:
        raise SettingsError(problems)
    return settings


@dataclass(frozen=True)
class _Contradiction:
    """Settings that do not go together; the first is the one to be changed.

    Attributes:
        names: The fields concerned.
        remedy: What to do, with `{field}` where a field's name belongs.
    """

    names: Sequence[str]
    remedy: str

    def sentence(self, settings: Settings, spell: Callable[[str], str], secrets: Collection[str]) -> str:
        """The sentence for the user, with every field under the name that the user knows."""
        spelled = {name: spell(name) for name in _FIELDS}
        # Names in braces are replaced one by one: a remedy is ours, what str.format could be fed with is not.
        remedy = re.sub(r"{(\w+)}", lambda match: spelled[match[1]], self.remedy)
        name = self.names[0]
        return problem(spell(name), SECRET if name in secrets else getattr(settings, name), remedy)


def _contradictions(settings: Settings) -> Iterator[_Contradiction]:
    yield from _table_contradictions(settings)
    yield from _capacity_contradictions(settings)
    yield from _queue_contradictions(settings)
    yield from _rate_contradictions(settings)
    yield from _alarm_contradictions(settings)
    reserved = settings.function_reserved_concurrency
    if UNRESERVED < reserved < settings.maximum_concurrency:
        yield _Contradiction(
            ("function_reserved_concurrency", "maximum_concurrency"),
            "{maximum_concurrency} is "
            f"{settings.maximum_concurrency}, so that messages would be throttled: reserve at least that many,"
            " or -1 for none.",
        )


def _rate_contradictions(settings: Settings) -> Iterator[_Contradiction]:
    # Each message may cost one call of each operation, each execution has its share of the rate, and calls take time.
    longest = settings.batch_size * settings.maximum_concurrency / slowest(settings.max_tps)
    if 2 * longest + STEP_SECONDS > settings.function_timeout:
        yield _Contradiction(
            ("max_tps", "maximum_concurrency", "batch_size", "function_timeout"),
            f"a batch of {settings.batch_size} would wait {longest:.0f} s for its calls, shared by"
            f" {settings.maximum_concurrency} executions, and {STEP_SECONDS} s for a step of a reconciliation, and the"
            f" function ends after {settings.function_timeout} s: raise it or {{function_timeout}}, or lower"
            " {maximum_concurrency} or {batch_size}.",
        )


def _alarm_contradictions(settings: Settings) -> Iterator[_Contradiction]:
    if not settings.alarms:
        for name in _changed(settings, _ALARMS_ONLY):
            yield _Contradiction((name, "alarms"), "there are no alarms ({alarms} is false): remove one of the two.")
        return
    if settings.alarm_email is not None and settings.alarm_topic_arn is not None:
        yield _Contradiction(
            ("alarm_email", "alarm_topic_arn"),
            "an existing topic ({alarm_topic_arn}) is not changed: subscribe the address to it, and remove one of the"
            " two.",
        )
    elif settings.alarm_email is None and settings.alarm_key_arn:
        yield _Contradiction(
            ("alarm_encryption", "alarm_email"), "no topic is created: give {alarm_email} as well, or remove it."
        )


def _table_contradictions(settings: Settings) -> Iterator[_Contradiction]:
    if settings.existing_table_name is not None:
        for name in _changed(settings, _CREATED_TABLE_ONLY):
            yield _Contradiction(
                (name, "existing_table_name"),
                "an existing table ({existing_table_name}) is not changed: remove one of the two.",
            )
        return
    if settings.import_retained_table and settings.table_name is None:
        yield _Contradiction(
            ("import_retained_table", "table_name"), "it is not said which table: give {table_name} as well."
        )
    if not settings.retain_table and settings.table_deletion_protection:
        yield _Contradiction(
            ("retain_table", "table_deletion_protection"),
            "deletion protection would make destroy fail: set {table_deletion_protection} to false as well.",
        )


def _capacity_contradictions(settings: Settings) -> Iterator[_Contradiction]:
    if settings.existing_table_name is not None:
        return
    for name in ("table_read_capacity", "table_write_capacity"):
        capacity: int = getattr(settings, name)
        if settings.table_billing_mode == "PROVISIONED" and capacity == 0:
            yield _Contradiction((name, "table_billing_mode"), "{table_billing_mode} is PROVISIONED: give at least 1.")
        if settings.table_billing_mode != "PROVISIONED" and capacity != 0:
            yield _Contradiction(
                (name, "table_billing_mode"),
                "{table_billing_mode} is PAY_PER_REQUEST: remove it, or set {table_billing_mode} to PROVISIONED.",
            )


def _queue_contradictions(settings: Settings) -> Iterator[_Contradiction]:
    if settings.existing_queue_name is None:
        if settings.manage_queue_policy:
            yield _Contradiction(
                ("manage_queue_policy", "existing_queue_name"),
                "it is for an existing queue, and a created one has its policy anyway: remove it,"
                " or give {existing_queue_name}.",
            )
        return
    for name in _changed(settings, _CREATED_QUEUE_ONLY):
        yield _Contradiction(
            (name, "existing_queue_name"),
            "an existing queue ({existing_queue_name}) is not changed: remove one of the two.",
        )


def _changed(settings: Settings, names: Sequence[str]) -> Iterator[str]:
    """The names whose value is not the default. Pulumi fills defaults in, so that "given" cannot be told."""
    return (name for name in names if getattr(settings, name) != _FIELDS[name].default)
