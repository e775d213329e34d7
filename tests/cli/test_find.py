"""Finding rows: `omics-meta find` and `omics-meta get`, against tables with and without indexes."""

import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from omics_meta.commands.duplicates import same_content
from omics_meta.search.columns import COLUMNS, SHOWN, columns_of
from omics_meta.search.criteria import criteria_of
from omics_meta.search.filters import Filters
from omics_meta.search.plan import TableFacts, facts_of, plan
from omics_meta.search.reader import read
from omics_meta.search.searching import doubts
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_sandbox.omics.models import READ_SET_STATUSES
from readset_sync.aws.table import Table
from rich.cells import cell_len

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

Stored = list[dict[str, Any]]

REFERENCE = "arn:aws:omics:us-west-2:123456789012:referenceStore/1111111111/reference/2222222222"
SAMPLES = ("NA12878", "NA12879", "HG002")


@pytest.fixture(scope="module")
def stored(local_aws: Aws) -> Stored:
    """The rows of two stores of three read sets each."""
    local_aws.omics.create_reference("GRCh38 (no alt)", reference_store_id="1111111111", reference_id="2222222222")
    for number, store_name in enumerate(("cohort-a", "cohort-b")):
        store_id = local_aws.store(name=store_name)
        for sample in SAMPLES:
            local_aws.omics.create_read_set(
                store_id,
                name=f"{sample}.{store_name}",
                sample_id=sample,
                subject_id=f"subject-{number}",
                tags={"cohort": store_name[-1], "panel": sample},
                reference_arn=REFERENCE if sample == "HG002" else None,
            )
    rows = local_aws.raw_rows(local_aws.filled(*local_aws.omics.stores))
    local_aws.clear()
    return list(rows.values())


A, B = ([f"{sample}.cohort-{store}" for sample in sorted(SAMPLES)] for store in "ab")
ALL = sorted([*A, *B])

FINDS: dict[str, tuple[Filters, list[str]]] = {
    "everything": (Filters(), ALL),
    "sample": (Filters(sample=("HG002",)), ["HG002.cohort-a", "HG002.cohort-b"]),
    "several samples": (Filters(sample=("HG002", "NA12878"), store=("cohort-a",)), A[:2]),
    "a sample and a pattern": (Filters(sample=("HG002", "*9"), store=("cohort-b",)), [B[0], B[2]]),
    "several subjects, and several samples": (
        Filters(subject=("subject-0", "subject-1", "subject-2"), sample=("HG002", "nobody")),
        [A[0], B[0]],
    ),
    "samples of a file, which are no patterns": (Filters(listed={"set_sample_id": ("HG002", "NA*")}), [A[0], B[0]]),
    "more samples of a file than DynamoDB compares with": (
        Filters(listed={"set_sample_id": ("HG002", *map(str, range(150)))}, subject=("subject-1",)),
        B[:1],
    ),
    "several names": (Filters(name=("HG002.cohort-a", "HG002.cohort-b", "*9.cohort-b")), [A[0], B[0], B[2]]),
    "several statuses": (Filters(status=("archived", "active"), subject=("subject-0",)), A),
    "no status of some": (Filters(not_status=("active", "DELETING")), []),
    "not another status": (Filters(not_status=("archived",), subject=("subject-0",)), A),
    "several types": (Filters(file_type=("bam", "fastq"), subject=("subject-0",)), A),
    "several stores": (Filters(store=("cohort-a", "cohort-b", "cohort-c"), sample=("HG002",)), [A[0], B[0]]),
    "several references": (Filters(reference=("GRCh37*", REFERENCE), store=("cohort-b",)), B[:1]),
    "several buckets": (Filters(file=("s3://nowhere/", "s3://"), subject=("subject-0",)), A),
    "any value of a tag": (Filters(tags=("panel=HG002", "panel=NA12878", "cohort=a")), A[:2]),
    "a tag like a pattern": (Filters(tags=("panel=NA*8", "cohort=[ac]")), A[1:2]),
    "another value of a tag, or none": (Filters(tags=("panel!=HG002", "cohort!=b", "phase!=1")), A[1:]),
    "no value of a tag like a pattern": (Filters(tags=("panel!=NA*",)), [A[0], B[0]]),
    "no tag with a key": (Filters(no_tags=("phase", "panel"), tags=("cohort",)), []),
    "no tag that nobody has": (Filters(no_tags=("phase",), subject=("subject-1",)), B),
    "samples that begin alike": (Filters(sample=("NA*",), store=("cohort-a",)), A[1:]),
    "a pattern in the middle": (Filters(name=("*1287[89]*b",)), B[1:]),
    "a pattern in other letters": (Filters(name=("na*",)), []),
    "subject": (Filters(subject=("subject-1",)), B),
    "subject and sample": (Filters(subject=("subject-1",), sample=("HG002",)), B[:1]),
    "name": (Filters(name=("HG002.cohort-a",)), A[:1]),
    "sample and name, the keys of an index": (Filters(sample=("HG002",), name=("*.cohort-b",)), B[:1]),
    "another status": (Filters(status=("ARCHIVED",)), []),
    "store by name": (Filters(store=("cohort-b",)), B),
    "tag with a value": (Filters(tags=("cohort=a",)), A),
    "tag with any value": (Filters(tags=("cohort",)), ALL),
    "tag with an empty value": (Filters(tags=("cohort=",)), []),
    "tag that nobody has": (Filters(tags=("phase",)), []),
    "two tags": (Filters(tags=("cohort=b", "panel=HG002")), B[:1]),
    "created after": (Filters(created_after="2020-01-01"), ALL),
    "created before": (Filters(created_before="2020-01-01T00:00:00+02:00"), []),
    "created between, by an index": (
        Filters(status=("ACTIVE",), created_after="2020-01-01", created_before="2100-01-01"),
        ALL,
    ),
    "reference by name": (Filters(reference=("GRCh38 (no alt)",)), [A[0], B[0]]),
    "reference by a pattern": (Filters(reference=("GRCh38*",), store=("cohort-b",)), B[:1]),
    "reference of another name": (Filters(reference=("GRCh38",)), []),
    "reference of nobody": (Filters(reference=("arn:aws:omics:us-west-2:1:referenceStore/1/reference/1",)), []),
    "another bucket": (Filters(file=("s3://nowhere/",)), []),
}
KEYS = {
    "subject": ("set_subject_id", None, "KEYS_ONLY"),
    "sample": ("set_sample_id", "set_name", "ALL"),
    "status": ("set_status", "set_creation_time", "ALL"),
    "store": ("store_id", "set_status", "KEYS_ONLY"),
    "reference": ("set_reference_name", None, "ALL"),
}


