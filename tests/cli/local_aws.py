"""The local AWS of a test of the command line. What a test arranges and looks at does not go over the wire."""
# pyright: reportPrivateUsage=false
# moto's tables have a lock, which the sandbox keeps to itself.

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import count
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from moto.dynamodb.models import dynamodb_backends
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.models import ReadSet, Reference, SequenceStore
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.model.arn import ReadSetArn
from readset_sync.sync import Synchronizer

from tests.in_process import DynamoDBClient

BOOKKEEPING = frozenset({"status_at", "store_at", "synced_at", "sync_revision", "sync_digest"})

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
_names = count(1)


class Aws:
    """The local AWS of one test: HealthOmics without stores, and tables of its own.

    Attributes:
        sandbox: The sandbox behind it.
        omics: Creates stores and read sets, counts calls, injects faults.
        client: Returns the client of a service, which is made once for all tests.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.omics = sandbox.omics
        self.client = cache(sandbox.client)
        self._lock = sandbox._parts.moto.lock
        self._tables = dynamodb_backends[sandbox.account][sandbox.region]
        self._dynamodb: Any = DynamoDBClient(self._tables, self._lock)

    def clear(self) -> None:
        """Forget the stores, faults and calls of an earlier test."""
        self.omics.emit_events = False
        self.omics.limits = Limits.none()
        self.omics.stores.clear()
        self.omics.faults.clear()
        self.sandbox.faults.clear()
        self.forget_calls()

    def forget_calls(self) -> None:
        """Count calls from zero."""
        self.omics.calls.clear()
        self.omics.throttled.clear()

    def act_at(self, operation: str, number: int, act: Callable[[], None]) -> None:
        """Act at the call of HealthOmics with this number, counted from 1; this and all later ones take a second."""
        calls = count(1)

        def reached(_: object) -> bool:
            at = next(calls)
            if at == number:
                act()
            return at >= number

        self.omics.faults.add_latency(operation, 1.0, when=reached)

    def store(self, size: int = 0, name: str | None = "cohort", **members: Any) -> str:
        """Create a store with so many read sets; return its id."""
        store_id = self.omics.create_store(name, **members)
        for number in range(size):
            self.omics.create_read_set(store_id, name=f"sample {number}", tags={"number": str(number)})
        return store_id

    def ids(self, store_id: str) -> list[str]:
        """Ids of a store's read sets, in the order of their creation."""
        return list(self.omics.store(store_id).read_sets)

    def arn(self, store_id: str, read_set_id: str) -> str:
        """The ARN of a read set, whether it exists or not."""
        return f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{store_id}/readSet/{read_set_id}"

    def table(
        self,
        key: tuple[tuple[str, str, str], ...] = (("set_arn", "HASH", "S"),),
        indexes: Mapping[str, tuple[str, str | None, str]] | None = None,
        rows: Iterable[Mapping[str, Any]] = (),
    ) -> str:
        """Create a table; return its name.

        Args:
            key: Attribute, kind and type of each key attribute.
            indexes: Partition key, sort key and projection by the name of an index; all keys are texts.
            rows: What it holds; nothing by default.
        """
        name = f"read-sets-{next(_names)}"
        types = {attribute: type_ for attribute, _, type_ in key}
        declared: dict[str, Any] = {}
        if indexes:
            declared["GlobalSecondaryIndexes"] = [_index(each, *index) for each, index in indexes.items()]
            types |= {attribute: "S" for *keys, _ in indexes.values() for attribute in keys if attribute}
        self.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind, _ in key],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": type_} for each, type_ in types.items()],
            **declared,
        )
        for row in rows:
            self.put(name, row)
        return name

    def filled(self, *store_ids: str, table: str = "") -> str:
        """Give the read sets of stores their rows as the function does, in an empty table; return its name."""
        table = table or self.table()
        omics: Any = OmicsClient(self.omics)
        synchronizer = Synchronizer(HealthOmics(omics), Table(self._dynamodb, table))
        for arn in (self.arn(store_id, each) for store_id in store_ids for each in self.ids(store_id)):
            synchronizer.refresh(ReadSetArn.parse(arn))
        self.forget_calls()
        return table

    def raw_rows(self, table: str) -> dict[str, dict[str, Any]]:
        """All rows of a table as they are, by ARN."""
        with self._lock:
            items = [item.to_json()["Attributes"] for item in self._tables.get_table(table).all_items()]
        rows = [{name: _deserialize(value) for name, value in item.items()} for item in items]
        return {row["set_arn"]: row for row in rows}

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """All rows of a table by ARN, without the bookkeeping, which every one of them must have."""
        rows = self.raw_rows(table)
        for row in rows.values():
            assert row.keys() >= BOOKKEEPING, f"a row without its bookkeeping: {row}"
        return {arn: {name: row[name] for name in row.keys() - BOOKKEEPING} for arn, row in rows.items()}

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row as some other program would."""
        self._dynamodb.put_item(TableName=table, Item={name: _serialize(value) for name, value in row.items()})

    def edit(self, table: str, arn: str, **attributes: Any) -> None:
        """Change attributes of a row behind the product's back; None takes an attribute away."""
        item = self._dynamodb.get_item(TableName=table, Key={"set_arn": {"S": arn}}, ConsistentRead=True)["Item"]
        row = {name: _deserialize(value) for name, value in item.items()} | attributes
        self.put(table, {name: value for name, value in row.items() if value is not None})

    def delete(self, table: str, arn: str) -> None:
        """Delete a row behind the product's back."""
        self._dynamodb.delete_item(TableName=table, Key={"set_arn": {"S": arn}})

    def expected(self, *store_ids: str) -> dict[str, dict[str, Any]]:
        """The rows that the stores' read sets must have, bookkeeping aside, where none was archived after it had one.

        Written from the record's documentation, with nothing of the product.
        """
        rows: dict[str, dict[str, Any]] = {}
        for store_id in store_ids:
            store = self.omics.store(store_id)
            for each in store.read_sets.values():
                rows[each.arn] = _expected_row(store, each, self.omics.references.get(each.reference_arn or ""))
        return rows


