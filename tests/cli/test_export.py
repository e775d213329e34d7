"""Exports, read back with DuckDB as their users might."""

import csv
import io
import json
import signal
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from omics_meta.search.columns import COLUMNS
from omics_meta.terminal.formats import parquet_rows
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

FLAT = ("csv", "parquet")


@pytest.fixture(scope="module")
def stored(local_aws: Aws) -> list[dict[str, Any]]:
    """The rows of three read sets, one of them in a row of another tool's."""
    store_id = local_aws.store(2)
    local_aws.omics.create_read_set(
        store_id, name='a "name", with commas', sample_id="HG002", tags={"cohort": "ä", "empty": ""}
    )
    rows = local_aws.raw_rows(local_aws.filled(store_id))
    first, *others = (row for _, row in sorted(rows.items()))
    local_aws.clear()
    return [{each: first[each] for each in ("set_arn", "set_id", "set_name", "files")} | {"tags": "none"}, *others]


@pytest.fixture
def table(aws: Aws, stored: list[dict[str, Any]]) -> str:
    """A table with these rows."""
    return aws.table(rows=stored)


def read_back(path: Path, query: str) -> list[tuple[Any, ...]]:
    options = ", all_varchar=false, header=true, nullstr=''" if path.suffix == ".csv" else ""
    reader = {".jsonl": "read_json", ".csv": "read_csv", ".parquet": "read_parquet"}[path.suffix]
    with duckdb.connect() as database:
        return database.execute(query.format(f"{reader}('{path}'{options})")).fetchall()


