"""HealthOmics, a table and a queue without a network and without memory: what they hold follows from its number.

A store has so many read sets, numbered from 0, all alike but for their ids; a full table has the right row of each, an
empty one takes rows, and remembers of each read set that it has a row, which is then as a listing pass writes it.
HealthOmics is the sandbox's model, called in the process. Of DynamoDB and SQS only the operations that backfill, verify
and reconcile use are here, in the shapes of boto3's clients.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from boto3.dynamodb.types import TypeSerializer
from omics_meta.app import app
from omics_sandbox.omics.client import OmicsClient, TaggingClient
from omics_sandbox.omics.models import ReadSet, Shelf
from omics_sandbox.omics.service import OmicsService
from readset_sync.model.record import Row, build_row, listed_row

STORE_ID: Final = "1234567890"
ACCOUNT: Final = "123456789012"
REGION: Final = "us-west-2"

_FIRST_ID: Final = 1_000_000_000
_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SYNCED: Final = datetime(2026, 2, 1, tzinfo=UTC)


class _ReadSets(Shelf[ReadSet]):
    """The read sets of a store, each made from the first when it is asked for, unless it was put in."""

    def __init__(self, first: ReadSet, size: int) -> None:
        super().__init__()
        self._first = first
        self._size = size

    def get(self, key: str, default: Any = None) -> Any:
        """The read set of this id."""
        number = int(key) - _FIRST_ID
        return self._numbered(number) if 0 <= number < self._size else default

    def after(self, ordinal: int) -> Iterator[ReadSet]:
        """The read sets behind an ordinal, which is a number and 1."""
        return map(self._numbered, range(ordinal, self._size))

    def _numbered(self, number: int) -> ReadSet:
        own = super().get(str(_FIRST_ID + number))
        return own or replace(self._first, ordinal=number + 1, **_identity(number))


def omics_of(read_sets: int, *, seconds: Callable[[], float] = lambda: 0) -> OmicsClient:
    """HealthOmics with one store of so many read sets, so many seconds after the rows were written."""
    service = OmicsService(REGION, ACCOUNT, clock=lambda: _SYNCED + timedelta(seconds=seconds()))
    service.create_store("cohort-a", store_id=STORE_ID)
    service.create_read_set(
        STORE_ID,
        read_set_id=str(_FIRST_ID),
        name="NA12878-L001",
        subject_id="subject-0001",
        sample_id="NA12878",
        tags={"cohort": "A", "project": "rare-disease"},
        creation_time=_CREATED,
    )
    store = service.store(STORE_ID)
    store.read_sets = _ReadSets(store.read_sets[str(_FIRST_ID)], read_sets)
    return OmicsClient(service)


_STORE_ARN: Final = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{STORE_ID}"


def _identity(number: int) -> dict[str, Any]:
    read_set_id = str(_FIRST_ID + number)
    return {"id": read_set_id, "arn": f"{_STORE_ARN}/readSet/{read_set_id}"}


def _item(row: Row) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in row.items()}


def _rows() -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole row of the first read set, and its row as a listing pass writes it."""
    service = omics_of(1).service
    store = service.store(STORE_ID)
    read_set = service.read_set(STORE_ID, str(_FIRST_ID))
    common: Any = {"store": store.describe(), "store_as_of": _SYNCED, "as_of": _SYNCED}
    whole = build_row(read_set.describe(), tags=read_set.tags, previous=None, **common)
    return _item(whole), _item(listed_row(read_set.summary(), **common))


_ROW, _LISTED_ROW = _rows()


class _RefusedError(Exception):
    """Never raised: stands for the error that DynamoDB's client names."""


class _Client:
    """What the simulated clients share: they count calls, and name an error that does not happen."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=_RefusedError)
    meta = SimpleNamespace(region_name=REGION)

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = Lock()

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1


class SimulatedTable(_Client):
    """DynamoDB with a table that has a row of each of so many read sets; or of none for a backfill's first time."""

    _SCANNED: Final = 500

    def __init__(self, rows: int, *, room: int = 0) -> None:
        super().__init__()
        self._rows = rows
        self._is_listed = bytearray(room)

    def describe_table(self, **_: Any) -> Mapping[str, Any]:
        """DescribeTable."""
        key = {"AttributeName": "set_arn"}
        return {
            "Table": {
                "KeySchema": [key | {"KeyType": "HASH"}],
                "AttributeDefinitions": [key | {"AttributeType": "S"}],
            }
        }

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """BatchGetItem."""
        self._count("BatchGetItem")
        ((table, wanted),) = RequestItems.items()
        return {"Responses": {table: [*filter(None, map(self._item, wanted["Keys"]))]}, "UnprocessedKeys": {}}

    def get_item(self, *, Key: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """GetItem."""
        self._count("GetItem")
        item = self._item(Key)
        return {"Item": item} if item else {}

    def put_item(self, *, Item: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """PutItem."""
        self._count("PutItem")
        if not self._rows:
            self._is_listed[_number(Item["set_arn"]["S"])] = True
        return {}

    def scan(
        self,
        *,
        Limit: int = _SCANNED,  # noqa: N803 - AWS's names
        ExclusiveStartKey: Mapping[str, Any] | None = None,  # noqa: N803
        **_: Any,
    ) -> Mapping[str, Any]:
        """Scan."""
        self._count("Scan")
        start = 0 if ExclusiveStartKey is None else _number(ExclusiveStartKey["set_arn"]["S"]) + 1
        end = min(start + Limit, self._rows)
        names = ("set_arn", "set_creation_time", "synced_at")
        items = [{name: row[name] for name in names} for row in (_row(_ROW, number) for number in range(start, end))]
        return {"Items": items, **({"LastEvaluatedKey": {"set_arn": items[-1]["set_arn"]}} if end < self._rows else {})}

    def get_paginator(self, _: str) -> Any:
        """Of Scan, the only one that is asked for."""

        def paginate(**_: Any) -> Iterator[Mapping[str, Any]]:
            page = self.scan()
            yield page
            while "LastEvaluatedKey" in page:
                page = self.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
                yield page

        return SimpleNamespace(paginate=paginate)

    def _item(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        number = _number(key["set_arn"]["S"])
        if self._rows:
            return _row(_ROW, number)
        return _row(_LISTED_ROW, number) if self._is_listed[number] else None


class SimulatedQueue(_Client):
    """SQS with one queue; `bodies` holds what has been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[str] = []

    def send_message_batch(self, *, Entries: list[Mapping[str, str]], **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """SendMessageBatch."""
        self._count("SendMessageBatch")
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {}


def _number(arn: str) -> int:
    return int(arn.rpartition("/")[2]) - _FIRST_ID


def whole_item(number: int) -> dict[str, Any]:
    """The item of a read set's whole row."""
    return _row(_ROW, number)


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    identity = _identity(number)
    return {**row} | {"set_id": {"S": identity["id"]}, "set_arn": {"S": identity["arn"]}}


def omics_meta(arguments: Sequence[str], table: SimulatedTable, omics: OmicsClient | None = None) -> None:
    """Run a command of `omics-meta` in this process, on a table and a HealthOmics that are simulated."""
    fakes: dict[str, Any] = {"dynamodb_client": _giving(table)}
    if omics:
        fakes |= {"omics_client": _giving(omics), "tagging_client": _giving(TaggingClient(omics.service))}
    with patch.multiple("omics_meta.selection.connection", **fakes):
        app([*arguments, "-t", "rows", "-r", REGION], standalone_mode=False)


def _giving(client: Any) -> Callable[..., Any]:
    return lambda *_, **__: client
