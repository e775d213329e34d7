"""Compares two sets of read sets, too many for one process's memory or time, by what fits into a queue message. Pure.

Each read set is entered once from the table's side and once from the source's, and two entries of one read set cancel
out. What is left says in which of a few thousand accounts the two sides differ: an exclusive-or of hashes, as
anti-entropy protocols keep it.
"""

import base64
import hashlib
from array import array
from typing import Final, Self

ACCOUNTS: Final = 4096
"""A million read sets make 244 in an account: that many have to be looked at for each one that is too much."""

_WORD: Final = 8
"""Bytes of a hash: that two different sets leave an account balanced is as likely as one in 2^64."""


class Ledger:
    """A balance sheet of read sets, 32 KiB large whatever is entered."""

    def __init__(self) -> None:
        self._accounts = array("Q", bytes(ACCOUNTS * _WORD))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote.

        Raises:
            ValueError: The text is something else.
        """
        content = base64.b64decode(text, validate=True)
        if len(content) != ACCOUNTS * _WORD:
            raise ValueError(f"a ledger has {ACCOUNTS * _WORD} bytes, and not {len(content)}")
        ledger = cls()
        ledger._accounts = array("Q", content)
        return ledger

    def dump(self) -> str:
        """Write the ledger as a text of 43,692 characters."""
        return base64.b64encode(self._accounts.tobytes()).decode()

    def enter(self, arn: str) -> None:
        """Enter a read set; entered again, it is out."""
        account, value = _place(arn)
        self._accounts[account] ^= value

    def balances(self, arn: str) -> bool:
        """Whether the account of a read set is in balance, so that both sides have it, or neither has."""
        account, _ = _place(arn)
        return self._accounts[account] == 0

    @property
    def balanced(self) -> bool:
        """Whether both sides have the same read sets."""
        return not any(self._accounts)


def _place(arn: str) -> tuple[int, int]:
    digest = hashlib.blake2b(arn.encode(), digest_size=2 + _WORD).digest()
    return int.from_bytes(digest[:2]) % ACCOUNTS, int.from_bytes(digest[2:])
