"""A deployed function whose code has other numbers, so that what takes long or many takes little."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from moto.awslambda.models import lambda_backends
from omics_sandbox import Sandbox

SHORT_WAIT: Final = {"readset_sync/sync.py": (b"AGAIN_SECONDS: Final = 5.0", b"AGAIN_SECONDS: Final = 0.1")}
"""Before it is asked again whether a read set is gone."""


def change_code(sandbox: Sandbox, function: str, changes: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Replace a piece of a file of the deployment package, which is there once, in some files."""
    package = lambda_backends[sandbox.account][sandbox.region].get_function(function).code_bytes
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name in changes:
                before, after = changes[name]
                assert content.count(before) == 1, name
                content = content.replace(before, after)
            new.writestr(name, content)
    sandbox.client("lambda").update_function_code(FunctionName=function, ZipFile=changed.getvalue())
