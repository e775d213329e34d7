"""`make demo` is the first thing that anybody tries."""

import subprocess
import sys
from pathlib import Path


def test_the_demo_shows_what_it_says() -> None:
    root = Path(__file__).resolve().parents[2]

    done = subprocess.run(
        [sys.executable, "-m", "tools.demo"], cwd=root, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All of it held" in done.stdout
    assert "$ omics-meta find " in done.stdout
