"""`omics-meta dlq list`, `show`, `redrive` and `discard`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from readset_sync.messages.queue_message import Message, ReconcileRequest, RefreshRequest, StoreEvent
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.model.errors import describe_error
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.breaker import CircuitBreaker

from omics_meta.pipeline.dead_letters import DeadLetter, DeadLetterQueue, move_all, send_back
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import connect_stack
from omics_meta.selection.target import QueueKind, Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import check_can_ask, confirm, counted, print_json, print_line

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_LOOKED_AT: Final = 100
"""Messages of a queue that `list` looks at to find the oldest."""


@dataclass(slots=True)
class _Done:
    """What was done to the messages of one queue."""

    queue: DeadLetterQueue
    found: int
    done: int = 0
    failures: list[tuple[str | None, str]] = field(default_factory=list[tuple[str | None, str]])
    """Message id, None for the queue as a whole, and reason."""


def list_queues(selection: Selection, kind: QueueKind | None, *, as_json: bool) -> ExitCode:
    """Say how many messages each queue holds, and since when."""
    stack, queues = _open(selection, kind)
    found: list[dict[str, Any]] = []
    for queue in queues:
        count, sent = queue.count(), [letter.sent for letter in queue.look(_LOOKED_AT)]
        oldest = format_timestamp(min(sent)) if sent else None
        found.append({"queue": queue.kind, "name": queue.name, "messages": count, "oldest": oldest})
        if not as_json:
            since = f", since {oldest}" if oldest else ""
            print_line(f"{queue.kind}: {counted(count, 'message')} in {queue.name}{since}")
    if as_json:
        print_json({"command": "dlq list", "region": stack.session.region_name, "queues": found})
    return ExitCode.DONE


def show(selection: Selection, kind: QueueKind | None, *, limit: int, as_json: bool) -> ExitCode:
    """Show the messages of each queue, up to `limit`, and leave them there."""
    stack, queues = _open(selection, kind)
    shown = [(queue, queue.count(), queue.look(limit)) for queue in queues]
    if as_json:
        messages = [_document(queue, letter) for queue, _, letters in shown for letter in letters]
        counts = [{"queue": queue.kind, "name": queue.name, "messages": count} for queue, count, _ in shown]
        region = stack.session.region_name
        print_json({"command": "dlq show", "region": region, "queues": counts, "messages": messages})
        return ExitCode.DONE
    for queue, count, letters in shown:
        for letter in letters:
            _print(queue, letter)
        print_line(f"{queue.kind}: {len(letters)} of {counted(count, 'message')} in {queue.name}")
        if len(letters) < min(limit, count):
            print_line(
                "SQS hands out at most ten messages of one read set at a time, and none that others are reading."
            )
    return ExitCode.DONE


def redrive(selection: Selection, kind: QueueKind | None, *, dry_run: bool, as_json: bool) -> ExitCode:
    """Send the messages of each queue back to the pipeline's queue."""
    stack, queues = _open(selection, kind)
    client: SQSClient = stack.client("sqs")
    url = stack.output("queueUrl")

    def send(queue: DeadLetterQueue, letter: DeadLetter) -> None:
        # In this order, a crash in between makes a second copy, which is harmless, and loses nothing.
        send_back(client, url, letter)
        queue.delete(letter)

    results = [_Done(queue, queue.count()) for queue in queues]
    for each in [] if dry_run else results:
        if not _moved_by_sqs(stack, each):
            _work_through(each, send)
    return _report(stack, results, "redrive", "redriven", dry_run=dry_run, as_json=as_json)


def discard(selection: Selection, kind: QueueKind | None, *, yes: bool, dry_run: bool, as_json: bool) -> ExitCode:
    """Delete the messages of each queue for good, no more than were counted when the user agreed."""
    if not (yes or dry_run):
        check_can_ask("discard deletes for good", "give --yes, or --dry-run")
    stack, queues = _open(selection, kind)
    results = [_Done(queue, queue.count()) for queue in queues]
    named = " and ".join(f"{counted(each.found, 'message')} of {each.queue.name}" for each in results if each.found)
    if named and not (yes or dry_run):
        declined = "nothing was discarded: answer y to discard, or look with `omics-meta dlq show` first"
        confirm(f"Delete {named} for good?", declined=declined)
    for each in [] if dry_run else results:
        _work_through(each, DeadLetterQueue.delete)
    return _report(stack, results, "discard", "discarded", dry_run=dry_run, as_json=as_json)


