"""The component: an event rule, queues, a function and a table, wired together."""

import inspect

import pulumi

from . import alarms, dashboard, function, queue, rule, schedule, table
from .args import MetadataSyncArgs
from .iam import look_up_place
from .settings import NEVER, camel_case
from .validation import read_settings

TYPE = "healthomics-metadata-sync:index:MetadataSync"

# The schema generator wants the plain type for the arguments, without None.
_DEFAULTS: MetadataSyncArgs = {}


class MetadataSync(pulumi.ComponentResource):
    """Keeps one DynamoDB item per AWS HealthOmics read set, true to the source.

    HealthOmics events go through an EventBridge rule and an SQS FIFO queue to a Lambda function, which writes
    to DynamoDB. The table and the queue are created, or existing ones are used. Every output exists in all
    cases.
    """

    table_name: pulumi.Output[str]
    """Name of the table with one item per read set."""

    table_arn: pulumi.Output[str]
    """ARN of the table."""

    table_stream_arn: pulumi.Output[str | None]
    """ARN of the table's DynamoDB stream; null where it has none."""

    queue_name: pulumi.Output[str]
    """Name of the FIFO queue, with `.fifo`."""

    queue_url: pulumi.Output[str]
    """URL of the FIFO queue."""

    queue_arn: pulumi.Output[str]
    """ARN of the FIFO queue."""

    dead_letter_queue_url: pulumi.Output[str | None]
    """URL of the dead-letter queue behind a created FIFO queue; null for an existing queue, whose redrive
    policy is its owner's."""

    dead_letter_queue_arn: pulumi.Output[str | None]
    """ARN of the dead-letter queue behind a created FIFO queue; null for an existing queue."""

    undelivered_queue_url: pulumi.Output[str]
    """URL of the queue with events that EventBridge could not deliver."""

    undelivered_queue_arn: pulumi.Output[str]
    """ARN of the queue with events that EventBridge could not deliver."""

    function_name: pulumi.Output[str]
    """Name of the function."""

    function_arn: pulumi.Output[str]
    """ARN of the function."""

    rule_name: pulumi.Output[str]
    """Name of the event rule."""

    rule_arn: pulumi.Output[str]
    """ARN of the event rule."""

    log_group_name: pulumi.Output[str]
    """Name of the function's log group."""

    region: pulumi.Output[str]
    """Region of all of it, and of the read sets that it follows."""

    def __init__(
        self,
        name: str,
        args: MetadataSyncArgs = _DEFAULTS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the component.

        Args:
            name: Prefix of the names of everything in it; any number of them can be in one program.
            args: What differs from the defaults.
            opts: Options of the component; its children inherit parent, provider and the like.

        Raises:
            SettingsError: Some of the arguments are wrong. Nothing was registered.
        """
        settings = read_settings(args)
        super().__init__(TYPE, name, {}, opts)
        # Existing resources are looked up before any is created, so that a wrong name leaves nothing behind.
        existing_table = existing_queue = None
        if settings.existing_table_name is not None:
            existing_table = table.adopt_table(settings.existing_table_name, self)
        if settings.existing_queue_name is not None:
            existing_queue = queue.adopt_queue(settings.existing_queue_name, settings, self)
        place = look_up_place(self)
        rows = existing_table or table.create_table(name, settings, self)
        if existing_queue:
            messages, dead_letters = existing_queue, None
        else:
            messages, dead_letters = queue.create_queue(name, settings, self)
        undelivered = queue.create_undelivered_queue(name, settings, self)
        rules = rule.create_rules(name, settings, self)
        policies = [rule.set_policy(f"{name}-undelivered-queue", undelivered, rules, self)]
        if existing_queue and not settings.manage_queue_policy:
            rule.report_needed_statements(messages, rules, self)
        else:
            policies.append(rule.set_policy(f"{name}-queue", messages, rules, self))
        for each in rules:
            rule.create_target(name, each, messages, undelivered, self, policies)
        if settings.reconcile_schedule != NEVER:
            schedule.create_schedule(name, settings, messages, undelivered, place, self)
        handler, log_group = function.create_function(name, settings, rows, messages, place, self)
        if settings.alarms:
            alarms.create_alarms(name, settings, messages, dead_letters, undelivered, handler, place, self)
        if settings.dashboard:
            dashboard.create_dashboard(name, messages, dead_letters, undelivered, handler, place, self)

        self.table_name = rows.name
        self.table_arn = rows.arn
        self.table_stream_arn = rows.stream_arn
        self.queue_name = messages.name
        self.queue_url = messages.url
        self.queue_arn = messages.arn
        nothing: pulumi.Output[str | None] = pulumi.Output.from_input(None)
        self.dead_letter_queue_url = dead_letters.url if dead_letters else nothing
        self.dead_letter_queue_arn = dead_letters.arn if dead_letters else nothing
        self.undelivered_queue_url = undelivered.url
        self.undelivered_queue_arn = undelivered.arn
        self.function_name = handler.name
        self.function_arn = handler.arn
        self.rule_name = rules[0].resource.name
        self.rule_arn = rules[0].resource.arn
        self.log_group_name = log_group.name
        self.region = place.region
        self.register_outputs(self.outputs())

    def export(self) -> None:
        """Make all outputs those of the stack, by the names under which `omics-meta` looks for them.

        For one component in a program. For each of several, export `outputs()` under a name.

        Raises:
            RunError: The stack has such an output already, mostly of another component.
        """
        outputs = self.outputs()
        # Where pulumi.export puts them, over what is there.
        theirs: dict[str, object] = getattr(pulumi.runtime.get_root_resource(), "outputs", {})
        taken = next((name for name in outputs if name in theirs), None)
        if taken is not None:
            name = self.pulumi_resource_name
            raise pulumi.RunError(
                f"MetadataSync {name!r}: export() would replace the stack's output {taken}. Of several components, "
                f"give the outputs of each a name: pulumi.export({name!r}, sync.outputs())"
            )
        for name, value in outputs.items():
            pulumi.export(name, value)

    def outputs(self) -> dict[str, pulumi.Output[str] | pulumi.Output[str | None]]:
        """All outputs by the names that a stack exports them under (camelCase)."""
        return {camel_case(name): getattr(self, name) for name in inspect.get_annotations(MetadataSync)}
