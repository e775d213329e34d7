"""Several tables at once: those of two accounts and two regions, read side by side."""

import json
import re
import shlex
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from threading import Condition
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from botocore.exceptions import NoCredentialsError
from omics_meta.commands.duplicates import same_content
from omics_meta.selection.connection import TableConnection
from omics_meta.selection.tables import AT_ONCE, Tables
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_sandbox import Sandbox

from tests.command_line import LONGEST_COMMAND_SECONDS, CommandLine, Finished
from tests.docs.pages import Page
from tests.labs import LABS, NAME, arn_of, client_of, make_tables, row, table_of, write_profiles


@pytest.fixture(scope="module")
def labs(sandbox: Sandbox) -> Sandbox:
    """Three tables of the same name: lab a has the read sets 1 and 2, b has 2 and 3, c has 4, which is archived."""
    c = [row("c", 4, set_status="ARCHIVED")]
    make_tables(sandbox, {"a": [row("a", 1), row("a", 2)], "b": [row("b", 2), row("b", 3)], "c": c})
    return sandbox


@pytest.fixture
def lab_cli(labs: Sandbox, cli: CommandLine) -> CommandLine:
    """The command line of somebody with a profile for each lab, and a file with the outputs of each stack."""
    assert labs
    write_profiles(cli.home)
    return cli


def outputs(*labs: str) -> list[str]:
    """The options that name the tables of laboratories by their outputs, and the profile for each."""
    return [word for lab in labs for word in ("--outputs", f"lab-{lab}.json", "--profile", f"lab-{lab}")]


def names(done: Finished) -> list[str]:
    return sorted(line["set_name"] for line in done.csv_lines)


A, B = dict.fromkeys(account for account, _ in LABS.values())
ALL = outputs(*LABS)


def test_tables_of_several_accounts_and_regions_are_searched_side_by_side(lab_cli: CommandLine) -> None:
    found = lab_cli.run("find", *ALL, "--csv", "--sort", "set_arn")

    assert found.code == 0, found.err
    lines = found.csv_lines
    assert list(lines[0])[:3] == ["account", "region", "set_id"]
    places = [(line["account"], line["region"], line["set_name"]) for line in lines]
    assert places == [(*LABS[name[0]], name) for name in ("c4", "a1", "a2", "b2", "b3")]
    assert found.err == (
        "omics-meta: 5 read sets found\n"
        f"omics-meta: table {NAME} in us-west-2 of account {A}: 2 read sets\n"
        f"omics-meta: table {NAME} in us-west-2 of account {B}: 2 read sets\n"
        f"omics-meta: table {NAME} in eu-west-1 of account {A}: 1 read set\n"
    )


def test_every_format_has_account_and_region_first(lab_cli: CommandLine, tmp_path: Path) -> None:
    place = {"account": B, "region": "us-west-2"}
    search = (*ALL, "--sample", "NA3")

    document = lab_cli.run("find", *search, "--json").document
    assert document["read_sets"] == [place | row("b", 3)]
    assert list(document["read_sets"][0])[:2] == ["account", "region"]
    assert (document["table"], document["region"], document["unread"]) == (None, None, [])
    assert document["tables"] == [{"table": NAME, "account": a, "region": r} for a, r in LABS.values()]
    assert lab_cli.run("export", *search).json_lines == [place | row("b", 3)]
    for words in (("find", *search), ("get", *ALL, f"{3:010}"), ("export", *search, "--csv")):
        done = lab_cli.run(*words)
        assert done.out.replace(",", " ").split()[:2] == ["account", "region"], done.err
        assert done.out.splitlines()[1].replace(",", " ").split()[:2] == [*place.values()]
    parquet = tmp_path / "found.parquet"
    assert lab_cli.run("export", *search, "-o", parquet).code == 0
    assert duckdb.read_parquet(str(parquet)).project("account, region").fetchall() == [tuple(place.values())]


