"""What is said of filters that may be misspelled, as they find nothing. Pure: no AWS calls."""

from collections.abc import Iterator

from readset_sync.messages.read_set_event import ACTIONS

from omics_meta.search.filters import Filters


def doubts(filters: Filters) -> Iterator[str]:
    """Yield what is odd about filters, which HealthOmics may yet come to know."""
    if filters.status is not None and filters.status.upper() not in ACTIONS:
        yield f"--status {filters.status!r} is none of the known statuses: {', '.join(sorted(ACTIONS))}"


def hint_of_nothing(filters: Filters) -> str:
    """Return why nothing may have been found by filters with a store."""
    if filters == Filters(store=filters.store):
        return f"no row has the store {filters.store!r}: give its id or its name; upper and lower case matter"
    return f"nothing matches all options: check --store {filters.store!r} too: upper and lower case matter in a name"
