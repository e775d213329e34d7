"""What the filters of a search mean, one by one: several values, files of names, what is not known, and how to sort."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from omics_meta.search.criteria import criteria_of
from omics_meta.search.filters import Filters
from omics_meta.search.plan import Index, TableFacts, plan
from omics_meta.search.reader import read
from omics_meta.search.sorting import order_of
from readset_sync.aws.table import Table

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

NFC, NFD = "Zo\u00eb", "Zoe\u0308"
SAMPLES = ("HG002[tumor]", "HG002t", NFC, NFD, "A", "B")
SAMPLE = Index("sample", "set_sample_id", None, whole_rows=False, rows=100_000, size=20_000_000)
TABLE = TableFacts(100_000, 170_000_000, (SAMPLE,))


@pytest.fixture
def samples(aws: Aws) -> str:
    """A table with an index of samples: one with wildcards in its name, and one in each normal form."""
    rows = ({"set_arn": each, "set_sample_id": each, "set_name": "n"} for each in SAMPLES)
    return aws.table(indexes={"sample": ("set_sample_id", None, "KEYS_ONLY")}, rows=rows)


def printed(cli: CommandLine, table: str, *options: str) -> list[str]:
    done = cli.run("find", "-t", table, *options, "--jsonl")
    assert done.code == 0, done.err
    return sorted(row["set_sample_id"] for row in done.json_lines)


def test_of_an_option_that_is_repeated_any_value_will_do(aws: Aws, cli: CommandLine) -> None:
    names = [f"set_{name}" for name in ("arn", "sample_id", "subject_id", "name", "status", "type", "reference_name")]
    rows = (dict.fromkeys(names, value) | {"store": {"store_name": value}} for value in ("BAM", "CRAM", "UBAM"))
    table = aws.table(rows=rows)

    for option in ("--sample", "--subject", "--name", "--status", "--type", "--store", "--reference"):
        assert printed(cli, table, option, "CRAM", option, "BAM") == ["BAM", "CRAM"], option


def test_an_exact_value_finds_itself_and_both_normal_forms_find_each_other(cli: CommandLine, samples: str) -> None:
    assert printed(cli, samples, "--sample", "HG002[tumor]") == ["HG002[tumor]", "HG002t"]
    for typed in (NFC, NFD):
        assert printed(cli, samples, "--sample", typed) == [NFD, NFC]
        assert printed(cli, samples, "--sample", f"{typed[:3]}*", "--sample", f"{typed}*") == [NFD, NFC]


def test_both_normal_forms_find_each_other_whoever_checks_them(aws: Aws, cli: CommandLine) -> None:
    table = aws.table()
    for stored in (NFC, NFD):
        row = {"set_arn": stored, "set_name": stored, "set_sample_id": stored, "tags": [{stored: stored}]}
        aws.put(table, row | {"store": {"store_name": stored}, "files": [{"file_path": f"s3://{stored}/a"}]})

    for typed in (NFC, NFD):
        by_tag = {f"--tag={each}" for each in (typed, f"{typed}={typed}", f"{typed}={typed[:2]}*")}
        for option in (f"--name={typed}", f"--store={typed}", f"--file=s3://{typed}", *by_tag):
            assert printed(cli, table, option) == [NFD, NFC], option
        for option in (f"--tag={typed}!={typed}", f"--no-tag={typed}"):
            assert printed(cli, table, option) == [], option


@pytest.mark.parametrize(
    ("given", "tags", "expected"),
    [
        ("a!=b", {"a": "c"}, True),
        ("a!=b", {"a": "b"}, False),
        ("a!=b=c", {"a": "b=c"}, False),
        ("a=b!=c", {"a": "b!=c"}, True),
        ("a!=", {"a": ""}, False),
        ("!=b", {"!": "b"}, True),
        ("a=b[c]", {"a": "b[c]"}, True),
        ("a=b[c]", {"a": "bc"}, True),
        ("a!=b*", {"a": "bc"}, False),
    ],
)
def test_a_sign_before_the_first_equals_sign_asks_for_other_values(
    given: str, tags: dict[str, str], expected: bool
) -> None:
    [criterion] = criteria_of(Filters(tags=(given,)))

    assert criterion.matches({"set_arn": "arn", "tags": [{key: value} for key, value in tags.items()]}) is expected


def test_names_of_a_file_are_found_and_the_others_named(cli: CommandLine, samples: str, tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    # Lines end in any way.
    path.write_bytes(b"\xef\xbb\xbf" + f"A\nHG002[tumor]\r\n\r\nnobody\rA\n{NFC}\r{NFD}\r\n ".encode())

    done = cli.run("find", "-t", samples, "--samples-from", str(path), "--jsonl")
    strict = cli.run("export", "-t", samples, "--samples-from", str(path), "--require-all")

    assert sorted(row["set_sample_id"] for row in done.json_lines) == ["A", "HG002[tumor]", NFD, NFC]
    assert (done.code, strict.code) == (0, 1)
    assert done.err.splitlines() == [
        "omics-meta: 4 read sets found",
        "omics-meta: found no read set of sample 'nobody'",
        "omics-meta: 1 of 4 samples not found",
    ]
    assert strict.out == done.out

    # WHEN something else is asked of them, THEN it is said that a name may be right
    other = cli.run("find", "-t", samples, "--samples-from", str(path), "--status", "PROCESSING_UPLOAD")
    assert other.err.endswith("omics-meta: 4 of 4 samples not found among what fits the other options\n")


def test_names_come_from_a_column_of_a_csv_or_from_stdin(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    numbers = range(40)
    table = aws.table(rows=({"set_arn": f"{n:02}", "set_subject_id": str(n), "set_sample_id": "A,B"} for n in numbers))
    path = tmp_path / "sheet.csv"
    path.write_text('sample,patient\n"A,B",1\nC\n,2\n"A,B",3\n', encoding="utf-8")

    done = cli.run("find", "-t", table, "--samples-from", str(path), "--from-column", "sample", "--jsonl")
    assert (len(done.json_lines), done.err.splitlines()[-1]) == (40, "omics-meta: 1 of 2 samples not found")
    subjects = "".join(f"{number}\n" for number in range(38, 65))
    done = cli.run("find", "-t", table, "--subjects-from", "-", "--jsonl", stdin=subjects)
    assert [row["set_subject_id"] for row in done.json_lines] == ["38", "39"]
    assert done.err.splitlines()[1:] == [
        *(f"omics-meta: found no read set of subject '{number}'" for number in range(40, 65)),
        "omics-meta: 25 of 27 subjects not found",
    ]
    whole = cli.run("find", "-t", table, "--samples-from", path)
    assert whole.err.splitlines()[-1] == "omics-meta: if that file is CSV, name its column with --from-column"
    limited = cli.run("find", "-t", table, "--subjects-from", "-", "--jsonl", "--limit", "1", stdin=subjects)
    assert limited.err == "omics-meta: 1 read set shown (--limit); there may be more\n", "nobody knows of the others"


def test_rows_are_sorted_with_those_without_a_value_last(aws: Aws, cli: CommandLine) -> None:
    sizes = {"a": 10, "b": 9, "d": 10, "e": 200}
    table = aws.table(rows=[{"set_arn": "c"}, *({"set_arn": arn, "set_total_size": sizes[arn]} for arn in sizes)])

    def printed(*options: str) -> str:
        return "".join(row["set_arn"] for row in cli.run("find", "-t", table, "--jsonl", *options).json_lines)

    assert printed("--sort", "set_total_size") == "badec"
    assert printed("--sort", "-set_total_size") == "eadbc"
    assert printed("--sort=-set_total_size", "--limit", "2") == "ea"
    exported = cli.run("export", "-t", table, "--sort", "-set_arn").json_lines
    assert "".join(row["set_arn"] for row in exported) == "edcba"


def test_the_first_of_many_rows_are_those_of_all_pages() -> None:
    sizes = [7 * number % 6000 for number in range(6000)]
    rows = [{"set_arn": f"{number:04}", "set_total_size": size} for number, size in enumerate(sizes)]

    [first] = order_of("-set_total_size").sorted((rows[start : start + 600] for start in range(0, 6000, 600)), 3)

    assert [row["set_total_size"] for row in first] == [5999, 5998, 5997]


def test_more_values_than_dynamodb_compares_with_are_checked_after_reading() -> None:
    patterns = tuple(f"{number}*" for number in range(60))

    few, many = (plan(criteria_of(filters), TABLE) for filters in (Filters(name=patterns), Filters(name=patterns * 2)))
    both = plan(criteria_of(Filters(name=patterns, status=tuple(map(str, range(60))))), TABLE)

    assert (few.condition is None, few.judged) == (False, ())
    assert (many.condition, many.judged) == (None, ("set_name",))
    assert (both.condition is None, both.judged) == (False, ("set_status",))


def test_as_many_queries_as_names_are_made_unless_a_scan_takes_fewer_units() -> None:
    def planned(names: int, table: TableFacts = TABLE) -> Any:
        return plan(criteria_of(Filters(listed={"set_sample_id": tuple(map(str, range(names)))})), table)

    few, many = planned(5_000), planned(50_000)

    assert (few.index, len(few.keys), few.condition, few.judged) == (SAMPLE, 5_000, None, ())
    assert (many.index, many.keys, many.judged) == (None, (), ("set_sample_id",))
    assert many.reason == "50,000 queries of index sample would take 50,000.0 read units, if each finds a row"
    # DynamoDB may know the number of rows, and not yet their size.
    assert planned(3, TableFacts(2, 0, (SAMPLE,))).index is None
    assert planned(3, TableFacts(0, 0, (SAMPLE,))).index == SAMPLE, "nothing is known"
    assert planned(1, TableFacts(1, 0, (SAMPLE,))).index == SAMPLE
    # No row in an index has a longer name.
    assert len(plan(criteria_of(Filters(sample=("x" * 2049, "A"))), TABLE).keys) == 1


def test_queries_are_made_in_the_order_of_names_and_no_further_than_rows_are_taken() -> None:
    asked: list[str] = []

    class Client:
        """Has two pages of each sample."""

        def query(self, *, ExpressionAttributeValues: Any, **others: Any) -> dict[str, Any]:  # noqa: N803 - names of the API
            sample, page = ExpressionAttributeValues[":v0"]["S"], 1 if "ExclusiveStartKey" in others else 0
            asked.append(sample)
            found = {"Items": [{"set_arn": {"S": f"{sample}-{page}"}, "set_sample_id": {"S": sample}}]}
            return found if page else found | {"LastEvaluatedKey": {"set_arn": {"S": sample}}}

    client: Any = Client()
    names = [f"{number:03}" for number in range(100)]
    criteria = criteria_of(Filters(listed={"set_sample_id": tuple(names)}))
    access = plan(criteria, replace(TABLE, indexes=(replace(SAMPLE, whole_rows=True),)))

    every = [row["set_arn"] for page in read(client, Table(client, "rows"), access, criteria) for row in page]
    assert every == [f"{name}-{page}" for name in names for page in (0, 1)]
    asked.clear()
    some: Any = read(client, Table(client, "rows"), access, criteria)
    next(some)
    some.close()
    assert set(asked) <= set(names[:8])


def test_an_explanation_tells_of_queries_and_of_what_dynamodb_does_not_check(
    cli: CommandLine, samples: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omics_meta.search.searching.facts_of", Mock(return_value=TABLE))
    names = "".join(f"{number}\n" for number in range(150))
    options = ("find", "-t", samples, "--samples-from", "-", "--tag", "cohort", "--sort", "set_name", "--explain")

    text = cli.run(*options, stdin=names).out.splitlines()
    document = cli.run(*options, "--json", stdin=names).document

    assert text[:5] == [
        "150 queries of index sample: index sample is keyed by set_sample_id",
        "key condition: set_sample_id = :v0",
        "The index has keys alone: rows are read by their keys, 100 at a time.",
        "checked after reading, not by DynamoDB: tags",
        "The rows that are found are held in memory, and sorted by set_name.",
    ]
    assert text[5:7] == [
        "75.0 read units for the queries, whatever they find",
        "0.52 read units for each row found, 52,441.4 read units at the most",
    ]
    assert (document["queries"], document["checked_here"], document["sort"]) == (150, ["tags"], "set_name")


def test_read_sets_are_got_by_names_on_stdin(aws: Aws, cli: CommandLine) -> None:
    arns = [aws.arn("1234567890", f"{number:010}") for number in range(3)]
    table = aws.table(rows=({"set_arn": arn} for arn in arns))

    done = cli.run("get", "-t", table, "-", "--jsonl", stdin=f"{arns[1]}\r\n\n0000000002\n{arns[1]}\n")
    some = cli.run("get", "-t", table, arns[0], "-", "--jsonl", stdin=json.dumps(arns))

    assert (done.code, [row["set_arn"] for row in done.json_lines]) == (0, arns[1:])
    assert (some.code, some.out) == (2, "")
    column = cli.run("get", "-t", table, "-", "--from-column", "b", "--jsonl", stdin=f"a,b\n1,{arns[2]}\n")
    assert (column.code, [row["set_arn"] for row in column.json_lines]) == (0, arns[2:])
    twice = cli.run("get", "-t", table, "-", "-", "--jsonl", stdin=f"{arns[1]}\n")
    assert [row["set_arn"] for row in twice.json_lines] == [arns[1]]
    many = cli.run("get", "-t", table, "-", stdin="".join(f"{number:010}\n" for number in range(3, 33)))
    assert (many.code, many.out, len(many.err.splitlines())) == (1, "", 30)
    assert many.err.splitlines()[-1] == f"omics-meta: no row of 0000000032 in table {table}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("find --samples-from - -t any", "--samples-from: stdin is closed: give a file, or something to read"),
        ("activate --sample a -t any", "active storage costs more than archived, and there is no terminal to ask on"),
        ("dlq discard --outputs any", "discard deletes for good, and there is no terminal to ask on"),
    ],
)
def test_a_closed_stdin_is_said(cli: CommandLine, words: str, said: str) -> None:
    closed: Any = None  # is what Python has for it
    done = cli.run(*words.split(), stdin=closed)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert done.err.startswith(f"omics-meta: error: {said}")
