"""What is said of filters that may be misspelled, as they find nothing. Pure: no AWS calls."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from readset_sync.messages.read_set_event import ACTIONS

from omics_meta.search.filters import Filters

_MOST_NAMED: Final = 20


def doubts(filters: Filters) -> Iterator[str]:
    """Yield what is odd about filters, which HealthOmics may yet come to know."""
    for option, statuses in (("--status", filters.status), ("--not-status", filters.not_status)):
        for status in statuses:
            if status.upper() not in ACTIONS:
                yield f"{option} {status!r} is none of the known statuses: {', '.join(sorted(ACTIONS))}"


def hint_of_nothing(filters: Filters) -> str:
    """Return why nothing may have been found by filters with a store."""
    stores = " or ".join(map(repr, filters.store))
    if filters == Filters(store=filters.store):
        return f"no row has the store {stores}: give its id or its name; upper and lower case matter"
    return f"nothing matches all options: check --store {stores} too: upper and lower case matter in a name"


def first_of(missing: Sequence[str], say: Callable[[str], str]) -> Iterator[str]:
    """Yield what is said of each of the first names that are missing, and of how many others."""
    yield from map(say, missing[:_MOST_NAMED])
    if len(missing) > _MOST_NAMED:
        yield say(f"{len(missing) - _MOST_NAMED:,} more")
