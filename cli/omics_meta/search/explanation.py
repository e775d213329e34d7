"""Says how rows would be read, and what that would cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from omics_meta.search.plan import Access, TableFacts
from omics_meta.search.reader import expressions
from omics_meta.search.sorting import Order
from omics_meta.selection.connection import TableConnection
from omics_meta.selection.tables import Tables
from omics_meta.terminal.output import print_json, print_line


def print_explanations(
    tables: Tables,
    explained: Sequence[tuple[TableConnection, Access, TableFacts]],
    order: Order | None,
    *,
    as_json: bool,
) -> None:
    """Print how rows of each table would be read, what DynamoDB would be asked to check, and what it would charge."""
    if as_json:
        members = [_members(access, facts, order) for _, access, facts in explained]
        listed = tables.listed()
        if tables.several:
            listed["tables"] = [place | each for place, each in zip(listed["tables"], members, strict=True)]
            members = [dict[str, Any]()]
        print_json({**tables.about("find"), **members[0], **listed})
        return
    for table, access, facts in explained:
        if tables.several:
            print_line(f"{table}:")
        _print(access, facts, order)


def _members(access: Access, facts: TableFacts, order: Order | None) -> dict[str, Any]:
    sent = expressions(access, next(iter(access.keys), None))
    return {
        "access": "query" if access.index else "scan",
        "index": access.index.name if access.index else None,
        "reason": access.reason,
        "segments": access.segments,
        "queries": len(access.keys),
        "key_condition": sent.get("KeyConditionExpression"),
        "filter": sent.get("FilterExpression"),
        "checked_here": access.judged,
        "sort": order.column.name if order else None,
        "names": sent.get("ExpressionAttributeNames", {}),
        "read_units_per_row_found": access.units_per_row,
        "most_read_units": access.most_units,
        "rows": facts.rows if facts.size else None,
    }


def _print(access: Access, facts: TableFacts, order: Order | None) -> None:
    sent = expressions(access, next(iter(access.keys), None))
    print_line(f"{_how(access)}: {access.reason}")
    for what, expression in (("key condition", "KeyConditionExpression"), ("filter", "FilterExpression")):
        if expression in sent:
            print_line(f"{what}: {_readable(sent[expression], sent['ExpressionAttributeNames'])}")
    if access.index and not access.index.whole_rows:
        print_line("The index has keys alone: rows are read by their keys, 100 at a time.")
    if access.judged:
        print_line(f"checked after reading, not by DynamoDB: {', '.join(access.judged)}")
    if order:
        print_line(f"The rows that are found are held in memory, and sorted by {order.column.name}.")
    if access.units_per_row is None or access.most_units is None:
        print_line("How many read units that takes is not known yet: DynamoDB counts a table within six hours.")
        return
    per_row = f"{access.units_per_row:.2f} read units for each row found, " if access.index else ""
    if len(access.keys) > 1:
        print_line(f"{len(access.keys) / 2:,.1f} read units for the queries, whatever they find")
    print_line(f"{per_row}{access.most_units:,.1f} read units{' at the most' if access.index else ''}")
    print_line(f"The table has {facts.rows:,} rows, as DynamoDB counted in the last six hours.")


def _how(access: Access) -> str:
    if access.index is None:
        parts = "one part" if access.segments == 1 else f"{access.segments} parts at a time"
        return f"scan of the table in {parts}"
    queries = "query" if len(access.keys) == 1 else f"{len(access.keys):,} queries"
    return f"{queries} of index {access.index.name}"


def _readable(expression: str, names: Mapping[str, str]) -> str:
    # From the last placeholder, so that #n1 does not stand for the beginning of #n10.
    for placeholder in sorted(names, key=len, reverse=True):
        expression = expression.replace(placeholder, names[placeholder])
    return expression
