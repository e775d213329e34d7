"""Compares two sets of ARNs that are too large for one process, by checksums that fit into a queue message. Pure.

Each ARN belongs to one of a few thousand buckets. A bucket's checksum is the exclusive-or of the hashes of its ARNs,
so an ARN that is toggled once for each of the two sets leaves no trace. A bucket whose checksum is not 0 holds an ARN
that only one of the sets has. This is how anti-entropy protocols find differences.
"""

import base64
import hashlib
from array import array
from typing import Final, Self

BUCKETS: Final = 4096
"""A million read sets make 244 in a bucket: so many rows are looked at to find the one that differs."""

_HASH_BYTES: Final = 8
"""The chance that two different sets give a bucket the checksum 0 is 1 in 2^64."""


class BucketChecksums:
    """Checksums of two sets of ARNs, bucket by bucket. They take 32 KiB, however many ARNs there are."""

    def __init__(self) -> None:
        self._checksums = array("Q", bytes(BUCKETS * _HASH_BYTES))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote; a ValueError for anything else."""
        content = base64.b64decode(text, validate=True)
        if len(content) != BUCKETS * _HASH_BYTES:
            raise ValueError(f"checksums have {BUCKETS * _HASH_BYTES} bytes, and not {len(content)}")
        checksums = cls()
        checksums._checksums = array("Q", content)
        return checksums

    def dump(self) -> str:
        """Write the checksums as a text of 43,692 characters."""
        return base64.b64encode(self._checksums.tobytes()).decode()

    def toggle(self, arn: str) -> None:
        """Add an ARN, or take it out again when it has been added before."""
        bucket, value = _bucket_and_hash(arn)
        self._checksums[bucket] ^= value

    def matches(self, arn: str) -> bool:
        """Whether both sets have the same ARNs in the bucket of this one."""
        bucket, _ = _bucket_and_hash(arn)
        return self._checksums[bucket] == 0

    @property
    def all_match(self) -> bool:
        """Whether both sets have the same ARNs."""
        return not any(self._checksums)


def _bucket_and_hash(arn: str) -> tuple[int, int]:
    digest = hashlib.blake2b(arn.encode(), digest_size=2 + _HASH_BYTES).digest()
    return int.from_bytes(digest[:2]) % BUCKETS, int.from_bytes(digest[2:])