@pytest.mark.parametrize("ending", FLAT)
def test_an_export_has_every_row_with_numbers_as_numbers(
    aws: Aws, cli: CommandLine, table: str, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"rows.{ending}"

    done = cli.run("export", "-t", table, "-o", path)

    assert (done.code, done.out) == (0, f"3 read sets exported to {path}\n"), done.err
    cohort = {"csv": "tags::JSON->>'cohort'", "parquet": "tags['cohort']"}[ending]
    query = (
        "SELECT set_arn, set_name, set_sample_id, store_name, set_total_size, source1_content_length + 1,"
        " epoch(set_creation_time) IS NULL, %s FROM {} ORDER BY set_arn"
    )
    assert read_back(path, query % cohort) == [
        (
            arn,
            row["set_name"],
            row.get("set_sample_id"),
            row.get("store", {}).get("store_name"),
            row.get("set_total_size"),
            int(row["files"][0]["content_length"]) + 1,
            "set_creation_time" not in row,
            "ä" if row.get("set_sample_id") == "HG002" else None,
        )
        for arn, row in sorted(aws.raw_rows(table).items())
    ]


def test_an_export_tells_listed_rows_from_those_without_tags(
    aws: Aws, cli: CommandLine, table: str, tmp_path: Path
) -> None:
    complete, listed = (arn for arn, row in aws.raw_rows(table).items() if "store_id" in row)
    aws.edit(table, complete, tags=[])
    aws.edit(table, listed, sync_state="listed", tags=None, files=None, set_total_size=None, synced_at=None)

    query = "SELECT set_arn, sync_state, tags IS NULL, set_total_size IS NULL FROM {} WHERE set_arn IN ('%s', '%s')"
    expected = sorted([(complete, None, False, False), (listed, "listed", True, True)])
    for path in (tmp_path / f"rows.{ending}" for ending in FLAT):
        done = cli.run("export", "-t", table, "-o", path)

        assert done.code == 0, done.err
        assert sorted(read_back(path, query % (complete, listed))) == expected


def test_an_export_to_json_holds_the_stored_rows(cli: CommandLine, table: str, tmp_path: Path) -> None:
    whole, lines = tmp_path / "rows.json", tmp_path / "rows.jsonl"

    assert [cli.run("export", "-t", table, "-o", path).code for path in (whole, lines)] == [0, 0]

    found = cli.run("find", "-t", table, "--jsonl")
    assert json.loads(whole.read_text())["read_sets"] == found.json_lines
    assert lines.read_text() == found.out


def test_a_dash_is_stdout(aws: Aws, cli: CommandLine, table: str) -> None:
    exported = cli.run("export", "-t", table, "-o", "-", "--csv")
    reported = cli.run("report", "-t", table, "-o", "-")

    assert len(exported.out.splitlines()) == 4
    assert exported.err.endswith("omics-meta: 3 read sets exported\n")
    assert reported.out.startswith("<!DOCTYPE html>")
    assert reported.err.endswith(f"omics-meta: 3 read sets of table {table} in us-west-2\n")
    assert not [*cli.home.iterdir()]


def test_an_export_of_nothing_is_a_file_of_nothing(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    table = aws.table()

    for ending in ("csv", "parquet"):
        cli.run("export", "-t", table, "-o", tmp_path / f"none.{ending}")
        assert read_back(tmp_path / f"none.{ending}", "SELECT count(*) FROM {}") == [(0,)]


def test_rows_are_in_memory_a_row_group_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parquet_rows.ROW_GROUP == 10_000, "which docs/schema.md says"
    monkeypatch.setattr(parquet_rows, "ROW_GROUP", 100)
    taken = 0

    def pages() -> Iterator[list[dict[str, Any]]]:
        nonlocal taken
        for taken in range(1, 51):
            yield [{"set_arn": f"{taken}.{number}", "set_total_size": Decimal(number)} for number in range(5)]

    file = io.BytesIO()
    progress: list[tuple[int, int]] = []

    class Watched(io.BytesIO):
        def write(self, data: Any, /) -> int:
            progress.append((taken, file.write(data)))
            return len(data)

    assert writer_of(Format.PARQUET, Path("rows"))(Rows(pages(), COLUMNS), io.TextIOWrapper(Watched())) == 250
    written = {page for page, size in progress if size > 4}
    assert written == {20, 40, 50}, "a row group is written as soon as it has 100 rows"


NAMES = (
    'a "quoted", name',
    "two\nlines",
    "a\rreturn",
    "\r\n",
    " spaces ",
    "=cmd()",
    "-1",
    "a;b\tc|d",
    "'",
    "NULL",
    "ä試料🧬",
    "\u2028",
    "x" * 50_000,
)


def test_texts_are_read_back_as_they_were(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    rows = [{"set_arn": f"{n:02}", "set_name": name, "tags": [{name[:99]: name}]} for n, name in enumerate(NAMES)]
    table, paths = aws.table(rows=rows), [tmp_path / f"rows.{ending}" for ending in ("jsonl", "csv", "parquet")]

    for path in paths:
        assert cli.run("export", "-t", table, "-o", path, "--columns", "set_arn,set_name,tags").code == 0
        query = "SELECT set_name FROM {} ORDER BY set_arn"
        assert [name for (name,) in read_back(path, query)] == list(NAMES), path

    with paths[1].open(encoding="utf-8", newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: line["set_arn"])
    assert [line["set_name"] for line in lines] == list(NAMES)
    assert [json.loads(line["tags"]) for line in lines] == [{name[:99]: name} for name in NAMES]


def test_a_file_that_is_replaced_keeps_who_may_read_it(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    path, link = tmp_path / "rows.csv", tmp_path / "link.csv"
    path.write_text("before")
    path.chmod(0o600)
    link.symlink_to(path)

    assert cli.run("export", "-t", aws.table(), "-o", link).code == 0

    assert path.read_text() != "before"
    assert (path.stat().st_mode & 0o777, link.is_symlink()) == (0o600, True)


FULL_DISK = "omics-meta: error: cannot read or write: [Errno 28] No space left on device\n"


@pytest.fixture(scope="module")
def large(local_aws: Aws) -> str:
    """A table that is read in several pages."""
    return local_aws.table(rows=({"set_arn": str(number), "set_description": "x" * 100_000} for number in range(25)))


def test_a_table_is_scanned_in_as_many_segments_as_were_asked_for_a_page_at_a_time(
    aws: Aws, cli: CommandLine, large: str
) -> None:
    def scans(segments: int) -> int:
        aws.sandbox.callpoint.count()
        rows = cli.run("export", "-t", large, "--segments", str(segments)).json_lines
        assert sorted(int(row["set_arn"]) for row in rows) == list(range(25))
        return aws.sandbox.callpoint.calls.count("Scan")

    assert scans(30) == 30
    assert scans(2) > 2, "DynamoDB gives a megabyte at a time"


@pytest.mark.parametrize(
    "command", ["export --format parquet -t {large}", "export -t {large}", "find -t {large}", "--version"]
)
def test_a_full_disk_is_said_in_one_line(command: str, cli: CommandLine, large: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:  # at its end, Python writes again what is left
        done = cli.run(*command.format(large=large).split(), stdout=full)

    assert (done.code, done.err) == (2, FULL_DISK)


def test_an_export_that_is_killed_replaces_nothing(aws: Aws, cli: CommandLine, large: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("before")

    # At the second page of the table, after the call that describes it and the first page.
    stopped = cli.run_and_signal(
        signal.SIGKILL, lambda act: aws.sandbox.callpoint.arm(2, "before", act), "export", "-t", large, "-o", path
    )

    assert stopped.code == -signal.SIGKILL, stopped.err
    assert path.read_text() == "before"
    [left] = [each.name for each in tmp_path.iterdir() if each.is_file() and each != path]
    assert left.startswith(".rows.csv.")  # who is killed cannot clean up


def test_parquet_without_pyarrow_says_how_to_get_it(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    done = cli.run("export", "-t", aws.table(), "--format", "parquet")

    assert done.code == 2
    assert "run `pip install 'healthomics-metadata-sync[parquet]'`, or take --format csv" in done.err
