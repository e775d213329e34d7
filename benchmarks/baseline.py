"""A serial backfill, to compare with: `python -m benchmarks.baseline STORE TABLE`.

As the documentation of the pipeline's reference implementation describes its backfill: it lists a store, and for each
read set in turn gets the metadata, lists the tags, puts the item, and sleeps for a fixed time.
"""

import sys
import time
from typing import Final

import boto3

SLEEP_SECONDS: Final = 0.2
"""After each read set, so that a serial loop stays below 5 calls a second of each operation."""


def main() -> None:
    """Write an item for each read set of the store."""
    store_id, table_name = sys.argv[1:]
    omics, table = boto3.client("omics"), boto3.resource("dynamodb").Table(table_name)
    store = omics.get_sequence_store(id=store_id)
    for page in omics.get_paginator("list_read_sets").paginate(sequenceStoreId=store_id):
        for listed in page["readSets"]:
            read_set = omics.get_read_set_metadata(sequenceStoreId=store_id, id=listed["id"])
            tags = omics.list_tags_for_resource(resourceArn=listed["arn"])["tags"]
            table.put_item(
                Item={
                    "set_arn": listed["arn"],
                    "set_id": listed["id"],
                    "set_status": read_set["status"],
                    "set_type": read_set["fileType"],
                    "files": read_set.get("files", {}),
                    "store": {"store_id": store_id, "store_arn": store["arn"]},
                    "tags": [{key: value} for key, value in tags.items()],
                }
            )
            time.sleep(SLEEP_SECONDS)


if __name__ == "__main__":
    main()
