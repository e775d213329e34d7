"""The plugin over gRPC. What the engine makes of it is tested in tests/engine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from omics_sandbox import Sandbox
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from omics_sandbox.provider.plugin import serving, version
from omics_sandbox.provider.values import UNKNOWN, decode, encode
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

QUEUE_URN = "urn:pulumi:dev::project::test:index:Jobs$aws:sqs/queue:Queue::jobs"
LOGS_URN = "urn:pulumi:dev::project::aws:cloudwatch/logGroup:LogGroup::logs"


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    with serving(sandbox.environment, Path()) as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest())
        yield stub


def test_given_the_plugin_when_started_then_it_takes_a_resource_through_its_life(plugin: Any) -> None:
    assert plugin.GetPluginInfo(empty_pb2.Empty()).version == version()
    schema = json.loads(plugin.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["resources"].keys() == RESOURCE_TYPES.keys()

    news = encode({"tags": {"a": "1"}})
    checked = plugin.Check(provider_pb2.CheckRequest(urn=QUEUE_URN, news=news, randomSeed=b"seed")).inputs
    name = decode(checked)["name"]
    assert name.startswith("jobs-")

    planned = plugin.Create(provider_pb2.CreateRequest(urn=QUEUE_URN, properties=checked, preview=True))
    assert decode(planned.properties)["url"] == UNKNOWN
    assert planned.id == ""

    created = plugin.Create(provider_pb2.CreateRequest(urn=QUEUE_URN, properties=checked))
    assert decode(created.properties)["arn"].endswith(f":{name}")

    other = encode({"name": "other"})
    asked: dict[str, Any] = {"id": created.id, "urn": QUEUE_URN, "olds": created.properties, "old_inputs": checked}
    same = plugin.Diff(provider_pb2.DiffRequest(**asked, news=checked))
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE
    renamed = plugin.Diff(provider_pb2.DiffRequest(**asked, news=other))
    assert sorted(renamed.replaces) == ["name"]
    assert not renamed.deleteBeforeReplace
    ignored = plugin.Diff(provider_pb2.DiffRequest(**asked, news=other, ignoreChanges=["name", "tags"]))
    assert ignored.changes == provider_pb2.DiffResponse.DIFF_NONE
    # Two queues of one name cannot exist at a time.
    fifo = plugin.Diff(provider_pb2.DiffRequest(**asked, news=encode({"name": name, "fifoQueue": True})))
    assert fifo.deleteBeforeReplace

    read = plugin.Read(
        provider_pb2.ReadRequest(id=created.id, urn=QUEUE_URN, properties=created.properties, inputs=checked)
    )
    assert (read.properties, read.inputs) == (created.properties, checked)
    plugin.Delete(provider_pb2.DeleteRequest(id=created.id, urn=QUEUE_URN, properties=created.properties))
    assert plugin.Read(provider_pb2.ReadRequest(id=created.id, urn=QUEUE_URN)).id == ""


def test_given_a_resource_that_is_created_in_part_then_the_engine_learns_its_id(plugin: Any) -> None:
    inputs = encode({"name": "half", "retentionInDays": "wrong"})

    with pytest.raises(grpc.RpcError) as raised:
        plugin.Create(provider_pb2.CreateRequest(urn=LOGS_URN, properties=inputs))

    trailing: Any = raised.value.trailing_metadata()  # pyright: ignore[reportAttributeAccessIssue] # RpcError is a Call too
    status = status_pb2.Status.FromString(dict(trailing)["grpc-status-details-bin"])
    failed = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert failed.id == "half"
    assert "retentionInDays" in failed.reasons[0]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param({"insecure": True}, "no setting aws:insecure", id="unknown"),
        pytest.param({"region": 5}, "aws:region to be a string", id="type"),
        pytest.param({"endpoints": "{"}, "aws:endpoints cannot be read", id="JSON"),
        pytest.param({"endpoints": '{"sqs": "http://127.0.0.1"}'}, "a list of objects", id="endpoints"),
    ],
)
def test_given_wrong_provider_settings_when_checked_then_the_message_names_them(
    config: dict[str, Any], message: str, plugin: Any
) -> None:
    failures = plugin.CheckConfig(provider_pb2.CheckRequest(news=encode(config))).failures

    assert [message in failure.reason for failure in failures] == [True]


def test_given_another_region_when_the_settings_are_compared_then_the_provider_is_replaced(plugin: Any) -> None:
    def diff(**news: str) -> Any:
        olds = encode({"region": "eu-west-1"})
        return plugin.DiffConfig(provider_pb2.DiffRequest(old_inputs=olds, news=encode(news)))

    assert list(diff(region="us-east-2").replaces) == ["region"]
    assert list(diff(region="eu-west-1", profile="p").replaces) == []
    assert diff(region="eu-west-1").changes == provider_pb2.DiffResponse.DIFF_NONE
