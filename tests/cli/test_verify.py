"""`omics-meta verify`: reports every difference between source and table, and none where there is none."""

from itertools import count

import pytest

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine


@pytest.mark.usefixtures("small_pages")
def test_in_sync(aws: Aws, cli: CommandLine) -> None:
    store, empty = aws.store(12), aws.store(0)
    table = aws.filled(store, empty)
    aws.forget_calls()
    done = cli.run("verify", "--all-stores", "-t", table, "--json", *FAST)
    assert done.code == 0, done.out
    assert done.document == {
        "command": "verify",
        "finished": done.document["finished"],
        "in_sync": True,
        "deep": False,
        "tags_in_bulk": "trusted",
        "tags_told": {"told": 12, "of": 12},
        "table": table,
        "account": "123456789012",
        "region": "us-west-2",
        "stores": [{"store_id": store, **_counts(in_sync=12)}, {"store_id": empty, **_counts()}],
        "totals": _counts(in_sync=12),
        "repaired": 0,
        "differences": [],
        "pipeline": [],
    }
    # Of each read set, no more is read than the tags of the first ones.
    listed = {"ListSequenceStores": 1, "GetSequenceStore": 2, "ListReadSets": 3}
    assert dict(aws.omics.calls) == listed | {"GetResources": 2, "ListTagsForResource": 12}
    # AND where there is nothing to repair, nothing is said of it
    plain = cli.run("verify", "--all-stores", "-t", table, "--repair", *FAST)
    assert (plain.code, "repaired" in plain.out) == (0, False)
    assert all(each in plain.out for each in (store, empty))


def test_every_seeded_difference_is_named_and_none_else(aws: Aws, cli: CommandLine) -> None:
    # GIVEN two stores, of which one is verified
    store, other = aws.store(8), aws.store(2)
    table = aws.filled(store, other)
    missing, renamed, status, tags, files, size, gone, right = (aws.arn(store, each) for each in aws.ids(store))
    aws.delete(table, missing)
    aws.omics.update_read_set(store, _id(renamed), name="new name", sample_id="other", description="added")
    aws.omics.set_status(store, _id(status), "ARCHIVED", message="on request")
    aws.edit(table, tags, tags=[{"number": "wrong"}])
    before = aws.raw_rows(table)
    aws.edit(table, files, files=before[files]["files"][:1])
    aws.edit(table, size, set_subject_id="somebody", set_type="CRAM", set_etag=None)
    aws.omics.set_status(store, _id(gone), "DELETED")
    malformed = f"{aws.arn(store, '')}what is this"
    aws.put(table, {"set_arn": malformed})
    # AND differences that are none of this run's business
    wrong, left_over = (aws.arn(other, each) for each in aws.ids(other))
    aws.edit(table, wrong, set_name="wrong")
    aws.omics.set_status(other, _id(left_over), "DELETED")
    aws.put(table, {"set_arn": "not an ARN at all"})
    done = cli.run("verify", "-s", store, "-t", table, "--json", *FAST)
    plain = cli.run("verify", "-s", store, "-t", table, *FAST)
    assert (done.code, plain.code) == (1, 1)
    expected: dict[str, tuple[str, list[str]]] = {
        missing: ("missing", []),
        renamed: ("stale", ["set_description", "set_name", "set_sample_id"]),
        status: ("stale", ["set_status", "set_status_message"]),
        tags: ("stale", ["tags"]),
        files: ("stale", ["files"]),
        size: ("stale", ["set_etag", "set_subject_id", "set_type"]),
        gone: ("orphaned", []),
        malformed: ("orphaned", []),
    }
    found = {each["set_arn"]: (each["state"], each["fields"]) for each in done.document["differences"]}
    assert found == expected
    assert done.document["in_sync"] is False
    assert done.document["totals"] == _counts(in_sync=1, missing=1, stale=5, orphaned=2)
    # AND the lines for people name the same
    named = {line.split(" ")[1].rstrip(":") for line in plain.out.splitlines() if line.startswith(("missing", "stale"))}
    assert named == {missing, renamed, status, tags, files, size}
    assert f"stale {renamed}: set_description, set_name, set_sample_id" in plain.out.splitlines()
    assert f"orphaned {gone}" in plain.out.splitlines()
    assert right not in plain.out
    # AND a repair mends them, but for a row that is no read set's
    repaired = cli.run("verify", "-s", store, "-t", table, "--repair", "--json", *FAST).document
    assert (repaired["in_sync"], repaired["repaired"], repaired["totals"]) == (False, 7, done.document["totals"])
    assert [each["set_arn"] for each in repaired["differences"] if not each["repaired"]] == [malformed]
    rows = aws.raw_rows(table)
    for untouched in (malformed, wrong, left_over, "not an ARN at all"):
        aws.delete(table, untouched)
    assert cli.run("verify", "-s", store, "-t", table, "--deep", *FAST).code == 0
    assert rows.keys() == {missing, *before, malformed, "not an ARN at all"} - {gone}
    assert (rows[right], rows[status]["files"]) == (before[right], before[status]["files"])


