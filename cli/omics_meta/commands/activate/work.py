"""The read sets that are to be activated, and what became of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIVATING, ACTIVE, ARCHIVED
from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.record import Row

from omics_meta.search.inventory import Tally

_MOST: Final = 20
"""Read sets that StartReadSetActivationJob takes."""


@dataclass(frozen=True, slots=True)
class Job:
    """Read sets of one store, and the id of the job that activates them; None in a dry run."""

    arns: Sequence[ReadSetArn]
    id: str | None


@dataclass(slots=True)
class Work:
    """The read sets that were chosen, and what became of them.

    Attributes:
        account: The account whose read sets can be activated: that of the credentials.
        archived: Those that the table says are archived.
        tally: How many of them, and how large.
        activating: The ARNs of those that are being activated already.
        active: How many are active already.
        failures: ARN and reason.
        unanswered: ARN and reason of those that may be in a job, because HealthOmics did not say that they are not.
        activated: How many became active while this waited; None if it did not wait.
    """

    account: str
    archived: list[ReadSetArn] = field(default_factory=list[ReadSetArn])
    tally: Tally = field(default_factory=Tally)
    activating: list[str] = field(default_factory=list[str])
    active: int = 0
    jobs: list[Job] = field(default_factory=list[Job])
    failures: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unanswered: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    activated: int | None = None

    def add(self, row: Row) -> None:
        """Take note of a read set that was chosen."""
        status = row.get("set_status")
        if status == ACTIVE:
            self.active += 1
        elif status == ACTIVATING:
            self.activating.append(row[KEY])
        elif status != ARCHIVED:
            self.failures.append((row[KEY], f"its row says {status}, and only archived read sets can be activated"))
        else:
            self._add_archived(row)

    def _add_archived(self, row: Row) -> None:
        try:
            arn = ReadSetArn.parse(row[KEY])
        except MalformedArnError as error:
            self.failures.append((row[KEY], str(error)))
            return
        if arn.account != self.account:  # the API takes ids, and looks for them in the account of the credentials
            reason = f"the credentials are of account {self.account}: use those of account {arn.account}"
            self.failures.append((row[KEY], reason))
            return
        self.archived.append(arn)
        self.tally.add(Tally.of(row))

    @property
    def chunks(self) -> Iterator[Sequence[ReadSetArn]]:
        """The archived read sets, as many at a time as a job takes, each time of one store."""
        for _, group in groupby(sorted(self.archived, key=str), key=lambda arn: arn.store_arn):
            of_store = list(group)
            yield from (of_store[start : start + _MOST] for start in range(0, len(of_store), _MOST))

    @property
    def started(self) -> int:
        """How many are in jobs."""
        return sum(len(job.arns) for job in self.jobs)
