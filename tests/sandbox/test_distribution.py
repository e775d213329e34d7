"""The distribution that the sandbox is."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_package_its_command_and_the_page_on_the_provider(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "sandbox", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("omics_sandbox-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        commands = archive.read(entry_points).decode()

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"omics_sandbox"}
    assert {"omics_sandbox/py.typed", "omics_sandbox/provider/README.md"} <= set(names)
    assert commands == "[console_scripts]\nomics-sandbox = omics_sandbox.__main__:main\n"
