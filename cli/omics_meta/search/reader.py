"""Reads rows as planned, a page at a time, so that memory does not grow with the table."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeSerializer
from readset_sync.aws.table import Table, read_item
from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.criteria import Criterion
from omics_meta.search.plan import Access, Index

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_BATCH: Final = 100
"""Keys that BatchGetItem takes."""

_serialize = TypeSerializer().serialize


def read(
    client: "DynamoDBClient",
    table: Table,
    access: Access,
    criteria: Sequence[Criterion],
    attributes: Collection[str] = (),
) -> Iterator[list[Row]]:
    """Return the rows that fit all criteria, in no particular order, some at a time.

    If attributes are given, rows have those at least, the key, and whatever else costs nothing more.

    Rows are as they are or were a moment ago (eventually consistent). Each is judged by the criteria here too, because
    DynamoDB cannot check all of them.
    """
    wanted = {KEY, *attributes, *(name for each in criteria for name in each.reads)} if attributes else set[str]()
    parameters = expressions(access, wanted)
    pages = (
        _query(client, table, parameters, access.index)
        if access.index
        else _scan(client, table.name, access.segments, parameters)
    )
    for page in pages:
        if found := [row for row in page if all(each.matches(row) for each in criteria)]:
            yield found


def read_named(table: Table, arns: Sequence[str]) -> Iterator[list[Row]]:
    """Return the rows of different ARNs, in their order, some at a time; those that there are not are left out."""
    for start in range(0, len(arns), _BATCH):
        chunk = arns[start : start + _BATCH]
        rows = table.get_many(chunk, consistent=False)
        yield [rows[arn] for arn in chunk if arn in rows]


def expressions(access: Access, attributes: Collection[str] = ()) -> dict[str, Any]:
    """Return the parameters of Scan or Query that say which rows are wanted, and which of their attributes if not all.

    An index of keys alone gives those, whatever is wanted.
    """
    # One builder for both, so that their placeholders differ.
    builder = ConditionExpressionBuilder()
    parameters: dict[str, Any] = {}
    if access.key:
        _add(parameters, "KeyConditionExpression", builder, access.key)
    if access.condition:
        _add(parameters, "FilterExpression", builder, access.condition)
    if attributes and (access.index is None or access.index.whole_rows):
        names = {f"#p{number}": name for number, name in enumerate(sorted(attributes))}
        parameters["ProjectionExpression"] = ", ".join(names)
        parameters["ExpressionAttributeNames"] = parameters.get("ExpressionAttributeNames", {}) | names
    return parameters


def _add(parameters: dict[str, Any], name: str, builder: ConditionExpressionBuilder, condition: ConditionBase) -> None:
    built = builder.build_expression(condition, is_key_condition=name == "KeyConditionExpression")
    parameters[name] = built.condition_expression
    parameters.setdefault("ExpressionAttributeNames", {}).update(built.attribute_name_placeholders)
    values = {placeholder: _serialize(value) for placeholder, value in built.attribute_value_placeholders.items()}
    parameters.setdefault("ExpressionAttributeValues", {}).update(values)


def _scan(client: "DynamoDBClient", name: str, segments: int, parameters: Mapping[str, Any]) -> Iterator[list[Row]]:
    """Scan all segments at the same time. Of each, one page at the most is ahead of whoever takes the rows."""

    def page(segment: int, start: Mapping[str, Any]) -> tuple[int, list[Row], Mapping[str, Any] | None]:
        answer = client.scan(TableName=name, Segment=segment, TotalSegments=segments, **parameters, **start)
        return segment, list(map(read_item, answer["Items"])), answer.get("LastEvaluatedKey")

    with ThreadPoolExecutor(segments) as executor:
        running = {executor.submit(page, segment, {}) for segment in range(segments)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    segment, rows, last = future.result()
                    if last:
                        running.add(executor.submit(page, segment, {"ExclusiveStartKey": last}))
                    yield rows
        finally:
            # Whoever took the rows wants no more of them.
            for future in running:
                future.cancel()


def _query(client: "DynamoDBClient", table: Table, parameters: Mapping[str, Any], index: Index) -> Iterator[list[Row]]:
    pages = client.get_paginator("query").paginate(TableName=table.name, IndexName=index.name, **parameters)
    for page in pages:
        rows = list(map(read_item, page["Items"]))
        if index.whole_rows:
            yield rows
            continue
        yield from read_named(table, [row[KEY] for row in rows])