def test_only_deep_finds_other_files(aws: Aws, cli: CommandLine) -> None:
    store = aws.store(3)
    table = aws.filled(store)
    retagged, refiled, _ = aws.ids(store)
    aws.omics.update_read_set(store, retagged, tags={"number": "0", "new": "tag"})
    changed = {"source1": {"totalParts": 1, "partSize": 1, "contentLength": 1}}
    aws.omics.update_read_set(store, refiled, files=changed)
    shallow = cli.run("verify", "-s", store, "-t", table, *FAST)
    assert shallow.code == 1
    assert [line for line in shallow.out.splitlines() if line.startswith("stale")] == [
        f"stale {aws.arn(store, retagged)}: tags"
    ]
    assert "Tags compared in bulk: of 3 of 3 read sets." in shallow.out
    # AND a dry run tells the same, and claims nothing else
    planned = cli.run("backfill", "-s", store, "-t", table, "--dry-run", *FAST)
    assert f"would be updated: {aws.arn(store, retagged)} (tags)" in planned.out.splitlines()
    assert "a row may count as unchanged although they changed" in planned.out
    # AND where tags are not told, that is said
    aws.omics.faults.add("GetResources", "AccessDeniedException")
    untold = cli.run("verify", "-s", store, "-t", table, *FAST)
    assert (untold.code, "Tags not compared (in bulk: not available: " in untold.out) == (0, True)
    assert "you need tag:GetResources on *" in untold.err
    aws.omics.faults.clear()
    aws.forget_calls()
    done = cli.run("verify", "-s", store, "-t", table, "--deep", "--json", *FAST)
    assert done.code == 1
    assert (done.document["deep"], done.document["tags_in_bulk"]) == (True, "not asked")
    assert [(each["set_id"], each["fields"]) for each in done.document["differences"]] == [
        (retagged, ["tags"]),
        (refiled, ["files", "set_total_size"]),
    ]
    # Those that differ are read again.
    assert dict(aws.omics.calls) == {
        "GetSequenceStore": 1,
        "ListReadSets": 1,
        "GetReadSetMetadata": 3 + 2,
        "ListTagsForResource": 3 + 2,
    }


def test_a_repair_settles_what_could_not_be_told(aws: Aws, cli: CommandLine) -> None:
    store = aws.store(3)
    table = aws.filled(store)
    bad = aws.ids(store)[1]
    aws.edit(table, aws.arn(store, bad), tags=[{"number": "wrong"}])
    aws.omics.faults.add("GetReadSetMetadata", "ValidationException", times=1, when=lambda given: given["id"] == bad)

    done = cli.run("verify", "-s", store, "-t", table, "--repair", "--json", *FAST)

    assert [(each["state"], each["repaired"]) for each in done.document["differences"]] == [("failed", True)]
    assert done.code == 0
    assert aws.rows(table) == aws.expected(store)


def test_repair_reports_what_it_could_not_mend_and_deletes_no_row_without_proof(aws: Aws, cli: CommandLine) -> None:
    store = aws.store(3)
    table = aws.filled(store)
    stale, refused, gone = (aws.arn(store, each) for each in aws.ids(store))
    aws.edit(table, stale, set_name="wrong")
    aws.edit(table, refused, set_name="wrong")
    aws.omics.set_status(store, _id(gone), "DELETED")
    malformed = f"{aws.arn(store, '')}what is this"
    aws.put(table, {"set_arn": malformed})
    aws.omics.faults.add(
        "GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] in {_id(refused), _id(gone)}
    )

    done = cli.run("verify", "-s", store, "-t", table, "--repair", "--json", *FAST)
    aws.edit(table, stale, set_name="wrong again")
    plain = cli.run("verify", "-s", store, "-t", table, "--repair", *FAST)

    assert (done.code, plain.code) == (1, 1)
    assert (done.document["in_sync"], done.document["repaired"]) == (False, 1)
    outcomes = {each["set_arn"]: (each["state"], each["repaired"]) for each in done.document["differences"]}
    assert outcomes == {
        stale: ("stale", True),
        refused: ("stale", False),
        gone: ("failed", False),
        malformed: ("orphaned", False),
    }
    reasons = {each["set_arn"]: each["reason"] for each in done.document["differences"]}
    said = "GetReadSetMetadata: AccessDeniedException: Injected by the sandbox into GetReadSetMetadata"
    assert (reasons[refused], reasons[gone]) == (said, said)
    assert "is not the ARN of a read set" in reasons[malformed]
    assert aws.raw_rows(table).keys() == {stale, refused, gone, malformed}
    assert f"repaired: stale {stale}: set_name" in plain.out.splitlines()
    assert f"stale {refused}: GetReadSetMetadata: AccessDeniedException" in plain.out
    assert "Repaired after that: 1 of 4 differences." in plain.out


