"""Tables of counts, on terminals of any width."""

import re
from collections import Counter

import pytest
from omics_meta.terminal.output import print_counts

STATUSES = ("ACTIVATING", "ACTIVE", "ARCHIVED", "DELETING", "PROCESSING_UPLOAD", "UPLOAD_FAILED")


@pytest.mark.parametrize("width", [20, 70, 80, 120])
@pytest.mark.parametrize("count", [7, 1_234_567])
def test_no_number_and_no_title_is_cut_off(
    count: int, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width)}.items():
        monkeypatch.setenv(name, value)
    title, store = "Rows of table healthomics_set_metadata_of_the_cohort in us-west", "9" * 36

    print_counts(title, STATUSES, [(store, Counter(dict.fromkeys(STATUSES, count)))])

    head, _, shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).partition("\n")
    assert head == title
    assert re.findall(r"[0-9]+", shown) == [store, *[str(count)] * len(STATUSES)]
    assert "…" not in shown
    # No name is broken, wherever lines are.
    assert re.findall(r"[A-Z_]{2,}", shown) == list(STATUSES)
