"""Reads and writes the DynamoDB table. Every write that could undo another one is conditional.

BatchWriteItem cannot carry conditions, so it is not used.
"""

import random
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from readset_sync.constants import KEY
from readset_sync.model.errors import ContendedRowError, TableError
from readset_sync.model.record import (
    CREATED_AT,
    REVISION,
    STATUS_AT,
    SYNC_STATE,
    SYNCED_AT,
    Row,
    new_revision,
    without_malformed,
)
from readset_sync.model.timestamp import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TableDescriptionTypeDef

_BATCH_GET_ATTEMPTS: Final = 8
_SCAN_PAGE: Final = 500
"""Rows that DynamoDB reads for a page: less than the megabyte that it reads at the most."""
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class Table:
    """The table that holds one row per read set, keyed by the read set's ARN."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self.name = name

    def check_key(self) -> "TableDescriptionTypeDef":
        """Make sure that the table is there and has the right key, before anything is written to it.

        Returns:
            What DynamoDB says of the table.

        Raises:
            TableError: There is no such table here, or its key is another one.
        """
        with self._being_there():
            table = self._client.describe_table(TableName=self.name)["Table"]
        types = {each["AttributeName"]: each["AttributeType"] for each in table.get("AttributeDefinitions", [])}
        key = [(each["KeyType"], each["AttributeName"]) for each in table.get("KeySchema", [])]
        if key != [("HASH", KEY)] or types[KEY] != "S":
            found = ", ".join(f"{name} ({kind}, {types[name]})" for kind, name in key)
            raise TableError(
                f"table {self.name!r} has the key {found}; "
                f"it must be {KEY} (HASH, S) without a sort key, and DynamoDB cannot change a key: "
                "name another table, which `omics-meta backfill` fills from HealthOmics"
            )
        return table

    def get(self, arn: str) -> Row | None:
        """Return the row of a read set as it is now, or None."""
        with self._being_there():
            item = self._client.get_item(TableName=self.name, Key=_key(arn), ConsistentRead=True).get("Item")
        return None if item is None else read_item(item)

    def get_many(self, arns: Iterable[str], *, consistent: bool = True) -> dict[str, Row]:
        """Return the rows that exist, by ARN.

        Args:
            arns: At most 100 different ARNs.
            consistent: As they are now; otherwise as they are or were a moment ago, at half the price.

        Raises:
            ContendedRowError: DynamoDB kept leaving keys out (its throughput is exhausted).
        """
        rows: dict[str, Row] = {}
        wanted: list[Any] = [_key(arn) for arn in arns]
        if not wanted:
            return rows
        for attempt in range(_BATCH_GET_ATTEMPTS):
            if attempt:
                # Full jitter, as DynamoDB asks of those who retry unprocessed keys; it is no secret.
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311
            with self._being_there():
                answer = self._client.batch_get_item(
                    RequestItems={self.name: {"Keys": wanted, "ConsistentRead": consistent}}
                )
            # One table was asked, so that it does not matter whether it is called by its name or its ARN.
            found = [read_item(item) for items in answer["Responses"].values() for item in items]
            rows |= {row[KEY]: row for row in found}
            wanted = [key for left in answer["UnprocessedKeys"].values() for key in left["Keys"]]
            if not wanted:
                return rows
        raise ContendedRowError(
            f"table {self.name!r} left {len(wanted)} rows unread: its read capacity is exhausted, so give it more"
        )

    def put(self, row: Row, *, replacing: Row | None) -> bool:
        """Write a row in full, if the table still holds what it is to replace.

        Args:
            row: The new row.
            replacing: The row that was read before the source was read; None if there was none.

        Returns:
            Whether the row was written. False means that somebody else wrote in between: read again.
        """
        condition = _unchanged(replacing) if replacing else {"ConditionExpression": f"attribute_not_exists({KEY})"}
        return self._try(self._client.put_item, revision=row.get(REVISION, ""), Item=_values(row), **condition)

    def set_status(self, arn: str, status: str, *, message: str | None, as_of: "datetime") -> bool:
        """Change the status of a row, if there is one and what it knows of its status is older.

        Returns:
            Whether the row was changed. False means that there is no row, or that it may know better.
        """
        values: dict[str, Any] = {
            ":status": status,
            ":as_of": format_timestamp(as_of),
            ":revision": new_revision(),
        }
        update = f"SET set_status = :status, {STATUS_AT} = :as_of, {REVISION} = :revision"
        if message:
            update += ", set_status_message = :message"
            values[":message"] = message
        else:
            update += " REMOVE set_status_message"
        return self._try(
            self._client.update_item,
            revision=values[":revision"],
            Key=_key(arn),
            UpdateExpression=update,
            # False where there is no row, and where a row does not tell how old its status is.
            ConditionExpression=f"{STATUS_AT} < :as_of",
            ExpressionAttributeValues=_values(values),
        )

    def delete(self, arn: str) -> bool:
        """Delete the row of a read set that is gone for good. Returns whether there was one."""
        with self._being_there():
            answer = self._client.delete_item(TableName=self.name, Key=_key(arn), ReturnValues="ALL_OLD")
        return "Attributes" in answer

    def delete_unchanged(self, row: Row) -> bool:
        """Delete a row if nobody wrote to it since it was read. Returns whether it is gone now."""
        return self._try(self._client.delete_item, Key=_key(row[KEY]), **_unchanged(row))

    def arns(self, prefix: str) -> Iterator[str]:
        """Scan for the ARNs of rows that begin with `prefix`, in no particular order."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name,
            ConsistentRead=True,
            ProjectionExpression=KEY,
            FilterExpression=f"begins_with({KEY}, :prefix)",
            ExpressionAttributeValues=_values({":prefix": prefix}),
        )
        with self._being_there():
            for page in pages:
                for item in page["Items"]:
                    yield read_item(item)[KEY]

    def rows(self, *paths: str) -> Iterator[Row]:
        """Scan all rows, in no particular order, with some of their attributes alone; a page at a time is in memory.

        What was written a moment ago may not show yet.

        Args:
            paths: Names of attributes, and of members of maps as in `store.store_id`.
        """
        # By placeholders, because a name could be one of DynamoDB's reserved words.
        names = {name: f"#{number}" for number, name in enumerate({name for path in paths for name in path.split(".")})}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name,
            ProjectionExpression=", ".join(".".join(names[name] for name in path.split(".")) for path in paths),
            ExpressionAttributeNames={placeholder: name for name, placeholder in names.items()},
        )
        with self._being_there():
            for page in pages:
                yield from map(read_item, page["Items"])

    def scan_page(
        self, within: str, *, after: str | None = None, limit: int | None = None
    ) -> tuple[list[Row], str | None]:
        """Return some rows, in no particular order, by their keys, times and states alone.

        Args:
            within: A text that the keys of the rows have in them; other rows are left out.
            after: The key to go on after, as an earlier call has returned it; None for the beginning.
            limit: How many rows are looked at, at most.

        Returns:
            Key, creation time, synchronization time and state of each row, as far as it has them; and the key to go
            on after, None at the end.
        """
        start: Any = {"ExclusiveStartKey": _key(after)} if after is not None else {}
        with self._being_there():
            answer = self._client.scan(
                TableName=self.name,
                ConsistentRead=True,
                Limit=limit or _SCAN_PAGE,
                ProjectionExpression=f"{KEY}, {CREATED_AT}, {SYNCED_AT}, {SYNC_STATE}",
                FilterExpression=f"contains({KEY}, :within)",
                ExpressionAttributeValues=_values({":within": within}),
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        return [read_item(item) for item in answer["Items"]], None if last is None else _deserialize(last[KEY])

    @contextmanager
    def _being_there(self) -> Generator[None]:
        """Tell a call that there is no table from all other errors, whenever the table went."""
        try:
            yield
        except self._client.exceptions.ResourceNotFoundException as error:
            raise TableError(
                f"no table {self.name!r} in {self._client.meta.region_name} for this account: "
                "check its name, the region and whose credentials are in use"
            ) from error

    def _try(self, operation: Any, *, revision: str | None = None, **arguments: Any) -> bool:
        """Write a revision, or delete, on a condition. Return whether the table is now as it was to be."""
        try:
            with self._being_there():
                operation(TableName=self.name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **arguments)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # A write whose answer is lost is tried again, and then finds what it has done itself.
            found = cast("dict[str, Any]", error.response).get("Item")
            return not found if revision is None else read_item(found or {}).get(REVISION) == revision
        return True


def _key(arn: str) -> dict[str, Any]:
    return {KEY: _serialize(arn)}


def read_item(item: Mapping[str, Any]) -> Row:
    """Return the row that an item in DynamoDB's format holds, without what another tool spelled in another way."""
    return without_malformed({name: _deserialize(value) for name, value in item.items()})


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in values.items()}


def _unchanged(row: Row) -> dict[str, Any]:
    """The condition that a row is still the one that was read. Other tools' rows have no revision."""
    if REVISION not in row:
        return {"ConditionExpression": f"attribute_exists({KEY}) AND attribute_not_exists({REVISION})"}
    return {
        "ConditionExpression": f"{REVISION} = :replaced",
        "ExpressionAttributeValues": _values({":replaced": row[REVISION]}),
    }