def _index(name: str, hash_key: str, range_key: str | None, projection: str) -> dict[str, Any]:
    keys = {"HASH": hash_key, "RANGE": range_key}
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": attribute, "KeyType": kind} for kind, attribute in keys.items() if attribute],
        "Projection": {"ProjectionType": projection},
    }


def _expected_row(store: SequenceStore, read_set: ReadSet, reference: Reference | None) -> dict[str, Any]:
    access = store.s3_access or {}
    row: dict[str, Any] = {
        "set_id": read_set.id,
        "store_id": store.id,
        "set_arn": read_set.arn,
        "set_name": read_set.name,
        "set_description": read_set.description,
        "set_status": read_set.status,
        "set_status_message": read_set.status_message,
        "set_type": read_set.file_type,
        "set_reference_arn": read_set.reference_arn,
        "set_reference_name": reference.name if reference else None,
        "set_subject_id": read_set.subject_id,
        "set_sample_id": read_set.sample_id,
        "set_creation_type": read_set.creation_type,
        "set_creation_job_id": read_set.creation_job_id,
        "set_creation_time": read_set.creation_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "set_etag": read_set.etag,
        "store": _present(
            store_id=store.id,
            store_arn=store.arn,
            store_name=store.name,
            store_uri=access.get("s3Uri"),
            store_ap_arn=access.get("s3AccessPointArn"),
            store_type="sequence_store",
        ),
        "tags": [{key: value} for key, value in sorted(read_set.tags.items())],
    }
    if read_set.sequence_information:
        row["set_sequence_information"] = _present(
            total_read_count=read_set.sequence_information.get("totalReadCount"),
            total_base_count=read_set.sequence_information.get("totalBaseCount"),
            generated_from=read_set.sequence_information.get("generatedFrom"),
            alignment=read_set.sequence_information.get("alignment"),
        )
    if read_set.files and read_set.status == "ACTIVE":
        names = [name for name in ("source1", "source2", "index") if name in read_set.files]
        row["files"] = [_expected_file(read_set, name) for name in names]
        row["set_total_size"] = sum(read_set.files[name]["contentLength"] for name in names)
    elif read_set.status == "ARCHIVED":
        row |= {"sync_lacks": "files", "sync_unknown": "set_creation_job_id", "set_creation_job_id": None}
    return _present(**row)


def _expected_file(read_set: ReadSet, name: str) -> dict[str, str]:
    file = read_set.files[name]
    return _present(
        file_path=file.get("s3Access", {}).get("s3Uri"),
        etag=(read_set.etag or {}).get(name),
        file_type=name,
        content_length=str(file["contentLength"]),
        part_size=str(file["partSize"]),
        total_parts=str(file["totalParts"]),
    )


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