def read_all(aws: Aws, table: str, filters: Filters, *attributes: str) -> Iterator[dict[str, Any]]:
    client = aws.client("dynamodb")
    criteria = criteria_of(filters)
    access = plan(criteria, counted(facts_of(client.describe_table(TableName=table)["Table"])))
    pages = read(client, Table(client, table), access, criteria, attributes)
    return (row for page in pages for row in page)


def counted(facts: TableFacts) -> TableFacts:
    """With indexes as large as the table, which moto does not count, and so large that they are of use."""
    return replace(facts, size=2**30, indexes=tuple(replace(index, rows=facts.rows) for index in facts.indexes))


def found(aws: Aws, table: str, filters: Filters) -> list[str]:
    return sorted(row["set_name"] for row in read_all(aws, table, filters))


@pytest.mark.parametrize("indexed", [False, True], ids=["scanned", "indexed"])
def test_what_is_found_does_not_depend_on_indexes(aws: Aws, stored: Stored, indexed: bool) -> None:
    table = aws.table(indexes=KEYS if indexed else None, rows=stored)

    assert {case: found(aws, table, filters) for case, (filters, _) in FINDS.items()} == {
        case: expected for case, (_, expected) in FINDS.items()
    }

    # AND by rows that have only what is wanted of them and what they are judged by
    rows = aws.raw_rows(table).values()
    for case, (filters, expected) in FINDS.items():
        criteria = criteria_of(filters)
        wanted = {"set_arn", "set_name", *(name for each in criteria for name in each.reads)}
        parts = [{name: row[name] for name in row.keys() & wanted} for row in rows]
        fitting = [row["set_name"] for row in parts if all(each.matches(row) for each in criteria)]
        assert sorted(fitting) == expected, case
    read_attributes = {name for row in read_all(aws, table, Filters(sample=("HG002",)), "set_name") for name in row}
    assert read_attributes == {"set_arn", "set_name", "set_sample_id"}

    # AND stores and files, whose names are made up anew every time
    row = next(iter(aws.raw_rows(table).values()))
    same_store = [each["set_name"] for each in aws.rows(table).values() if each["store_id"] == row["store_id"]]
    assert found(aws, table, Filters(store=(row["store_id"],), status=("ACTIVE",))) == sorted(same_store)
    assert found(aws, table, Filters(file=(row["files"][1]["file_path"][:-1],))) == [row["set_name"]]

    # AND by an index that is sorted by the table's key, which DynamoDB takes no filter on
    by_key = aws.table(indexes={"by-sample": ("set_sample_id", "set_arn", "ALL")}, rows=stored)
    asked = Filters(sample=(row["set_sample_id"],), store=(row["store_id"],))
    assert found(aws, by_key, asked) == [row["set_name"]]


