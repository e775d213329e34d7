"""Names for resources that the program leaves unnamed, as the Pulumi AWS provider makes them."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from omics_sandbox.provider.errors import ProviderError

_RANDOM_DIGITS: Final = 7
_PREFIX_COUNTER: Final = count(1)


@dataclass(frozen=True)
class Naming:
    """The rule for the names of one resource type."""

    pattern: str
    maximum: int

    def problem(self, name: str) -> str | None:
        """Say what is wrong with a name, if anything."""
        if len(name) > self.maximum:
            return f"invalid name {name!r}: it is {len(name)} characters long, at most {self.maximum} are allowed"
        if not re.fullmatch(self.pattern, name):
            return f"invalid name {name!r}: it must match {self.pattern}"
        return None

    def automatic(self, logical_name: str, seed: bytes, suffix: str = "") -> str:
        """Make a name from the logical one: a dash, seven random hexadecimal digits, and a fixed suffix.

        A seed gives the same name each time, so that a preview and its update propose the same one.
        """
        name = f"{logical_name}-{_random_digits(seed)}{suffix}"
        if len(name) > self.maximum:
            raise ProviderError(
                f"name {logical_name!r} plus {len(name) - len(logical_name)} generated characters is longer "
                f"than maximum length {self.maximum}, please specify a custom name"
            )
        return name


def from_prefix(prefix: str) -> str:
    """Make a name from a `namePrefix`: the time and a counter follow it, as Terraform has it."""
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:18]
    return f"{prefix}{stamp}{next(_PREFIX_COUNTER):08x}"


def inherited(old_inputs: Mapping[str, Any]) -> str | None:
    """Return the automatic name that a resource got earlier, which it keeps."""
    return old_inputs.get("name") if "name" in old_inputs.get("__defaults", []) else None


def _random_digits(seed: bytes) -> str:
    if seed:
        return hashlib.sha256(seed).hexdigest()[:_RANDOM_DIGITS]
    return secrets.token_hex(_RANDOM_DIGITS)[:_RANDOM_DIGITS]
