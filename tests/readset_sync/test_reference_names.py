"""The names of references: asked for once each, and never fought about."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.sync import Outcome, Synchronizer

from tests.readset_sync.conftest import Store

OPERATION = "GetReferenceMetadata"


def names(store: Store, omics: HealthOmics) -> list[str | None]:
    """What a listing of the store shows."""
    return [entry.get("referenceName") for page in omics.pages(store.id) for entry in page.read_sets]


@pytest.fixture
def omics(store: Store, client: Callable[[str], Any]) -> HealthOmics:
    """HealthOmics, of which nothing is remembered yet."""
    store.sandbox.omics.calls.clear()
    return HealthOmics(client("omics"))


@pytest.fixture
def reference(store: Store) -> str:
    return store.sandbox.omics.create_reference("GRCh38")


def test_a_reference_is_asked_for_its_name_once(store: Store, reference: str, omics: HealthOmics) -> None:
    other = store.sandbox.omics.create_reference("hg19")
    arns = [store.add(reference_arn=each) for each in (reference, reference, other)]
    store.add()

    assert names(store, omics) == ["GRCh38", "GRCh38", "hg19", None]
    synchronizer = Synchronizer(omics, store.table)
    for arn in arns:
        synchronizer.refresh(arn)

    assert [store.row(arn)["set_reference_name"] for arn in arns] == ["GRCh38", "GRCh38", "hg19"]
    assert store.sandbox.omics.calls[OPERATION] == 2


def test_threads_that_begin_together_ask_once(store: Store, reference: str, omics: HealthOmics) -> None:
    arns = [store.add(reference_arn=reference) for _ in range(4)]
    for operation in ("GetSequenceStore", OPERATION):
        store.sandbox.omics.faults.add_latency(operation, seconds=0.2)

    with ThreadPoolExecutor(len(arns)) as threads:
        list(threads.map(Synchronizer(omics, store.table).refresh, arns))

    calls = store.sandbox.omics.calls
    assert (calls["GetSequenceStore"], calls[OPERATION], calls["GetReadSetMetadata"]) == (1, 1, 4)


@pytest.mark.parametrize(
    ("arn", "calls"),
    [
        ("arn:aws:omics:us-west-2:123456789012:referenceStore/1000000000/reference/9999999999", 1),  # gone
        ("arn:aws:omics:us-west-2:999999999999:referenceStore/{}/reference/{}", 0),
        ("arn:aws:omics:eu-west-1:123456789012:referenceStore/{}/reference/{}", 0),
        ("arn:aws-cn:omics:us-west-2:123456789012:referenceStore/{}/reference/{}", 0),
        ("arn:aws:omics:us-west-2:123456789012:of another kind", 0),
    ],
)
def test_a_reference_that_is_gone_or_elsewhere_has_no_name(
    arn: str, calls: int, store: Store, reference: str, omics: HealthOmics
) -> None:
    # Its ids may be those of a reference of this account.
    _, store_id, _, reference_id = reference.split("/")
    for _ in range(2):
        store.add(reference_arn=arn.format(store_id, reference_id))

    assert names(store, omics) == [None, None]
    assert store.sandbox.omics.calls[OPERATION] == calls


def test_those_who_may_read_names_and_those_who_may_not_never_undo_each_other(
    store: Store, reference: str, omics: HealthOmics
) -> None:
    # GIVEN a row that has the name
    [arn] = store.synced(1, reference_arn=reference)

    # WHEN somebody reads the read sets who may not read references
    store.sandbox.omics.calls.clear()
    store.sandbox.omics.faults.add(OPERATION, "AccessDeniedException")
    denied = Synchronizer(omics, store.table)

    # THEN that is asked once, the row keeps the name, and to both it is right
    assert names(store, omics) == [None]
    assert denied.refresh(arn).outcome is Outcome.UNCHANGED
    assert store.row(arn)["set_reference_name"] == "GRCh38"
    assert store.sandbox.omics.calls[OPERATION] == 1
    store.sandbox.omics.faults.clear()
    reading = [HealthOmics(store.sandbox.client("omics")), omics]
    assert [replace(store, source=each).drift() for each in reading] == [[], []]


def test_that_names_may_not_be_read_is_said_once(store: Store, reference: str, client: Callable[[str], Any]) -> None:
    for each in (reference, store.sandbox.omics.create_reference("hg19")):
        store.add(reference_arn=each)
    said: list[str] = []
    store.sandbox.omics.faults.add(OPERATION, "AccessDeniedException")
    omics = HealthOmics(client("omics"), tell=said.append, needs="the function's role needs")

    assert names(store, omics) == [None, None]

    [line] = said
    assert line.startswith(f"names of references are left out: {OPERATION}: AccessDeniedException: ")
    assert line.endswith(": the function's role needs omics:GetReferenceMetadata")


@pytest.mark.parametrize("code", ["InternalServerException", "ValidationException"])
def test_an_error_leaves_a_name_out_for_a_minute(
    code: str, store: Store, reference: str, client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, said = [0.0], list[str]()
    monkeypatch.setattr("readset_sync.aws.healthomics.time.monotonic", lambda: now[0])
    omics = HealthOmics(client("omics"), tell=said.append)
    arns = [store.add(reference_arn=reference) for _ in range(3)]
    store.sandbox.omics.faults.add(OPERATION, code)
    store.sandbox.omics.calls.clear()

    assert names(store, omics) == [None, None, None]
    Synchronizer(omics, store.table).refresh(arns[0])

    assert "set_reference_name" not in store.row(arns[0])
    assert store.sandbox.omics.calls[OPERATION] == 1
    [line] = said
    assert line.startswith(f"names of references are left out: {OPERATION}: {code}")
    store.sandbox.omics.faults.clear()
    now[0] += 60
    assert names(store, omics) == ["GRCh38", "GRCh38", "GRCh38"]


@pytest.mark.parametrize("code", ["ThrottlingException", "ExpiredTokenException"])
def test_a_throttle_is_not_taken_for_a_reference_without_a_name(
    code: str, store: Store, reference: str, omics: HealthOmics
) -> None:
    arn = store.add(reference_arn=reference)
    store.sandbox.omics.faults.add(OPERATION, code, times=2)

    with pytest.raises(ClientError, match=code):
        Synchronizer(omics, store.table).refresh(arn)
    with pytest.raises(ClientError, match=code):
        omics.page(store.id)

    assert store.table.get(str(arn)) is None
    assert names(store, omics) == ["GRCh38"]