def test_segments_are_read_at_the_same_time_and_no_further_than_rows_are_taken() -> None:
    together = threading.Barrier(4, timeout=30)
    read_pages: list[int] = []

    class Client:
        """Gives no first page before all segments have been asked for theirs."""

        def scan(self, *, Segment: int, TotalSegments: int, **others: Any) -> dict[str, Any]:  # noqa: N803 - names of the API
            assert TotalSegments == 4
            read_pages.append(Segment)
            if "ExclusiveStartKey" not in others:
                together.wait()
            return {"Items": [{"set_arn": {"S": f"arn:{Segment}"}}] * 2, "LastEvaluatedKey": {"set_arn": {"S": "arn:"}}}

    client: Any = Client()
    access = replace(plan((), TableFacts(0, 0, ())), segments=4)

    pages: Any = read(client, Table(client, "rows"), access, ())
    assert len(next(pages)) == 2
    pages.close()

    assert set(read_pages) == {0, 1, 2, 3}
    assert len(read_pages) <= 5, "one page is ahead of the one that was taken"


def test_rows_of_another_tool_are_found_by_what_they_have_and_shown_without_the_rest(
    aws: Aws, cli: CommandLine
) -> None:
    known = {"set_arn": aws.arn("1234567890", "9876543210"), "set_id": "9876543210", "set_sample_id": "HG002"}
    odd = {"set_name": 7, "tags": {"cohort": "a"}, "store": "cohort", "files": "s3://bucket/key", "set_etag": ["x"]}
    odd |= {"store_at": "2026-02-30T00:00:00Z"}  # there is no such day
    extra = {"flags": {"b", "a"}, "blob": b"\x00", "number": Decimal("1.5")}
    table = aws.table(rows=[known | odd, {"set_arn": "not-an-arn", "extra": extra}])

    done = cli.run("find", "-t", table, "--jsonl")

    assert sorted(done.json_lines, key=lambda row: row["set_arn"]) == [
        known,
        {"set_arn": "not-an-arn", "extra": {"flags": ["a", "b"], "blob": "AA==", "number": 1.5}},
    ]
    for filters in (
        Filters(name=("*",)),
        Filters(tags=("cohort",)),
        Filters(file=("s3://",)),
        Filters(store=("cohort",)),
        # What is not known fits no negative condition.
        Filters(not_status=("ACTIVE",)),
        Filters(tags=("cohort!=b",)),
        Filters(no_tags=("cohort",)),
    ):
        assert list(read_all(aws, table, filters)) == []
    assert list(read_all(aws, table, Filters(store=("1234567890",), sample=("HG002",)))) == [known]


@pytest.mark.parametrize("indexed", [False, True], ids=["scanned", "indexed"])
def test_listed_rows_are_found_by_all_but_files_and_tags(
    aws: Aws, cli: CommandLine, stored: Stored, indexed: bool
) -> None:
    table = aws.table(indexes=KEYS if indexed else None, rows=stored)
    lacking = dict.fromkeys(("set_creation_job_id", "set_total_size", "files", "tags", "synced_at"))
    for arn, row in aws.raw_rows(table).items():
        if row["set_sample_id"] == "HG002":
            aws.edit(table, arn, sync_state="listed", **lacking)

    listed = ["HG002.cohort-a", "HG002.cohort-b"]
    assert found(aws, table, Filters(sample=("HG002",), status=("ACTIVE",))) == listed
    assert found(aws, table, Filters(store=("cohort-b",))) == B
    assert found(aws, table, Filters(tags=("cohort",))) == [name for name in ALL if name not in listed]
    assert found(aws, table, Filters(file=("s3://",))) == [name for name in ALL if name not in listed]
    shown = cli.run("find", "-t", table, "--name", "HG002.cohort-a", "--columns", "sync_state,tags,source1_file_path")
    assert shown.out.splitlines()[1].split() == ["listed"]


