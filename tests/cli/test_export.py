"""Exports, read back with DuckDB as their users might."""

import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from omics_meta.search.columns import COLUMNS
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows

from tests.cli.local_aws import Aws
from tests.command_line import LONGEST_COMMAND_SECONDS, CommandLine

ENDINGS = ("jsonl", "csv", "parquet")
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
    rows = aws.raw_rows(table)
    named = read_back(path, "SELECT set_arn, set_name, set_sample_id, store_name FROM {} ORDER BY set_arn")
    assert named == [
        (arn, row["set_name"], row.get("set_sample_id"), row.get("store", {}).get("store_name"))
        for arn, row in sorted(rows.items())
    ]
    sizes = "SELECT set_arn, set_total_size, source1_content_length + 1, epoch(set_creation_time) FROM {} ORDER BY 1"
    assert [line[:3] for line in read_back(path, sizes)] == [
        (arn, row.get("set_total_size"), int(row["files"][0]["content_length"]) + 1)
        for arn, row in sorted(rows.items())
    ]
    assert [line[3] is None for line in read_back(path, sizes)] == [
        "set_creation_time" not in row for _, row in sorted(rows.items())
    ]
    columns = [name for name, *_ in read_back(path, "SELECT column_name FROM (DESCRIBE SELECT * FROM {})")]
    assert columns == [column.name for column in COLUMNS]
    cohorts = {
        "csv": "SELECT tags::JSON->>'cohort' FROM {} ORDER BY 1 NULLS LAST",
        "parquet": "SELECT tags['cohort'] FROM {} ORDER BY 1 NULLS LAST",
    }
    assert read_back(path, cohorts[ending]) == [("ä",), (None,), (None,)]


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
    assert sorted(lines.read_text().splitlines()) == sorted(found.out.splitlines())
    assert read_back(lines, "SELECT sum(set_total_size) > 0, count(store.store_id) FROM {}") == [(True, 2)]


def test_a_dash_is_stdout(aws: Aws, cli: CommandLine, table: str) -> None:
    exported = cli.run("export", "-t", table, "-o", "-", "--csv")
    reported = cli.run("report", "-t", table, "-o", "-")

    assert len(exported.out.splitlines()) == 4
    assert exported.err.endswith("omics-meta: 3 read sets exported\n")
    assert reported.out.startswith("<!DOCTYPE html>")
    assert reported.err.endswith(f"omics-meta: 3 read sets of table {table} in us-west-2\n")
    assert not [*cli.home.iterdir()]


