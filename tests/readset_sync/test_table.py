"""The table's key, and reading many rows."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from omics_sandbox import Sandbox
from readset_sync.aws import table as table_module
from readset_sync.aws.table import Table
from readset_sync.model.errors import ContendedRowError, SetupError

pytestmark = pytest.mark.usefixtures("wire")


def create(sandbox: Sandbox, key: list[tuple[str, str, str]]) -> Table:
    name = f"table-{uuid4().hex}"
    sandbox.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind, _ in key],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": type_} for attribute, _, type_ in key],
        BillingMode="PAY_PER_REQUEST",
    )
    return Table(sandbox.client("dynamodb"), name)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ([("id", "HASH", "S")], "id (HASH, S)"),
        ([("set_arn", "HASH", "N")], "set_arn (HASH, N)"),
        ([("set_arn", "HASH", "S"), ("set_id", "RANGE", "S")], "set_arn (HASH, S), set_id (RANGE, S)"),
    ],
)
def test_another_key_is_refused_by_name(sandbox: Sandbox, key: list[tuple[str, str, str]], said: str) -> None:
    with pytest.raises(SetupError, match="it must be set_arn") as refused:
        create(sandbox, key).check_key()
    assert said in str(refused.value)
    assert str(refused.value).endswith("name another table, which `omics-meta backfill` fills from HealthOmics")


def test_the_documented_key_is_accepted_and_a_table_that_is_not_there_is_named(sandbox: Sandbox) -> None:
    create(sandbox, [("set_arn", "HASH", "S")]).check_key()
    with pytest.raises(SetupError, match="no table 'nowhere' in us-west-2"):
        Table(sandbox.client("dynamodb"), "nowhere").check_key()


def test_keys_that_dynamodb_leaves_out_are_asked_for_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        assert table.put({"set_arn": f"arn-{n}", "sync_revision": "r"}, replacing=None)
    client: Any = table._client  # pyright: ignore[reportPrivateUsage] - throttling it is what the test is about
    real = client.batch_get_item

    def one_at_a_time(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        keys = RequestItems[table.name]["Keys"]
        answer = real(RequestItems={table.name: RequestItems[table.name] | {"Keys": keys[:1]}})
        return answer | {"UnprocessedKeys": {table.name: {"Keys": keys[1:]}} if keys[1:] else {}}

    slept: list[float] = []
    monkeypatch.setattr(client, "batch_get_item", one_at_a_time)
    monkeypatch.setattr(table_module, "time", SimpleNamespace(sleep=slept.append))
    assert set(table.get_many(["arn-0", "arn-1", "arn-2", "arn-3"])) == {"arn-0", "arn-1", "arn-2"}

    with pytest.raises(ContendedRowError, match="left 92 rows unread"):
        table.get_many([f"arn-{n}" for n in range(100)])
    assert len(slept) == 3 + 7


@pytest.mark.parametrize("operation", ["put_item", "update_item", "delete_item"])
def test_a_write_whose_answer_was_lost_is_known_for_ours(
    operation: str, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a row, and a client that writes twice, as it does when the first answer does not arrive
    before = {"set_arn": "arn", "sync_revision": "before", "status_at": "2026-04-04T00:00:00Z"}
    assert table.put(before, replacing=None)
    client: Any = table._client  # pyright: ignore[reportPrivateUsage] - what it does is what the test is about
    write = getattr(client, operation)

    def write_twice(**arguments: Any) -> Any:
        write(**arguments)
        return write(**arguments)

    monkeypatch.setattr(client, operation, write_twice)

    # THEN the write has succeeded
    match operation:
        case "put_item":
            assert table.put(before | {"sync_revision": "ours"}, replacing=before)
        case "update_item":
            assert table.set_status("arn", "ARCHIVED", message=None, as_of=datetime(2026, 4, 5, tzinfo=UTC))
        case _:
            assert table.delete_unchanged(before)
    monkeypatch.undo()


def test_a_write_of_somebody_else_is_not_taken_for_ours(table: Table) -> None:
    ours, theirs = ({"set_arn": "arn", "sync_revision": each} for each in ("ours", "theirs"))
    assert table.put(theirs, replacing=None)

    assert not table.put(ours | {"sync_revision": "next"}, replacing=ours)
    assert not table.delete_unchanged(ours)

    # AND neither is one without a revision, as other tools write them
    assert table.put({"set_arn": "arn"}, replacing=theirs)
    assert not table.delete_unchanged(theirs)