USUAL = ",".join(column.name for column in SHOWN)


@pytest.mark.parametrize(
    ("command", "usual"),
    [
        (("find",), USUAL),
        (("get", "{arn}"), USUAL),
        (("duplicates",), "content,set_arn,set_name,set_sample_id,set_status,set_total_size,store_name"),
        (("export",), ",".join(column.name for column in COLUMNS)),
    ],
)
def test_every_command_prints_rows_in_every_format(
    command: tuple[str, ...], usual: str, aws: Aws, cli: CommandLine, stored: Stored, tmp_path: Path
) -> None:
    table = aws.table(rows=stored)
    one, other = sorted(aws.raw_rows(table))[:2]
    aws.edit(table, other, set_etag=aws.raw_rows(table)[one]["set_etag"])
    words, path = [each.format(arn=one) for each in command], tmp_path / "rows.parquet"

    def printed(*options: str) -> Any:
        return cli.run(*words, "-t", table, *options)

    def parquet(*options: str) -> duckdb.DuckDBPyRelation:
        with path.open("w", encoding="utf-8") as file:
            assert cli.run(*words, "-t", table, "--format", "parquet", *options, stdout=file).code == 0
        return duckdb.read_parquet(str(path))

    # The stored item in JSON, and flat columns elsewhere, unless columns are chosen; whichever way a format is named.
    stored = printed("--format", "jsonl").json_lines
    assert {tuple(sorted(each["store"])) for each in stored} == {tuple(sorted(aws.raw_rows(table)[one]["store"]))}
    document = printed("--json").document
    assert (document["command"], document["read_sets"], document["found"]) == (command[0], stored, len(stored))
    for form, columns in (("--format=table", USUAL if command == ("export",) else usual), ("--csv", usual)):
        head, *lines = printed(form).out.splitlines()
        assert re.split("[ ,]+", head.strip()) == columns.split(",")
        assert len(lines) == len(stored)
    assert parquet().columns == usual.split(",")

    # Columns under new names
    asked = ("--columns", "patient=subject_id,sex=tag:sex|'NA',lot=tag:lot,status,made=creation_time,size=total_size")
    names = ["patient", "sex", "lot", "status", "made", "size"]
    [record, *_] = records = printed("--jsonl", *asked).json_lines
    assert printed("--format=json", *asked).document["read_sets"] == records
    assert [record[name] for name in names[:4]] == ["subject-0", "NA", None, "ACTIVE"]
    [line, *_] = printed("--format=csv", *asked).csv_lines
    assert [*record] == [*line] == names
    assert line == {name: "" if value is None else str(value) for name, value in record.items()}
    read = parquet(*asked)
    assert read.columns == names
    values = read.project("patient, sex, lot, status, size, epoch(made) > 0").fetchone()
    assert values == ("subject-0", "NA", None, "ACTIVE", record["size"], True)


def test_a_limit_ends_the_reading(aws: Aws, cli: CommandLine, stored: Stored) -> None:
    table = aws.table(rows=stored)

    lines = cli.run("find", "-t", table, "--jsonl", "--limit", "4")
    some, every = (cli.run("find", "-t", table, "--json", "--limit", limit) for limit in ("4", "7"))

    assert len(lines.out.splitlines()) == 4
    assert lines.err == "omics-meta: 4 read sets shown (--limit); there may be more\n"
    assert (some.document["found"], some.document["limited"]) == (4, True)
    assert (every.document["found"], every.document["limited"]) == (6, False)
    assert every.err == "omics-meta: 6 read sets found\n"
    assert not aws.omics.calls, "the table is there so that HealthOmics need not be asked"


def test_a_status_that_is_not_known_is_warned_of_and_looked_for(aws: Aws, cli: CommandLine) -> None:
    table = aws.table(rows=[{"set_arn": aws.arn("1234567890", "9876543210"), "set_status": "FROZEN"}])

    unknown, known = (cli.run("find", "-t", table, "--status", status) for status in ("frozen", "active"))

    assert (unknown.code, "FROZEN" in unknown.out) == (0, True)
    warning = unknown.err.splitlines()[0]
    assert "--status 'frozen' is none of the known statuses" in warning
    assert [status for status in READ_SET_STATUSES if status in warning] == list(READ_SET_STATUSES)
    assert "known statuses" not in known.err
    assert not [doubt for status in READ_SET_STATUSES for doubt in doubts(Filters(status=(status.lower(),)))]


