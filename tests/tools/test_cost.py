"""What the cost calculation takes for given is what the code does."""

from decimal import Decimal

import pytest
from omics_components.settings import TABLE_INDEXES, Settings
from omics_meta.commands.cost import footprint
from omics_meta.commands.cost.recurrence import DAYS_A_MONTH
from omics_meta.commands.cost.usage import (
    Month,
    backfill,
    cost,
    events_of,
    index_backfill,
    index_month,
    month,
    refreshes,
)

from tools.cost import measured
from tools.cost.__main__ import MILLION, Plan

FOOTPRINT = (
    "write it into cli/omics_meta/commands/cost/footprint.py, and what `python -m tools.cost` prints into the docs"
)


def test_bytes_logs_and_metrics_are_those_measured():
    whole, listed = measured.sample_rows()
    assert measured.row_size(whole) == footprint.ROW_BYTES, FOOTPRINT
    assert measured.row_size(listed) == footprint.LISTED_BYTES, FOOTPRINT
    for row in (whole, listed):
        assert {name: measured.index_size(row, name) for name in TABLE_INDEXES} == footprint.INDEX_BYTES, FOOTPRINT
    assert [measured.observe_event(kind) for kind in footprint.EVENTS] == [
        kind.observed for kind in footprint.EVENTS
    ], FOOTPRINT
    assert measured.observe_refresh() == footprint.REFRESH, FOOTPRINT
    assert measured.observe_step() == footprint.STEP, FOOTPRINT


def test_settings_are_the_defaults():
    settings = Settings()

    assert settings.function_memory_size == footprint.MEMORY_MIB
    assert settings.log_retention_days == footprint.LOG_RETENTION_DAYS
    assert settings.max_row_age_days == footprint.MAX_ROW_AGE_DAYS
    assert settings.reconcile_schedule == footprint.RECONCILE_SCHEDULE
    assert settings.alarms
    assert tuple(settings.index_names) == footprint.INDEXES
    assert {name for name, keys in TABLE_INDEXES.items() if "set_status" in keys} == footprint.INDEXES_BY_STATUS


def test_rows_are_refreshed_between_once_and_twice_in_their_greatest_age():
    nightly, hourly = (refreshes(Month(1000, 0, times * DAYS_A_MONTH)) for times in (1, 24))

    weeks = DAYS_A_MONTH / footprint.MAX_ROW_AGE_DAYS
    assert 1000 * weeks < nightly < hourly < 2000 * weeks
    # A reconciliation a month refreshes every row.
    assert refreshes(Month(1000, 0, 1)) == pytest.approx(1000)
    assert refreshes(Month(1000, 0, 0)) == 0


def test_a_month_adds_up():
    quiet = month(Month(0, 0, 0))
    stored, changed, compared = (month(Month(10_000, *more)) for more in ((0, 0), (2100, 0), (0, 30)))

    # Without read sets there are the alarms, and an idle queue that Lambda asks for messages.
    assert {unit for unit, amount in quiet.items() if amount} == {"alarm", "message"}
    assert stored["recovery"] == pytest.approx(10_000 * (footprint.ROW_BYTES + 100) / 2**30)
    indexed = sum(footprint.INDEX_BYTES[name] + 100 for name in footprint.INDEXES)
    assert stored["table"] == pytest.approx(stored["recovery"] + 10_000 * indexed / 2**30)
    assert changed["event"] == changed["invocation"] == 2100
    # An event of each kind that writes costs as many units as the row has kilobytes, and one for each index where the
    # row comes (0.05) or goes (0.01).
    units = footprint.WRITES * (0.21 - 0.05) + len(footprint.INDEXES) * (0.05 + 0.01)
    assert changed["write"] == pytest.approx(2100 * units / 0.21)
    refreshed = refreshes(Month(10_000, 0, 30))
    assert compared["write"] == pytest.approx(refreshed * footprint.WRITES)
    scan = 10_000 * footprint.ROW_BYTES / 4096
    assert compared["read"] == pytest.approx(30 * (scan + 10_000 * footprint.READS) + refreshed * footprint.READS)
    assert compared["schedule"] == 30
    assert sum(cost(changed).values()) > sum(cost(stored).values())


def test_an_index_is_written_when_its_keys_change():
    what = Month(10_000, 2100, 30)

    assert index_backfill(10_000) == {"write": 10_000}
    # Rows come (0.05) and go (0.01); a status changes without that in 0.05 + 0.02 + 0.02 + 0.01.
    assert index_month("sample", what)["write"] == pytest.approx(2100 * 0.06 / 0.21)
    assert index_month("store", what)["write"] == pytest.approx(2100 * (0.06 + 2 * 0.10) / 0.21)


def test_prices_are_applied_by_their_unit():
    dollars = cost(backfill(1_000_000))

    # Two write units for each row as listed and two for it as a whole, and one for each of two indexes, at $0.625 a
    # million; and two reads at $0.125.
    assert dollars["DynamoDB"] == Decimal("4.000")
    assert events_of(100) == pytest.approx(21)


def test_more_quota_counts_only_with_the_executions_to_use_it():
    assert Plan(MILLION, 1, 5, 2).refreshes_a_second == 5
    assert round(Plan(MILLION, 1, 50, 2).refreshes_a_second) == 9
    assert Plan(MILLION, 1, 50, 16).refreshes_a_second == 50
