"""Entry point of the console script `omics-meta` and of `python -m omics_meta`."""

import io
import signal
import sys
import traceback

from omics_meta.terminal.exits import ExitCode


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A key may hold characters that stdout's encoding lacks, such as cp1252 for a file on Windows.
        # Lines end the same everywhere, as formats of data want it.
        sys.stdout.reconfigure(errors="backslashreplace", newline="\n")
    for name in ("SIGTERM", "SIGHUP"):  # the second is not on Windows
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # not with nohup
            signal.signal(number, signal.default_int_handler)
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