def test_what_is_chosen_is_over_all_tables(lab_cli: CommandLine) -> None:
    """Limits, orders, groups, columns and sheets, none of which has account and region of its own accord."""
    assert names(lab_cli.run("find", *ALL, "--csv", "--sort", "-set_name", "--limit", "2")) == ["b3", "c4"]
    limited = lab_cli.run("find", *ALL, "--limit", "1", "--csv")
    assert (limited.code, len(limited.csv_lines)) == (0, 1)
    assert limited.err == "omics-meta: 1 read set shown (--limit); there may be more\n", "nothing of the other tables"
    by_region = lab_cli.run("find", *ALL, "--csv", "--sort", "region", "--columns", "where=region,name")
    assert by_region.out.splitlines()[:2] == ["where,name", "eu-west-1,c4"]
    assert lab_cli.run("count", *ALL, "--json").document["groups"][0]["bytes"] == 1024 * (1 + 2 + 2 + 3 + 4)
    groups = lab_cli.run("count", *ALL, "--by", "account,region", "--csv").out.splitlines()
    assert [group.split(",")[:3] for group in groups[1:]] == [
        [A, "us-west-2", "2"],
        [B, "us-west-2", "2"],
        [A, "eu-west-1", "1"],
    ]
    one = lab_cli.run("count", "-t", table_of("a"), "--profile", "lab-a", "--by", "account", "--csv")
    assert one.out.splitlines()[1].startswith(f"{A},2,")


def test_the_same_content_is_found_across_accounts(lab_cli: CommandLine) -> None:
    done = lab_cli.run("duplicates", *ALL, "--csv")

    assert done.code == 0, done.err
    lines = done.csv_lines
    assert list(lines[0])[:3] == ["account", "region", "content"]
    assert [line["set_arn"] for line in lines] == [arn_of("a", 2), arn_of("b", 2)]
    document = lab_cli.run("duplicates", *ALL, "--json").document
    assert [each["account"] for each in document["read_sets"]] == [A, B]
    # A read set that two tables have is not its own duplicate.
    assert same_content([row("a", 1), row("a", 1), row("b", 2)]) == {}


def test_names_share_a_region_and_arns_have_their_own(lab_cli: CommandLine) -> None:
    both = ("-t", NAME, "-t", table_of("c"), "-r", "us-west-2", "--profile", "lab-a")

    done = lab_cli.run("find", *both, "--csv")

    assert (done.code, names(done)) == (0, ["a1", "a2", "c4"]), done.err
    # One ARN does for a whole command, of whichever region the configuration has.
    alone = lab_cli.run("get", "-t", table_of("c"), "--profile", "lab-a", arn_of("c", 4), "--json")
    assert (alone.code, alone.document["table"], alone.document["region"]) == (0, NAME, "eu-west-1"), alone.err
    # The same name in another account is another table.
    accounts = lab_cli.run("find", "-t", NAME, "--profile", "lab-a", "-t", NAME, "--profile", "lab-b", "--csv")
    assert names(accounts) == ["a1", "a2", "b2", "b3"], accounts.err
    twice = lab_cli.run("find", "-t", NAME, "-t", table_of("a"), "-r", "us-west-2", "--profile", "lab-a", "--csv")
    assert (twice.code, names(twice)) == (0, ["a1", "a2"])
    assert f"omics-meta: table {NAME} in us-west-2 of account {A} is named twice, and read once\n" in twice.err


def test_a_table_of_another_account_is_read_as_its_policy_allows(labs: Sandbox, lab_cli: CommandLine) -> None:
    [policy] = Page("docs/finding.md").blocks("json")
    search = ("-t", table_of("a"), "-t", table_of("b"), "--profile", "lab-b")

    refused = lab_cli.run("find", *search, "--csv")
    owner = client_of(labs, "a")
    owner.put_resource_policy(ResourceArn=table_of("a"), Policy=policy)
    found = lab_cli.run("find", *search, "--csv")
    named = lab_cli.run("get", *search, arn_of("a", 1), f"{3:010}", "--csv")
    twice = lab_cli.run("duplicates", *search, "--csv", "--columns", "name")
    owner.delete_resource_policy(ResourceArn=table_of("a"))

    assert (refused.code, names(refused)) == (1, ["b2", "b3"])
    label = f"table {table_of('a')} in us-west-2 with profile lab-b"
    assert refused.err.startswith(f"omics-meta: {label} cannot be read: permission is missing")
    assert (found.code, names(found)) == (0, ["a1", "a2", "b2", "b3"]), found.err
    assert (named.code, names(named)) == (0, ["a1", "b3"]), named.err
    assert (twice.code, twice.out.split()) == (0, ["name", "a2", "b2"]), twice.err


