"""ARNs of read sets and sequence stores.

Format: `arn:<partition>:omics:<region>:<account>:sequenceStore/<store id>/readSet/<read set id>`
(Service Authorization Reference, "Resource types defined by AWS HealthOmics").
"""

import re
from dataclasses import dataclass
from typing import Self

from readset_sync.model.errors import SyncError

_STORE = (
    r"arn:(?P<partition>aws[a-z0-9-]*):omics:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":sequenceStore/(?P<store_id>\d{10,36})"
)
_STORE_ARN = re.compile(_STORE, re.ASCII)
_READ_SET_ARN = re.compile(_STORE + r"/readSet/(?P<read_set_id>\d{10,36})", re.ASCII)
_STORE_FORM = "arn:<partition>:omics:<region>:<account>:sequenceStore/<id>"


class MalformedArnError(SyncError):
    """A text that is not the ARN of a read set, or of a sequence store."""


@dataclass(frozen=True, slots=True)
class StoreArn:
    """The parts of a sequence store's ARN. Ids are decimal digits, 10 to 36 of them, and are not numbers."""

    partition: str
    region: str
    account: str
    store_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take an ARN apart."""
        return cls(**_parts(text, _STORE_ARN, f"a sequence store ({_STORE_FORM})"))

    def __str__(self) -> str:
        return f"arn:{self.partition}:omics:{self.region}:{self.account}:sequenceStore/{self.store_id}"


@dataclass(frozen=True, slots=True)
class ReadSetArn:
    """The parts of a read set's ARN."""

    partition: str
    region: str
    account: str
    store_id: str
    read_set_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take an ARN apart."""
        return cls(**_parts(text, _READ_SET_ARN, f"a read set ({_STORE_FORM}/readSet/<id>)"))

    @property
    def store_arn(self) -> str:
        """ARN of the sequence store that holds the read set."""
        return str(StoreArn(self.partition, self.region, self.account, self.store_id))

    def __str__(self) -> str:
        return f"{self.store_arn}/readSet/{self.read_set_id}"


def _parts(text: str, pattern: re.Pattern[str], what: str) -> dict[str, str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise MalformedArnError(f"{text!r} is not the ARN of {what}")
    return match.groupdict()
