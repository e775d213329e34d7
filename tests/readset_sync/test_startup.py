"""What the function imports: every module is compiled at the start of each execution environment.

A budget in modules and not in milliseconds, which differ from machine to machine.
"""

import json
import subprocess
import sys

from tests.lambda_runtime import ENVIRONMENT

# boto3 with what it needs (certifi where it is installed), Powertools with what it needs, and the function itself.
PACKAGES = {
    *("boto3", "botocore", "certifi", "dateutil", "jmespath", "s3transfer", "six", "urllib3"),
    *("aws_lambda_powertools", "typing_extensions"),
    "readset_sync",
}

# Powertools imports its tracer by itself.
POWERTOOLS = {
    *("exceptions", "logging", "metrics", "package_logger", "shared", "tracing"),
    *("utilities", "warnings"),
}
UTILITIES = {"jmespath_utils"}


def test_the_function_imports_no_more_than_is_recorded():
    code = (
        "import json, sys\n"
        "before = set(sys.modules)\n"
        "import readset_sync.function\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT, timeout=60
    )
    # `__mp_main__` is another name of the script itself.
    paths = [name.split(".") for name in json.loads(done.stdout) if name != "__mp_main__"]

    # boto3 imports s3transfer since 1.42.
    assert {path[0] for path in paths} - sys.stdlib_module_names | {"s3transfer"} == PACKAGES
    powertools = [path for path in paths if path[0] == "aws_lambda_powertools"]
    assert {path[1] for path in powertools if len(path) > 1} == POWERTOOLS
    assert {path[2] for path in powertools if path[1:2] == ["utilities"] and len(path) > 2} == UTILITIES
