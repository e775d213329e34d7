"""A reader of docs/migrating.md comes to the table that it promises, from whatever the CDK sample has left."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from boto3.dynamodb.types import TypeDeserializer
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy
from omics_sandbox.provider.deployment import DeploymentError
from readset_sync.aws.rate_limits import RateLimiter

from tests.docs.pages import ROOT, Page
from tests.existing import create_table
from tests.migrating.sample import QUEUE, RULE, STORE_ID, TABLE, Sample, rows
from tests.migrating.terminal import Terminal
from tests.terminal import failures

FRESH = "fresh"
PAGE = Page("docs/migrating.md")

NOT_RUN = {
    "cdk destroy": "the CDK is not here: what it would remove is removed in its place",
    "cdk deploy": "the CDK is not here",
}
"""Commands of the page that are not run, and why."""

# New with every write, whatever is written.
BOOKKEEPING = {"status_at", "store_at", "synced_at", "sync_revision"}
FILL = f"omics-meta backfill -s {STORE_ID} -t {FRESH} -r us-west-2 --prune --max-tps 1000"

_deserialize = TypeDeserializer().deserialize


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A local AWS, silent at first: what the sample makes of events is written by the tests."""
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        running.omics.emit_events = False
        running.omics.create_store("cohort-a", store_id=STORE_ID)
        yield running


