"""`omics-meta selftest`: which assumptions about AWS hold in an account."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from itertools import chain, repeat
from typing import Any, Final

from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.clients import dynamodb_client, omics_client, tagging_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.aws.table import Table
from readset_sync.constants import STORE_EVENT
from readset_sync.messages.read_set_event import ACTIVE
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import EXPECTED_ERRORS, ReadSetNotFoundError, describe_error
from readset_sync.model.record import Row, has_its_files
from readset_sync.model.timestamp import format_timestamp
from readset_sync.sync import Outcome

from omics_meta.pipeline.cloudwatch import lines
from omics_meta.pipeline.own_store import OwnStore
from omics_meta.pipeline.probe import refresh
from omics_meta.pipeline.rule import further_rules, tag_events
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import connect_stack
from omics_meta.selection.target import Selection
from omics_meta.terminal.exits import LAST_WORDS, CommandError, ExitCode
from omics_meta.terminal.output import check_can_ask, confirm, print_json, print_line, print_note

WAIT_SECONDS: Final = 180
"""How long to wait for anything: an event takes seconds, and tags are looked for again after a minute."""

_UPLOAD_SECONDS: Final = 900
"""How long to wait for HealthOmics to check a file of some bytes, which is done when it comes to it."""

_PAUSES: Final = (1, 1, 2, 3, 5)
"""Seconds between one look and the next; the last of them goes on."""

_REMOVING: Final = "removing what was made; a second interruption leaves it there"

_REMOVED: Final = "everything that was made is removed"

_CLOCKS_DIFFER: Final = timedelta(minutes=15)

_TAG: Final = {"omics-meta-changed": "yes"}

ASSUMPTIONS: Final = {
    "upload": "a read set that is uploaded becomes ACTIVE, with its files",
    "listing": "ListReadSets shows at once what GetReadSetMetadata shows",
    "event": "a read set that becomes ACTIVE sends an event",
    "tags": "ListTagsForResource shows at once what TagResource has set",
    "tags in bulk": "GetResources tells the tags of a read set",
    "tag event": "a changed tag sends an event, which brings it into the row",
    "rename": "a sequence store that is renamed sends an event",
    "deletion": "a read set that is deleted sends an event",
    "gone": "once a row is deleted, HealthOmics knows its read set no more",
    "metadata": "HealthOmics knows of a change when its event comes",
    "message group": "EventBridge fills in the message group of an event",
}
"""What is looked into, in this order; docs/assumptions.md says what each is for."""


class Verdict(StrEnum):
    """What became of an assumption."""

    HELD = "held"
    DID_NOT_HOLD = "did not hold"
    COULD_NOT_TELL = "could not tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of an assumption, after how many seconds (None: never, or it is not about time), and how."""

    assumption: str
    verdict: Verdict
    found: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Waited:
    """After how many seconds something was so, None for never; and whether it was so at the first look."""

    seconds: float | None
    at_once: bool = False

    def __str__(self) -> str:
        return "never, while this waited" if self.seconds is None else f"after {self.seconds:.1f} s"


def run(selection: Selection, *, yes: bool, as_json: bool) -> ExitCode:
    """Make a sequence store and see, with a stack's pipeline, which assumptions about AWS hold."""
    if not yes:
        check_can_ask("selftest makes a sequence store", "give --yes")
    stack = connect_stack(selection)
    account = _account(stack)
    if not yes:
        _confirm(stack, account)
    trial = _Trial(stack)
    LAST_WORDS[:] = [trial.left_now]
    left: list[str] = []
    stopped: Exception | None = None
    try:
        trial.run()
    except EXPECTED_ERRORS as error:
        stopped = error
    except KeyboardInterrupt:
        if trial.is_begun:
            print_note(_REMOVING)
        raise
    finally:
        left = _remove(trial, is_begun=trial.is_begun)
        LAST_WORDS.clear()
    findings = trial.findings(describe_error(stopped) if stopped else "what comes before it did not happen")
    if as_json:
        print_json(_document(stack, findings, left))
    else:
        _print(stack, findings)
    if stopped:
        raise stopped
    verdicts = {finding.verdict for finding in findings}
    if left or Verdict.DID_NOT_HOLD in verdicts:
        return ExitCode.FOUND_WRONG
    if Verdict.COULD_NOT_TELL in verdicts:
        raise CommandError("selftest could not tell of every assumption whether it holds: see why in its report")
    return ExitCode.DONE