CASE = "; upper and lower case matter"


@pytest.mark.parametrize(
    ("options", "hints"),
    [
        (["--store", "9999999999"], ["no row has the store '9999999999'"]),
        (["--store", "9999999999", "--sample", "x"], []),
        (["--store", "cohort"], ["no row has the store 'cohort'", f"check --store 'cohort'{CASE}"]),
        (["--store", "Cohort", "--sample", "x"], [f"check --store 'Cohort'{CASE}"]),
        (["--reference", "grch38"], [f"check --reference 'grch38'{CASE}, and rows lack"]),
        (["--reference", REFERENCE], []),
        (["--store", "1234567890", "--tag", "lot=y"], [f"check --tag 'lot=y'{CASE}, and rows"]),
        (["--no-tag", "lot", "--name", "x"], []),
    ],
)
def test_what_finds_nothing_has_a_hint_where_it_may_be_misspelled(
    aws: Aws, cli: CommandLine, options: list[str], hints: list[str]
) -> None:
    table = aws.table(rows=[{"set_arn": aws.arn("1234567890", "9876543210"), "store": {"store_name": "Cohort"}}])

    for command in ("find", "export"):
        done = cli.run(command, "-t", table, *options)

        said = [line for line in done.err.splitlines() if "read sets" not in line]
        assert [hint in line for line, hint in zip(said, hints, strict=True)] == [True] * len(hints)
        assert done.code == 0


def test_an_explanation_reads_nothing_and_takes_no_table_for_empty_that_is_not_counted_yet(
    aws: Aws, cli: CommandLine
) -> None:
    # As all tables of the sandbox are.
    find = ("find", "-t", aws.table(indexes=KEYS, rows=[{"set_arn": "arn"}]), "--name", "n*", "--explain")

    by_index, by_scan = (cli.run(*find, *options, "--json").document for options in (("--subject", "s"), ()))
    texts = [cli.run(*find, *options).out for options in (("--subject", "s"), ())]

    assert (by_index["access"], by_index["index"]) == ("query", "subject")
    assert by_index["reason"] == "index subject is keyed by set_subject_id"
    assert texts[1].splitlines()[:2] == [
        "scan of the table in one part: no index can help with what is asked for",
        "filter: begins_with(set_name, :v0)",
    ]
    assert all("not known yet" in text and "0.0" not in text for text in texts)
    assert [(each["most_read_units"], each["rows"]) for each in (by_index, by_scan)] == [(None, None)] * 2
    assert (by_index["read_units_per_row_found"], by_scan["read_units_per_row_found"]) == (None, 0)


def test_read_sets_are_got_by_arn_and_by_id_and_what_is_missing_is_named(
    aws: Aws, cli: CommandLine, stored: Stored
) -> None:
    table = aws.table(rows=stored)
    one, other, *_ = aws.raw_rows(table).values()
    gone = aws.arn("1234567890", "9876543210")

    both = cli.run("get", "-t", table, one["set_arn"], other["set_id"], "--json")
    some = cli.run("get", "-t", table, gone, one["set_id"], "1111111111", "--jsonl")

    assert both.code == 0
    assert [row["set_arn"] for row in both.document["read_sets"]] == [one["set_arn"], other["set_arn"]]
    assert both.document["read_sets"][0] == json.loads(json.dumps(one, default=int))
    assert some.code == 1
    assert len(some.out.splitlines()) == 1
    assert some.err == "".join(f"omics-meta: no row of {each} in table {table}\n" for each in (gone, "1111111111"))

    none = cli.run("get", "-t", table, gone)
    assert (none.code, none.out) == (1, "")

    twice = cli.run("get", "-t", table, one["set_id"], one["set_arn"], one["set_id"], "--json")
    assert (twice.code, twice.err) == (0, "")
    assert [each["set_arn"] for each in twice.document["read_sets"]] == [one["set_arn"]]


