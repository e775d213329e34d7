"""Sorts the rows that were found, which are all in memory then, or as many of them as are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.columns import Column, Value, one_column, values

_AHEAD: Final = 1000
"""Rows beyond a limit that are held until they are sorted, so that it is not done for every page."""


@dataclass(frozen=True, slots=True)
class Order:
    """By which column to sort; rows without a value come last, and of equal ones the ARN decides."""

    column: Column
    descending: bool

    def sorted(self, pages: Iterable[Sequence[Row]], limit: int | None) -> Iterator[list[Row]]:
        """Yield the rows of all pages in order, or the first of them."""
        kept: list[tuple[Any, Row]] = []
        for page in pages:
            kept += ((_sortable(values(row, [self.column])[0]), row) for row in page)
            if limit is not None and len(kept) > limit + _AHEAD:
                kept = self._in_order(kept)[:limit]
        yield [row for _, row in self._in_order(kept)[:limit]]

    def _in_order(self, rows: list[tuple[Any, Row]]) -> list[tuple[Any, Row]]:
        by_arn = sorted(rows, key=lambda each: each[1][KEY])
        told = [each for each in by_arn if each[0] is not None]
        untold = [each for each in by_arn if each[0] is None]
        return sorted(told, key=lambda each: each[0], reverse=self.descending) + untold


def order_of(given: str) -> Order:
    """Return what `--sort` asks for: a column, after `-` for the largest first."""
    return Order(one_column(given.removeprefix("-"), option="--sort"), given.startswith("-"))


def _sortable(value: Value) -> Any:
    return sorted(value.items()) if isinstance(value, dict) else value
