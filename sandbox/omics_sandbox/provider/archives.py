"""The bytes of a Pulumi archive, as the AWS provider would upload them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omics_sandbox.provider.errors import ProviderError


def zip_bytes(archive: Mapping[str, Any], root: Path) -> bytes:
    """Return an archive as a zip file. A zip given as a file is handed on unchanged.

    Relative paths start from `root`.
    """
    if "path" not in archive:
        raise ProviderError("only archives of local files and folders are supported")
    path = root / archive["path"]
    if path.is_file():
        return path.read_bytes()
    if not path.is_dir():
        raise ProviderError(f"failed to open archive: there is no file or folder {path}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for member in sorted(path.rglob("*")):
            if member.is_file():
                # The same contents always give the same zip: ZipInfo has a fixed date.
                file.writestr(zipfile.ZipInfo(member.relative_to(path).as_posix()), member.read_bytes())
    return buffer.getvalue()