class _Trial:
    """Goes through the life of one read set, and notes what becomes of each assumption.

    Raises:
        TableError: The stack's table, in which the row is to be seen, is not there.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        client = omics_client(stack.session, max_tps=MaxTps())
        self._source = HealthOmics(client)
        self._bulk = BulkTags(tagging_client(stack.session, max_tps=MaxTps()), self._source)
        self._table = Table(dynamodb_client(stack.session), stack.output("tableName"))
        self._table.check_key()
        self._store = OwnStore(client)
        self._arn: ReadSetArn | None = None
        self._began = datetime.now(UTC)
        self._findings: dict[str, Finding] = {}
        self._expected = dict(ASSUMPTIONS)

    def run(self) -> None:
        """Make the store and its read set, change and delete them, and look at what comes of it."""
        if not any(STORE_EVENT in rule.get("EventPattern", "") for rule in further_rules(self._stack)):
            del self._expected["rename"]  # the stack has been told not to rely on it
        if tag_events(self._stack) == "off":
            del self._expected["tag event"]
        print_note(f"making sequence store {self._store.name}")
        self._store.make()
        print_note(f"made sequence store {self._store.id}, named {self._store.name}; it is removed at the end")
        _wait(self._store.is_ready)
        self._arn = arn = self._store.upload()
        if not self._becomes_active(arn):
            return
        self._await("listing", lambda: self._listed(arn) == ACTIVE, "shown", at_once=True)
        self._tag(arn)
        if "rename" in self._expected:
            name = self._store.rename()
            self._await(
                "rename",
                lambda: self._row(arn).get("store", {}).get("store_name") == name,
                "the row had the new name",
            )
        self._store.delete(arn)
        self._await("deletion", lambda: not self._row(arn), "the row was deleted")
        self._await("gone", lambda: not self._metadata(arn) and self._listed(arn) is None, "it was gone", at_once=True)
        self._read_log(arn)

    @property
    def is_begun(self) -> bool:
        """Whether there may be something to remove."""
        return self._store.is_begun

    def findings(self, reason: str) -> list[Finding]:
        """Return what was found; of what nothing was, with the reason."""
        return [self._findings.get(name) or Finding(name, Verdict.COULD_NOT_TELL, reason) for name in self._expected]

    def clean_up(self) -> list[str]:
        """Remove what was made; return what is left, and what to do about it."""
        left = self._store.remove()
        try:
            if self._arn and self._row(self._arn):
                refresh(self._stack, self._arn)  # which deletes it, because its read set is gone
            is_left = self._arn and self._row(self._arn)
        except EXPECTED_ERRORS as error:
            is_left = describe_error(error)
        return [*left, *(self._row_left() if is_left else [])]

    def left_now(self) -> list[str]:
        """Return what is left, and what to do about it, as long as nothing more is removed."""
        return [*self._store.left_now(), *self._row_left()]

    def _row_left(self) -> list[str]:
        return [f"the row of {self._arn} may be left: `omics-meta verify --repair` deletes it"] if self._arn else []

    def _becomes_active(self, arn: ReadSetArn) -> bool:
        """Wait for the read set and its row."""
        uploaded = time.monotonic()
        ended = _wait(lambda: _has_ended(self._metadata(arn)), _UPLOAD_SECONDS)
        metadata = self._metadata(arn)
        said = f"{metadata.get('status', 'not found')} {metadata.get('statusMessage', '')}".strip()
        active = ended.seconds is not None and metadata.get("status") == ACTIVE
        self._note("upload", held=active, found=f"{said} {ended}", seconds=ended.seconds)
        if not active:
            return False
        row = _wait(lambda: self._row(arn).get("set_status") == ACTIVE)
        seconds = None if row.seconds is None else time.monotonic() - uploaded
        found = f"the row came {_Waited(seconds)}; HealthOmics said ACTIVE {ended}"
        if seconds is None:
            by_message = _Waited(refresh(self._stack, arn))
            found += f". A message of our own made the row {by_message}: `omics-meta verify` checks the pipeline"
        self._note("event", held=seconds is not None, found=found, seconds=seconds)
        return True

    def _tag(self, arn: ReadSetArn) -> None:
        self._store.tag(arn, _TAG)
        waited = _wait(lambda: _TAG.items() <= self._source.tags(arn).items())
        if "tag event" in self._expected:
            self._await("tag event", lambda: _TAG in self._row(arn).get("tags", []), "the row had the new tag")
        refreshed = _Waited(refresh(self._stack, arn))
        has_it = _TAG in self._row(arn).get("tags", [])
        found = (
            f"shown {waited}; a refresh, done {refreshed}, {'brought' if has_it else 'did not bring'} it into the row"
        )
        self._note("tags", held=waited.at_once and has_it, found=found, seconds=waited.seconds)
        trust, key = self._bulk.trust, str(arn)
        self._await(
            "tags in bulk",
            lambda: trust.is_over or _TAG.items() <= (self._bulk.of([key]) or {}).get(key, {}).items(),
            "told",
        )
        if trust.is_over:
            self._findings["tags in bulk"] = Finding("tags in bulk", Verdict.COULD_NOT_TELL, str(trust))

    def _read_log(self, arn: ReadSetArn) -> None:
        """Find out from the function's log in which message groups the events came, and what it was answered."""
        if self._findings["event"].verdict is not Verdict.HELD:
            return
        applied: list[dict[str, Any]] = []
        _wait(lambda: bool(applied.extend(self._applied(arn)) or applied))
        if not applied:
            name = self._stack.output("logGroupName")
            for each in ("metadata", "message group"):
                self._findings[each] = Finding(each, Verdict.COULD_NOT_TELL, f"the events are not in the log {name}")
            return
        behind = [line["timestamp"] for line in applied if line["outcome"] == Outcome.BEHIND]
        groups = sorted({line["message_group"] for line in applied if "message_group" in line})
        right = [line["timestamp"] for line in applied if line["timestamp"] > max(behind, default=0)]
        seconds = (min(right) - min(behind)) / 1000 if behind and right else None
        found = f"the function was answered as before a change {len(behind)} times"
        self._note("metadata", held=not behind, found=found, seconds=seconds)
        found = (
            f"the events came in the group {groups[0]}" if groups else "each event came in the group of its read set"
        )
        self._note("message group", held=not groups, found=found)

    def _applied(self, arn: ReadSetArn) -> Iterator[dict[str, Any]]:
        """Lines of the function's log about events of the read set."""
        # This machine's clock may be minutes off.
        span = self._began - _CLOCKS_DIFFER, datetime.now(UTC) + _CLOCKS_DIFFER
        for line in lines(self._stack, str(arn), *span):
            if line.get("message") == "event applied" and "status" in line:
                yield line

    def _await(self, name: str, is_so: Callable[[], bool], said: str, *, at_once: bool = False) -> None:
        """Wait until something is so, which is assumed to happen, or to be so at the first look."""
        waited = _wait(is_so)
        held = waited.at_once if at_once else waited.seconds is not None
        self._note(name, held=held, found=f"{said} {waited}", seconds=waited.seconds)

    def _note(self, name: str, *, held: bool, found: str, seconds: float | None = None) -> None:
        self._findings[name] = Finding(name, Verdict.HELD if held else Verdict.DID_NOT_HOLD, found, seconds)

    def _row(self, arn: ReadSetArn) -> Row:
        return self._table.get(str(arn)) or {}

    def _metadata(self, arn: ReadSetArn) -> Any:
        try:
            return self._source.metadata(arn)[0]
        except ReadSetNotFoundError:
            return {}

    def _listed(self, arn: ReadSetArn) -> str | None:
        """The status in the listing; None where it does not have the read set."""
        listed = {each["id"]: each["status"] for page in self._source.pages(arn.store_id) for each in page.read_sets}
        return listed.get(arn.read_set_id)


