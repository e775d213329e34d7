"""Progress on stderr: a live counter on a terminal, a plain line for each finished batch everywhere."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter:
    """Counts read sets as they are finished, and reports batches of them."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task: TaskID | None = None
        self._batches = 0
        self._label = ""

    def begin(self, label: str) -> None:
        """Begin with something else, such as the next store."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(label, total=None)
        self._batches = 0
        self._label = label

    def advance(self) -> None:
        """Count one read set."""
        if self._task is not None:
            self._progress.advance(self._task)

    def batch(self, counts: Counter[str]) -> None:
        """Report a finished batch, unless it was empty."""
        if not counts:
            return
        self._batches += 1
        said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        self._console.print(
            f"{self._label}: batch {self._batches}: {counts.total()} read sets: {said}", highlight=False, soft_wrap=True
        )


@contextmanager
def reporting() -> Generator[Reporter]:
    """Show progress on stderr while the block runs."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed} read sets"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Reporter(console, progress)