def test_a_read_set_that_goes_before_it_is_repaired_leaves_nothing_wrong(aws: Aws, cli: CommandLine) -> None:
    # GIVEN a read set that is there when it is looked at again, and gone by the time of the repair
    store = aws.store(1)
    calls = count(1)
    aws.omics.faults.add("GetReadSetMetadata", "ResourceNotFoundException", when=lambda _: next(calls) > 1)

    done = cli.run("verify", "-s", store, "-t", aws.table(), "--repair", "--json", *FAST)

    assert (done.code, done.document["repaired"]) == (0, 1)


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _counts(**counts: int) -> dict[str, int]:
    return {"in_sync": 0, "in_flight": 0, "missing": 0, "stale": 0, "orphaned": 0, "failed": 0} | counts


def test_what_is_in_flight_is_called_that_and_does_not_count(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN rows that differ in every way, and become right while they are waited for
    store = aws.store(4)
    table = aws.filled(store)
    missing, stale, gone, _ = (aws.arn(store, each) for each in aws.ids(store))
    rows = aws.raw_rows(table)
    aws.delete(table, missing)
    aws.edit(table, stale, set_name="old name")
    aws.omics.set_status(store, _id(gone), "DELETED")
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        aws.put(table, rows[missing])
        aws.edit(table, stale, set_name=rows[stale]["set_name"])
        aws.delete(table, gone)

    monkeypatch.setattr("omics_meta.commands.verify.AGAIN_SECONDS", 15)
    monkeypatch.setattr("omics_meta.commands.verify.time.sleep", wait)

    done = cli.run("verify", "-s", store, "-t", table, "--repair", "--json", *FAST)

    # THEN nothing is wrong, and nothing is repaired
    assert waited == [15]
    assert (done.code, done.document["in_sync"], done.document["repaired"]) == (0, True, 0)
    assert {each["set_arn"]: each["state"] for each in done.document["differences"]} == dict.fromkeys(
        (missing, stale, gone), "in_flight"
    )
    assert done.document["totals"] == _counts(in_sync=1, in_flight=3)


def test_more_differences_than_can_be_in_flight_are_not_waited_for(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = aws.store(3)
    monkeypatch.setattr("omics_meta.commands.verify._MOST_IN_FLIGHT", 2)
    monkeypatch.setattr("omics_meta.commands.verify.time.sleep", pytest.fail)

    done = cli.run("verify", "-s", store, "-t", aws.table(), "--json", *FAST)

    assert done.document["totals"] == _counts(missing=3)


def test_where_names_of_references_may_not_be_read_that_is_said_once(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(), aws.table()
    for name in ("GRCh38", "hg19"):
        aws.omics.create_read_set(store, name=name, reference_arn=aws.omics.create_reference(name))
    aws.omics.faults.add("GetReferenceMetadata", "AccessDeniedException")

    for command in ("backfill", "verify"):
        done = cli.run(command, "-s", store, "-t", table, *FAST)

        assert done.code == 0
        [said] = [line for line in done.err.splitlines() if "names of references are left out" in line]
        assert said.endswith(": you need omics:GetReferenceMetadata")

    # AND whoever may read them sees what the rows lack, and adds it
    aws.omics.faults.clear()
    repaired = cli.run("verify", "-s", store, "-t", table, "--repair", "--json", *FAST)
    assert (repaired.code, repaired.document["repaired"]) == (0, 2)
    assert [each["fields"] for each in repaired.document["differences"]] == [["set_reference_name"]] * 2
    assert aws.rows(table) == aws.expected(store)
