"""The page on scale, and the simulation that its tables come from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.scale.simulation import BATCH, CALL_SECONDS, WRITE_SECONDS, Fleet, Kind, Message, Reconciliation, simulate

ROOT = Path(__file__).parents[2]


def test_tables_are_those_that_the_calculation_prints():
    printed = subprocess.run(
        [sys.executable, "-m", "tools.scale"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    tables = re.findall(r"(?:^\|.*\|\n)+", printed, flags=re.MULTILINE)

    assert len(tables) == 3
    for table in tables:
        assert table in (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("fleet", [Fleet(5, 2), Fleet(50, 16)])
def test_a_fleet_reaches_its_rate_and_never_exceeds_it(fleet: Fleet):
    outcome = simulate(fleet, [Message(0, Kind.REFRESH)] * 2_000)

    # The first of each execution need not wait.
    assert (2_000 - fleet.executions) / fleet.tps <= outcome.ended < 2_000 / fleet.tps * 1.05


def test_executions_that_are_too_few_decide():
    outcome = simulate(Fleet(1_000, 2), [Message(0, Kind.REFRESH)] * 1_000)

    assert outcome.ended == pytest.approx(1_000 / 2 * (2 * CALL_SECONDS + WRITE_SECONDS))


def test_every_message_is_done_once_and_none_before_it_was_sent():
    arrivals = [Message(sent, Kind.STATUS) for sent in (30.0, 0.0, 10.0)]

    outcome = simulate(Fleet(5, 2), arrivals)

    assert outcome.delays == pytest.approx([WRITE_SECONDS] * 3)
    assert outcome.ended == pytest.approx(30 + WRITE_SECONDS)


def test_a_reconciliation_lists_all_and_lets_live_events_through():
    nightly = Reconciliation(scans=4, listings=20, refreshes=1_000, step_seconds=5, step_refreshes=100)
    live = [Message(second, Kind.STATUS) for second in range(200)]

    outcome = simulate(Fleet(5, 2), [Message(0, Kind.STEP, live=False), *live], nightly)

    assert nightly.done
    # The last step ends before the refreshes that it asked for.
    assert nightly.ended is not None
    assert nightly.ended < outcome.ended
    assert outcome.ended >= 1_000 / 5 - 1
    # Nothing waits for more than the refreshes of two steps, and the batch behind them.
    assert len(outcome.delays) == len(live)
    assert max(outcome.delays) < (2 * 100 + BATCH) / 5 + 2 * 5


def test_a_step_needs_a_reconciliation():
    with pytest.raises(ValueError, match="a step without a reconciliation"):
        simulate(Fleet(5, 2), [Message(0, Kind.STEP)])
