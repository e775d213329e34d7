"""The arguments of MetadataSync. Written by `make generate` from `settings.py`: change them there.

The module is read by Pulumi's schema generator, which takes the docstring under each attribute as its description and
needs real annotations: no `from __future__ import annotations`, no Literal, no unions.
"""

from typing import NotRequired, TypedDict

import pulumi


class MetadataSyncArgs(TypedDict, total=False):
    """What can be chosen about a MetadataSync. Everything has a default."""

    existing_table_name: NotRequired[pulumi.Input[str]]
    """Name of an existing table to write to; its partition key must be `set_arn` (a string), without a sort key. Not
    set: a table is created. Accepts the name of a DynamoDB table: 3 to 255 letters, digits, underscores, dots and
    hyphens."""

    existing_queue_name: NotRequired[pulumi.Input[str]]
    """Name of an existing FIFO queue with content-based deduplication; `.fifo` is added when it is missing. Its
    visibility timeout should be six times the function's timeout. Not set: a queue is created. Accepts the name of a
    FIFO queue: letters, digits, underscores and hyphens, at most 80 with .fifo."""

    table_name: NotRequired[str]
    """Name of the created table. Not set: a name is made from the component's. Accepts the name of a DynamoDB table:
    3 to 255 letters, digits, underscores, dots and hyphens."""

    queue_name: NotRequired[str]
    """Name of the created FIFO queue; `.fifo` is added when it is missing. Not set: a name is made from the
    component's. Accepts the name of a FIFO queue: letters, digits, underscores and hyphens, at most 80 with .fifo."""

    dead_letter_queue_name: NotRequired[str]
    """Name of the FIFO dead-letter queue behind the created queue; `.fifo` is added when it is missing. Not set: a
    name is made from the component's. Accepts the name of a FIFO queue: letters, digits, underscores and hyphens, at
    most 80 with .fifo."""

    undelivered_queue_name: NotRequired[str]
    """Name of the standard queue that keeps events which EventBridge could not deliver. Not set: a name is made from
    the component's. Accepts the name of a standard queue: at most 80 letters, digits, underscores and hyphens."""

    import_retained_table: NotRequired[bool]
    """Bring the created table, which an earlier destroy left in place, back under management instead of creating it.
    Default: `false`."""

    table_billing_mode: NotRequired[str]
    """How the created table is paid for. Accepts PAY_PER_REQUEST or PROVISIONED. Default: `PAY_PER_REQUEST`."""

    table_read_capacity: NotRequired[int]
    """Read capacity units of a `PROVISIONED` table. Accepts a whole number from 0 to 1000000 (read capacity units).
    Default: `0`."""

    table_write_capacity: NotRequired[int]
    """Write capacity units of a `PROVISIONED` table. Accepts a whole number from 0 to 1000000 (write capacity units).
    Default: `0`."""

    table_indexes: NotRequired[str]
    """Indexes of the created table, by which read sets are found without reading all of it; `store` is by store id
    and status. They can be changed at any time. Accepts some of subject, sample, store, separated by commas, or none.
    Default: `subject,sample`."""

    table_point_in_time_recovery: NotRequired[bool]
    """Whether the created table can be restored to any second of the last 35 days. Default: `true`."""

    table_deletion_protection: NotRequired[bool]
    """Whether DynamoDB refuses to delete the created table. Default: `true`."""

    table_encryption: NotRequired[str]
    """Key that the created table is encrypted with. Accepts AWS_MANAGED, AWS_OWNED or the ARN of a KMS key
    (arn:aws:kms:REGION:ACCOUNT:key/ID). Default: `AWS_MANAGED`."""

    table_stream: NotRequired[bool]
    """Whether the created table has a DynamoDB stream of its changes, with the row before and after each, for a
    journal of yours. The output `tableStreamArn` names it; of an existing table, it names the stream that its owner
    enabled. Default: `false`."""

    retain_table: NotRequired[bool]
    """Whether the created table and its data stay after `pulumi destroy`. Default: `true`."""

    manage_queue_policy: NotRequired[bool]
    """For an existing queue only: set its policy to the one that lets the event rule send to it. This replaces the
    queue's whole policy. Otherwise the policy is left alone, and the statement that it needs is reported. Default:
    `false`."""

    function_memory_size: NotRequired[int]
    """Memory of the function in MiB. Accepts a whole number from 128 to 10240 (MiB). Default: `256`."""

    function_timeout: NotRequired[int]
    """Timeout of the function in seconds. The visibility timeout of a created queue follows from it. Accepts a whole
    number from 15 to 900 (seconds). Default: `60`."""

    function_reserved_concurrency: NotRequired[int]
    """Executions reserved for the function; -1 reserves none. Accepts a whole number from -1 to 100000 (-1 reserves
    none). Default: `-1`."""

    maximum_concurrency: NotRequired[int]
    """How many executions of the function the queue may cause at a time. Accepts a whole number from 2 to 1000.
    Default: `2`."""

    batch_size: NotRequired[int]
    """Messages per execution. Accepts a whole number from 1 to 10. Default: `10`."""

    max_receive_count: NotRequired[int]
    """How often a message is tried before it goes to the dead-letter queue of a created queue. Accepts a whole number
    from 1 to 1000. Default: `5`."""

    message_retention_days: NotRequired[int]
    """How many days a created queue keeps a message. Accepts a whole number from 1 to 14. Default: `14`."""

    queue_encryption: NotRequired[str]
    """Key that the created queues are encrypted with; the policy of a KMS key must let EventBridge use it. For an
    existing queue: the key that it is encrypted with, so that the function may use it. Accepts SQS_MANAGED or the ARN
    of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID). Default: `SQS_MANAGED`."""

    store_events: NotRequired[bool]
    """Whether rows follow at once when a sequence store is renamed or deleted. Default: `true`."""

    tag_events: NotRequired[str]
    """Which events make rows follow at once when a read set's tags are changed: `tag` is EventBridge's own, which
    costs nothing; `trail` takes a CloudTrail trail of management events in the account. Neither is guaranteed to
    come. Accepts off, tag, trail or both; true means both, and false off. Default: `tag`."""

    reconcile_schedule: NotRequired[str]
    """How often all rows are compared with their read sets. A cron expression is in UTC; a rate also runs at once.
    Accepts rate(1 day), another rate(NUMBER hours or days), a cron(MINUTE ...) expression of EventBridge Scheduler
    with one minute, or off: reconciliations that begin more often than every hour pile up in the queue. Default:
    `cron(0 3 * * ? *)`."""

    max_row_age_days: NotRequired[int]
    """A reconciliation refreshes a row this many days after its last full refresh at the latest, because its tags may
    have changed. For rows whose tags it compares in bulk it is 90 days, or this if it is more: less changes nothing
    for them. Accepts a whole number from 0 to 3650 (days; 0 for never). Default: `7`."""

    log_encryption: NotRequired[str]
    """Key that the function's logs are encrypted with; the policy of a KMS key must let CloudWatch Logs use it.
    Accepts AWS_OWNED or the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID). Default: `AWS_OWNED`."""

    log_retention_days: NotRequired[int]
    """How many days the function's logs are kept. Accepts 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,
    731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: `30`."""

    log_level: NotRequired[str]
    """Least level of the messages that the function logs. Accepts DEBUG, INFO, WARNING, ERROR or CRITICAL. Default:
    `INFO`."""

    max_tps: NotRequired[str]
    """How many calls a second, per HealthOmics operation, the function may make in all its executions together. 5 is
    the quota of a new account. GetResources, which gives tags in bulk and has another quota, has 10 unless it is
    named; one execution at a time calls it. Accepts a number greater than 0 (HealthOmics calls a second, per
    operation), with a number for single operations if wanted, as in 20,GetReadSetMetadata=50; these are
    GetReadSetMetadata, GetReferenceMetadata, GetSequenceStore, ListReadSets, ListSequenceStores, ListTagsForResource,
    GetResources. Default: `5`."""

    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags for everything that is created and can be tagged. Accepts an object of texts: at most 50 tags, keys of 1
    to 128 characters that do not begin with aws:, values of at most 256 characters."""

    alarms: NotRequired[bool]
    """Whether CloudWatch alarms watch the queues, the function and the reconciliations. Default: `true`."""

    alarm_email: NotRequired[str]
    """Whom the alarms tell: an SNS topic is created, and this address is asked to confirm its subscription. Not set:
    the alarms are seen in CloudWatch and by `omics-meta status` only. Accepts one e-mail address, such as
    on-call@example.org."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of an existing SNS topic that the alarms publish to, instead of a created one; its policy must let
    CloudWatch publish. Accepts the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)."""

    alarm_encryption: NotRequired[str]
    """Key that the created topic is encrypted with; the policy of a KMS key must let CloudWatch use it. Accepts
    AWS_OWNED or the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID). Default: `AWS_OWNED`."""

    oldest_message_minutes: NotRequired[int]
    """How many minutes a message may wait in the FIFO queue before there is an alarm. Accepts a whole number from 1
    to 1440 (minutes). Default: `60`."""

    dashboard: NotRequired[bool]
    """Whether a CloudWatch dashboard is created. Default: `false`."""
