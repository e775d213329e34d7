"""A local AWS with a store, a terminal that leads to it, and the sample."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from omics_sandbox import Limits, Sandbox

from tests.migrating.sample import STORE_ID
from tests.migrating.terminal import Terminal


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A local AWS, silent at first: what the sample makes of events is written by the tests."""
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        running.omics.emit_events = False
        running.omics.create_store("cohort-a", store_id=STORE_ID)
        yield running


@pytest.fixture
def terminal(sandbox: Sandbox, tmp_path: Path) -> Terminal:
    return Terminal(sandbox, tmp_path)
