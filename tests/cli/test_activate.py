"""`omics-meta activate`: which jobs are started, what is refused, and when it is done."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import pytest
from omics_meta.commands.activate import starting, waiting
from omics_meta.commands.activate.starting import Starter
from readset_sync.aws.clients import omics_client
from readset_sync.aws.retries import ATTEMPTS
from readset_sync.constants import RATED_OPERATIONS

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished, Terminal

START = "StartReadSetActivationJob"

SIZE = 5 * 2**30


class Cohort:
    """A store of 45 read sets, by the ARNs of those that are alike, and `omics-meta activate` for their table.

    Each has its row; that of the first archived one does not tell the size.
    """

    def __init__(self, aws: Aws, cli: CommandLine) -> None:
        self._aws = aws
        self._cli = cli
        self.store, self.table = aws.store(45), aws.table()
        arns = [aws.arn(self.store, each) for each in aws.ids(self.store)]
        self.activating, self.archived, self.active = arns[:2], arns[2:42], arns[42:]
        statuses = ["ACTIVATING"] * 2 + ["ARCHIVED"] * 40 + ["ACTIVE"] * 3
        for arn, status in zip(arns, statuses, strict=True):
            aws.omics.update_read_set(self.store, id_of(arn), status=status)
            size = {} if arn == self.archived[0] else {"set_total_size": SIZE}
            aws.put(self.table, {"set_arn": arn, "set_status": status, **size})

    def follow(self, status: str, *arns: str) -> None:
        """Let rows follow a change of the status."""
        for arn in arns:
            self._aws.edit(self.table, arn, set_status=status)

    def activate(self, *words: Any, **given: Any) -> Finished:
        """Run the command, which is not to ask."""
        return self._cli.run("activate", "-t", self.table, "--yes", *words, *FAST, **given)

    def activate_all(self, *options: str) -> Finished:
        return self.activate("--store", self.store, *options)

    @property
    def jobs(self) -> list[list[str]]:
        """The ARNs of each job."""
        jobs = self._aws.omics.store(self.store).activation_jobs.values()
        return [[self._aws.arn(self.store, source["readSetId"]) for source in job.sources] for job in jobs]


def id_of(arn: str) -> str:
    return arn.rpartition("/")[2]


@pytest.fixture
def cohort(aws: Aws, cli: CommandLine) -> Cohort:
    return Cohort(aws, cli)


def test_archived_read_sets_are_activated_in_jobs_of_twenty_and_a_second_run_has_nothing_to_do(
    aws: Aws, cohort: Cohort
) -> None:
    done = cohort.activate_all("--json")

    assert done.code == 0, done.err
    document = done.document
    counts = {"archived": 40, "bytes": 39 * SIZE, "bytes_unknown": 1, "active": 3, "activating": 2, "activated": None}
    assert {name: document[name] for name in counts} == counts
    assert [job["set_arns"] for job in document["jobs"]] == [cohort.archived[:20], cohort.archived[20:]] == cohort.jobs
    assert [job["job_id"] for job in document["jobs"]] == list(aws.omics.store(cohort.store).activation_jobs)
    assert document["failures"] == []
    assert dict(aws.omics.calls) == {START: 2}

    # AND once the table has followed, nothing is left
    cohort.follow("ACTIVE", *cohort.archived)
    again = cohort.activate_all()

    assert (again.code, aws.omics.calls[START]) == (0, 2)
    assert again.out.splitlines() == [
        "0 archived read sets, size: 0 B",
        "left out: 43 active, 2 activating already",
        "nothing was activated",
    ]


def test_a_dry_run_tells_what_would_be_activated_and_calls_nothing_of_healthomics(
    aws: Aws, cli: CommandLine, cohort: Cohort
) -> None:
    first, second = cohort.archived[:2]
    names = (cohort.activating[0], first, second, cohort.active[0])

    done = cli.run("activate", "-t", cohort.table, *names, "--dry-run")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "2 archived read sets, size: 5.0 GiB (1 unknown)",
        "left out: 1 active, 1 activating already",
        f"would be activated: {first}",
        f"would be activated: {second}",
        "activation of 2 read sets in 1 job would be started",
    ]
    assert (dict(aws.omics.calls), cohort.jobs) == ({}, [])


def test_what_has_no_row_is_named_and_nothing_is_activated_where_all_are_required(
    aws: Aws, cli: CommandLine, cohort: Cohort
) -> None:
    samples = cli.home / "samples.txt"
    samples.write_text("nobody\n")

    required = cohort.activate("--samples-from", samples, "--require-all")
    assert (required.code, dict(aws.omics.calls)) == (2, {})
    assert required.err.splitlines()[-1] == (
        "omics-meta: error: nothing was activated, because some are not found (--require-all)"
    )

    # Names may come from stdin, and one of them twice.
    known, other = cohort.archived[:2]
    done = cohort.activate("-", stdin=f"{id_of(known)}\n{other}\n1111111111\n{id_of(known)}\n")
    assert done.code == 1
    assert f"no row of 1111111111 in table {cohort.table}" in done.err
    assert cohort.jobs == [[known, other]]


def test_each_refusal_is_reported_by_read_set_and_the_rest_is_activated(aws: Aws, cohort: Cohort) -> None:
    # GIVEN a job that is refused for one of its read sets, a store that is gone, and a read set that is being deleted
    first, refused, third, deleting = cohort.archived[:4]
    gone = aws.arn("9999999999", "1111111111")
    cohort.follow("DELETING", deleting)
    # AND one of another account, whose ids are those of a read set here
    elsewhere = first.replace("123456789012", "210987654321")
    for arn in (gone, elsewhere):
        aws.put(cohort.table, {"set_arn": arn, "set_status": "ARCHIVED"})
    aws.omics.faults.add(START, "ValidationException", when=asking_for(refused))

    done = cohort.activate(gone, elsewhere, first, refused, third, deleting)

    assert done.code == 1, done.err
    lines = [line.removeprefix("failed ") for line in done.out.splitlines() if line.startswith("failed ")]
    failures = {arn: reason for arn, _, reason in (line.partition(": ") for line in lines)}
    assert failures.keys() == {deleting, refused, gone, elsewhere}
    assert "its row says DELETING" in failures[deleting]
    assert failures[refused].startswith(f"{START}: ValidationException: ")
    assert failures[gone].startswith(f"{START}: ResourceNotFoundException: ")
    assert failures[elsewhere] == "the credentials are of account 123456789012: use those of account 210987654321"
    assert cohort.jobs == [[first], [third]]
    assert done.out.splitlines()[-1] == "activation of 2 read sets in 2 jobs was started"


def asking_for(arn: str) -> Callable[[Any], bool]:
    return lambda given: {"readSetId": id_of(arn)} in given["sources"]


def test_what_was_started_before_credentials_expired_is_told(aws: Aws, cohort: Cohort) -> None:
    aws.omics.faults.add(START, "ExpiredTokenException", when=asking_for(cohort.archived[20]), times=1)

    stopped = cohort.activate_all()

    assert (stopped.code, cohort.jobs) == (2, [cohort.archived[:20]])
    assert stopped.out.splitlines()[-1] == "activation of 20 read sets in 1 job was started"
    assert stopped.err.endswith(". 20 read sets are activating; run this again for the others\n")


def test_what_gives_no_answer_may_have_been_started_and_has_not_failed(aws: Aws, cohort: Cohort) -> None:
    aws.omics.faults.add_lost_answer(START, times=30)

    done = cohort.activate_all()

    # THEN each job was started once, however often it was asked for
    assert (done.code, aws.omics.calls[START]) == (1, 12), done.err
    assert cohort.jobs == [cohort.archived[:20], cohort.archived[20:]]
    _, _, *unanswered, last = done.out.splitlines()
    assert [line.partition(": ")[0] for line in unanswered] == [f"unanswered {arn}" for arn in cohort.archived]
    assert unanswered[0].startswith(
        f"unanswered {cohort.archived[0]}: may have been started: look before you repeat, with `aws omics"
        f" list-read-set-activation-jobs --sequence-store-id {cohort.store} --region us-west-2` (Connection was closed"
    )
    assert last == "40 read sets may have been started"


LOST = "an answer that gets lost"
ANSWERS: dict[str, tuple[tuple[str, ...], int, tuple[int, int, int], str]] = {
    "throttled, and then not": (("ThrottlingException",) * 2, 0, (40, 0, 0), ""),
    "throttled": (("ThrottlingException",) * 6, 1, (20, 20, 0), ""),
    "too many jobs": (("ServiceQuotaExceededException",), 1, (20, 20, 0), ""),
    "internal errors": (("InternalServerException",) * 6, 1, (20, 0, 20), ""),
    "a lost answer that came": ((LOST,), 0, (40, 0, 0), ""),
    "throttled after a lost answer": ((LOST, *["ThrottlingException"] * 5), 1, (20, 0, 20), ""),
    "refused after a lost answer": ((LOST, "ServiceQuotaExceededException"), 1, (20, 0, 20), ""),
    "credentials that expire after a lost answer": ((LOST, "ExpiredTokenException"), 2, (0, 0, 20), "AWS credentials"),
    # What every job would be refused for ends the command.
    "denied": (("AccessDeniedException",), 2, (0, 0, 0), f"permission is missing ({START}: AccessDeniedException"),
    "credentials that expire": (
        ("ExpiredTokenException",), 2, (0, 0, 0),
        f"AWS credentials are missing, expired or refused ({START}: ExpiredTokenException",
    ),
}  # fmt: skip
"""Attempts at the first job, and how many read sets then are in jobs, have failed, or may be in a job."""


@pytest.mark.parametrize(("answers", "code", "counts", "says"), ANSWERS.values(), ids=ANSWERS.keys())
def test_every_attempt_tells_whether_a_job_may_have_been_started(
    answers: tuple[str, ...], code: int, counts: tuple[int, int, int], says: str, aws: Aws, cohort: Cohort
) -> None:
    for each in answers:
        if each == LOST:
            aws.omics.faults.add_lost_answer(START, times=1)
        else:
            aws.omics.faults.add(START, each, times=1)

    done = cohort.activate_all("--json")

    document = done.document
    started = sum(len(job["set_arns"]) for job in document["jobs"])
    assert (started, len(document["failures"]), len(document["unanswered"])) == counts
    assert done.code == code
    assert says in done.err


def test_an_interruption_while_jobs_are_started_tells_those_that_were_and_that_may_have_been(
    aws: Aws, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Starter.start

    def interrupted(starter: Starter, arns: Any) -> str:
        if aws.omics.calls[START]:
            raise KeyboardInterrupt
        return start(starter, arns)

    monkeypatch.setattr(Starter, "start", interrupted)

    done = cohort.activate_all("--json")

    assert done.code == 130
    assert [job["set_arns"] for job in done.document["jobs"]] == [cohort.archived[:20]]
    assert [each["set_arn"] for each in done.document["unanswered"]] == cohort.archived[20:]


@pytest.mark.parametrize(("options", "rate"), [((), 4.5), (("--max-tps", "7"), 7.0)])
def test_jobs_are_started_at_the_rate_that_is_granted(
    options: tuple[str, ...], rate: float, cli: CommandLine, cohort: Cohort
) -> None:
    with patch.object(starting, "omics_client", wraps=omics_client) as made:
        cli.run("activate", "-t", cohort.table, cohort.archived[0], "--yes", *options)

    assert [call.kwargs["max_tps"].of(START) for call in made.mock_calls] == [rate]


class Clock:
    """The clock of a command that waits: each sleep lets the next thing happen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *events: Callable[[], object]) -> None:
        self.now = 0.0
        self._events = iter(events)
        monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=self._sleep, monotonic=lambda: self.now))

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        next(self._events, lambda: None)()


