"""The stand-in has no properties of its own invention: all are those of the installed pulumi_aws."""

import importlib
import inspect
import re
from typing import Any

import pytest
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from pulumi import _types  # pyright: ignore[reportPrivateUsage] # only there are the wire names of arguments

# Inputs that the SDK leaves open because there are other ways to say the same, which the stand-in does not have.
STRICTER = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        *("comparisonOperator", "evaluationPeriods", "metricName", "namespace", "period", "statistic", "threshold"),
    },
    "aws:dynamodb/table:Table": {"hashKey"},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"eventSourceArn"},
    "aws:lambda/function:Function": {"code", "handler", "runtime"},
}


def sdk_class(token: str, form: str) -> Any:
    """The class of the SDK that belongs to a resource type: `TableArgs`, `_TableState`."""
    module, name = token.removeprefix("aws:").split("/")[0], token.rsplit(":", 1)[-1]
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    package = f"pulumi_aws.{'lambda_' if module == 'lambda' else module}"
    # Packages of the SDK load when they are first used. One whose module is imported before stays without its classes.
    assert hasattr(importlib.import_module(package), name)
    return getattr(importlib.import_module(f"{package}.{file}"), form.format(name))


def wire_names(arguments: Any) -> dict[str, str]:
    """The properties of a class of the SDK as they travel, by their Python names."""
    return _types.input_type_py_to_pulumi_names(arguments)


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_given_a_type_then_properties_outputs_and_what_is_required_are_those_of_the_sdk(token: str) -> None:
    known, arguments = RESOURCE_TYPES[token], sdk_class(token, "{}Args")

    assert known.properties.keys() <= set(wire_names(arguments).values())
    state = set(wire_names(sdk_class(token, "_{}State")).values())
    assert known.state_names() <= state
    assert not known.properties.keys() & known.outputs.keys()

    names = wire_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.values()
    by_sdk = {
        names[parameter.name]
        for parameter in parameters
        if parameter.name in names and parameter.default is inspect.Parameter.empty
    }
    required = {name for name, declared in known.properties.items() if declared.required}
    assert required == by_sdk | STRICTER.get(token, set())