@pytest.mark.parametrize("indexes", [None, {"by-id": ("set_id", None, "KEYS_ONLY")}], ids=["scanned", "indexed"])
def test_the_key_tells_the_id_of_a_row_that_does_not(aws: Aws, cli: CommandLine, indexes: Any) -> None:
    # As a status event leaves them in tables of the reference implementation; and another in every account.
    partial = [{"set_arn": aws.arn(store, "1111111111"), "status": "ARCHIVED"} for store in ("1234567890", "9" * 10)]
    whole = {"set_arn": aws.arn("1234567890", "2222222222"), "set_id": "2222222222"}
    table = aws.table(indexes=indexes, rows=[*partial, whole])

    done = cli.run("get", "-t", table, "1111111111", "--jsonl")
    several = cli.run("get", "-t", table, "2222222222", "1111111111", "--jsonl")

    assert (done.code, sorted(done.json_lines, key=lambda row: row["set_arn"])) == (0, partial)
    assert (several.code, len(several.json_lines)) == (0, 3)


def test_ids_are_looked_up_in_an_index_of_them(
    aws: Aws, cli: CommandLine, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = aws.table(indexes={"by-id": ("set_id", None, "ALL")}, rows=stored)
    one, other, *_ = aws.raw_rows(table).values()

    def facts(description: Any) -> TableFacts:
        return counted(facts_of(description))

    monkeypatch.setattr("omics_meta.search.searching.facts_of", facts)
    aws.sandbox.callpoint.count()

    done = cli.run("get", "-t", table, one["set_id"], other["set_id"], "1111111111", "--jsonl")

    assert [row["set_id"] for row in done.json_lines] == [one["set_id"], other["set_id"]]
    assert done.code == 1
    assert aws.sandbox.callpoint.calls == ["DescribeTable", "Query", "Query", "Query"]


@pytest.mark.parametrize(
    ("algorithms", "groups"),
    [
        (("FASTQ_MD5up", "BAM_MD5up"), []),
        (("FASTQ_MD5up", "FASTQ_MD5up", "BAM_MD5up"), [2]),
        (("FASTQ_MD5up", "FASTQ_MD5up", "BAM_MD5up", "BAM_MD5up"), [2, 2]),
        (("FASTQ_MD5up", None), [2]),
        ((None, None), [2]),
        (("FASTQ_MD5up", "BAM_MD5up", None), []),
        (("FASTQ_MD5up", "BAM_MD5up", None, None), [2]),
    ],
)
def test_etags_of_different_algorithms_are_not_the_same(algorithms: tuple[str | None, ...], groups: list[int]) -> None:
    rows = [
        {"set_arn": str(number), "set_etag": {"source1": "one"} | ({"algorithm": algorithm} if algorithm else {})}
        for number, algorithm in enumerate(algorithms)
    ]

    found = same_content(rows)

    assert [len(arns) for arns in found.values()] == groups
    assert all(arns == sorted(arns) for arns in found.values())


def test_duplicates_are_read_sets_with_the_same_content(aws: Aws, cli: CommandLine) -> None:
    algorithm = {"algorithm": "FASTQ_MD5up"}
    same = algorithm | {"source1": "one", "source2": "two"}
    of_another_tool = [{"file_type": "source2", "etag": "two"}, {"file_type": "source1", "etag": "one"}]
    held: tuple[dict[str, Any], ...] = (
        {"set_etag": same, "set_name": "first"},
        {"set_etag": algorithm | {"source1": "one"}},
        {"set_etag": algorithm | {"source1": "two", "source2": "one"}},
        {"set_etag": same, "set_name": "second"},
        {"files": of_another_tool},
        {"set_name": "without any etag"},
    )
    rows = [{"set_arn": str(number), **row} for number, row in enumerate(held)]
    table = aws.table(rows=rows)

    done = cli.run("duplicates", "-t", table, "--json")
    lines = cli.run("duplicates", "-t", table, "--csv", "--columns", "name,same=content").csv_lines

    assert (done.code, done.err) == (0, "omics-meta: 3 read sets have the content of another; groups: 1\n")
    found = done.document["read_sets"]
    contents = {row.pop("content") for row in found}
    assert (len(contents), found) == (1, [rows[0], rows[3], rows[4]])
    assert lines == [{"name": name, "same": content} for content in contents for name in ("first", "second", "")]


def test_a_json_document_that_cannot_begin_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def pages() -> Iterator[list[dict[str, Any]]]:
        yield []
        raise InterruptedError

    with pytest.raises(InterruptedError):
        writer_of(Format.JSON)(Rows(pages(), None, {"command": "find"}), sys.stdout)

    assert capsys.readouterr().out == ""
    assert writer_of(Format.JSON)(Rows(iter(()), None, {"command": "find"}), sys.stdout) == 0
    assert json.loads(capsys.readouterr().out) == {"command": "find", "read_sets": [], "found": 0}


@pytest.mark.parametrize("width", [10, 80, 95, 200])
def test_a_terminal_of_any_width_shows_all_there_is(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    columns = (*SHOWN, *columns_of("tag:[/b]"))
    names = [f"{column.name}-value-試料{number}" for number, column in enumerate(SHOWN)]
    row = dict(zip((column.name for column in SHOWN), names, strict=True))
    row |= {"store": {"store_name": row.pop("store_name")}}

    writer_of(Format.TABLE)(
        Rows([[row], [row | {"set_id": "on the next page, something longer"}]], columns, {}), sys.stdout
    )

    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    if width <= 80:
        assert len(shown) == 3, "the terminal itself breaks the lines"
    else:
        assert max(map(cell_len, shown)) <= width
        assert shown[0].split() == [column.name for column in columns], "no name is broken"
    # Column by column, what has been folded is whole again.
    assert Counter("".join(shown).replace(" ", "")) == Counter(
        "".join([*(column.name for column in columns), *names, *names[1:], "onthenextpage,somethinglonger"])
    )


@pytest.mark.parametrize(("width", "columns"), [(9, 1), (40, 3), (79, 5), (80, 6), (200, 7)])
def test_a_narrow_terminal_shows_fewer_of_the_usual_columns_and_every_text_whole(
    width: int, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    values = ["1234567890", "NA12878.exome", "ACTIVE", "FASTQ", "CEPH1463-0000001", "NA12878", "cohort-a"]
    row = dict(zip((column.name for column in SHOWN), values, strict=True))
    row |= {"store": {"store_name": row.pop("store_name")}}
    longer = row | {"set_id": "1234567890" * 3}

    writer_of(Format.TABLE)(Rows([[row], [longer]], None, {}), sys.stdout)

    done = capsys.readouterr()
    head, *lines = re.sub(r"\x1b\[[0-9;]*m", "", done.out).splitlines()
    names = [column.name for column in SHOWN]
    assert head.split() == names[:columns]
    assert [line.split() for line in lines] == [values[:columns], [longer["set_id"], *values[1:columns]]]
    assert cell_len(head) <= max(width, cell_len(values[0]))
    left_out = f"the terminal is too narrow for {', '.join(names[columns:])}: " if columns < len(names) else ""
    assert done.err.startswith(f"omics-meta: {left_out}" if left_out else "")
    assert bool(done.err) is bool(left_out)


def test_a_table_has_a_line_for_each_row_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {
        "a\nb": r"a\nb",
        "\x1b]0;title\x07": r"\x1b]0;title\x07",
        "\x1b[31mred\x9b0m": r"\x1b[31mred\x9b0m",
        "tab\tand\rreturn": r"tab\tand\rreturn",
        "\u202etxet": r"\u202etxet",
        "\u2028": r"\u2028",
        "試料 🧬 [/red]": "試料 🧬 [/red]",
    }

    writer_of(Format.TABLE)(Rows([[{"set_name": name} for name in shown]], columns_of("set_name"), {}), sys.stdout)

    lines = [line.rstrip() for line in capsys.readouterr().out.split("\n")]
    assert lines == ["set_name", *shown.values(), ""]


@pytest.mark.parametrize("form", [each for each in Format if each not in {Format.PARQUET, Format.RUN_BATCH}])
def test_rows_are_printed_before_the_next_are_read(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def pages() -> Iterator[list[dict[str, Any]]]:
        for number in range(3):
            seen.append(capsys.readouterr().out)
            yield [{"set_id": f"id-{number}", "set_name": "[bold]x[/bold]"}]

    assert writer_of(form)(Rows(pages(), None, {"command": "find"}), sys.stdout) == 3
    seen.append(capsys.readouterr().out)

    assert [f"id-{number}" in seen[number + 1] for number in range(3)] == [True] * 3
    assert "[bold]x[/bold]" in seen[1]
    whole = "".join(seen)
    if form is Format.JSON:
        assert json.loads(whole)["found"] == 3
    elif form is not Format.JSONL:
        assert whole.count("set_name") == 1, "the names of the columns are there once"
