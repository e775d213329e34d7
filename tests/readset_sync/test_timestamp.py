"""Points in time as the table holds them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from readset_sync.model.timestamp import format_timestamp, is_timestamp


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 4, 4, 18, 1, 6, 999_999, UTC), "2026-04-04T18:01:06Z"),
        (datetime(2026, 4, 4, 1, tzinfo=timezone(timedelta(hours=2))), "2026-04-03T23:00:00Z"),
        # Texts are compared, so that a year has four digits.
        (datetime(999, 1, 1, tzinfo=UTC), "0999-01-01T00:00:00Z"),
    ],
)
def test_moments_are_in_utc_and_cut_to_the_second(moment: datetime, text: str) -> None:
    assert format_timestamp(moment) == text
    assert is_timestamp(text)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30T00:00:00Z",
        "2026-19-01T00:00:00Z",
        "2026-04-04T24:30:00Z",
        "2026-04-04T18:01:06+00:00",
        "2026-04-04T18:01:06.5Z",
        "2026-04-04",
        20260404,
        None,
    ],
)
def test_what_is_no_moment_in_the_format_of_the_table(value: object) -> None:
    assert not is_timestamp(value)
