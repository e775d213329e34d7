"""A table of read sets with everything at its default."""

import pulumi
from omics_components import MetadataSync

sync = MetadataSync("read-sets", {"tags": {"team": "genomics"}})

pulumi.export("tableName", sync.table_name)
pulumi.export("deadLetterQueueUrl", sync.dead_letter_queue_url)
