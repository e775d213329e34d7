"""Property values as they travel between Pulumi and the stand-in.

Values are plain JSON-like Python values, with two additions: `UNKNOWN` for a value that exists only after
another resource has been created (in previews), and assets and archives, which stay in their wire form
(a dict with a signature key, see `pulumi.runtime.rpc`) so that they survive a round trip through the state.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SIGNATURE_KEY: Final = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage] # the wire format has no public name
ARCHIVE_SIGNATURE: Final = rpc._special_archive_sig  # pyright: ignore[reportPrivateUsage] # see above
_SECRET_SIGNATURE: Final = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage] # see above
_OUTPUT_SIGNATURE: Final = rpc._special_output_value_sig  # pyright: ignore[reportPrivateUsage] # see above

Properties = dict[str, Any]
Names = frozenset[str]
"""Names of properties."""


UNKNOWN: Final = rpc.UNKNOWN
"""A value that is not known yet, because the resource that gives it has not been created."""


def decode(struct: struct_pb2.Struct) -> Properties:
    """Read a property bag off the wire. Secrets are unwrapped, nulls left out, whole numbers are ints."""
    fields = {name: _decode_value(value) for name, value in struct.items()}
    return {name: value for name, value in fields.items() if value is not None}


def _decode_value(value: Any) -> Any:  # a JSON-like value
    if isinstance(value, struct_pb2.ListValue):
        return [_decode_value(item) for item in value.items()]
    if not isinstance(value, struct_pb2.Struct):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if SIGNATURE_KEY in value and value[SIGNATURE_KEY] in {_SECRET_SIGNATURE, _OUTPUT_SIGNATURE}:
        return _decode_value(value["value"]) if "value" in value else UNKNOWN
    return decode(value)


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write a property bag for the wire."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a value is an object of the wire format."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a value is a list of the wire format."""
    return isinstance(value, list)


def holds_unknown(value: object) -> bool:
    """Tell whether a value is, or has somewhere inside, one that is not known yet."""
    if is_mapping(value):
        return any(holds_unknown(item) for item in value.values())
    if is_list(value):
        return any(holds_unknown(item) for item in value)
    return value == UNKNOWN


def is_empty(value: object) -> bool:
    """Tell whether a value is the zero of its type, which AWS and Pulumi treat as not set."""
    return value is None or value in (0, "") or value in ([], {})