def test_waiting_follows_the_rows_of_those_that_were_started_and_of_those_that_were_activating(
    aws: Aws, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, deleted = cohort.archived[:2]
    activating = cohort.activating[0]
    clock = Clock(
        monkeypatch,
        lambda: cohort.follow("ACTIVATING", started),
        lambda: cohort.follow("ACTIVE", activating),
        lambda: aws.delete(cohort.table, deleted),
        lambda: cohort.follow("ACTIVE", started),
    )

    done = cohort.activate("--wait", "--json", started, activating, deleted)

    assert (done.code, clock.now) == (1, 1 + 2 + 5 + 10)
    document = done.document
    assert (document["archived"], document["activating"], document["activated"]) == (2, 1, 2)
    assert [(each["set_arn"], each["reason"]) for each in document["failures"]] == [(deleted, "its row is gone")]
    assert "HealthOmics itself is not asked" in done.err
    assert dict(aws.omics.calls) == {START: 1}


def test_waiting_goes_on_where_the_rows_cannot_be_read_for_a_while(
    aws: Aws, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = cohort.archived[0]
    Clock(
        monkeypatch,
        lambda: aws.sandbox.faults.add("BatchGetItem", "ThrottlingException", times=2 * ATTEMPTS),
        lambda: None,
        lambda: cohort.follow("ACTIVE", arn),
    )

    done = cohort.activate("--wait", "--json", arn)

    assert (done.code, done.document["activated"]) == (0, 1), done.err
    assert done.err.count("the rows cannot be read just now, and are looked at again (BatchGetItem: Throttling") == 1


def failing(code: str) -> Callable[[Aws, Cohort], object]:
    return lambda aws, _: aws.sandbox.faults.add("BatchGetItem", code)


def saying(status: str) -> Callable[[Aws, Cohort], object]:
    return lambda _, cohort: cohort.follow(status, cohort.archived[0])


ENDS: dict[str, tuple[Callable[[Aws, Cohort], object], int, float]] = {
    "credentials that expire": (failing("ExpiredTokenException"), 2, 450),
    "DynamoDB that stays away": (failing("ThrottlingException"), 2, 900),
    "an interruption": (Mock(side_effect=KeyboardInterrupt), 130, 450),
    "a row that says ARCHIVED": (saying("ARCHIVED"), 1, 900),
    "a row that says ACTIVATING": (saying("ACTIVATING"), 1, 24 * 3600 + 450),
}
"""What happens meanwhile, the exit code, and after how many seconds waiting ends."""


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_the_waiting_the_jobs_are_told(
    end: str, aws: Aws, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, code, seconds = ENDS[end]
    clock = Clock(monkeypatch, lambda: act(aws, cohort))
    # The rows are looked at just before they have not changed for a day, and then.
    monkeypatch.setattr(waiting, "_PAUSES", (450.0, 450.0, 24 * 3600.0 - 900, 450.0))

    done = cohort.activate("--wait", "--json", cohort.archived[0])

    assert (done.code, clock.now) == (code, seconds), done.err
    [job] = done.document["jobs"]
    assert [job["job_id"]] == list(aws.omics.store(cohort.store).activation_jobs)
    assert done.document["activated"] == 0
    said = (
        f"its row still says {end.split()[-1]}: ask `omics-meta verify` whether the table follows, and"
        f" `aws omics get-read-set-activation-job --id {job['job_id']}` of its job"
    )
    assert [each["reason"] for each in done.document["failures"]] == ([said] if code == 1 else [])


@pytest.mark.parametrize(("answer", "code", "started"), [("y\n", 0, 1), ("n\n", 2, 0), ("", 130, 0)])
def test_it_asks_on_a_terminal(answer: str, code: int, started: int, cli: CommandLine, cohort: Cohort) -> None:
    arn = cohort.archived[0]

    done = cli.run("activate", "-t", cohort.table, arn, "--json", *FAST, stdin=Terminal(answer))

    assert (done.code, len(cohort.jobs)) == (code, started), done.err
    assert done.err.startswith("Activate 1 read set (size: unknown)? [y/N]: ")
    assert done.out[:1] == ("{" if started else "")


def test_the_pipeline_never_activates_anything() -> None:
    assert START not in RATED_OPERATIONS
