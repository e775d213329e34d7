"""The read sets that are to be activated, their jobs, and of each call that failed whether it may have started one."""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError
from readset_sync.aws.clients import omics_client
from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIVATING, ACTIVE, ARCHIVED
from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.errors import (
    EXPECTED_ERRORS,
    NOT_FOUND,
    THROTTLES,
    describe_error,
    error_code,
    is_denied,
    is_fatal,
    is_passing,
    is_passing_answer,
)
from readset_sync.model.record import Row

from omics_meta.search.inventory import Tally
from omics_meta.selection.rates import rates_of
from omics_meta.selection.session import Session
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output import counted
from omics_meta.terminal.progress import Reporter

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

_MOST: Final = 20
"""Read sets that StartReadSetActivationJob takes."""

_OF_READ_SETS: Final = frozenset({NOT_FOUND, "ValidationException"})
"""Errors with which a job may be refused for a single one of its read sets."""

_NOT_SENT: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


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


class Starter:
    """Starts jobs with the credentials of a profile.

    Attributes:
        may_have_started: Whether an attempt at the last call neither started a job for certain nor was refused.

    Raises:
        CommandError: The rate is none.
    """

    def __init__(self, profile: str | None, max_tps: str | None) -> None:
        if max_tps is not None and "=" in max_tps:
            raise CommandError(f"--max-tps {max_tps!r}: there is one operation alone, so give its number")
        rates = rates_of([max_tps] if max_tps is not None else [])
        self.may_have_started = False

        @cache  # a table can have rows of several regions, each of which has its own HealthOmics
        def client(region: str) -> "OmicsClient":
            made = omics_client(Session(profile, region), max_tps=rates)
            made.meta.events.register("response-received.omics", self._received)
            return made

        self._client = client

    def start(self, arns: Sequence[ReadSetArn]) -> str:
        """Start a job for read sets of one store, and return its id."""
        self.may_have_started = False
        job = self._client(arns[0].region).start_read_set_activation_job(
            sequenceStoreId=arns[0].store_id,
            clientToken=uuid.uuid4().hex,  # so that a call whose answer was lost starts no second job
            sources=[{"readSetId": arn.read_set_id} for arn in arns],
        )
        return job["id"]

    def _received(
        self,
        response_dict: Mapping[str, Any] | None,
        parsed_response: Mapping[str, Any] | None,
        exception: Exception | None,
        **_: Any,
    ) -> None:
        """Look at the answer to an attempt, or at why there is none: the error of the last attempt alone is raised."""
        if response_dict is None or parsed_response is None:
            self.may_have_started |= is_passing(exception) and not isinstance(exception, _NOT_SENT)
        else:
            code = parsed_response.get("Error", {}).get("Code", "")
            self.may_have_started |= code not in THROTTLES and is_passing_answer(response_dict["status_code"], code)


def start_jobs(work: Work, starter: Starter, reporter: Reporter) -> None:
    """Start a job for every twenty archived read sets."""
    for arns in work.chunks:
        before = _counts(work)
        _start(work, starter, arns)
        reporter.batch(_counts(work) - before, f"store {arns[0].store_id}")


def _counts(work: Work) -> Counter[str]:
    return Counter(activating=work.started, failed=len(work.failures), unanswered=len(work.unanswered))


def _start(work: Work, starter: Starter, arns: Sequence[ReadSetArn]) -> None:
    """Start a job; where it is refused as a whole, start one for each read set, to find out which are refused."""
    try:
        work.jobs.append(Job(arns, starter.start(arns)))
    except KeyboardInterrupt:
        _doubt(work, arns, "interrupted")
        raise
    except EXPECTED_ERRORS as error:
        if starter.may_have_started:
            _doubt(work, arns, describe_error(error))
        if is_fatal(error) or (is_denied(error) and not work.jobs):
            if work.jobs:
                error.add_note(f"{counted(work.started, 'read set')} are activating; run this again for the others")
            raise
        if starter.may_have_started:
            return
        if len(arns) > 1 and error_code(error) in _OF_READ_SETS:
            for arn in arns:
                _start(work, starter, [arn])
        else:
            work.failures += [(str(arn), describe_error(error)) for arn in arns]


def _doubt(work: Work, arns: Sequence[ReadSetArn], why: str) -> None:
    reason = (
        f"may have been started: look before you repeat, with `aws omics list-read-set-activation-jobs"
        f" --sequence-store-id {arns[0].store_id} --region {arns[0].region}` ({why})"
    )
    work.unanswered += [(str(arn), reason) for arn in arns]