def test_an_arn_is_looked_up_in_its_own_account_and_region_alone(labs: Sandbox, lab_cli: CommandLine) -> None:
    labs.calls.clear()

    done = lab_cli.run("get", *ALL, arn_of("b", 3), arn_of("c", 5), "--csv")

    assert (done.code, names(done)) == (1, ["b3"])
    assert f"omics-meta: no row of {arn_of('c', 5)} in any of the 3 tables\n" in done.err
    users = [f"arn:aws:iam::{account}:user/{account}" for account in (A, B)]
    calls = [call for user in users for call in labs.calls.of(user)]
    asked = {call.resources for call in calls if call.action == "dynamodb:BatchGetItem"}
    assert asked == {(table_of("b"),), (table_of("c"),)}
    # Of an account that none of the tables is in, any may have the row.
    elsewhere = arn_of("b", 3).replace("us-west-2", "us-east-1")
    assert lab_cli.run("get", *ALL, elsewhere).code == 1


@pytest.mark.parametrize("command", [("find",), ("count",), ("duplicates",), ("export",), ("get", f"{1:010}")], ids=str)
def test_a_table_that_cannot_be_read_is_named_and_the_rest_is_shown(
    lab_cli: CommandLine, command: tuple[str, ...]
) -> None:
    (lab_cli.home / "gone.json").write_text(json.dumps({"tableName": "gone", "region": "us-west-2"}))
    bad = ("--outputs", "gone.json", "--profile", "lab-b", "--outputs", "lab-b.json", "--profile", "nobody")

    done = lab_cli.run(*command, *outputs("a"), *bad, "--json")

    assert done.code == 1
    gone, profile, *_ = done.err.splitlines()
    assert gone == (
        "omics-meta: table gone in us-west-2 of gone.json with profile lab-b cannot be read: no table 'gone' in "
        "us-west-2 for this account: check its name, the region and whose credentials are in use"
    )
    nobody = f"table {NAME} in us-west-2 of lab-b.json with profile nobody"
    assert profile.startswith(f"omics-meta: {nobody} cannot be read: The config profile (nobody) could not be found")
    assert done.document["tables"] == [{"table": NAME, "account": A, "region": "us-west-2"}]
    unread = [each["table"] for each in done.document["unread"]]
    assert unread == ["table gone in us-west-2 of gone.json with profile lab-b", nobody]
    # None can be read
    none = lab_cli.run(*command, *bad)
    assert (none.code, none.out) == (2, "")
    assert none.err.splitlines()[-1] == "omics-meta: error: none of the 2 tables can be read"


GONE = ("-t", "gone", "-r", "us-west-2", "--profile", "lab-a")


def test_what_is_not_found_is_said_of_the_tables_that_can_be_read(lab_cli: CommandLine) -> None:
    missing, one = f"{9:010}", f"table {NAME} in us-west-2 of account {A}"

    def said(*words: str) -> str:
        done = lab_cli.run("get", "--profile", "lab-a", "-r", "us-west-2", *words, missing)
        assert done.code == 1
        return done.err.splitlines()[-1].removeprefix(f"omics-meta: no row of {missing} in ")

    assert said("-t", NAME, "-t", "gone") == f"{one}, the only one that can be read"
    assert said("-t", NAME, "-t", table_of("c"), "-t", "gone") == "any of the 2 tables that can be read"
    assert said("-t", NAME, "-t", table_of("a")) == one


