"""The section on scale shows what the calculation prints."""

from pathlib import Path

from tools.scale import MILLION, Plan, plans

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


def test_the_table_of_the_page_is_the_one_that_is_calculated():
    assert plans() in PAGE.read_text(encoding="utf-8")


def test_more_quota_counts_only_with_the_executions_to_use_it():
    assert Plan(MILLION, 1, 5, 2).refreshes_a_second == 5
    assert round(Plan(MILLION, 1, 50, 2).refreshes_a_second) == 9
    assert Plan(MILLION, 1, 50, 16).refreshes_a_second == 50
