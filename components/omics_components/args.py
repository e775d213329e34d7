"""The arguments of MetadataSync.

The module is read by Pulumi's schema generator, which takes the docstring under each attribute as its
description and needs real annotations: no `from __future__ import annotations`, no Literal, no unions.
"""

from typing import NotRequired, TypedDict

import pulumi


class MetadataSyncArgs(TypedDict, total=False):
    """What can be chosen about a MetadataSync. Everything has a default."""

    existing_table_name: NotRequired[pulumi.Input[str]]
    """Name of an existing table to write to; its partition key must be `set_arn` (a string), without a sort
    key. Not set: a table is created."""

    existing_queue_name: NotRequired[pulumi.Input[str]]
    """Name of an existing FIFO queue with content-based deduplication; `.fifo` is added when it is missing.
    Its visibility timeout should be six times the function's timeout. Not set: a queue is created."""

    table_name: NotRequired[str]
    """Name of the created table. Not set: a name is made from the component's."""

    queue_name: NotRequired[str]
    """Name of the created FIFO queue; `.fifo` is added when it is missing. Not set: a name is made from the
    component's."""

    dead_letter_queue_name: NotRequired[str]
    """Name of the FIFO dead-letter queue behind the created queue; `.fifo` is added when it is missing. Not
    set: a name is made from the component's."""

    undelivered_queue_name: NotRequired[str]
    """Name of the standard queue that keeps events which EventBridge could not deliver. Not set: a name is
    made from the component's."""

    import_retained_table: NotRequired[bool]
    """Bring the table `table_name`, which an earlier destroy left in place, back under management instead of
    creating it. Default: false."""

    table_billing_mode: NotRequired[str]
    """PAY_PER_REQUEST (default) or PROVISIONED."""

    table_read_capacity: NotRequired[int]
    """Read capacity units of a PROVISIONED table."""

    table_write_capacity: NotRequired[int]
    """Write capacity units of a PROVISIONED table."""

    table_indexes: NotRequired[str]
    """Indexes of the created table, by which read sets are found without reading all of it: some of `subject`,
    `sample` and `store` (by store id and status), separated by commas, or `none`. They can be changed at any time.
    Default: `subject,sample`."""

    table_point_in_time_recovery: NotRequired[bool]
    """Whether the created table can be restored to any second of the last 35 days. Default: true."""

    table_deletion_protection: NotRequired[bool]
    """Whether DynamoDB refuses to delete the created table. Default: true."""

    table_encryption: NotRequired[str]
    """AWS_MANAGED (default), AWS_OWNED, or the ARN of a KMS key of yours."""

    retain_table: NotRequired[bool]
    """Whether the created table and its data stay when the component is destroyed. Default: true."""

    manage_queue_policy: NotRequired[bool]
    """For an existing queue only: set its policy to the one that lets the event rule send to it. This
    replaces the queue's whole policy. Default: false, which leaves the policy alone and reports the statement
    that it needs."""

    function_memory_size: NotRequired[int]
    """Memory of the function in MiB, 128 to 10240. Default: 256."""

    function_timeout: NotRequired[int]
    """Timeout of the function in seconds, 10 to 900. Default: 60. The visibility timeout of a created queue
    follows from it."""

    function_reserved_concurrency: NotRequired[int]
    """Executions reserved for the function. Default: -1, none are reserved."""

    maximum_concurrency: NotRequired[int]
    """How many executions of the function the queue may cause at a time, 2 to 1000. Default: 2."""

    batch_size: NotRequired[int]
    """Messages per execution, 1 to 10. Default: 10."""

    max_receive_count: NotRequired[int]
    """How often a message is tried before it goes to the dead-letter queue of a created queue, 1 to 1000.
    Default: 5."""

    message_retention_days: NotRequired[int]
    """How many days a created queue keeps a message, 1 to 14. Default: 14."""

    queue_encryption: NotRequired[str]
    """SQS_MANAGED (default), or the ARN of a KMS key of yours, whose policy must let EventBridge use it. For an
    existing queue: the key that it is encrypted with, so that the function may use it."""

    store_events: NotRequired[bool]
    """Whether rows follow at once when a sequence store is renamed or deleted. Default: true."""

    tag_events: NotRequired[bool]
    """Whether rows follow at once when a read set's tags are changed, which takes a CloudTrail trail of management
    events in the account. Default: false."""

    reconcile_schedule: NotRequired[str]
    """How often all rows are compared with their read sets, every hour at the most: an expression of EventBridge
    Scheduler such as `cron(0 3 * * ? *)` (in UTC) or `rate(12 hours)`, which also runs at once, or `off`. Default:
    `cron(0 3 * * ? *)`, every night."""

    max_row_age_days: NotRequired[int]
    """How many days after its last full refresh a row is refreshed by a reconciliation at the latest, because no
    listing shows tags; 0 for never. Default: 7."""

    log_encryption: NotRequired[str]
    """AWS_OWNED (default), or the ARN of a KMS key of yours, whose policy must let CloudWatch Logs use it."""

    log_retention_days: NotRequired[int]
    """How many days the function's logs are kept; one of the values that CloudWatch Logs accepts. Default:
    30."""

    log_level: NotRequired[str]
    """DEBUG, INFO (default), WARNING, ERROR or CRITICAL."""

    max_tps: NotRequired[str]
    """How many calls a second, per HealthOmics operation, the function may make in all its executions
    together; single operations can have a number of their own, as in `20,GetReadSetMetadata=50`. Default: 5, the
    quota of a new account."""

    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags for everything that is created and can be tagged."""

    alarms: NotRequired[bool]
    """Whether CloudWatch alarms watch the queues, the function and the reconciliations. Default: true."""

    alarm_email: NotRequired[str]
    """Whom the alarms tell: an SNS topic is created, and this address is asked to confirm its subscription. Not set:
    the alarms are seen in CloudWatch and by `omics-meta status` only."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of an existing SNS topic that the alarms publish to, instead of a created one; its policy must let
    CloudWatch publish."""

    alarm_encryption: NotRequired[str]
    """Of the created topic: AWS_OWNED (default), or the ARN of a KMS key of yours, whose policy must let CloudWatch use
    it."""

    oldest_message_minutes: NotRequired[int]
    """How many minutes a message may wait in the FIFO queue before there is an alarm, 1 to 1440. Default: 60."""

    dashboard: NotRequired[bool]
    """Whether a CloudWatch dashboard is created. Default: false."""
