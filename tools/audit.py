"""Asks for known vulnerabilities of what `requirements.lock` pins: `python -m tools.audit`, as `make lint` does.

pip-audit asks OSV (https://osv.dev), which has PyPI's own advisories among others. It is not to ask PyPI: a mirror of
PyPI answers 404 where it has no advisories, and pip-audit counts that as a package without any.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).parents[1] / "requirements.lock"

IGNORED: Final[dict[str, str]] = {}
"""Advisories that are let pass, by id: why each of them does no harm here, and the date of that decision."""

ANSWER_SECONDS: Final = 10
"""How long pip-audit waits for an answer."""

AUDIT_SECONDS: Final = 120
"""How long the whole audit may take: one request a package, about a tenth of a second each."""

SERVICE_FAILED: Final = re.compile(
    r"^(?:requests\.exceptions\.|ERROR:pip_audit\._cli:(?=Could not connect))(.+)", re.MULTILINE
)
"""How pip-audit says on stderr that the service did not answer, or refused: it has no exit code for that alone."""


def main() -> int:
    """Print what pip-audit finds; return the exit code: 0 also where the service cannot be asked, as without network.

    `PIP_AUDIT_OSV_URL`, which pip-audit reads, names another address of the service.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--strict"]
    command += ["--vulnerability-service", "osv", "--timeout", str(ANSWER_SECONDS)]
    command += ["--format", "columns", "--aliases", "on", "--progress-spinner", "off"]
    command += [f"--ignore-vuln={advisory}" for advisory in IGNORED]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing from outside
            command, capture_output=True, text=True, check=False, timeout=AUDIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return _not_done(f"it took more than {AUDIT_SECONDS} seconds")
    if done.returncode and (failed := SERVICE_FAILED.search(done.stderr)):
        return _not_done(failed[1])
    print(done.stderr, done.stdout, sep="", end="", file=sys.stderr if done.returncode else sys.stdout)
    if done.stdout:
        print(
            'Lock a version that mends it (CONTRIBUTING.md, "Dependencies"), or name the advisory in IGNORED of '
            "tools/audit.py with the reason why it does no harm here.",
            file=sys.stderr,
        )
    return done.returncode


def _not_done(reason: str) -> int:
    print(f"Not audited: known vulnerabilities of {LOCK.name} could not be asked for, because {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
