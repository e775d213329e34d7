"""A stand-in for the AWS CLI: calls the operation that a command names, with what its options say.

Options are read by the types that botocore's model gives them, as the AWS CLI does: JSON, or its shorthand of words
such as A=1,B=2.
"""

import json
import sys
from typing import Any, cast

import boto3
import jmespath
from botocore import xform_name

_FALSE = "no-"
"""Begins the name of an option that says no."""


def run(service: str, operation: str, *words: str) -> str:
    """What `aws` with these words prints."""
    client, rest = cast("Any", boto3).client, list(words)
    waited_for = rest.pop(0).replace("-", "_") if operation == "wait" else ""
    options: dict[str, list[str]] = {}
    for word in rest:
        if word.startswith("--"):
            options[word.removeprefix("--")] = []
        else:
            options[list(options)[-1]].append(word)
    query, output, region = (options.pop(name, [None])[0] for name in ("query", "output", "region"))
    called = client(service, region_name=region)
    method = operation.replace("-", "_")
    waiter = called.get_waiter(waited_for) if waited_for else None
    name = waiter.config.operation if waiter else called.meta.method_to_api_mapping[method]
    members = called.meta.service_model.operation_model(name).input_shape.members
    known = {xform_name(member, "-"): (member, shape) for member, shape in members.items()}
    given: dict[str, Any] = {}
    for option, values in options.items():
        member, shape = known[option.removeprefix(_FALSE)]
        given[member] = not option.startswith(_FALSE) and _read(shape, values)
    if waiter:
        waiter.wait(**given)
        return ""
    answer = getattr(called, method)(**given)
    answer.pop("ResponseMetadata")
    shown = jmespath.search(query, answer) if query else answer
    return f"{shown if output == 'text' else json.dumps(shown, default=str)}\n"


def _read(shape: Any, words: list[str]) -> Any:
    """The value that an option's words say."""
    if words and words[0][:1] in {"[", "{"}:
        return json.loads(words[0])
    match shape.type_name:
        case "list":
            return [_read(shape.member, [word]) for word in words]
        case "structure":
            pairs = (pair.split("=", 1) for pair in words[0].split(","))
            return {name: _read(shape.members[name], [value]) for name, value in pairs}
        case "boolean":
            return words != ["false"]
        case _:
            return words[0]


if __name__ == "__main__":
    sys.stdout.write(run(*sys.argv[1:]))
