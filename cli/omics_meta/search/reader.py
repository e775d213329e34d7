"""Reads rows as planned, a page at a time, so that memory does not grow with the table."""

from collections import deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeSerializer
from readset_sync.aws.table import Table, read_item
from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.criterion import Criterion
from omics_meta.search.plan import Access, Index
from omics_meta.selection.tables import begin, ended, result_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_BATCH: Final = 100
"""Keys that BatchGetItem takes."""

_QUERIES_AT_ONCE: Final = 8

_serialize = TypeSerializer().serialize


def read(
    client: "DynamoDBClient",
    table: Table,
    access: Access,
    criteria: Sequence[Criterion],
    attributes: Collection[str] = (),
) -> Generator[list[Row]]:
    """Return the rows that fit all criteria, in no particular order, some at a time.

    If attributes are given, rows have those at least, the key, and whatever else costs nothing more.

    Rows are as they are or were a moment ago (eventually consistent). Each is judged by the criteria here too, because
    DynamoDB cannot check all of them.
    """
    wanted = {KEY, *attributes, *(name for each in criteria for name in each.reads)} if attributes else set[str]()
    pages = (
        _query(client, table, access, access.index, wanted) if access.index else _scan(client, table, access, wanted)
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


def expressions(access: Access, key: ConditionBase | None, attributes: Collection[str] = ()) -> dict[str, Any]:
    """Return the parameters of a Scan or Query that say which rows are wanted, and which attributes of them.

    An index of keys alone gives those, whatever is wanted.

    Args:
        access: How to read.
        key: The condition on keys, of a query.
        attributes: The names of those that are wanted; none for all.
    """
    # One builder for both, so that their placeholders differ.
    builder = ConditionExpressionBuilder()
    parameters: dict[str, Any] = {}
    if key:
        _add(parameters, "KeyConditionExpression", builder, key)
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


def _scan(client: "DynamoDBClient", table: Table, access: Access, attributes: Collection[str]) -> Iterator[list[Row]]:
    """Scan all segments at the same time. Of each, one page at the most is ahead of whoever takes the rows."""
    segments, parameters = access.segments, expressions(access, None, attributes)

    def page(segment: int, start: Mapping[str, Any]) -> tuple[int, list[Row], Mapping[str, Any] | None]:
        answer = client.scan(TableName=table.name, Segment=segment, TotalSegments=segments, **parameters, **start)
        return segment, list(map(read_item, answer["Items"])), answer.get("LastEvaluatedKey")

    running = {begin(page, segment, {}) for segment in range(segments)}
    while running:
        done = ended(running)
        running -= done
        for future in done:
            segment, rows, last = future.result()
            if last:
                running.add(begin(page, segment, {"ExclusiveStartKey": last}))
            yield rows


def _query(
    client: "DynamoDBClient", table: Table, access: Access, index: Index, attributes: Collection[str]
) -> Iterator[list[Row]]:
    pages = _pages_of_queries(client, table.name, access, index, attributes)
    if index.whole_rows:
        yield from pages
        return
    arns: list[str] = []
    for page in pages:
        arns += [row[KEY] for row in page]
        while len(arns) >= _BATCH:
            yield from read_named(table, arns[:_BATCH])
            del arns[:_BATCH]
    yield from read_named(table, arns)


def _pages_of_queries(
    client: "DynamoDBClient", name: str, access: Access, index: Index, attributes: Collection[str]
) -> Iterator[list[Row]]:
    """Query for each key, several at the same time, and yield what they find in the order of the keys.

    Of each query that has begun, one page at the most is ahead of whoever takes the rows.
    """

    def page(parameters: Mapping[str, Any], start: Mapping[str, Any]) -> tuple[list[Row], Mapping[str, Any] | None]:
        answer = client.query(TableName=name, IndexName=index.name, **parameters, **start)
        return list(map(read_item, answer["Items"])), answer.get("LastEvaluatedKey")

    queries = (expressions(access, key, attributes) for key in access.keys)
    running = deque((query, begin(page, query, {})) for query in islice(queries, _QUERIES_AT_ONCE))
    while running:
        query, future = running.popleft()
        rows, last = result_of(future)
        if last:
            running.appendleft((query, begin(page, query, {"ExclusiveStartKey": last})))
        elif following := next(queries, None):
            running.append((following, begin(page, following, {})))
        yield rows
