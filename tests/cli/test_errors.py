"""What is said of errors of AWS: the value, and a remedy that the command at hand has."""

import pytest
from botocore.exceptions import ClientError
from omics_meta.terminal.errors import explain


@pytest.mark.parametrize(
    ("operation", "code", "begins", "remedy"),
    [
        ("GetReadSetMetadata", "ThrottlingException", "HealthOmics kept throttling", "later, or lower --max-tps"),
        ("Scan", "ThrottlingException", "AWS kept throttling", "try again later"),
        ("DescribeAlarms", "Throttling", "AWS kept throttling", "try again later"),
        (
            "BatchGetItem",
            "ProvisionedThroughputExceededException",
            "DynamoDB kept throttling",
            "later, or give the table more capacity",
        ),
    ],
)
def test_who_was_throttled_is_told_what_can_be_done(operation: str, code: str, begins: str, remedy: str) -> None:
    said = explain(ClientError({"Error": {"Code": code, "Message": "Too fast"}}, operation))

    assert said.startswith(f"{begins} ({operation}: {code}: Too fast): ")
    assert said.endswith(remedy)