def _open(selection: Selection, kind: QueueKind | None) -> tuple[Stack, list[DeadLetterQueue]]:
    """Find a stack and its queues: those of one kind or, as None, of both."""
    stack = connect_stack(selection)
    client: SQSClient = stack.client("sqs")
    urls, arns = stack.dead_letters("Url"), stack.dead_letters("Arn")
    if kind not in {None, *urls}:
        raise CommandError(
            "deadLetterQueueUrl = None: the stack's FIFO queue is an existing one, or its program does not export it: "
            "look into the dead-letter queue that its owner gave it, or take --queue undelivered"
        )
    return stack, [DeadLetterQueue(client, each, urls[each], arns[each]) for each in ([kind] if kind else urls)]


def _moved_by_sqs(stack: Stack, result: _Done) -> bool:
    """Let SQS redrive, where it can: not from the standard queue into the FIFO one."""
    if not result.found or result.queue.kind != QueueKind.FAILED:
        return False
    moved = move_all(stack.client("sqs"), result.queue.arn, stack.output("queueArn"))
    if moved is None:
        return False
    result.done, reason = moved
    if reason:
        result.failures.append((None, f"SQS ended the move: {reason}"))
    return True


def _work_through(result: _Done, work: Callable[[DeadLetterQueue, DeadLetter], None]) -> None:
    """Do something with each message that was counted; others may have come since, for other reasons."""
    kept: list[DeadLetter] = []
    breaker = CircuitBreaker()
    for letter in result.queue.take(result.found):
        if error := breaker.attempt(partial(work, result.queue, letter), failed=lambda error: error):
            result.failures.append((letter.id, describe_error(error)))
            kept.append(letter)
        else:
            result.done += 1
    result.queue.show_again(kept)
    hidden = result.found - result.done - len(kept)
    if hidden > 0:
        missed = counted(hidden, "message")
        reason = f"{missed} could not be received, because others read the queue: run this again in a minute"
        result.failures.append((None, reason))


def _report(stack: Stack, results: list[_Done], command: str, verb: str, *, dry_run: bool, as_json: bool) -> ExitCode:
    failures = [(each.queue, message_id, reason) for each in results for message_id, reason in each.failures]
    if as_json:
        print_json(
            {
                "command": f"dlq {command}",
                "dry_run": dry_run,
                "region": stack.session.region_name,
                "queues": [
                    {"queue": each.queue.kind, "name": each.queue.name, "messages": each.found, verb: each.done}
                    for each in results
                ],
                "failures": [
                    {"queue": queue.kind, "message_id": message_id, "reason": reason}
                    for queue, message_id, reason in failures
                ],
            }
        )
    else:
        for queue, message_id, reason in failures:
            print_line(f"failed {queue.kind} {message_id or queue.name}: {reason}")
        for each in results:
            number, said = (each.found, f"would be {verb}") if dry_run else (each.done, verb)
            print_line(f"{each.queue.kind}: {counted(number, 'message')} of {each.queue.name} {said}")
    return ExitCode.FOUND_WRONG if failures else ExitCode.DONE


def _document(queue: DeadLetterQueue, letter: DeadLetter) -> dict[str, Any]:
    arn, status, time = _about(letter.message)
    return {
        "queue": queue.kind,
        "message_id": letter.id,
        "sent": format_timestamp(letter.sent),
        "receive_count": letter.receive_count,
        "detail_type": letter.detail_type,
        "set_arn": str(arn) if isinstance(arn, ReadSetArn) else None,
        "status": status,
        "event_time": format_timestamp(time) if time else None,
        "body": None if letter.message else letter.body,
        "attributes": dict(letter.attributes),
    }


def _print(queue: DeadLetterQueue, letter: DeadLetter) -> None:
    arn, status, time = _about(letter.message)
    if time:
        named = "".join(f" {each}" for each in (arn, status) if each)
        said = f"{letter.detail_type}:{named} at {format_timestamp(time)}"
    else:
        said = f"unknown message: {letter.body!r}"
    print_line(
        f"{queue.kind} {letter.id} sent {format_timestamp(letter.sent)}, received {letter.receive_count} times: {said}"
    )
    for name, text in letter.attributes.items():
        print_line(f"  {name}: {text!r}")


def _about(message: Message | None) -> tuple[ReadSetArn | StoreArn | None, str | None, datetime | None]:
    """What a message is about, the status that it tells of, and when it came to be; None for what it does not say."""
    match message:
        case ReadSetEvent() | StoreEvent():
            return message.arn, message.status, message.time
        case RefreshRequest():
            return message.arn, None, message.time
        case ReconcileRequest():
            return None, None, message.time
        case ReconciliationStep():
            return None, None, message.started
        case None:
            return None, None, None
