"""Several tables, read side by side: which of them can be read, and what is in them as one stream."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from threading import Semaphore, Thread
from typing import Any, Final, ParamSpec, TypeVar

from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.errors import EXPECTED_ERRORS

from omics_meta.selection.connection import TableConnection, connect_table
from omics_meta.selection.target import Selection, Target, resolve
from omics_meta.terminal.errors import explain
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import counted, print_note

AT_ONCE: Final = 4
"""Tables that are read at the same time: more would not be faster, because rows are unpacked by one core."""

_WAIT_SECONDS: Final = 0.5

_Page = TypeVar("_Page", bound=Sequence[Any])
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@dataclass(slots=True)
class Tables:
    """The tables that a command reads.

    Attributes:
        connections: Those that are there, each once, in the order in which they were named.
        several: Whether several were named. Then stderr tells of one that cannot be read, and the others are read.
        unread: By the name of a table that could not be read, or not to its end: why.
        counts: By the name of one of several tables, how many rows were read.
    """

    connections: tuple[TableConnection, ...]
    several: bool = False
    unread: dict[str, str] = field(default_factory=dict[str, str])
    counts: Counter[str] = field(default_factory=Counter[str])

    def __str__(self) -> str:
        """Return which tables were read, as notes name them."""
        if not self.several:
            return f"table {self.connections[0].name}"
        read = [table for table in map(str, self.connections) if table not in self.unread]
        alone = ", the only one that can be read" if self.unread else ""
        among = " that can be read" if self.unread else ""
        return f"{read[0]}{alone}" if len(read) == 1 else f"any of the {len(read)} tables{among}"

    @property
    def code(self) -> ExitCode:
        """The exit code of a command that has done all else."""
        return ExitCode.FOUND_WRONG if self.unread else ExitCode.DONE

    def say_counts(self) -> None:
        """Say how many read sets were found in each of several tables."""
        for table in map(str, self.connections if self.several else ()):
            if table not in self.unread:
                print_note(f"{table}: {counted(self.counts[table], 'read set')}")

    def about(self, command: str) -> dict[str, Any]:
        """Return what the JSON documents of commands that print rows begin with."""
        if self.several:
            return {"command": command, "table": None, "region": None}
        return self.connections[0].about(command)

    def listed(self) -> dict[str, Any]:
        """Return what these documents tell of the tables, once their rows have been read."""
        return {
            "tables": [each.place for each in self.connections],
            "unread": [{"table": table, "reason": reason} for table, reason in self.unread.items()],
        }

    def ending(self, found: int) -> dict[str, Any]:
        """Return what these documents have after their rows."""
        return {"found": found, **self.listed()}

    def share(self, arns: Sequence[str]) -> Sequence[tuple[TableConnection, list[str]]]:
        """Return the tables, each with the read sets that it can hold: those of its account and region.

        Any can hold a read set of another account or region than they all have.
        """
        places = {(table.account, table.region) for table in self.connections}
        return [
            (table, [arn for arn in arns if _place(arn) == (table.account, table.region) or _place(arn) not in places])
            for table in self.connections
        ]

    def read(self, pages_of: Callable[[TableConnection], Generator[_Page]]) -> Generator[tuple[TableConnection, _Page]]:
        """Yield the pages of all tables as they come, each with its table.

        Of each table that is being read, one page at the most is ahead of whoever takes the pages.

        Raises:
            CommandError: None of several tables could be read to its end.
        """
        if not self.several:
            [only] = self.connections
            yield from ((only, page) for page in pages_of(only))
            return
        waiting = ((table, pages_of(table)) for table in self.connections)
        running: dict[Future[_Page | None], tuple[TableConnection, Generator[_Page]]] = {}

        def take(table: TableConnection, pages: Generator[_Page]) -> None:
            running[begin(next, pages, None)] = (table, pages)

        for begun in islice(waiting, AT_ONCE):
            take(*begun)
        while running:
            for future in ended(running):
                table, pages = running.pop(future)
                page = None
                with self.telling(table):
                    page = future.result()
                if page is not None:
                    take(table, pages)
                    self.counts[str(table)] += len(page)
                    yield table, page
                elif begun := next(waiting, None):
                    take(*begun)
        _check(all(str(table) in self.unread for table in self.connections), self.unread)

    def whole(self, pages: Iterable[_Page], there: str | None) -> Generator[_Page]:
        """Yield pages, and refuse in the end that they replace what is `there` if they lack those of a table.

        Raises:
            CommandError: Something is there, and a table could not be read.
        """
        yield from pages
        if there is not None and self.unread:
            raise CommandError(f"{there} stays as it was, because a table could not be read: leave it out, or mend it")

    @contextmanager
    def telling(self, table: TableConnection) -> Generator[None]:
        """Tell of a table that cannot be read, and go on, where there are several."""
        try:
            yield
        except EXPECTED_ERRORS as error:
            if not self.several:
                raise
            _tell(self.unread, str(table), explain(error, table.profile))


def connect_tables(selections: Sequence[Selection]) -> Tables:
    """Connect to the tables that selections name, and to nothing of HealthOmics.

    Raises:
        CommandError: None of several can be read, or an option is wrong.
    """
    targets = [*map(resolve, selections)]
    if len(targets) == 1:
        return Tables((connect_table(targets[0]),))
    connections: dict[str, TableConnection] = {}
    unread: dict[str, str] = {}
    turns = Semaphore(AT_ONCE)
    for target, future in [(target, begin(_answer, target, turns)) for target in targets]:
        answer = result_of(future)
        if isinstance(answer, str):
            _tell(unread, str(target), answer)
        elif answer.arn in connections:
            print_note(f"{answer} is named twice, and read once")
        else:
            connections[answer.arn] = answer
    _check(not connections, unread)
    return Tables(tuple(connections.values()), several=True, unread=unread)


def _answer(target: Target, turns: Semaphore) -> TableConnection | str:
    """Connect to a table when it is its turn, or return why that cannot be."""
    with turns:
        try:
            return connect_table(target)
        except EXPECTED_ERRORS as error:
            return explain(error, target.profile)


def _place(arn: str) -> tuple[str, str] | None:
    """The account and region in the ARN of a read set."""
    try:
        read_set = ReadSetArn.parse(arn)
    except MalformedArnError:  # the key of another tool's row
        return None
    return read_set.account, read_set.region


def _tell(unread: dict[str, str], table: str, reason: str) -> None:
    unread[table] = reason
    print_note(f"{table} cannot be read: {reason}")


def _check(all_are_unread: bool, unread: dict[str, str]) -> None:
    if all_are_unread:
        raise CommandError(f"none of the {len(unread)} tables can be read")


def begin(call: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
    """Begin a call in a thread of its own, and return its result to come.

    A call to AWS can hang for minutes. Whoever wants no more of it, such as after Ctrl-C, leaves it alone. A
    `ThreadPoolExecutor` would wait for it at the end of its block, and Python at that of the process.
    """
    future = Future[_Result]()

    def run() -> None:
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is taken
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def ended(begun: Iterable[Future[_Result]]) -> set[Future[_Result]]:
    """Wait until at least one of these calls has ended, and return those that have.

    In slices, because a signal that comes just before a wait begins, or to another thread, does not end that wait.
    """
    calls = [*begun]
    while not (done := wait(calls, _WAIT_SECONDS, FIRST_COMPLETED).done):
        pass
    return done


def result_of(call: Future[_Result]) -> _Result:
    """Wait until a call has ended, as `ended` does; return its result, or raise its error."""
    ended([call])
    return call.result()
