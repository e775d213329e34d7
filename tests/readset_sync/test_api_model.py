"""Each field of the API model of HealthOmics is in the row, or left out here; what a listing shows is compared.

A newer botocore that knows a new field fails here, so that somebody decides what becomes of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape, StructureShape
from readset_sync.model.comparison import listed_differences
from readset_sync.model.record import DIGEST, REVISION, SYNC_STATE, build_row, listed_row
from readset_sync.model.timestamp import format_timestamp

Path = tuple[str, ...]

NOW = datetime(2026, 4, 4, 12, tzinfo=UTC)
MODEL = ServiceModel(Loader().load_service_model("omics", "service-2"))
LEFT_OUT: dict[Path, str] = {
    ("description",): "of the store: nobody searches read sets by it",
    ("sseConfig", "type"): "of the store: encryption",
    ("sseConfig", "keyArn"): "of the store: encryption",
    ("creationTime",): "of the store",
    ("fallbackLocation",): "of the store: where uploads go that fail",
    ("s3Access", "accessLogLocation"): "of the store: for its operator",
    ("eTagAlgorithmFamily",): "of the store: each read set tells its own algorithm",
    ("status",): "of the store: a store with read sets is active",
    ("statusMessage",): "of the store",
    ("propagatedSetLevelTags",): "of the store: for its operator",
    ("updateTime",): "of the store",
}


def fields(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    """Yield the fields of a structure that are no structures themselves."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from fields(member, (*path, name))
    else:
        yield path, shape


def value_of(path: Path, shape: Shape, number: int) -> Any:
    """A value that no other field has."""
    match shape.type_name:
        case "timestamp":
            return NOW + timedelta(seconds=number)
        case "integer" | "long":
            return 1_000_000 + number
        case _:
            return "/".join(path)


def response(shape_name: str) -> dict[str, Any]:
    """A response in which every field is given."""
    whole: dict[str, Any] = {}
    for number, (path, shape) in enumerate(fields(MODEL.shape_for(shape_name))):
        part = whole
        for name in path[:-1]:
            part = part.setdefault(name, {})
        part[path[-1]] = value_of(path, shape, number)
    return whole


def texts(value: object) -> set[str]:
    """Every value in a row, however deep, as a text."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        return {text for each in cast("list[object]", value) for text in texts(each)}
    return {str(value)}


STORE = response("GetSequenceStoreResponse")


def missing(shape_name: str, row: dict[str, Any]) -> set[Path]:
    """The fields of a structure that a row does not hold."""
    found = texts(row)
    absent: set[Path] = set()
    for number, (path, shape) in enumerate(fields(MODEL.shape_for(shape_name))):
        value = value_of(path, shape, number)
        if (format_timestamp(value) if isinstance(value, datetime) else str(value)) not in found:
            absent.add(path)
    return absent


def test_a_row_holds_every_field_of_its_read_set() -> None:
    read_set = response("GetReadSetMetadataResponse")

    row = build_row(read_set, tags={}, store=STORE, store_as_of=NOW, as_of=NOW, previous=None)

    assert missing("GetReadSetMetadataResponse", row) == set()


def test_a_listed_row_holds_every_field_of_the_listing() -> None:
    row = listed_row(response("ReadSetListItem"), store=STORE, store_as_of=NOW, as_of=NOW)

    assert missing("ReadSetListItem", row) == set()


def test_of_the_store_a_row_holds_every_field_that_is_not_left_out() -> None:
    row = listed_row({"status": ""}, store=STORE, store_as_of=NOW - timedelta(days=1), as_of=NOW - timedelta(days=1))

    assert missing("GetSequenceStoreResponse", row) == set(LEFT_OUT)


@pytest.mark.parametrize("path", [path for path, _ in fields(MODEL.shape_for("ReadSetListItem")) if path != ("arn",)])
def test_every_field_of_the_listing_is_compared(path: Path) -> None:
    listed = response("ReadSetListItem")
    row = listed_row(listed, store=STORE, store_as_of=NOW, as_of=NOW)
    changed = listed
    for name in path[:-1]:
        changed = changed[name]
    changed[path[-1]] = NOW - timedelta(days=1) if path == ("creationTime",) else "another"

    other = listed_row(listed, store=STORE, store_as_of=NOW, as_of=NOW)
    differing = {name for name in row.keys() | other.keys() if row.get(name) != other.get(name)}
    # That the row is `listed` only is a difference, too.
    assert set(listed_differences(row, listed, STORE)) == differing - {REVISION, DIGEST} | {SYNC_STATE}
    assert len(differing - {REVISION, DIGEST}) == 1
