"""Makes the pictures of docs/: `python -m tools.pictures`. Those of terminals are the same until a command changes.

The commands run on a local AWS with read sets that are made up, and so are the moments and durations that are shown.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider.deployment import deploy

from tools.pictures.browser import BROWSER, NO_BROWSER
from tools.pictures.page import screenshot
from tools.pictures.terminal import picture, run

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
_WIDTH: Final = 112


def terminals() -> Iterator[tuple[str, str]]:
    """Yield the name and the SVG of each picture of a terminal."""
    with Sandbox(limits=Limits.none()) as sandbox, tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        environment = sandbox.environment | {"OMICS_META_OUTPUTS": str(outputs)}

        def show(name: str, command: str) -> tuple[str, str]:
            return name, picture(name, command, run(command, environment, _WIDTH), _WIDTH)

        store = _seed(sandbox)
        outputs.write_text(json.dumps(deploy(ROOT, stack="dev", environment=sandbox.environment).outputs))
        run("omics-meta backfill", environment, _WIDTH)
        columns = "set_name,set_sample_id,set_type,set_status,store_name,tag:project"
        yield show("find", f"omics-meta find --tag cohort=trio --columns {columns}")
        [schedule] = sandbox.client("scheduler").list_schedules()["Schedules"]
        sandbox.run_schedule(schedule["Name"])
        sandbox.drain(timeout=120)
        yield show("status", "omics-meta status")
        _lose_events(sandbox, store)
        yield show("verify", "omics-meta verify --repair --probe")


def _seed(sandbox: Sandbox) -> str:
    """Create two stores of read sets; return the id of the first."""
    omics = sandbox.omics
    exomes, genomes = omics.create_store("exomes-2026"), omics.create_store("genomes-2026")
    for number in range(1, 8):
        sample, status = f"HG{number:03}", "ARCHIVED" if number == 3 else "ACTIVE"
        tags = {"cohort": "trio" if number in {2, 3, 4} else "single", "project": "benchmark"}
        both: dict[str, Any] = {"subject_id": f"GIAB-{number}", "sample_id": sample, "tags": tags}
        omics.create_read_set(exomes, name=f"{sample} exome", status=status, **both)
        omics.create_read_set(genomes, name=f"{sample} genome", file_type="CRAM", files=("source1", "index"), **both)
    return exomes


def _lose_events(sandbox: Sandbox, store: str) -> None:
    """Change read sets of a store so that three rows are not as they should be, in three ways."""
    omics = sandbox.omics
    omics.emit_events = False
    first, second, *_ = omics.store(store).read_sets
    omics.set_status(store, first, "ARCHIVED")
    omics.set_status(store, second, "DELETED")
    omics.create_read_set(store, name="HG008 exome", sample_id="HG008", subject_id="GIAB-8")
    omics.emit_events = True


def main() -> int:
    """Make all pictures that can be made; return the exit code."""
    for name, svg in terminals():
        (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"docs/{name}.svg")
    if BROWSER is None:
        print(f"docs/report.png stays as it is: {NO_BROWSER}", file=sys.stderr)
        return 1
    with Sandbox(limits=Limits.none()) as sandbox, tempfile.TemporaryDirectory() as folder:
        screenshot(sandbox, Path(folder), DOCS / "report.png")
    print("docs/report.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
