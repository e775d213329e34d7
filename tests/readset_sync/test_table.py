"""Reading many rows, and telling one's own writes from those of others."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from readset_sync.aws import table as table_module
from readset_sync.aws.table import Table
from readset_sync.model.errors import ContendedRowError

pytestmark = pytest.mark.usefixtures("wire")


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


def test_a_write_of_somebody_else_is_not_taken_for_ours(table: Table) -> None:
    ours, theirs = ({"set_arn": "arn", "sync_revision": each} for each in ("ours", "theirs"))
    assert table.put(theirs, replacing=None)

    assert not table.put(ours | {"sync_revision": "next"}, replacing=ours)
    assert not table.delete_unchanged(ours)

    # AND neither is one without a revision, as other tools write them
    assert table.put({"set_arn": "arn"}, replacing=theirs)
    assert not table.delete_unchanged(theirs)
