"""A report of read sets that were made up, as a browser shows it."""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from boto3.dynamodb.types import TypeSerializer
from omics_sandbox import Sandbox

from tests.existing import create_table
from tools.pictures.browser import browsing

TABLE: Final = "healthomics_set_metadata"
READ_SETS: Final = 12_480
_WINDOW: Final = (1000, 1500)
"""Width and height of the picture, in pixels."""

_STORES: Final = (("1234567890", "exomes-2026", 5), ("2345678901", "genomes-2026", 3), ("3456789012", "rna-2025", 2))
"""Id, name and share of each store."""

_serialize: Final = TypeSerializer().serialize


def screenshot(sandbox: Sandbox, folder: Path, target: Path) -> None:
    """Write the picture."""
    _fill(sandbox)
    report = folder / "report.html"
    subprocess.run(  # noqa: S603 - the project's own command
        [Path(sys.executable).with_name("omics-meta"), "report", "-t", TABLE, "-o", report],
        env=sandbox.environment,
        check=True,
        capture_output=True,
    )
    page = report.read_text(encoding="utf-8")
    report.write_text(re.sub(r"had on .*? UTC", "had on 4 April 2026, 18:01 UTC", page), encoding="utf-8")
    with browsing(folder) as browser:
        browser.open(report)
        browser.screenshot(target, *_WINDOW)


def _fill(sandbox: Sandbox) -> None:
    client = sandbox.client("dynamodb")
    create_table(client, TABLE)
    rows = [{name: _serialize(value) for name, value in row.items()} for row in _rows(sandbox.account, sandbox.region)]
    for start in range(0, len(rows), 25):
        client.batch_write_item(
            RequestItems={TABLE: [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]}
        )


def _rows(account: str, region: str) -> Iterator[dict[str, Any]]:
    """Rows with what a report counts; the same ones every time, but for the days of their refreshes."""
    chance = random.Random(1)  # noqa: S311 - no secret
    now = datetime.now(UTC)
    for number in range(READ_SETS):
        [(store_id, store_name, _)] = chance.choices(_STORES, [share for *_, share in _STORES])
        type_ = chance.choices(("FASTQ", "CRAM", "BAM", "UBAM"), (60, 25, 10, 5))[0]
        created = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(days=150 * chance.random() ** 0.6)  # more and more
        refreshed = now - timedelta(days=chance.choices((0.5, 3, 5.5), (15, 45, 40))[0])
        size = int(chance.lognormvariate(23.5, 0.6))
        store = f"arn:aws:omics:{region}:{account}:sequenceStore/{store_id}"
        yield {
            "set_arn": f"{store}/readSet/{9_000_000_000 + number}",
            "set_status": chance.choices(("ACTIVE", "ARCHIVED", "ACTIVATING"), (74, 25, 1))[0],
            "set_type": type_,
            "set_creation_time": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "synced_at": f"{refreshed:%Y-%m-%dT%H:%M:%SZ}",
            "set_total_size": size,
            "set_sequence_information": {"total_base_count": int(size * 1.2)},
            "store": {"store_id": store_id, "store_name": store_name},
            "tags": [{"project": chance.choices(("rare-disease", "oncology", "pangenome"), (5, 3, 2))[0]}],
        }
