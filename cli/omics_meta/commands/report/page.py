"""What the page of a report says. Pure: of an inventory, HTML."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from readset_sync.messages.read_set_event import ACTIVE, ARCHIVED
from readset_sync.model.timestamp import parse_timestamp

from omics_meta.commands.cost.prices import STORAGE, STORAGE_REGIONS
from omics_meta.commands.cost.usage import money
from omics_meta.commands.report import html
from omics_meta.commands.report.html import Bar, Cell, Number
from omics_meta.commands.report.plot import growth
from omics_meta.commands.report.read_sets import ReadSets
from omics_meta.commands.report.verification import Verification, named
from omics_meta.search.inventory import (
    OTHERS,
    UNKNOWN,
    Inventory,
    Store,
    TableInventory,
    TagInventory,
    Tally,
    size_text,
)
from omics_meta.terminal.output import counted

_MOST_LINES: Final = 50
"""Of a table whose labels are the users' own."""

_MOST_STATUSES: Final = 8

Storage = Mapping[tuple[str, str, bool], Tally]
"""By account and region, and by whether they are archived."""

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
    parts += [html.section(title, body) for title, body in _sections(inventory, verification, now) if body]
    if read_sets is not None:
        parts.append(html.section("Read sets", read_sets.html()))
    return html.document(f"Read sets of {where}", parts)


def _where(tables: Sequence[TableInventory]) -> str:
    if len(tables) == 1:
        return f"{tables[0].name} in {tables[0].region}"
    accounts, regions = ({table.account for table in tables}, {table.region for table in tables})
    return f"{counted(len(accounts), 'account')} in {counted(len(regions), 'region')}"


def _sentence(inventory: Inventory, where: str, now: datetime) -> str:
    count, stores = counted(inventory.total.count, "read set"), counted(len(inventory.stores), "sequence store")
    of, on = f"{stores} of AWS HealthOmics", _time(now)
    if len(inventory.tables) == 1:
        return f"This page counts the {count} that {of} had on {on}, by the rows of table {where}."
    rows = f"the rows of {len(inventory.tables)} tables"
    return f"This page counts the {count} that {where} had in {of} on {on}, by {rows}."


