"""What the function finds in Lambda beside its own package: packages of the Python runtime, environment variables."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

PACKAGES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
"""What Lambda's Python runtime brings along."""

ENVIRONMENT: Final[Mapping[str, str]] = {
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "TABLE_NAME": "rows",
    "QUEUE_URL": "https://sqs.us-west-2.amazonaws.com/123456789012/events.fifo",
    "MAX_RECEIVE_COUNT": "5",
    "MAX_ROW_AGE_DAYS": "7",
    "SOURCE_ACCOUNT": "123456789012",
    "SOURCE_REGION": "us-west-2",
    "MAX_TPS": "2.5",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "POWERTOOLS_METRICS_NAMESPACE": "Benchmark",
}
"""What Lambda and the component set, by the names that `readset_sync.function` reads."""


def link_packages(folder: Path) -> list[Path]:
    """Make a folder with links to the runtime's packages, as they are installed here; return what they lead to."""
    folder.mkdir()
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in PACKAGES:
        (folder / name).symlink_to(site / name)
    return [site / name for name in PACKAGES]
