"""The folders that a function is run from: its own code, and what the Lambda runtime brings along."""

import hashlib
import importlib.util
import io
import zipfile
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


class Packages:
    """Unpacked deployment packages under one folder, each only once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runtime(self) -> Path:
        """A folder with the modules of the runtime, and nothing else that is installed here."""
        folder = self._folder / "runtime"
        if not folder.exists():
            folder.mkdir()
            for name in _RUNTIME_MODULES:
                source = _location(name)
                (folder / source.name).symlink_to(source)
        return folder

    def code(self, package: bytes) -> Path:
        """A folder with the contents of a deployment package."""
        folder = self._folder / hashlib.sha256(package).hexdigest()
        if not folder.exists():
            try:
                with zipfile.ZipFile(io.BytesIO(package)) as archive:
                    archive.extractall(folder)
            except zipfile.BadZipFile as error:
                raise PackageError(f"the deployment package is not a zip: {error}") from error
        return folder


def _location(module: str) -> Path:
    """Where a module or package of this interpreter lies."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the Lambda runtime needs {module}: install the extra `sandbox`")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin
