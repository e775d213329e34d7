"""Entry point of the console script `omics-meta` and of `python -m omics_meta`."""

import io
import sys

from omics_meta.app import app


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A key may hold characters that stdout's encoding lacks, such as cp1252 for a file on Windows.
        sys.stdout.reconfigure(errors="backslashreplace")
    app(prog_name="omics-meta")


if __name__ == "__main__":
    main()
