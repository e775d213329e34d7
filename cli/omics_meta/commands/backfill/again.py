"""Tries again, at the end, what failed in a backfill for a reason that may pass."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from readset_sync.stores.verification import ReadSetResult

from omics_meta.terminal.output import counted, ids, print_note
from omics_meta.terminal.progress import Reporter

PAUSES: Sequence[float] = (10, 30, 90)
"""Seconds before each round. What fails in the last one has failed."""

_MOST: Final = 10_000
"""Read sets that are remembered for another round. Where more fail, it is no matter of luck."""

Steps = Iterator[tuple[str, str, list[ReadSetResult]]]
"""Batches of results, each with what it is a part of, and the store that it is of."""


def trying_again(
    steps: Steps, again: Callable[[list[str]], Iterable[list[ReadSetResult]]], reporter: Reporter
) -> Steps:
    """Yield the steps without what failed and may pass, and then what came of it when it was tried again.

    Args:
        steps: What is done first.
        again: Does the same once more for read sets, by their ARNs; yields results by page.
        reporter: Is told of each round.
    """
    failed: list[str] = []
    for label, store_id, results in steps:
        yield label, store_id, _without_passing(results, failed)
    for left, pause in enumerate(PAUSES, start=1 - len(PAUSES)):
        if not failed:
            return
        print_note(f"{counted(len(failed), 'read set')} failed for a reason that may pass: tried again in {pause:g} s")
        time.sleep(pause)
        reporter.begin("tried again")
        tried, failed = failed, []
        for results in again(tried):
            yield from by_store("tried again", _without_passing(results, failed) if left else results)


def by_store(label: str, results: Iterable[ReadSetResult]) -> Steps:
    """Yield a step for each store of the results."""
    stores: dict[str, list[ReadSetResult]] = {}
    for result in results:
        stores.setdefault(ids(result.arn)[0], []).append(result)
    for store_id, of_store in stores.items():
        yield label, store_id, of_store


def _without_passing(results: list[ReadSetResult], failed: list[str]) -> list[ReadSetResult]:
    """Return the results but those that are to be tried again, of which the ARNs are added to `failed`."""
    final: list[ReadSetResult] = []
    for result in results:
        if result.may_pass and len(failed) < _MOST:
            failed.append(result.arn)
        else:
            final.append(result)
    return final
