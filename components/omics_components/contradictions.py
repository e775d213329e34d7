"""Settings that are right one by one, but do not go together."""

from collections.abc import Callable, Iterator, Sequence

from readset_sync.constants import ANSWER_SECONDS, STEP_SECONDS, largest_batch

from .settings import DECLARED, UNRESERVED, Settings, key_arn, share

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
    "table_stream",
    "retain_table",
)
_CREATED_QUEUE_ONLY = ("queue_name", "dead_letter_queue_name", "max_receive_count", "message_retention_days")
_ALARMS_ONLY = ("alarm_email", "alarm_topic_arn", "alarm_encryption", "oldest_message_minutes")

Contradiction = tuple[Sequence[str], str]
"""The settings concerned, first the one to be changed; and what to do, as the end of "… is not accepted: "."""

Spell = Callable[[str], str]
"""The name under which the user knows a setting."""


def find_contradictions(settings: Settings, spell: Spell) -> Iterator[Contradiction]:
    """Find the settings that do not go together."""
    if settings.existing_table_name is None:
        yield from _created_table(settings, spell)
    else:
        yield from _unused(
            settings, _CREATED_TABLE_ONLY, "existing_table_name", spell, "an existing table ({}) is not changed"
        )
    if settings.existing_queue_name is not None:
        yield from _unused(
            settings, _CREATED_QUEUE_ONLY, "existing_queue_name", spell, "an existing queue ({}) is not changed"
        )
    elif settings.manage_queue_policy:
        yield (
            ("manage_queue_policy", "existing_queue_name"),
            (
                "it is for an existing queue, and a created one has its policy anyway: remove it, or give"
                f" {spell('existing_queue_name')}."
            ),
        )
    yield from _function(settings, spell)
    if settings.alarms:
        yield from _alarms(settings, spell)
    else:
        yield from _unused(settings, _ALARMS_ONLY, "alarms", spell, "there are no alarms ({} is false)")


def _unused(
    settings: Settings, names: Sequence[str], because_of: str, spell: Spell, reason: str
) -> Iterator[Contradiction]:
    """The settings that have no effect and differ from their defaults. Pulumi fills those in, as if they were given."""
    for name in names:
        if getattr(settings, name) != DECLARED[name].default:
            yield (name, because_of), f"{reason.format(spell(because_of))}: remove one of the two."


def _created_table(settings: Settings, spell: Spell) -> Iterator[Contradiction]:
    if settings.import_retained_table and settings.table_name is None:
        yield (
            ("import_retained_table", "table_name"),
            f"it is not said which table: give {spell('table_name')} as well.",
        )
    if not settings.retain_table and settings.table_deletion_protection:
        yield (
            ("retain_table", "table_deletion_protection"),
            f"deletion protection would make destroy fail: set {spell('table_deletion_protection')} to false as well.",
        )
    mode = spell("table_billing_mode")
    provisioned = settings.table_billing_mode == "PROVISIONED"
    for name in ("table_read_capacity", "table_write_capacity"):
        capacity: int = getattr(settings, name)
        if provisioned and not capacity:
            yield (name, "table_billing_mode"), f"{mode} is PROVISIONED: give at least 1."
        if capacity and not provisioned:
            yield (
                (name, "table_billing_mode"),
                f"{mode} is PAY_PER_REQUEST: remove it, or set {mode} to PROVISIONED.",
            )


def _function(settings: Settings, spell: Spell) -> Iterator[Contradiction]:
    executions = settings.maximum_concurrency
    rates = share(settings.max_tps, executions)
    largest = largest_batch(rates, settings.function_timeout)
    if settings.batch_size > largest:
        yield (
            ("max_tps", "maximum_concurrency", "batch_size", "function_timeout"),
            (
                f"each of {executions} executions may make {rates} calls a second and ends after"
                f" {settings.function_timeout} s, of which a step of a reconciliation and the answer to the queue take"
                f" {STEP_SECONDS + ANSWER_SECONDS:g} s. That is time for {largest} messages, and"
                f" {spell('batch_size')} is {settings.batch_size}: raise it or"
                f" {spell('function_timeout')}, or lower {spell('maximum_concurrency')} or {spell('batch_size')}."
            ),
        )
    if UNRESERVED < settings.function_reserved_concurrency < executions:
        yield (
            ("function_reserved_concurrency", "maximum_concurrency"),
            (
                f"{spell('maximum_concurrency')} is {executions}, so that messages would be throttled: reserve at least"
                " that many, or -1 for none."
            ),
        )


def _alarms(settings: Settings, spell: Spell) -> Iterator[Contradiction]:
    if settings.alarm_email is not None and settings.alarm_topic_arn is not None:
        yield (
            ("alarm_email", "alarm_topic_arn"),
            (
                f"an existing topic ({spell('alarm_topic_arn')}) is not changed: subscribe the address to it, and"
                " remove one of the two."
            ),
        )
    if settings.alarm_email is None and key_arn(settings.alarm_encryption):
        yield (
            ("alarm_encryption", "alarm_email"),
            f"no topic is created: give {spell('alarm_email')} as well, or remove it.",
        )
