"""The function's deployment package: a zip that is the same, byte for byte, wherever it is built.

It holds the sources of `readset_sync` and of what it imports, except what Lambda's Python runtime brings
along (boto3 with botocore, jmespath, python-dateutil, urllib3, s3transfer and six).
"""

import hashlib
import importlib.util
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pulumi

HANDLER = "readset_sync.function.handler"
BUNDLED = ("readset_sync", "aws_lambda_powertools", "typing_extensions")
# The earliest date that a zip can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
PRIVATE = 0o700


def build_package() -> bytes:
    """Build the zip.

    Its entries are sorted, with one timestamp and mode, and are stored without compression, because
    compressed bytes differ between versions of zlib and Pulumi compares the file's bytes: a preview on
    another machine would show a change where there is none.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(source for package in BUNDLED for source in _sources(package)):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.create_system = 3  # Unix, also when built on Windows: else the mode below is not read.
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def write_package(folder: Path | None = None) -> Path:
    """Write the zip to a private folder, under a name made of its content, and return its path."""
    content = build_package()
    private = _private(folder or _default_folder())
    path = private / f"readset-sync-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    # Written anew each time, so that a file that was damaged is never deployed; moved into place, so that
    # another deployment never reads half of it.
    descriptor, temporary = tempfile.mkstemp(dir=private, suffix=".tmp")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(temporary).replace(path)


def _sources(package: str) -> Iterator[tuple[str, Path]]:
    """The package's Python files, each with its name in the zip. The package is found, not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise pulumi.RunError(f"The package {package}, which the function needs, is not installed.")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        yield origin.name, origin
        return
    root = origin.parent
    for path in root.rglob("*.py"):
        yield path.relative_to(root.parent).as_posix(), path


def _default_folder() -> Path:
    user = str(os.geteuid()) if hasattr(os, "geteuid") else "user"
    return Path(tempfile.gettempdir()) / f"healthomics-metadata-sync-{user}"


def _private(folder: Path) -> Path:
    """Make the folder, or check that nobody else can write to it: what lies in it is deployed."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    status = folder.lstat()
    is_ours = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    # Windows has no such modes; its temporary folder is the user's own.
    is_private = os.name != "posix" or stat.S_IMODE(status.st_mode) == PRIVATE
    if not (stat.S_ISDIR(status.st_mode) and is_ours and is_private):
        raise pulumi.RunError(
            f"The folder {folder} for the deployment package is not a folder of this user alone (mode 0700):"
            " remove it, or set TMPDIR to a folder of your own."
        )
    return folder
