"""Rows go to a table that exists, events through a queue that exists; neither is changed.

The queue's policy must let the event rule send to it: `pulumi up` prints the statement that does.
"""

import pulumi
from omics_components import MetadataSync

config = pulumi.Config()
sync = MetadataSync(
    "read-sets",
    {
        "existing_table_name": config.require("dynamoTableName"),
        "existing_queue_name": config.require("SQSQueueName"),
    },
)

sync.export()
