"""What the function finds in Lambda beside its own package: packages of the Python runtime, environment variables."""

from importlib import metadata
from pathlib import Path

PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")

# Set by Lambda and the component, by the names that `readset_sync.function` reads.
ENVIRONMENT = {
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


def link_packages(folder: Path) -> None:
    """Make a folder with links to the runtime's packages, as they are installed here."""
    folder.mkdir()
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in PACKAGES:
        (folder / name).symlink_to(site / name)