@pytest.mark.parametrize("more", [(), ("--sheet", "generic")], ids=str)
def test_a_file_that_has_all_tables_is_not_replaced_by_one_that_lacks_a_table(
    lab_cli: CommandLine, more: tuple[str, ...]
) -> None:
    export, file = ("export", "-t", NAME, *more, "-o", "read-sets.csv"), lab_cli.home / "read-sets.csv"

    new = lab_cli.run(*export, *GONE)
    assert (new.code, len(file.read_text().splitlines())) == (1, 3)
    file.write_text("whole")
    again = lab_cli.run(*export, *GONE)

    said = "read-sets.csv stays as it was, because a table could not be read: leave it out, or mend it"
    assert (again.code, again.err.splitlines()[-1]) == (2, f"omics-meta: error: {said}")
    assert file.read_text() == "whole"


def test_a_table_in_s3_that_has_all_tables_is_not_replaced_by_one_that_lacks_a_table(
    labs: Sandbox, lab_cli: CommandLine
) -> None:
    s3, place = labs.client("s3"), "s3://read-sets/all"
    s3.create_bucket(Bucket="read-sets", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    export = ("export", "-t", NAME, "-o", place)

    def objects() -> list[str]:
        return [each["Key"] for each in s3.list_objects_v2(Bucket="read-sets")["Contents"]]

    whole = lab_cli.run(*export, "-t", table_of("c"), "-r", "us-west-2", "--profile", "lab-a")
    assert whole.code == 0, whole.err
    before = objects()
    assert len([key for key in before if key.endswith(".parquet")]) == 2
    lacking = lab_cli.run(*export, *GONE)

    assert (lacking.code, objects()) == (2, before)
    assert f"{place}/ stays as it was" in lacking.err


def test_a_report_is_about_all_tables_and_names_those_it_lacks(lab_cli: CommandLine) -> None:
    page = lab_cli.home / "read-sets.html"

    whole = lab_cli.run("report", *ALL, "--rows", "-o", page)
    names = [f"{NAME} in {region} of account {account}" for account, region in (LABS[lab] for lab in "abc")]
    assert (whole.code, whole.out) == (0, f"{page}: 5 read sets of table {', '.join(names)}\n")
    written = page.read_text()
    assert [row for row in re.findall(r"<tr>(.*?)</tr>", written, re.DOTALL) if NAME in row and B in row]

    lacking = lab_cli.run("report", *outputs("b"), "--outputs", "lab-a.json", "--profile", "nobody", "-o", page)
    assert lacking.code == 1
    unread = f"table {NAME} in us-west-2 of lab-a.json with profile nobody"
    assert f"because it could not be read: {unread}." in page.read_text()


def test_what_a_file_lists_may_be_in_any_table(lab_cli: CommandLine) -> None:
    (lab_cli.home / "samples").write_text("NA1\nNA3\nNA9\n")

    done = lab_cli.run("find", *ALL, "--samples-from", "samples", "--require-all", "--csv")

    assert (done.code, names(done)) == (1, ["a1", "b3"])
    assert "omics-meta: 1 of 3 samples not found\n" in done.err


def test_a_sheet_of_several_tables_says_how_to_activate_in_each(lab_cli: CommandLine) -> None:
    done = lab_cli.run("find", *ALL, "--sheet", "nf-core/rnaseq")

    assert len(done.out.splitlines()) == 6
    command = f"omics-meta activate --table {NAME} --region eu-west-1 --profile lab-c {arn_of('c', 4)}"
    assert [line for line in done.err.splitlines() if "to activate" in line] == [f"omics-meta: to activate: {command}"]
    assert lab_cli.run(*shlex.split(command)[1:], "--dry-run", "--json").document["archived"] == 1


def test_an_explanation_tells_how_each_table_is_read(lab_cli: CommandLine) -> None:
    told = lab_cli.run("find", *ALL, "--sample", "NA1", "--explain")
    document = lab_cli.run("find", *ALL, "--sample", "NA1", "--explain", "--json").document

    assert [line for line in told.out.splitlines() if line.endswith(":")] == [
        f"table {NAME} in {region} of account {account}:" for account, region in LABS.values()
    ]
    assert [(each["account"], each["access"]) for each in document["tables"]] == [
        (account, "scan") for account, _ in LABS.values()
    ]


def test_variables_can_name_several_tables(lab_cli: CommandLine) -> None:
    """By blanks between names, and as in PATH between files; one may have a colon in its name."""
    (lab_cli.home / "lab:a.json").write_text("no JSON")

    find, arns = ("find", "--csv", "--profile", "lab-a"), f"{table_of('a')} {table_of('c')}"

    by_name = lab_cli.run(*find, env={"OMICS_META_TABLE": arns})
    by_file = lab_cli.run(*find, env={"OMICS_META_OUTPUTS": "lab-a.json:lab-c.json"})
    one = lab_cli.run("status", env={"OMICS_META_OUTPUTS": "lab:a.json"})

    assert names(by_name) == names(by_file) == ["a1", "a2", "c4"]
    assert "--outputs lab:a.json: not JSON" in one.err


def connection(name: str) -> TableConnection:
    description: Any = {"TableArn": f"arn:aws:dynamodb:us-west-2:123456789012:table/{name}"}
    table: Any = SimpleNamespace(name=name)
    return TableConnection(table, table, description, "us-west-2", None)


class Pages:
    """Pages of tables, of which it is known how many were made, and which tables are read."""

    def __init__(self, failing: Mapping[str, int]) -> None:
        self.failing = failing
        self.made: dict[str, int] = {}
        self.closed: set[str] = set()
        self.closing = Condition()

    def of(self, table: TableConnection) -> Generator[list[int]]:
        try:
            for number in range(3):
                self.made[table.name] = number + 1
                if self.failing.get(table.name) == number:
                    raise NoCredentialsError
                yield [number]
        finally:
            with self.closing:
                self.closed.add(table.name)
                self.closing.notify()


NAMES = [f"t{number}" for number in range(AT_ONCE + 3)]


def taken(tables: Tables, pages: Pages) -> Iterator[tuple[str, int]]:
    for table, [number] in tables.read(pages.of):
        yield table.name, number


def test_few_tables_are_read_at_a_time_a_page_ahead_and_all_of_them_to_their_end() -> None:
    pages, tables = Pages({}), Tables(tuple(map(connection, NAMES)), several=True)
    rows, seen = taken(tables, pages), list[tuple[str, int]]()

    for each in rows:
        seen.append(each)
        assert len(pages.made.keys() - pages.closed) <= AT_ONCE
        assert all(made <= sum(name == table for table, _ in seen) + 1 for name, made in pages.made.items())

    assert sorted(seen) == sorted((name, number) for name in NAMES for number in range(3))
    assert tables.counts.total() == len(seen)
    assert tables.code is ExitCode.DONE


def test_nothing_more_is_read_when_no_more_is_wanted() -> None:
    pages = Pages({})
    rows = Tables(tuple(map(connection, NAMES)), several=True).read(pages.of)

    next(rows)
    rows.close()

    with pages.closing:
        assert pages.closing.wait_for(lambda: pages.closed == pages.made.keys(), LONGEST_COMMAND_SECONDS)
    assert pages.made.keys() <= {*NAMES[:AT_ONCE]}


def test_a_table_that_fails_on_the_way_costs_no_other_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    tables = Tables(tuple(map(connection, NAMES)), several=True)

    seen = sorted(taken(tables, Pages({"t1": 1, "t2": 0})))

    whole = [(name, number) for name in NAMES for number in range(3) if name not in {"t1", "t2"}]
    assert seen == sorted([*whole, ("t1", 0)])
    assert tables.code is ExitCode.FOUND_WRONG
    assert sorted(tables.unread) == [str(connection("t1")), str(connection("t2"))]
    assert f"omics-meta: {connection('t2')} cannot be read: AWS credentials" in capsys.readouterr().err
    with pytest.raises(CommandError, match=f"none of the {len(NAMES)} tables can be read"):
        list(Tables(tuple(map(connection, NAMES)), several=True).read(Pages(dict.fromkeys(NAMES, 0)).of))