def test_an_export_has_the_rows_and_columns_that_were_asked_for(cli: CommandLine, table: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    columns = "set_sample_id,tag:cohort,tag:empty,tag:phase"

    done = cli.run("export", "-t", table, "--sample", "HG*", "--columns", columns, "-o", path)

    assert done.out == f"1 read set exported to {path}\n"
    assert read_back(path, "SELECT * FROM {}") == [("HG002", "ä", "", None)]


@pytest.mark.parametrize("form", ENDINGS)
def test_stdout_can_be_a_file(cli: CommandLine, table: str, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"piped.{form}"
    with path.open("w", encoding="utf-8", newline="") as file:
        assert cli.run("export", "-t", table, "--format", form, stdout=file).code == 0

    assert read_back(path, "SELECT count(*), count(DISTINCT set_arn) FROM {}") == [(3, 3)]


def test_an_export_of_nothing_is_a_file_of_nothing(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    table = aws.table()

    for ending in ("csv", "parquet"):
        cli.run("export", "-t", table, "-o", tmp_path / f"none.{ending}")
        assert read_back(tmp_path / f"none.{ending}", "SELECT count(*) FROM {}") == [(0,)]


def test_rows_are_in_memory_a_row_group_at_a_time() -> None:
    taken = 0

    def pages() -> Iterator[list[dict[str, Any]]]:
        nonlocal taken
        for taken in range(1, 51):
            yield [{"set_arn": f"{taken}.{number}", "set_total_size": Decimal(number)} for number in range(500)]

    file = io.BytesIO()
    progress: list[tuple[int, int]] = []

    class Watched(io.BytesIO):
        def write(self, data: Any, /) -> int:
            progress.append((taken, file.write(data)))
            return len(data)

    assert writer_of(Format.PARQUET, Path("rows"))(Rows(pages(), COLUMNS), io.TextIOWrapper(Watched())) == 25_000
    written = {page for page, size in progress if size > 4}
    assert written == {20, 40, 50}, "a row group is written as soon as it has 10,000 rows"


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
    table, paths = aws.table(), [tmp_path / f"rows.{ending}" for ending in ENDINGS]
    for number, name in enumerate(NAMES):
        aws.put(table, {"set_arn": f"arn:{number:02}", "set_name": name, "tags": [{name[:99]: name}]})

    for path in paths:
        assert cli.run("export", "-t", table, "-o", path, "--columns", "set_arn,set_name,tags").code == 0
        query = "SELECT set_name FROM {} ORDER BY set_arn"
        assert [name for (name,) in read_back(path, query)] == list(NAMES), path

    with paths[1].open(encoding="utf-8", newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: line["set_arn"])
    assert [line["set_name"] for line in lines] == list(NAMES)
    assert [json.loads(line["tags"]) for line in lines] == [{name[:99]: name} for name in NAMES]


def test_a_moment_that_there_is_not_is_left_out(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    table = aws.table()
    aws.put(table, {"set_arn": "arn:1", "set_creation_time": "2026-02-30T00:00:00Z"})
    aws.put(table, {"set_arn": "arn:2", "set_creation_time": "2024-02-29T00:00:00Z"})

    for path in (tmp_path / f"rows.{ending}" for ending in ENDINGS):
        done = cli.run("export", "-t", table, "-o", path, "--columns", "set_arn,set_creation_time")

        assert done.code == 0, done.err
        query = "SELECT set_arn, set_creation_time IS NULL FROM {} ORDER BY 1"
        assert read_back(path, query) == [("arn:1", True), ("arn:2", False)], path


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
    table = local_aws.table()
    for number in range(25):
        local_aws.put(table, {"set_arn": f"arn:{number}", "set_description": "x" * 100_000})
    return table


@pytest.mark.parametrize("command", [("export", "--format", "parquet"), ("export",), ("find",)])
def test_a_full_disk_is_said_in_one_line(command: tuple[str, ...], cli: CommandLine, large: str) -> None:
    # In a process of its own, because Python writes again what is left when a process ends.
    with (
        Path("/dev/full").open("w") as full,
        cli.start(*command, "-t", large, stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, err = process.communicate(timeout=LONGEST_COMMAND_SECONDS)

    assert (process.returncode, err) == (2, FULL_DISK)


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-o", "{folder}/none/rows.csv"), "there is no folder {folder}/none: make it first, or give another file"),
        (("-o", "{folder}", "--format", "csv"), "-o {folder} is not a file: give the name of one"),
        (("-o", "rows.csv.gz"), "-o rows.csv.gz ends in none of .json, .jsonl, .csv, .parquet: say with --format"),
        (("-o", "rows"), "-o rows ends in none of .json, .jsonl, .csv, .parquet: say with --format what to write"),
        (("--columns", "set_nmae"), "--columns: 'set_nmae' is not a column"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(
    aws: Aws, cli: CommandLine, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = cli.run("export", "-t", aws.table(), *(option.format(folder=tmp_path) for option in options))

    assert done.code == 2
    assert said.format(folder=tmp_path) in done.err
    assert done.err.count("\n") == 1


def test_parquet_without_pyarrow_says_how_to_get_it(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    done = cli.run("export", "-t", aws.table(), "--format", "parquet")

    assert done.code == 2
    assert "run `pip install 'healthomics-metadata-sync[parquet]'`, or take --format csv" in done.err
