"""Where `-o` leads to: stdout, or a file that is written whole or not at all."""

import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO, TextIO, TypeGuard
from uuid import uuid4

from omics_meta.terminal.exits import CommandError


def output_path(text: str) -> Path:
    """Read the value of `-o`.

    Raises:
        CommandError: It begins with `s3:`, and Python's paths would make another prefix of it.
    """
    path = Path(text)
    if is_s3(path) and text.removesuffix("/") != s3_uri(path).removesuffix("/"):
        raise CommandError(f"-o {text} has slashes or dots that name no folder: give {s3_uri(path)}/")
    return path


def is_s3(path: Path | None) -> TypeGuard[Path]:
    """Whether a path was given as `s3://...`, of which Python's paths keep one slash."""
    return path is not None and path.parts[:1] == ("s3:",)


def s3_uri(path: Path) -> str:
    """Return such a path as a URI again, without a slash at the end."""
    return f"s3://{'/'.join(path.parts[1:])}"


def is_stdout(path: Path | None) -> bool:
    """Whether a path stands for stdout: there is none, or it is `-`."""
    return path is None or str(path) == "-"


def existing(path: Path | None) -> str | None:
    """Return the name of a file that is to be replaced; None where there is none."""
    return str(path) if path is not None and not is_stdout(path) and path.exists() else None


@contextmanager
def writing_to(path: Path | None) -> Generator[TextIO]:
    """Open stdout, or a file as `replacing` does. A file is text in UTF-8; its `buffer` takes bytes."""
    if path is None or is_stdout(path):
        yield sys.stdout
        sys.stdout.flush()
        return
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        yield text
        text.detach()  # so that the file is still open; what is left is written before


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Open a file beside `path`, which takes its name, and its place, at the end of the block.

    Where the block ends with an exception, such as an interruption, the new file is deleted and `path` stays as it was.

    Raises:
        CommandError: `path` is in no folder, or is something else than a file.
        OSError: It cannot be written.
    """
    check_place(path)
    path = path.resolve()  # a symbolic link stays, and what it names is replaced
    # The beginning of the name only, so that it is no longer than names may be.
    partial = path.with_name(f".{path.name[:50]}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            if path.exists():
                partial.chmod(S_IMODE(path.stat().st_mode))  # whoever could not read it cannot read what replaces it
            yield file
            file.flush()
            # Otherwise a crash of the machine could leave the name with nothing behind it.
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def check_place(path: Path | None) -> None:
    """Check that a file can be written at a path; a command that writes late does so at its beginning.

    Raises:
        CommandError: `path` is in no folder, or is something else than a file.
    """
    if path is None or is_stdout(path):
        return
    if is_s3(path):
        raise CommandError(f"-o {s3_uri(path)}: only rows in Parquet go to S3: give a file")
    if not path.parent.is_dir():
        raise CommandError(f"-o {path}: there is no folder {path.parent}: make it first, or give another file")
    if path.exists() and not path.is_file():
        raise CommandError(f"-o {path} is not a file: give the name of one")
