"""Function and command line whose botocores know different things of HealthOmics' API."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest
from botocore.config import Config
from botocore.loaders import Loader
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.messages.queue_message import StoreEvent
from readset_sync.messages.reconciliation_step import Phase
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.stores.reconciliation import Count
from readset_sync.stores.verification import DriftStatus, RowDrift
from readset_sync.sync import Outcome, Synchronizer

from tests.readset_sync.conftest import Store, reconciler_of

LACKING = {
    "GetReadSetMetadataResponse": ["creationJobId", "statusMessage"],
    "ReadSetListItem": ["statusMessage", "creationType"],
    "FileInformation": ["partSize"],
    "SequenceStoreS3Access": ["s3AccessPointArn"],
}
"""What an older model of the API does not have, by shape."""


@pytest.fixture
def older(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HealthOmics:
    """HealthOmics, read with an older model."""
    model = deepcopy(Loader().load_service_model("omics", "service-2"))
    for shape, members in LACKING.items():
        for member in members:
            del model["shapes"][shape]["members"][member]
    version = tmp_path / "omics" / model["metadata"]["apiVersion"]
    version.mkdir(parents=True)
    (version / "service-2.json").write_text(json.dumps(model), encoding="utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=store.sandbox.region)
    endpoint = store.sandbox.endpoint
    return HealthOmics(session.client("omics", endpoint_url=endpoint, config=Config(inject_host_prefix=False)))


@pytest.fixture
def arn(store: Store) -> ReadSetArn:
    return store.add(creation_job_id="1234567890", status_message="all is well")


@pytest.mark.parametrize("older_writes", [True, False])
def test_a_difference_of_models_alone_is_no_drift(
    older_writes: bool, older: HealthOmics, arn: ReadSetArn, store: Store
) -> None:
    writer, reader = (older, store.source) if older_writes else (store.source, older)
    reading = replace(store, source=reader)
    Synchronizer(writer, store.table).refresh(arn)

    # What the older model does not know is neither missed nor taken for wrong
    assert [reading.drift(deep=deep) for deep in (False, True)] == [[], []]
    assert differing(store, reader) == 0
    assert Synchronizer(reader, store.table).refresh(arn).outcome is Outcome.UNCHANGED

    # What both know is
    Synchronizer(writer, store.table).refresh(arn)
    store.rename(arn)
    stale = [RowDrift(str(arn), DriftStatus.STALE, ("set_name",))]
    assert [reading.drift(deep=deep) for deep in (False, True)] == [stale, stale]
    assert differing(store, reader) == 1


def test_a_row_tells_what_its_writer_did_not_know(older: HealthOmics, arn: ReadSetArn, store: Store) -> None:
    Synchronizer(older, store.table).refresh(arn)

    row = store.row(arn)
    unknown = ["files", "set_creation_job_id", "set_creation_type", "set_status_message", "store"]
    assert row["sync_unknown"].split(",") == unknown
    assert "set_creation_job_id" not in row

    Synchronizer(store.source, store.table).refresh(arn)
    row = store.row(arn)
    assert row["set_creation_job_id"] == "1234567890"
    assert "sync_unknown" not in row


def differing(store: Store, source: HealthOmics) -> int:
    """How many rows a reconciliation of the store finds wrong."""
    reconciler = reconciler_of(source, store.table, Mock(), None)
    step = reconciler.start_store(StoreEvent("event", StoreArn.parse(store.own_arn), "UPDATING", datetime.now(UTC)))
    while step.phase is not Phase.DONE:
        step = reconciler.run_step(step)
    return step.counts.get(Count.STALE, 0)
