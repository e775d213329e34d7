"""Values on the wire, and when two values mean the same."""

import json
from typing import Any

import pytest
from omics_sandbox.provider.shapes import JsonText, ListOf, Number, Object, PolicyDocument, Shape, Text, TextMap
from omics_sandbox.provider.values import UNKNOWN, decode, encode
from pulumi.runtime import rpc

SECRET = {rpc._special_sig_key: rpc._special_secret_sig}  # pyright: ignore[reportPrivateUsage] # the wire format


def test_given_values_when_encoded_and_decoded_then_they_are_the_same() -> None:
    values: dict[str, Any] = {
        "text": "Ünïcode",
        "whole": 5,
        "fraction": 0.5,
        "flag": False,
        "list": [1, {"deep": [UNKNOWN]}],
        "empty": {},
        "unknown": UNKNOWN,
    }

    assert decode(encode(values)) == values
    assert isinstance(decode(encode(values))["whole"], int)


def test_given_secrets_and_nulls_when_decoded_then_values_are_plain() -> None:
    wire = encode({"a": {**SECRET, "value": {"b": {**SECRET, "value": "hidden"}}}, "c": None, "d": rpc.UNKNOWN})

    assert decode(wire) == {"a": {"b": "hidden"}, "d": UNKNOWN}


POLICY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["b", "a"], "Resource": "*"}}
SAME_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a", "b"], "Resource": ["*"]}]}
RECOVERY = Object({"enabled": ("Enabled", Text()), "days": ("Days", Number())})


@pytest.mark.parametrize(
    ("shape", "one", "other", "same"),
    [
        pytest.param(Text(), None, "", True, id="nothing and empty"),
        pytest.param(Number(), 0, 1, False, id="numbers"),
        pytest.param(JsonText(), '{"a": [1]}', '{ "a":[1] }', True, id="JSON spacing"),
        pytest.param(JsonText(), '{"a": [1, 2]}', '{"a": [2, 1]}', False, id="JSON order"),
        pytest.param(PolicyDocument(), json.dumps(POLICY), json.dumps(SAME_POLICY), True, id="policies"),
        pytest.param(PolicyDocument(), json.dumps(POLICY), '{"Statement": []}', False, id="other policies"),
        pytest.param(ListOf(Text()), ["a", "b"], ["b", "a"], True, id="lists"),
        pytest.param(TextMap(), {"a": "1"}, {"a": "1", "b": "2"}, False, id="maps"),
        pytest.param(RECOVERY, {"enabled": "y"}, {"enabled": "y", "days": 35}, True, id="left to AWS"),
        pytest.param(RECOVERY, {"enabled": "y", "days": 1}, {"enabled": "y"}, False, id="not there"),
    ],
)
def test_given_two_values_when_compared_then_meaning_counts(shape: Shape, one: Any, other: Any, same: bool) -> None:
    assert shape.same(one, other) is same


def test_given_an_actual_value_when_projected_then_it_keeps_the_spelling_of_the_program() -> None:
    assert JsonText().project('{"a": 1}', '{"a":1}') == '{"a": 1}'
    assert JsonText().project('{"a": 1}', '{"a":2}') == '{"a":2}'
    assert RECOVERY.project({"enabled": "y"}, {"enabled": "n", "days": 35}) == {"enabled": "n"}
