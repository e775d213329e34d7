"""`python -m tools.local`, which never deploys into an AWS account. That it deploys is shown by tests/docs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "endpoint", [None, "", "https://dynamodb.us-west-2.amazonaws.com", "http://127.0.0.1.example.org"]
)
def test_it_refuses_what_is_not_the_local_aws(endpoint: str | None):
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = surroundings | ({} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint})

    done = subprocess.run(
        [sys.executable, "-m", "tools.local"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"AWS_ENDPOINT_URL = {endpoint!r} is not the local AWS: start it with `make sandbox`")
    assert done.stderr.count("\n") == 1
