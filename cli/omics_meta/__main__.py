"""Entry point of the console script `omics-meta` and of `python -m omics_meta`."""

import io
import os
import signal
import sys
import traceback
from typing import NoReturn

from omics_meta.terminal.exits import INTERRUPTED, LAST_WORDS, ExitCode

_SIGNALS = [each for each in signal.Signals if each.name in {"SIGINT", "SIGTERM", "SIGHUP"}]  # no SIGHUP on Windows


def _interrupt(*_: object) -> NoReturn:
    """End in good order, and at the next signal at once."""
    for number in _SIGNALS:
        signal.signal(number, _end)
    INTERRUPTED.set()
    raise KeyboardInterrupt


def _end(*_: object) -> NoReturn:
    try:
        said = [f"omics-meta: {line}\n" for words in LAST_WORDS for line in words()]
        os.write(2, "".join(said).encode())  # not by `sys.stderr`, which may be in the middle of something
    finally:
        os._exit(ExitCode.INTERRUPTED)


def main() -> None:
    """Run the command line."""
    INTERRUPTED.clear()
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] # as after `2>&-`
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] # as after `>&-`
        sys.stderr.write("omics-meta: error: stdout is closed: give it at least /dev/null\n")
        sys.exit(ExitCode.FAILED)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A key may hold characters that stdout's encoding lacks, such as cp1252 for a file on Windows.
        # Lines end the same everywhere, as formats of data want it.
        sys.stdout.reconfigure(errors="backslashreplace", newline="\n")
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as with nohup
            signal.signal(number, _interrupt)
    try:
        from omics_meta.app import app  # which takes long enough to be interrupted

        app(prog_name="omics-meta")
    except KeyboardInterrupt:
        sys.stderr.write("omics-meta: interrupted. Run the same command again.\n")
        sys.exit(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001 - whatever it is, it is printed in full
        # A fault of this program. Python's own exit code for it would say that drift was found.
        traceback.print_exc()
        sys.exit(ExitCode.FAILED)


if __name__ == "__main__":
    main()
