"""HealthOmics, a table and a queue without a network and without memory: what they hold follows from its number.

A store has so many read sets, numbered from 0, all alike but for their ids; a full table has the right row of each, an
empty one takes rows, and remembers of each read set that it has a row, which is then as a listing pass writes it. Only
the operations that backfill, verify and reconcile use are here, in the shapes of boto3's clients.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock
from types import SimpleNamespace
from typing import Any, Final

from boto3.dynamodb.types import TypeSerializer
from readset_sync.model.record import Row, build_row, listed_row

STORE_ID: Final = "1234567890"
ACCOUNT: Final = "123456789012"
REGION: Final = "us-west-2"

_FIRST_ID: Final = 1_000_000_000
_STORE_ARN: Final = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{STORE_ID}"
_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SYNCED: Final = datetime(2026, 2, 1, tzinfo=UTC)
_TAGS: Final = {"cohort": "A", "project": "rare-disease"}
_STORE: Final = {"id": STORE_ID, "arn": _STORE_ARN, "name": "cohort-a"}
_LISTED: Final = {
    "sequenceStoreId": STORE_ID,
    "name": "NA12878-L001",
    "status": "ACTIVE",
    "fileType": "FASTQ",
    "subjectId": "subject-0001",
    "sampleId": "NA12878",
    "creationType": "IMPORT",
    "creationTime": _CREATED,
    "etag": {"algorithm": "FASTQ_MD5up", "source1": "a" * 32, "source2": "b" * 32},
}
_FILE: Final = {
    "totalParts": 412,
    "partSize": 104_857_600,
    "contentLength": 43_201_331_200,
    "s3Access": {"s3Uri": "s3://access-point-alias/sequenceStore/read-set/reads.fastq.gz"},
}
_FILES: Final = {"source1": _FILE, "source2": _FILE}
_ANSWERED: Final[Mapping[str, Any]] = {"ResponseMetadata": {"HTTPHeaders": {}}}


def _item(row: Row) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in row.items()}


_ROW: Final = _item(
    build_row({**_LISTED, "files": _FILES}, tags=_TAGS, store=_STORE, store_as_of=_SYNCED, as_of=_SYNCED, previous=None)
)
_LISTED_ROW: Final = _item(listed_row(_LISTED, store=_STORE, store_as_of=_SYNCED, as_of=_SYNCED))


class _RefusedError(Exception):
    """Never raised: stands for the errors that clients name."""


class _Client:
    """What the simulated clients share: they count calls, and name errors that do not happen."""

    exceptions = SimpleNamespace(ResourceNotFoundException=_RefusedError, ConditionalCheckFailedException=_RefusedError)
    meta = SimpleNamespace(region_name=REGION)

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = Lock()

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1


class SimulatedOmics(_Client):
    """HealthOmics with one store of so many read sets."""

    def __init__(self, read_sets: int) -> None:
        super().__init__()
        self._read_sets = read_sets

    def get_paginator(self, _: str) -> Any:
        """Of ListSequenceStores, the only one that is asked for."""

        def paginate(**_: Any) -> Iterator[Mapping[str, Any]]:
            self._count("ListSequenceStores")
            yield {"sequenceStores": [_STORE]}

        return SimpleNamespace(paginate=paginate)

    def get_sequence_store(self, **_: Any) -> Mapping[str, Any]:
        """GetSequenceStore."""
        self._count("GetSequenceStore")
        return {**_STORE, **_ANSWERED}

    def list_read_sets(self, *, maxResults: int, nextToken: str = "0", **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """ListReadSets."""
        self._count("ListReadSets")
        start = int(nextToken)
        end = min(start + maxResults, self._read_sets)
        page: dict[str, Any] = {"readSets": [_LISTED | _identity(number) for number in range(start, end)]}
        return page | dict(_ANSWERED) | ({"nextToken": str(end)} if end < self._read_sets else {})

    def get_read_set_metadata(self, *, id: str, **_: Any) -> Mapping[str, Any]:  # noqa: A002 - AWS's name
        """GetReadSetMetadata."""
        self._count("GetReadSetMetadata")
        return _LISTED | _identity(int(id) - _FIRST_ID) | {"files": _FILES, **_ANSWERED}

    def list_tags_for_resource(self, **_: Any) -> Mapping[str, Any]:
        """ListTagsForResource."""
        self._count("ListTagsForResource")
        return {"tags": _TAGS, **_ANSWERED}


class SimulatedTable(_Client):
    """DynamoDB with a table that has a row of each of so many read sets; or of none for a backfill's first time.

    Args:
        rows: How many rows there are.
        room: For how many rows an empty table has room.
    """

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
        numbers = [_number(key["set_arn"]["S"]) for key in wanted["Keys"]]
        if self._rows:
            rows = [_row(_ROW, number) for number in numbers]
        else:
            rows = [_row(_LISTED_ROW, number) for number in numbers if self._is_listed[number]]
        return {"Responses": {table: rows}, "UnprocessedKeys": {}}

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


def _identity(number: int) -> dict[str, str]:
    read_set_id = str(_FIRST_ID + number)
    return {"id": read_set_id, "arn": f"{_STORE_ARN}/readSet/{read_set_id}"}


def _number(arn: str) -> int:
    return int(arn.rpartition("/")[2]) - _FIRST_ID


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    identity = _identity(number)
    return {**row} | {"set_id": {"S": identity["id"]}, "set_arn": {"S": identity["arn"]}}
