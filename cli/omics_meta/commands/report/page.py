"""What the page of a report says. Pure: of an inventory, HTML."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from omics_meta.commands.cost.prices import STORAGE, STORAGE_REGIONS
from omics_meta.commands.cost.usage import money
from omics_meta.commands.report import html
from omics_meta.commands.report.html import Bar, Cell, Number
from omics_meta.commands.report.plot import growth
from omics_meta.commands.report.read_sets import ReadSets
from omics_meta.commands.report.verification import Verification, named
from omics_meta.search.inventory import (
    ARCHIVED,
    OTHERS,
    UNKNOWN,
    Inventory,
    Store,
    TableInventory,
    TagInventory,
    Tally,
    size_text,
)
from omics_meta.terminal.console import counted

_MOST_LINES: Final = 50
"""Of a table whose labels are the users' own."""

_MOST_STATUSES: Final = 8
_ACTIVE: Final = "ACTIVE"
_MEASURES: Final = ("read sets", "size", "gigabases", "")

_TOGGLE: Final = """<fieldset class="control"><legend>Plot and bars show</legend>
<label><input type="radio" name="measure" id="show-count" checked> read sets</label>
<label><input type="radio" name="measure" id="show-size"> size of their files</label></fieldset>"""


def page(
    inventory: Inventory,
    now: datetime,
    verification: Verification | None,
    *,
    unread: Sequence[str] = (),
    read_sets: ReadSets | None = None,
) -> str:
    """Write the page.

    Args:
        inventory: What is counted.
        now: When it was.
        verification: Of one of the tables.
        unread: The tables that could not be read.
        read_sets: The list of all read sets, if the page is to have it.
    """
    where = _where(inventory.tables)
    parts = [html.paragraph(_sentence(inventory, where, now), kind="lead"), html.headline(_figures(inventory))]
    if unread:
        said = f"Not in this page, or only in part, because it could not be read: {', '.join(unread)}."
        parts.append(html.paragraph(said, kind="warning"))
    parts.append(_TOGGLE)
    parts += [html.section(title, body) for title, body in _sections(inventory, verification) if body]
    if read_sets is not None:
        parts.append(html.section("Read sets", read_sets.html()))
    return html.document(f"Read sets of {where}", parts)


def _where(tables: Sequence[TableInventory]) -> str:
    if len(tables) == 1:
        return f"{tables[0].name} in {tables[0].region}"
    accounts, regions = ({table.account for table in tables}, {table.region for table in tables})
    return f"{len(tables)} tables in {counted(len(accounts), 'account')} and {counted(len(regions), 'region')}"


def _sentence(inventory: Inventory, where: str, now: datetime) -> str:
    count, stores = inventory.total.count, counted(len(inventory.stores), "sequence store")
    rows = f"the rows of {'table ' if len(inventory.tables) == 1 else ''}{where}"
    when = f"{now.day} {now:%B %Y, %H:%M} UTC"
    return f"This page counts the {count:,} read sets that {stores} of AWS HealthOmics had on {when}, by {rows}."


