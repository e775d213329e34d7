"""`--max-tps`: how often a command calls HealthOmics, and how many threads that takes."""

import math
from collections.abc import Sequence
from typing import Final

from readset_sync.aws.clients import MAX_THREADS
from readset_sync.aws.rate_limits import MaxTps

from omics_meta.terminal.exits import CommandError

DEFAULT_TPS: Final = 4.5
"""Nine tenths of a new account's quota: the deployed pipeline, which goes on meanwhile, has the rest."""

_SECONDS_PER_READ_SET: Final = 1.5
"""A generous time for two calls and a write."""


def rates_of(given: Sequence[str]) -> MaxTps:
    """Read what was given with `--max-tps`, `N` or `OPERATION=N` each time."""
    try:
        return MaxTps.parse(",".join(given), default=DEFAULT_TPS) if given else MaxTps(DEFAULT_TPS)
    except ValueError as error:
        raise CommandError(f"--max-tps: {error}") from error


def workers(rates: MaxTps) -> int:
    """Threads that refresh read sets: enough to reach the rates, however slow HealthOmics is."""
    pace = min(rates.of("GetReadSetMetadata"), rates.of("ListTagsForResource"))
    return min(math.ceil(pace * _SECONDS_PER_READ_SET), MAX_THREADS)
