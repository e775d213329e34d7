"""Where a reconciliation stands between two queue messages. Pure: no AWS calls.

A store of a million read sets takes over half an hour to list, and a function has fifteen minutes. So a
reconciliation is a chain of short steps, and all that one step hands to the next is in the message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from readset_sync.messages.envelope import read_object, read_text, read_time
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.model.errors import MalformedEventError
from readset_sync.model.timestamp import format_timestamp
from readset_sync.model.trust import Trust

if TYPE_CHECKING:
    from readset_sync.messages.envelope import Envelope


class Phase(StrEnum):
    """What a reconciliation is doing."""

    ROWS = "rows"
    """Adds the rows to the checksums, page by page of the table."""
    LISTING = "listing"
    """Compares the stores' listings with their rows, and adds the listed read sets to the checksums."""
    GHOSTS = "ghosts"
    """Refreshes the rows of the buckets whose checksums differ."""
    FILL = "fill"
    """Completes the rows that a first fill has made from the listings."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FailedListing:
    """Where the listing of a store failed.

    Attributes:
        cursor: The page token with which it is to go on; None for its beginning.
        reason: What HealthOmics said.
    """

    cursor: str | None
    reason: str

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """Read the stop of one store in a message."""
        stop = read_object(value, path)
        return cls(_read_cursor(stop, path), read_text(stop, "reason", f"{path}.reason"))


@dataclass(frozen=True, slots=True)
class ReconciliationStep:
    """The next piece of a reconciliation.

    Attributes:
        run: Names the reconciliation.
        number: Which step of it this is, from 0.
        started: When the reconciliation began; a row that was synced later than that needs no second look.
        within: A text that the keys of the rows in question have in them.
        stores: Ids of the stores still to be listed, those whose listing failed at the end; while rows are entered, all
            that exist.
        phase: What is to be done.
        cursor: Where to go on: the key of a row, or a page token of HealthOmics; None for the beginning.
        checksums: Rows against listings: a bucket is 0 where both sides have the same read sets.
        counts: What was found so far, by reason.
        failed: Of the stores still to be listed those whose listing failed.
        differing: ARNs of the rows that the step before found wrong. If no event mends them soon, they are refreshed.
        compared: When they had been found; None where there are none.
        trust: How far tags in bulk have been compared.
    """

    run: str
    number: int
    started: datetime
    within: str
    stores: tuple[str, ...]
    phase: Phase
    cursor: str | None
    checksums: BucketChecksums
    counts: Mapping[str, int]
    failed: Mapping[str, FailedListing] = field(default_factory=dict[str, FailedListing])
    differing: tuple[str, ...] = ()
    compared: datetime | None = None
    trust: Trust = field(default_factory=Trust)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase is Phase.DONE and not self.differing

    @property
    def waits(self) -> bool:
        """Whether it is to be left for a minute first: for events, or for the sake of others who call HealthOmics."""
        return bool(self.differing) or self.phase is Phase.FILL

    @property
    def of_one_store(self) -> bool:
        """Whether an event of a store asked for the reconciliation, and not the schedule."""
        return not self.within.endswith(":sequenceStore/")

    @property
    def id(self) -> str:
        """Names the step among all steps of all reconciliations."""
        return f"{self.run}-{self.number}"

    def turn_to(self, stores: Sequence[str]) -> Self:
        """Leave the first store, and list these: the first of them from where its listing failed, if it did."""
        failed = {store_id: stop for store_id, stop in self.failed.items() if store_id in stores}
        stop = failed.get(stores[0]) if stores else None
        return replace(self, stores=tuple(stores), cursor=stop.cursor if stop else None, failed=failed)

    def put_off(self, reason: str) -> Self:
        """List the other stores before the first one, whose listing has failed."""
        first, *others = self.stores
        put_off = replace(self, failed={**self.failed, first: FailedListing(self.cursor, reason)})
        return put_off.turn_to([*others, first])

    def write(self) -> dict[str, Any]:
        """Return the step as the detail of a message. About 45 KB, of the 256 KB that a message may have."""
        return {
            "run": self.run,
            "number": self.number,
            "started": format_timestamp(self.started),
            "within": self.within,
            "stores": list(self.stores),
            "phase": self.phase,
            "cursor": self.cursor,
            # The name of earlier versions: a reconciliation may be under way while the function is updated.
            "ledger": self.checksums.dump(),
            "counts": dict(self.counts),
            "failed": {store_id: asdict(stop) for store_id, stop in self.failed.items()},
            "differing": list(self.differing),
            "compared": format_timestamp(self.compared) if self.compared else None,
            "trust": self.trust.write(),
        }

    @classmethod
    def read(cls, envelope: "Envelope") -> Self:
        """Read what `write` wrote."""
        envelope.require_own_account()
        detail = envelope.detail
        counts = read_object(detail.get("counts"), "detail.counts")
        # A chain that is under way while the function is updated began without this, `differing`, and `trust`.
        failed = read_object(detail.get("failed", {}), "detail.failed")
        try:
            return cls(
                run=read_text(detail, "run", "detail.run"),
                number=int(detail["number"]),
                started=read_time(detail, "started", "detail.started"),
                within=read_text(detail, "within", "detail.within"),
                stores=tuple(map(str, detail["stores"])),
                phase=Phase(detail["phase"]),
                cursor=_read_cursor(detail, "detail"),
                checksums=BucketChecksums.load(read_text(detail, "ledger", "detail.ledger")),
                counts={reason: int(count) for reason, count in counts.items()},
                failed={
                    store_id: FailedListing.read(stop, f"detail.failed.{store_id}") for store_id, stop in failed.items()
                },
                differing=tuple(map(str, detail.get("differing", []))),
                compared=read_time(detail, "compared", "detail.compared") if detail.get("compared") else None,
                trust=Trust.read(read_object(detail.get("trust", {}), "detail.trust")),
            )
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise MalformedEventError(f"detail is not a step of a reconciliation: {error!r}") from error


def _read_cursor(detail: Mapping[str, Any], path: str) -> str | None:
    return None if detail["cursor"] is None else read_text(detail, "cursor", f"{path}.cursor")
