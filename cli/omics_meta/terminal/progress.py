"""Progress on stderr: a live counter on a terminal, a plain line for each finished batch everywhere."""

import sys
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from omics_meta.terminal.output import counted, read_or_not
from omics_meta.terminal.rich_console import console_of

_Item = TypeVar("_Item")


class Reporter:
    """Counts read sets as they are finished, and reports batches of them."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._batches: Counter[str] = Counter()
        self._label = ""

    def begin(self, label: str) -> None:
        """Begin with something else, such as the next store."""
        for task in self._tasks.values():
            self._progress.remove_task(task)
        self._tasks.clear()
        self._show(label)
        self._batches.clear()
        self._label = label

    def advance(self, label: str = "") -> None:
        """Count one read set, under what was begun or beside it."""
        self._progress.advance(self._show(label or self._label))

    def each(self, label: str, pages: Iterable[Sequence[_Item]]) -> Generator[Sequence[_Item]]:
        """Begin with something else, yield its pages, and count the read sets of each when it has been dealt with."""
        self.begin(label)
        for page in pages:
            yield page
            for _ in page:
                self.advance()

    def batch(self, counts: Counter[str], label: str = "") -> None:
        """Report a finished batch, unless it was empty."""
        if not counts:
            return
        label = label or self._label
        self._batches[label] += 1
        said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        with read_or_not(sys.stderr):
            self._console.print(
                f"{label}: batch {self._batches[label]}: {counted(counts.total(), 'read set')}: {said}",
                highlight=False,
                soft_wrap=True,
            )

    def _show(self, label: str) -> TaskID:
        if label not in self._tasks:
            self._tasks[label] = self._progress.add_task(label, total=None)
        return self._tasks[label]


@contextmanager
def reporting() -> Generator[Reporter]:
    """Show progress on stderr while the block runs."""
    shown = console_of(sys.stderr)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed} read sets"),
        TimeElapsedColumn(),
        console=shown,
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=sys.stdout.isatty(),  # what goes to a file or a program goes there, and not to the terminal
    ) as progress:
        yield Reporter(shown, progress)
