"""The parts of the plugin that the engine asks for only sometimes. The others are tested in tests/engine."""

import json
from pathlib import Path
from unittest.mock import Mock

from google.protobuf import empty_pb2
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from omics_sandbox.provider.plugin import Plugin, version
from omics_sandbox.provider.values import encode
from pulumi.runtime.proto import provider_pb2


def test_given_the_plugin_when_asked_then_it_tells_what_it_knows_and_replaces_a_provider_of_another_region() -> None:
    plugin, context = Plugin({}, Path()), Mock()

    def diff(**news: str) -> provider_pb2.DiffResponse:
        olds = encode({"region": "eu-west-1"})
        return plugin.DiffConfig(provider_pb2.DiffRequest(old_inputs=olds, news=encode(news)), context)

    assert plugin.GetPluginInfo(empty_pb2.Empty(), context).version == version()
    schema = json.loads(plugin.GetSchema(provider_pb2.GetSchemaRequest(), context).schema)
    assert schema["resources"].keys() == RESOURCE_TYPES.keys()
    assert list(diff(region="us-east-2").replaces) == ["region"]
    assert list(diff(region="eu-west-1", profile="p").replaces) == []
    assert diff(region="eu-west-1").changes == provider_pb2.DiffResponse.DIFF_NONE