def _figures(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    total, tallies = inventory.total, inventory.statuses.tallies
    active, archived = tallies.get(_ACTIVE, Tally()), tallies.get(ARCHIVED, Tally())
    yield "Read sets", f"{total.count:,}", ""
    known = "" if total.known_size is None else size_text(total.size)
    yield "Size of files", _size(total, alone=True).text, "; ".join(filter(None, (known, _of_unknown(total.unknown))))
    yield "Gigabases", _gigabases(total, alone=True).text, _of_unknown(total.bases_unknown)
    for name, tally in (("Active", active), ("Archived", archived)):
        yield name, f"{tally.count:,}", _size(tally).text if tally.count else ""
    if other := total.count - active.count - archived.count:
        yield "Other status", f"{other:,}", ""
    # HealthOmics shows no size of a read set that was archived before its row was written.
    reasons = ["archived before their rows were written"] if archived.unknown else []
    reasons += ["not read singly yet"] if total.unknown > archived.unknown else []
    yield "Unknown size", f"{total.unknown:,}", ", or ".join(reasons)


def _of_unknown(count: int) -> str:
    return f"{_read_sets(count)} {UNKNOWN}" if count else ""


def _read_sets(count: int) -> str:
    return f"{count:,} read set{'' if count == 1 else 's'}"


def _sections(inventory: Inventory, verification: Verification | None) -> Iterator[tuple[str, list[str]]]:
    total, several = inventory.total, len(inventory.tables) > 1
    if several:
        yield "Tables", [_tables(inventory.tables)]
    months = inventory.months
    yield "Growth", [growth(months.tallies), *_counts("month", months.in_order(), "Read sets by the month of creation")]
    yield "Sequence stores", [_stores(inventory, several=several)] if inventory.stores else []
    yield "Status", _counts("status", inventory.statuses.in_order(), "Read sets by their status in HealthOmics")
    yield "File type", _counts("type", inventory.types.in_order(), "Read sets by the type of their files")
    keys = _counts("tag", inventory.keys.largest(_MOST_LINES), "Read sets that have a tag with this key")
    yield "Tags", [*keys, *(_tag(key, found) for key, found in inventory.tags.items())]
    yield "Storage cost in a month", _storage(inventory.storage) if total.count else []
    ages = _counts("refreshed", inventory.ages.in_order(Inventory.AGES), "Rows by when they were last read anew")
    fresh = _freshnesses(inventory.tables) if several else _freshness(inventory.tables[0])
    yield "How fresh the rows are", [fresh, *ages]
    yield "What was compared with HealthOmics", _verification(inventory, verification)


def _counts(label: str, group: Sequence[tuple[str, Tally]], caption: str) -> list[str]:
    """Write a table of tallies with bars. Its longest bar is the largest line's."""
    if not group:
        return []
    bars = _bars(tally for _, tally in group)
    lines = [(name, *_numbers(tally), bar) for (name, tally), bar in zip(group, bars, strict=True)]
    return [html.table(caption, (label, *_MEASURES), lines)]


def _bars(tallies: Iterable[Tally]) -> list[Bar]:
    shown = list(tallies)
    most = max((each.count for each in shown), default=0) or 1
    largest = max((each.size for each in shown), default=0) or 1
    return [Bar(each.count / most, each.size / largest) for each in shown]


def _numbers(tally: Tally) -> tuple[Number, Number, Number]:
    return Number(f"{tally.count:,}", tally.count), _size(tally), _gigabases(tally)


def _size(tally: Tally, *, alone: bool = False) -> Number:
    """Write a size; `alone`, without of how many read sets it is unknown."""
    if tally.known_size is None:
        return Number(UNKNOWN, None)
    return Number(_known(size_text(tally.size, decimal=True), 0 if alone else tally.unknown), tally.size)


def _gigabases(tally: Tally, *, alone: bool = False) -> Number:
    if tally.known_bases is None:
        return Number(UNKNOWN, None)
    gigabases = tally.bases / 1e9
    text = f"{gigabases:,.{1 if gigabases < 1000 else 0}f}"
    return Number(_known(text, 0 if alone else tally.bases_unknown), tally.bases)


def _known(text: str, unknown: int) -> str:
    return f"{text} ({unknown:,} {UNKNOWN})" if unknown else text


def _tables(tables: Sequence[TableInventory]) -> str:
    lines = [
        (
            table.account,
            table.region,
            table.name,
            *_numbers(table.total),
            bar,
        )
        for table, bar in zip(tables, _bars(table.total for table in tables), strict=True)
    ]
    return html.table("Read sets by table", ("account", "region", "table", *_MEASURES), lines)


def _stores(inventory: Inventory, *, several: bool) -> str:
    ranked = sorted(inventory.stores.items(), key=lambda item: (-item[1].count, item[0].store_id))
    bars = _bars(tally for _, tally in ranked)
    lines: list[Sequence[Cell]] = []
    for (store, tally), bar in zip(ranked, bars, strict=True):
        place = (store.account, store.region) if several else ()
        lines.append((_store_name(inventory, store), *place, *_numbers(tally), bar))
    columns = ("sequence store", *(("account", "region") if several else ()), *_MEASURES)
    return html.table("Read sets by their sequence store", columns, lines)


def _store_name(inventory: Inventory, store: Store) -> str:
    name = inventory.names.get(store)
    return f"{name} ({store.store_id})" if name else store.store_id


def _tag(key: str, found: TagInventory) -> str:
    """Write a table of a tag's values, with a column for each status."""
    ranked = found.values.largest(_MOST_LINES)
    values = {value for value, _ in ranked} - {OTHERS}
    statuses: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    for (value, status), count in found.statuses.items():
        statuses[status] += count
        cells[value if value in values else OTHERS, status] += count
    columns = [status for status, _ in statuses.most_common(_MOST_STATUSES)]
    lines = [
        (value, *_numbers(tally), *(Number(f"{cells[value, each]:,}", cells[value, each]) for each in columns), bar)
        for (value, tally), bar in zip(ranked, _bars(tally for _, tally in ranked), strict=True)
    ]
    caption = f"Read sets by the value of their tag {key}, and how many of them have each status"
    return html.table(caption, (key, *_MEASURES[:-1], *columns, ""), lines)


def _storage(storage: Mapping[tuple[str, bool], Tally]) -> list[str]:
    lines: list[Sequence[Cell]] = []
    total, known = Decimal(0), [tally for (region, _), tally in storage.items() if region in STORAGE_REGIONS]
    for (region, archived), tally in sorted(storage.items()):
        line = (region or UNKNOWN, "archive" if archived else "active", _numbers(tally)[0], _gigabases(tally))
        price = STORAGE[archived]
        if region not in STORAGE_REGIONS or tally.known_bases is None:
            lines.append((*line, Number(UNKNOWN, None), Number(UNKNOWN, None)))
            continue
        dollars = Decimal(tally.bases) / 10**9 * price.usd
        total += dollars
        lines.append((*line, Number(f"${price.usd}", float(price.usd)), Number(money(dollars), float(dollars))))
    columns = ("region", "storage class", "read sets", "gigabases", "price of a gigabase-month", "US dollars a month")
    table = html.table("What HealthOmics charges for the storage of the read sets, by list price", columns, lines)
    return [*(html.paragraph(said) for said in _said_of_storage(storage, known, total)), table]


def _said_of_storage(
    storage: Mapping[tuple[str, bool], Tally], known: Sequence[Tally], total: Decimal
) -> Iterator[str]:
    price = STORAGE[False]
    if known:
        yield (
            f"{money(total)} a month, without free tier, discounts and taxes. Prices: {price.page}, as read in a "
            f"publication of {price.date}; check them before you rely on them."
        )
        if unknown := sum(tally.bases_unknown for tally in known):
            yield f"Not in this sum: {_read_sets(unknown)} of which no row tells the number of bases."
    if others := [(region, tally.count) for (region, _), tally in storage.items() if region not in STORAGE_REGIONS]:
        regions = ", ".join(sorted({region or UNKNOWN for region, _ in others}))
        left = _read_sets(sum(count for _, count in others))
        which = f"Not in this sum: the {left} in {regions}, where the price" if known else f"The price in {regions}"
        yield f"{which} is not known here: see {price.page}."


def _freshness(table: TableInventory) -> str:
    said = f"Account {table.account}. " if table.account else ""
    if table.oldest:
        said += f"Rows were last read anew from HealthOmics between {table.oldest} and {table.newest}. "
    return html.paragraph(f"{said}Rows that are not complete yet: {table.incomplete:,}.")


def _freshnesses(tables: Sequence[TableInventory]) -> str:
    lines = [
        (
            table.account,
            table.region,
            table.name,
            table.oldest or UNKNOWN,
            table.newest or UNKNOWN,
            Number(f"{table.incomplete:,}", table.incomplete),
        )
        for table in tables
    ]
    columns = ("account", "region", "table", "oldest refresh", "newest refresh", "not complete")
    return html.table("When the rows of each table were last read anew from HealthOmics", columns, lines)


def _verification(inventory: Inventory, found: Verification | None) -> list[str]:
    if found is None:
        return [html.paragraph("Nothing was compared: this page shows what the rows say.")]
    every = sum(found.totals.values())
    wrong = every - found.totals["in sync"]
    verdict = "" if found.in_sync else " Something was wrong."
    said = [f"{found.compared} {wrong:,} of {every:,} rows differed.{verdict}"]
    others = [named(table) for table in inventory.tables if not found.is_of(table)]
    if others:
        said.append(f"Only table {found} was compared, and not {', '.join(others)}.")
    elif left := sorted({store.store_id for store in inventory.stores} - found.stores):
        said.append(f"Sequence stores that were not compared: {', '.join(left[:_MOST_LINES])}.")
    if found.checks:
        said.append(f"{found.checks - len(found.failed)} of {found.checks} checks of the pipeline passed.")
    else:
        said.append("The pipeline was not checked.")
    lines = [(state, Number(f"{count:,}", count)) for state, count in found.totals.items()]
    table = html.table("Rows, as they stood to their read sets", ("state", "rows"), lines)
    return [*map(html.paragraph, said), table, *map(html.paragraph, found.failed)]