def _time(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _refreshed(text: str) -> Number:
    """Write when rows were refreshed, as a cell that sorts by it."""
    if not text:
        return Number(UNKNOWN, None)
    moment = parse_timestamp(text).astimezone(UTC)
    return Number(_time(moment), moment.timestamp())


def _figures(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    total, tallies = inventory.total, inventory.statuses.tallies
    active, archived = tallies.get(ACTIVE, Tally()), tallies.get(ARCHIVED, Tally())
    yield "Read sets", f"{total.count:,}", ""
    known = "" if total.known_size is None else size_text(total.size)
    yield "Size of files", _size(total).text, "; ".join(filter(None, (known, _of_unknown(total.unknown))))
    yield "Gigabases", _gigabases(total).text, _of_unknown(total.bases_unknown)
    if (cost := _cost(inventory.storage)) is not None:
        left = total.count - sum(tally.count - tally.bases_unknown for tally in _priced(inventory.storage))
        yield "Storage a month", money(cost), f"list price{f'; {_of_unknown(left)}' if left else ''}"
    for name, tally in (("Active", active), ("Archived", archived)):
        size = _size(tally)
        yield name, f"{tally.count:,}", f"{size.text} {size.more}".rstrip() if tally.count else ""
    if other := total.count - active.count - archived.count:
        yield "Other status", f"{other:,}", ""
    # HealthOmics shows no size of a read set that was archived before its row was written.
    reasons = ["archived before their rows were written"] if archived.unknown else []
    reasons += ["not read singly yet"] if total.unknown > archived.unknown else []
    yield "Unknown size", f"{total.unknown:,}", ", or ".join(reasons)


def _of_unknown(count: int) -> str:
    return f"{counted(count, 'read set')} {UNKNOWN}" if count else ""


def _sections(
    inventory: Inventory, verification: Verification | None, now: datetime
) -> Iterator[tuple[str, list[str]]]:
    total, several = inventory.total, len(inventory.tables) > 1
    if several:
        yield "Accounts and regions", [_tables(inventory.tables)]
    months = inventory.months
    by_month = _counts("month", months.in_order(), "Read sets by the month of creation")
    yield "Growth", [growth(months.tallies), html.details("The numbers of each month", by_month)] if by_month else []
    yield "Sequence stores", [_stores(inventory, several=several)] if inventory.stores else []
    yield "Status", _counts("status", inventory.statuses.in_order(), "Read sets by their status in HealthOmics")
    yield "File type", _counts("type", inventory.types.in_order(), "Read sets by the type of their files")
    keys = _counts("tag", inventory.keys.largest(_MOST_LINES), "Read sets that have a tag with this key")
    yield "Tags", [*keys, *(_tag(key, found) for key, found in inventory.tags.items())]
    yield "Storage cost in a month", _storage(inventory.storage, several=several) if total.count else []
    ages = _counts("refreshed", inventory.ages.in_order(Inventory.AGES), "Rows by when they were last read anew")
    fresh = _freshnesses(inventory.tables) if several else _freshness(inventory.tables[0])
    yield "How fresh the rows are", [fresh, *ages]
    yield "What was compared with HealthOmics", _verification(inventory, verification, now)


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


def _size(tally: Tally) -> Number:
    if tally.known_size is None:
        return Number(UNKNOWN, None)
    return Number(size_text(tally.size, decimal=True), tally.size, _besides(tally.unknown))


def _gigabases(tally: Tally) -> Number:
    if tally.known_bases is None:
        return Number(UNKNOWN, None)
    gigabases = tally.bases / 1e9
    return Number(f"{gigabases:,.{1 if gigabases < 1000 else 0}f}", tally.bases, _besides(tally.bases_unknown))


def _besides(unknown: int) -> str:
    return f"({unknown:,} {UNKNOWN})" if unknown else ""


def _tables(tables: Sequence[TableInventory]) -> str:
    lines = [
        (table.account, table.region, table.name, *_numbers(table.total), bar)
        for table, bar in zip(tables, _bars(table.total for table in tables), strict=True)
    ]
    return html.table("Read sets by account and region", ("account", "region", "table", *_MEASURES), lines)


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


def _priced(storage: Storage) -> list[Tally]:
    return [tally for (_, region, _), tally in storage.items() if region in STORAGE_REGIONS]


def _dollars(key: tuple[str, str, bool], tally: Tally) -> Decimal | None:
    """What HealthOmics charges for a month, or None where that is not known."""
    _, region, archived = key
    if region not in STORAGE_REGIONS or tally.known_bases is None:
        return None
    return Decimal(tally.bases) / 10**9 * STORAGE[archived].usd


def _cost(storage: Storage) -> Decimal | None:
    """What all together is charged for, as far as that is known; None where nothing is."""
    known = [dollars for key, tally in storage.items() if (dollars := _dollars(key, tally)) is not None]
    return sum(known, Decimal()) if known else None


def _storage(storage: Storage, *, several: bool) -> list[str]:
    lines: list[Sequence[Cell]] = []
    for key, tally in sorted(storage.items()):
        account, region, archived = key
        place = (*((account or UNKNOWN,) if several else ()), region or UNKNOWN, "archive" if archived else "active")
        line = (*place, _numbers(tally)[0], _gigabases(tally))
        price, dollars = STORAGE[archived], _dollars(key, tally)
        if dollars is None:
            lines.append((*line, Number(UNKNOWN, None), Number(UNKNOWN, None)))
            continue
        lines.append((*line, Number(f"${price.usd}", float(price.usd)), Number(money(dollars), float(dollars))))
    figures = ("read sets", "gigabases", "price of a gigabase-month", "US dollars a month")
    columns = (*(("account",) if several else ()), "region", "storage class", *figures)
    table = html.table("What HealthOmics charges for the storage of the read sets, by list price", columns, lines)
    return [*(html.paragraph(said) for said in _said_of_storage(storage)), table]


def _said_of_storage(storage: Storage) -> Iterator[str]:
    price, known = STORAGE[False], _priced(storage)
    if known:
        total = money(_cost(storage) or Decimal())
        yield (
            f"{total} a month, without free tier, discounts and taxes. Prices: {price.page}, as read in a "
            f"publication of {price.date}; check them before you rely on them."
        )
        if unknown := sum(tally.bases_unknown for tally in known):
            yield f"Not in this sum: {counted(unknown, 'read set')} of which no row tells the number of bases."
    if others := [(region, tally.count) for (_, region, _), tally in storage.items() if region not in STORAGE_REGIONS]:
        regions = ", ".join(sorted({region or UNKNOWN for region, _ in others}))
        left = counted(sum(count for _, count in others), "read set")
        which = f"Not in this sum: the {left} in {regions}, where the price" if known else f"The price in {regions}"
        yield f"{which} is not known here: see {price.page}."


def _freshness(table: TableInventory) -> str:
    said = f"Account {table.account}. " if table.account else ""
    if table.oldest:
        said += f"Rows were last read anew from HealthOmics between {_refreshed(table.oldest).text} "
        said += f"and {_refreshed(table.newest).text}. "
    return html.paragraph(f"{said}Rows that are not complete yet: {table.incomplete:,}.")


def _freshnesses(tables: Sequence[TableInventory]) -> str:
    lines = [
        (
            table.account,
            table.region,
            table.name,
            _refreshed(table.oldest),
            _refreshed(table.newest),
            Number(f"{table.incomplete:,}", table.incomplete),
        )
        for table in tables
    ]
    columns = ("account", "region", "table", "oldest refresh", "newest refresh", "not complete")
    return html.table("When the rows of each table were last read anew from HealthOmics", columns, lines)


def _verification(inventory: Inventory, found: Verification | None, now: datetime) -> list[str]:
    if found is None:
        return [html.paragraph("Nothing was compared: this page shows what the rows say.")]
    every = sum(found.totals.values())
    wrong = every - found.totals["in sync"]
    verdict = "" if found.in_sync else " Something was wrong."
    said = [f"{found.compared} {wrong:,} of {every:,} rows differed.{verdict}"]
    days = (now - found.finished).days
    before = f", {counted(days, 'day')} before this page" if days > 0 else ""
    said.append(f"The comparison ended on {_time(found.finished)}{before}.")
    if others := [named(table) for table in inventory.tables if not found.is_of(table)]:
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
