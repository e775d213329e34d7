"""The bytes of a Pulumi archive, as the AWS provider would upload them."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.values import ARCHIVE_SIGNATURE, SIGNATURE_KEY

# The same contents always give the same zip: a fixed date, and plain file permissions.
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS: Final = 0o644


def zip_bytes(archive: Mapping[str, Any], root: Path) -> bytes:
    """Return an archive as a zip file. A zip given as a file is handed on unchanged.

    Args:
        archive: The archive in its wire form: a `path` to a zip or a folder, or `assets` by their names.
        root: The folder that relative paths start from.

    Raises:
        ProviderError: A file is missing, or the archive is of another kind.
    """
    path = root / archive["path"] if "path" in archive else None
    if path is not None and path.is_file():
        return path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in sorted(_members(archive, root, "")):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = _PERMISSIONS << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, contents)
    return buffer.getvalue()


def with_hash(archive: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return an archive with the hash of its contents, which the engine adds to every archive it passes on."""
    return {**archive, "hash": hashlib.sha256(zip_bytes(archive, root)).hexdigest()}


def _members(archive: Mapping[str, Any], root: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if "assets" in archive:
        for name, member in archive["assets"].items():
            if member.get(SIGNATURE_KEY) == ARCHIVE_SIGNATURE:
                yield from _members(member, root, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", _asset_bytes(member, root)
    elif "path" in archive:
        yield from _folder(root / archive["path"], prefix)
    else:
        raise ProviderError("only archives of local files, folders and assets are supported")


def _folder(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if folder.is_file():
        with zipfile.ZipFile(folder) as file:
            for name in file.namelist():
                yield f"{prefix}{name}", file.read(name)
        return
    if not folder.is_dir():
        raise ProviderError(f"failed to open archive: there is no file or folder {folder}")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{prefix}{path.relative_to(folder).as_posix()}", path.read_bytes()


def _asset_bytes(asset: Mapping[str, Any], root: Path) -> bytes:
    if "text" in asset:
        return str(asset["text"]).encode()
    if "path" not in asset:
        raise ProviderError("only assets of local files and of text are supported")
    path = root / asset["path"]
    if not path.is_file():
        raise ProviderError(f"failed to open asset: there is no file {path}")
    return path.read_bytes()
