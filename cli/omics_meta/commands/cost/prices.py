"""List prices, of US East (N. Virginia) where no region is named, without any free tier, and AWS's pages to check them.

All but that of table storage were read in other publications, of the dates given here, and have not been compared with
AWS's pages, which load their figures by script.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_PAGES: Final = {
    "DynamoDB": "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    "KMS": "https://aws.amazon.com/kms/pricing/",
    "EventBridge": "https://aws.amazon.com/eventbridge/pricing/",
    "SQS": "https://aws.amazon.com/sqs/pricing/",
    "Lambda": "https://aws.amazon.com/lambda/pricing/",
    "CloudWatch": "https://aws.amazon.com/cloudwatch/pricing/",
    "HealthOmics": "https://aws.amazon.com/healthomics/pricing/",
}
"""AWS's price page of each service."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for so many units, and the date of the publication that the figure was read in."""

    service: str
    unit: str
    usd: Decimal
    per: int
    date: str

    @property
    def page(self) -> str:
        """AWS's page to check the price on."""
        return _PAGES[self.service]


_MILLION: Final = 10**6

PRICES: Final = {
    "write": Price("DynamoDB", "write request units", Decimal("0.625"), _MILLION, "July 2025"),
    "read": Price("DynamoDB", "read request units", Decimal("0.125"), _MILLION, "July 2025"),
    "table": Price("DynamoDB", "GB-month of table", Decimal("0.25"), 1, "undated"),
    "recovery": Price("DynamoDB", "GB-month of point-in-time recovery", Decimal("0.20"), 1, "undated"),
    "key": Price("KMS", "requests for an AWS-managed key", Decimal("0.03"), 10**4, "April 2026"),
    "event": Price("EventBridge", "events of an AWS service", Decimal(0), _MILLION, "March 2026"),
    "schedule": Price("EventBridge", "invocations by Scheduler", Decimal(1), _MILLION, "March 2026"),
    "message": Price("SQS", "FIFO requests of at most 64 KB", Decimal("0.50"), _MILLION, "March 2026"),
    "invocation": Price("Lambda", "requests", Decimal("0.20"), _MILLION, "August 2018"),
    "duration": Price("Lambda", "GB-second on arm64", Decimal("0.0000133334"), 1, "2024"),
    "log": Price("CloudWatch", "GB of logs taken in", Decimal("0.50"), 1, "February 2026"),
    "log_kept": Price("CloudWatch", "GB-month of logs kept", Decimal("0.03"), 1, "undated"),
    "metric": Price("CloudWatch", "custom metric for a month", Decimal("0.30"), 1, "February 2026"),
    "alarm": Price("CloudWatch", "alarm for a month", Decimal("0.10"), 1, "undated"),
}
"""By the names that `usage` gives to amounts."""

STORAGE: Final[Mapping[bool, Price]] = {
    False: Price("HealthOmics", "gigabase-month of active storage", Decimal("0.005769"), 1, "January 2026"),
    True: Price("HealthOmics", "gigabase-month of archive storage", Decimal("0.001154"), 1, "January 2026"),
}
"""What HealthOmics charges for the read sets themselves, by whether they are archived."""

STORAGE_REGIONS: Final = frozenset({"us-east-1", "eu-west-1"})
"""The regions for which these prices were found. No other region has a price here."""
