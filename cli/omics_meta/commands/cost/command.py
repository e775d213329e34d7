"""`omics-meta cost`."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from readset_sync.constants import KEY

from omics_meta.commands.cost.footprint import RECONCILE_SCHEDULE
from omics_meta.commands.cost.prices import PRICES
from omics_meta.commands.cost.recurrence import times_a_month
from omics_meta.commands.cost.usage import Month, cost, events_of, money, month
from omics_meta.selection.connection import connect_stack, connect_table
from omics_meta.selection.target import Selection, resolve
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import print_json, print_line
from omics_meta.terminal.progress import reporting


def run(
    selection: Selection, *, read_sets: int | None, changes: int | None, schedule: str | None, as_json: bool
) -> ExitCode:
    """Estimate what a month costs."""
    count = _count(selection) if read_sets is None else read_sets
    expression = _schedule(selection) if schedule is None else schedule
    try:
        reconciliations = times_a_month(expression)
    except ValueError as error:
        raise CommandError(f"--schedule: {error}") from error
    what = Month(count, events_of(count) if changes is None else changes, reconciliations)
    dollars = cost(month(what))
    if as_json:
        print_json(_document(what, expression, dollars))
    else:
        _print(what, expression, dollars)
    return ExitCode.DONE


def _count(selection: Selection) -> int:
    if not (selection.names_stack or selection.table):
        raise CommandError("the number of read sets is not known: give --read-sets N, or a stack or table")
    table = connect_table(resolve(selection)).table
    with reporting() as reporter:
        reporter.begin(f"table {table.name}")
        count = 0
        for _ in table.rows(KEY):
            count += 1
            reporter.advance()
    return count


def _schedule(selection: Selection) -> str:
    if not selection.names_stack:
        return RECONCILE_SCHEDULE
    return connect_stack(selection).variables.get("RECONCILE_SCHEDULE", RECONCILE_SCHEDULE)


def _document(what: Month, schedule: str, dollars: dict[str, Decimal]) -> dict[str, Any]:
    return {
        "command": "cost",
        "read_sets": what.read_sets,
        "changes": round(what.events),
        "schedule": schedule,
        "reconciliations": round(what.reconciliations, 1),
        "services": [{"service": service, "usd": float(round(amount, 2))} for service, amount in dollars.items()],
        "total_usd": float(round(sum(dollars.values(), Decimal(0)), 2)),
        "prices": [asdict(each) | {"usd": float(each.usd), "source": each.page} for each in PRICES.values()],
    }


def _print(what: Month, schedule: str, dollars: dict[str, Decimal]) -> None:
    print_line(
        f"A month of {what.read_sets:,} read sets, {what.events:,.0f} status events and {what.reconciliations:,.1f}"
        f" reconciliations ({schedule}):"
    )
    for service, amount in [*dollars.items(), ("total", sum(dollars.values(), Decimal(0)))]:
        print_line(f"  {service:<12} {money(amount):>12}")
    print_line("List prices of US East (N. Virginia) in US dollars, without any free tier.")
    print_line("Most come from articles, not from AWS's price pages: compare them there before you rely on a total.")
    for page in dict.fromkeys(price.page for price in PRICES.values()):
        print_line(f"  {page}")