def _has_ended(metadata: Any) -> bool:
    """Whether an upload has ended, well or not."""
    return metadata.get("status") not in {None, "PROCESSING_UPLOAD"} and has_its_files(metadata)


def _remove(trial: _Trial, *, is_begun: bool) -> list[str]:
    """Clean up, also if the first interruption comes meanwhile, and say what came of it; return what is left."""
    try:
        left = trial.clean_up()
    except KeyboardInterrupt:
        print_note(_REMOVING)
        _remove(trial, is_begun=is_begun)
        raise
    for each in [_REMOVED] if is_begun and not left else left:
        print_note(each)
    return left


def _wait(is_so: Callable[[], bool], longest: float = WAIT_SECONDS) -> _Waited:
    """Look until something is so."""
    began = time.monotonic()
    for look, pause in enumerate(chain(_PAUSES, repeat(_PAUSES[-1]))):
        if is_so():
            return _Waited(time.monotonic() - began, at_once=look == 0)
        if time.monotonic() - began >= longest:
            break
        time.sleep(pause)
    return _Waited(None)


def _account(stack: Stack) -> str:
    """The account whose credentials are in use, which must be the stack's: elsewhere, no event comes to its rule."""
    account = stack.client("sts").get_caller_identity()["Account"]
    deployed = stack.output("functionArn").split(":")[4]
    if account != deployed:
        raise CommandError(f"the credentials are of account {account}, the stack is in {deployed}: use a profile of it")
    return account


def _confirm(stack: Stack, account: str) -> None:
    question = (
        f"Make a sequence store in account {account}, {stack.session.region_name}, with a read set of four reads,"
    )
    confirm(f"{question} and delete both again?", declined="nothing was made: answer y to make it")


def _document(stack: Stack, findings: list[Finding], left: list[str]) -> dict[str, Any]:
    return {
        "command": "selftest",
        "held": all(finding.verdict is Verdict.HELD for finding in findings),
        "region": stack.session.region_name,
        "time": format_timestamp(datetime.now(UTC)),
        "versions": _versions(),
        "assumptions": [asdict(finding) | {"says": ASSUMPTIONS[finding.assumption]} for finding in findings],
        "left": left,
    }


def _print(stack: Stack, findings: list[Finding]) -> None:
    versions = ", ".join(f"{name} {number}" for name, number in _versions().items())
    print_line(f"selftest of {format_timestamp(datetime.now(UTC))} in {stack.session.region_name}: {versions}")
    for finding in findings:
        print_line(f"{finding.verdict}: {finding.assumption}: {ASSUMPTIONS[finding.assumption]}: {finding.found}")
    held = sum(finding.verdict is Verdict.HELD for finding in findings)
    print_line(f"{held} of {len(findings)} assumptions held")


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("healthomics-metadata-sync", "botocore")}
