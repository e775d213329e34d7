"""`omics-meta count`: what is known is added up, and what is not known is never 0."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

NAMES = ["read_sets", "bytes", "bytes_unknown", "gigabases", "gigabases_unknown"]


def bases(number: object) -> dict[str, Any]:
    return {"set_sequence_information": {"total_base_count": number}}


ROWS: tuple[dict[str, Any], ...] = (
    {"set_status": "ACTIVE", "tags": [{"cohort": "a"}], "set_total_size": 2**40} | bases(90_000_000_000),
    {"set_status": "ACTIVE", "tags": [{"cohort": "a"}], "set_total_size": 2**39} | bases(1),
    {"set_status": "ACTIVE", "tags": [{"cohort": "b"}], "set_total_size": 0} | bases(0),
    {"set_status": "ARCHIVED", "tags": [{"cohort": "a"}, {"other": "b"}], "set_total_size": 1},
    {"set_status": "ARCHIVED", "tags": [{"cohort": "a"}]} | bases(500_000_000),
    {"set_status": "ARCHIVED", "tags": []},
)
"""Read sets of two cohorts and of none; of archived ones, the row may lack the size, the number of bases, or both."""

BY_COHORT_AND_STATUS: list[list[Any]] = [
    ["a", "ACTIVE", 2, 2**40 + 2**39, 0, 90.000000001, 0],
    ["a", "ARCHIVED", 2, 1, 1, 0.5, 1],
    ["b", "ACTIVE", 1, 0, 0, 0.0, 0],
    [None, "ARCHIVED", 1, None, 1, None, 1],
]


@pytest.fixture
def table(aws: Aws) -> str:
    arns = (aws.arn("1234567890", str(9_000_000_000 + number)) for number in range(len(ROWS)))
    return aws.table(rows=[{"set_arn": arn, **row} for arn, row in zip(arns, ROWS, strict=True)])


def test_groups_are_counted_in_every_format_and_the_largest_come_first(
    cli: CommandLine, table: str, tmp_path: Path
) -> None:
    command = ("count", "-t", table, "--by", "cohort=tag:cohort,status")
    groups = [dict(zip(["cohort", "status", *NAMES], each, strict=True)) for each in BY_COHORT_AND_STATUS]

    done = cli.run(*command, "--json")
    assert (done.code, done.err) == (0, "omics-meta: 6 read sets in 4 groups\n")
    assert done.document == {
        "command": "count",
        "table": table,
        "region": "us-west-2",
        "groups": groups,
        "read_sets": 6,
        "tables": [{"table": table, "account": "123456789012", "region": "us-west-2"}],
        "unread": [],
    }
    assert cli.run(*command, "--jsonl").json_lines == groups

    lines = cli.run(*command).out.splitlines()
    rows = cli.run(*command, "--csv").csv_lines
    file = tmp_path / "counts.parquet"
    with file.open("w", encoding="utf-8") as out:
        assert cli.run(*command, "--format", "parquet", stdout=out).code == 0
    counts = duckdb.read_parquet(str(file))
    types = dict(zip(counts.columns, map(str, counts.types), strict=True))

    assert [line.split() for line in lines] == [
        ["cohort", "status", *NAMES],
        ["a", "ACTIVE", "2", "1.5", "TiB", "0", "90.000", "0"],
        ["a", "ARCHIVED", "2", "1", "B", "1", "0.500", "1"],
        ["b", "ACTIVE", "1", "0", "B", "0", "0.000", "0"],
        ["ARCHIVED", "1", "unknown", "1", "unknown", "1"],
    ]
    assert [(row["bytes"], row["gigabases"]) for row in rows] == [
        (str(2**40 + 2**39), "90.000000001"),
        ("1", "0.5"),
        ("0", "0.0"),
        ("", ""),
    ]
    assert [list(group) for group in counts.fetchall()] == BY_COHORT_AND_STATUS
    assert (types["bytes"], types["gigabases"]) == ("BIGINT", "DOUBLE")


def test_without_groups_all_that_fit_are_one_line(cli: CommandLine, table: str) -> None:
    every = cli.run("count", "-t", table, "--json")
    archived = cli.run("count", "-t", table, "--status", "ARCHIVED", "--tag", "cohort", "--json")
    none = cli.run("count", "-t", table, "--sample", "nobody", "--json")

    assert [list(group.values()) for done in (every, archived, none) for group in done.document["groups"]] == [
        [6, 2**40 + 2**39 + 1, 2, 90.500000001, 2],
        [2, 1, 1, 0.5, 1],
        [0, 0, 0, 0.0, 0],
    ]


def test_sizes_that_cannot_be_are_unknown_and_sums_may_be_larger_than_parquet_takes(aws: Aws, cli: CommandLine) -> None:
    sizes: tuple[Any, ...] = (2**63 - 1, 2**63 - 1, 2**63 - 1, -1, True)
    rows = [{"set_arn": str(number), "set_total_size": size} | bases(size) for number, size in enumerate(sizes)]
    table = aws.table(rows=rows)

    [group] = cli.run("count", "-t", table, "--json").document["groups"]
    assert list(group.values()) == [5, 3 * (2**63 - 1), 2, 3 * (2**63 - 1) / 1e9, 2]
    parquet = cli.run("count", "-t", table, "--format", "parquet")
    assert (parquet.code, parquet.out) == (2, "")
    [line] = parquet.err.splitlines()
    assert line.startswith(
        "omics-meta: error: 27,670,116,110,564,327,421 bytes are more than a number of Parquet can be"
    )


def test_only_what_is_needed_is_read(cli: CommandLine, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def read_item(item: dict[str, Any]) -> dict[str, str]:
        seen.update(item)
        return {"set_arn": "a"}

    monkeypatch.setattr("omics_meta.search.reader.read_item", read_item)

    cli.run("count", "-t", table, "--by", "tag:cohort", "--json")

    assert seen == {"set_arn", "tags", "set_total_size", "set_sequence_information"}