@pytest.fixture
def terminal(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # Nobody waits for the quotas of HealthOmics, which the page's commands keep to.
    monkeypatch.setattr(RateLimiter, "wait", Mock(return_value=0.0))
    return Terminal(sandbox, tmp_path)


class Cohort:
    """Read sets of the store by what became of their rows, and the sample's table with them.

    Attributes:
        arns: Of the read sets, by name.
    """

    def __init__(self, sandbox: Sandbox, sample: Sample, terminal: Terminal) -> None:
        self._omics = sandbox.omics
        self.arns: dict[str, str] = {}
        right = self._create("right", sample_id="NA12878", tags={"cohort": "a"})
        documented = self._create("documented", tags={"cohort": "b", "batch": "1"})
        untagged = self._create("untagged", sample_id=None)
        annotated = self._create("annotated", tags={"cohort": "a"})
        outdated = self._create("outdated", tags={"cohort": "b"})
        archived = self._create("archived", file_type="BAM", files=("source1", "index"), tags={"cohort": "a"})
        archived_anew = self._create("archived anew", tags={"cohort": "a"})
        ghost = self._create("ghost")
        self._create("missing")
        partial = self._create("partial", status="ARCHIVED")
        ghost_of_status = self._create("ghost of a status")
        create_table(sandbox.client("dynamodb"), FRESH)
        [filled] = terminal.type(FILL)
        assert filled.code == 0, filled

        for each in (right, untagged, outdated, archived, archived_anew, ghost):
            sample.write(each)
        sample.write(documented, as_documented=True)
        sample.write(annotated, project="rare")
        for each, status in ((archived, "ARCHIVED"), (partial, "ARCHIVED"), (ghost_of_status, "DELETING")):
            sample.set_status(self._arn(each), status)
        for each in (archived, archived_anew):
            self._omics.set_status(STORE_ID, each, "ARCHIVED")
        self._omics.update_read_set(STORE_ID, archived_anew, etag={"algorithm": "FASTQ_MD5up", "source1": "other"})
        self._omics.update_read_set(STORE_ID, outdated, name="renamed", tags={"cohort": "a"})
        for each in (ghost, ghost_of_status):
            self._omics.set_status(STORE_ID, each, "DELETED")

    def _create(self, name: str, **members: Any) -> str:
        identity = self._omics.create_read_set(STORE_ID, name=name, **members)
        self.arns[name] = self._arn(identity)
        return identity

    def _arn(self, read_set_id: str) -> str:
        return f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/{read_set_id}"


def by_arn(sandbox: Sandbox, table: str) -> dict[str, Mapping[str, Any]]:
    """The rows of a table, in DynamoDB's own format, without what is new with every write."""
    return {
        _deserialize(row["set_arn"]): {name: row[name] for name in row.keys() - BOOKKEEPING}
        for row in rows(sandbox, table)
    }


def run_here(heading: str) -> list[str]:
    return [command for command in PAGE.commands(heading) if command not in NOT_RUN]


def test_the_walk_through_leads_from_the_sample_s_table_to_one_as_a_backfill_fills_it(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    sample = Sample(sandbox)
    cohort = Cohort(sandbox, sample, terminal)

    # WHEN the reader looks at the table, THEN its damage is told, and nothing is changed
    before = by_arn(sandbox, TABLE)
    key, verified = terminal.type(*PAGE.commands("1. Look at what there is"))
    assert key.out == '[{"AttributeName": "set_arn", "KeyType": "HASH"}]\n'
    assert verified.code == 1, verified
    form = "files, tags"
    everything = ["set_id", "set_name", "set_sample_id", "set_status", "set_subject_id", "set_type", "store", "tags"]
    said = {line.split(": ")[0]: line.partition(": ")[2] for line in verified.out.splitlines() if " arn:" in line}
    assert said == {
        f"stale {cohort.arns['right']}": form,
        f"stale {cohort.arns['untagged']}": form,
        f"stale {cohort.arns['annotated']}": form,
        f"stale {cohort.arns['outdated']}": "files, set_name, tags",
        f"stale {cohort.arns['archived']}": "files, set_status, tags",
        f"stale {cohort.arns['archived anew']}": "files, set_status, tags",
        f"stale {cohort.arns['partial']}": ", ".join(everything),
        f"missing {cohort.arns['missing']}": "",
        f"orphaned {cohort.arns['ghost']}": "",
        f"orphaned {cohort.arns['ghost of a status']}": "",
    }
    assert by_arn(sandbox, TABLE) == before

    # WHEN the sample is gone, THEN the commands that look for it find nothing, as they did before
    rule, mapping, on_demand = run_here("2. Remove the sample")
    assert all(each.out != "[]\n" for each in terminal.type(rule, mapping))
    sample.destroy()
    assert [each.out for each in terminal.type(rule, mapping)] == ["[]\n", "[]\n"]
    assert not failures(terminal.type(on_demand))

    # WHEN the pipeline comes, THEN every row becomes what a backfill into a table of its own writes
    assert not failures(terminal.type(*PAGE.commands("3. Deploy")))
    assert not failures(terminal.type(*PAGE.commands("4. Bring all rows up to date"), FILL))
    expected = by_arn(sandbox, FRESH)
    # Of an archived read set, the job that made it is in rows alone that were read in full.
    job = {"set_creation_job_id", "sync_unknown", "sync_digest"}
    assert _without(by_arn(sandbox, TABLE), job) == _without(expected, job)
    assert expected.keys() == set(cohort.arns.values()) - {cohort.arns["ghost"], cohort.arns["ghost of a status"]}
    archived = expected[cohort.arns["archived"]]
    assert [file["M"]["file_type"]["S"] for file in archived["files"]["L"]] == ["source1", "index"]
    assert "files" not in expected[cohort.arns["archived anew"]]

    # AND queries find rows, the logs of the sample are found, and the table takes what a created one has
    queries = terminal.type(*PAGE.commands("5. Change the queries"), *PAGE.commands("6. Clean up"))
    assert not failures(queries)
    assert "[]\n" not in {each.out for each in queries}
    *changes, explained = terminal.type(*PAGE.commands("What an adopted table keeps"))
    assert not failures([*changes, explained])
    assert "index sample" in explained.out

    # AND rows follow, until the pipeline goes, which leaves them
    sandbox.omics.emit_events = True
    sandbox.omics.set_status(STORE_ID, cohort.arns["right"].rpartition("/")[2], "ARCHIVED")
    sandbox.drain()
    following = by_arn(sandbox, TABLE)
    assert following[cohort.arns["right"]]["set_status"] == {"S": "ARCHIVED"}
    assert not failures(terminal.type(*run_here("How to go back")))
    assert by_arn(sandbox, TABLE) == following
    assert QUEUE not in " ".join(sandbox.client("sqs").list_queues().get("QueueUrls", []))


QUERIES: list[tuple[str, str, dict[str, Any]]] = [
    ("tags.cohort = :value", "contains(tags, :map)", {":value": {"S": "a"}, ":map": {"M": {"cohort": {"S": "a"}}}}),
    ("files[0].content_length > :n", "set_total_size > :n", {":n": {"N": "1"}}),
    ("#status = :status", "set_status = :status", {":status": {"S": "ARCHIVED"}}),
    ("attribute_type(set_description, :null)", "attribute_not_exists(set_description)", {":null": {"S": "NULL"}}),
]


def test_queries_change_as_the_page_says_and_the_table_is_not_taken_by_chance(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    sample = Sample(sandbox)
    read_set = sandbox.omics.create_read_set(STORE_ID, name="archived", tags={"cohort": "a"})
    create_table(sandbox.client("dynamodb"), FRESH)
    terminal.type(FILL)
    sample.write(read_set)
    [arn] = by_arn(sandbox, TABLE)
    sandbox.omics.set_status(STORE_ID, read_set, "ARCHIVED")
    sample.set_status(arn, "ARCHIVED")
    terminal.type(FILL)

    def found(table: str, condition: str, values: dict[str, Any]) -> set[str]:
        needed = {name: value for name, value in values.items() if name in condition}
        names = {"ExpressionAttributeNames": {"#status": "status"}} if "#status" in condition else {}
        found = sandbox.client("dynamodb").scan(
            TableName=table,
            FilterExpression=condition,
            **names,
            **({"ExpressionAttributeValues": needed} if needed else {}),
        )
        return {item["set_arn"]["S"] for item in found["Items"]}

    for instead, write, values in QUERIES:
        assert f"| `{instead}` | `{write}` |" in PAGE.text
        assert found(TABLE, instead, values) == found(FRESH, write, values) == {arn}, instead
        # moto cannot compare a text with a number, of which DynamoDB finds that they do not fit.
        assert ">" in instead or found(FRESH, instead, values) == set(), instead

    sample.destroy()
    with pytest.raises(DeploymentError, match="Table already exists"):
        deploy(ROOT, stack="dev", environment=sandbox.environment)


def test_a_table_with_a_sort_key_is_refused_and_a_copy_of_it_takes_its_place(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    heading = "A table with a sort key"
    sample = Sample(sandbox, sort_key=True)
    archived, deleted = (sandbox.omics.create_read_set(STORE_ID, name=name) for name in ("archived", "deleted"))
    create_table(sandbox.client("dynamodb"), FRESH)
    terminal.type(FILL)
    sample.write(archived)
    sample.write(deleted)
    sandbox.omics.set_status(STORE_ID, archived, "ARCHIVED")
    sample.write(archived)
    sandbox.omics.set_status(STORE_ID, deleted, "DELETED")
    assert len(rows(sandbox, TABLE)) == 3

    # WHEN the reader looks, or tries nevertheless
    key, verified, backfilled = terminal.type(
        *PAGE.commands("1. Look at what there is"), f"omics-meta backfill -s {STORE_ID} -t {TABLE}"
    )
    # THEN the key is told, and the way out
    assert "set_status" in key.out
    for refused in (verified, backfilled):
        assert refused.code == 2
        assert "'healthomics_set_metadata' has the key set_arn (HASH, S), set_status (RANGE, S)" in refused.err
        assert "name another table, which `omics-meta backfill` fills from HealthOmics" in refused.err
    with pytest.raises(
        DeploymentError, match=f'"{TABLE}" is not accepted: its key is set_arn .* with sort key set_status'
    ):
        deploy(ROOT, stack="dev", config={"dynamoTableName": TABLE}, environment=sandbox.environment)

    # WHEN the page is followed, THEN the copy becomes what a backfill of old writes, with the files of what is archived
    sample.destroy()
    typed = PAGE.commands(heading)
    place = typed.index("pulumi stack init prod")
    assert not failures(terminal.type(*typed[:place]))
    [program] = PAGE.blocks("python", heading)
    terminal.run_python(program)
    assert not failures(terminal.type(*typed[place:], FILL))
    assert by_arn(sandbox, "read_sets") == by_arn(sandbox, FRESH)
    [row] = by_arn(sandbox, "read_sets").values()
    assert row["files"]["L"]


def test_the_queue_can_be_kept_once_it_is_empty_and_the_sample_has_gone(sandbox: Sandbox, terminal: Terminal) -> None:
    sample = Sample(sandbox)
    read_set = sandbox.omics.create_read_set(STORE_ID, name="reads")
    sample.write(read_set)
    [arn] = by_arn(sandbox, TABLE)
    typed = PAGE.commands("Keeping the queue")
    assert typed[0].startswith("aws sqs purge-queue ")
    after_deployment = typed.index("pulumi up") + 1

    # GIVEN a reader who has forgotten the sample, THEN verify names what is left of it
    assert not failures(terminal.type(*typed[1:after_deployment]))
    [verified] = terminal.type("omics-meta verify --stack dev")
    assert verified.code == 1
    assert f"{RULE} sends what its InputPath makes of an event" in verified.out
    assert "1 other functions read the queue" in verified.out

    # WHEN the sample goes, and the page is followed
    terminal.type("pulumi destroy")
    sample.destroy(retain_queue=True)
    sample.leave_message(arn)
    # THEN the queue is in use, without the messages of the sample
    assert not failures(terminal.type(*typed))
    sandbox.omics.emit_events = True
    sandbox.omics.set_status(STORE_ID, read_set, "ARCHIVED")
    sandbox.drain()
    assert by_arn(sandbox, TABLE)[arn]["set_status"] == {"S": "ARCHIVED"}
    # AND it stays when the pipeline goes
    terminal.type("pulumi destroy")
    assert sandbox.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"] == sample.queue


def test_every_command_of_the_page_is_run() -> None:
    headings = ("Walk-through", "What an adopted table keeps", "How to go back", "A table with a sort key")
    run = {command for heading in (*headings, "Keeping the queue") for command in PAGE.commands(heading)}

    assert run == set(PAGE.commands())
    assert run >= NOT_RUN.keys()


def _without(rows: Mapping[str, Mapping[str, Any]], names: set[str]) -> dict[str, dict[str, Any]]:
    return {arn: {name: value for name, value in row.items() if name not in names} for arn, row in rows.items()}
