"""The folders that a function is run from: its own code, and what the Lambda runtime brings along."""

import atexit
import hashlib
import importlib.util
import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

# What AWS's Python runtimes put on sys.path besides the deployment package: the SDK with its dependencies, and the
# runtime client with its own. Anything else has to be in the zip, as on AWS.
_RUNTIME_MODULES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)


class PackageError(Exception):
    """A deployment package cannot be unpacked."""


@cache
def _folder() -> Path:
    """A folder of this process: what was unpacked and compiled for one sandbox serves the next one too."""
    folder = tempfile.TemporaryDirectory(prefix="omics-sandbox-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def runtime_folder() -> Path:
    """A folder with the modules of the runtime, and nothing else that is installed here."""
    folder = _folder() / "runtime"
    folder.mkdir()
    for name in _RUNTIME_MODULES:
        source = _location(name)
        (folder / source.name).symlink_to(source)
    return folder


def code_folder(package: bytes) -> Path:
    """A folder with the contents of a deployment package.

    Raises:
        PackageError: It is not a zip.
    """
    folder = _folder() / hashlib.sha256(package).hexdigest()
    if not folder.exists():
        try:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                archive.extractall(folder)
        except zipfile.BadZipFile as error:
            raise PackageError(f"the deployment package is not a zip: {error}") from error
    return folder


def _location(module: str) -> Path:
    """Where a module or package of this interpreter lies.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the Lambda runtime needs {module}: install the extra `sandbox`")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin
