"""What is said of filters that may be misspelled, as they find nothing. Pure: no AWS calls."""

from collections.abc import Iterator, Sequence
from typing import Final

from readset_sync.messages.read_set_event import ACTIONS

from omics_meta.search.filters import Filters
from omics_meta.selection.target import RESOURCE_ID

_CASE: Final = "; upper and lower case matter"


def doubts(filters: Filters) -> Iterator[str]:
    """Yield what is odd about filters, which HealthOmics may yet come to know."""
    for option, statuses in (("--status", filters.status), ("--not-status", filters.not_status)):
        for status in statuses:
            if status.upper() not in ACTIONS:
                yield f"{option} {status!r} is none of the known statuses: {', '.join(sorted(ACTIONS))}"


def hints_of_nothing(filters: Filters) -> Iterator[str]:
    """Yield why nothing may have been found by filters."""
    if filters.store and filters == Filters(store=filters.store):
        yield f"no row has the store {_either(filters.store)}"
    if names := [each for each in filters.store if not RESOURCE_ID.fullmatch(each)]:
        yield f"check --store {_either(names)}{_CASE}"
    if names := [each for each in filters.reference if not each.startswith("arn:")]:
        yield f"check --reference {_either(names)}{_CASE}, and rows lack the name that their writer may not read"
    if filters.tags:
        yield f"check --tag {_either(filters.tags)}{_CASE}, and rows that are not complete may have no tags yet"


def _either(values: Sequence[str]) -> str:
    return " or ".join(map(repr, values))
