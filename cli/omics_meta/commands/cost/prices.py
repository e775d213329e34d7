"""List prices in US East (N. Virginia), without any free tier, and where each was read.

The stored copies of AWS's own pages show few figures, because those pages load them by script: hence other sources.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """A page, and its date."""

    url: str
    date: str

    @property
    def site(self) -> str:
        """The site's name, such as `aws.amazon.com`."""
        return self.url.split("/")[2]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for so many units."""

    service: str
    unit: str
    usd: Decimal
    per: int
    source: Source


_AIRBYTE: Final = Source("https://airbyte.com/data-engineering-resources/dynamodb-pricing", "July 2025")
_AWS: Final = Source("https://aws.amazon.com/dynamodb/pricing/", "undated")
_FINOPS: Final = Source("https://finops.com.py/services/dynamodb/backups", "undated")
_USAGE: Final = Source("https://usage.ai/blogs/aws/reserved-instances/dynamodb/encryption-cost/", "April 2026")
_EVENTBRIDGE: Final = Source("https://cloudburn.io/blog/amazon-eventbridge-pricing", "March 2026")
_SQS: Final = Source("https://cloudburn.io/blog/amazon-sqs-pricing", "March 2026")
_CLOUDWATCH: Final = Source("https://cloudburn.io/blog/amazon-cloudwatch-pricing", "February 2026")
_BLOOM: Final = Source(
    "https://medium.com/@zackbloom/serverless-pricing-and-costs-aws-lambda-and-lambda-edge-169bfb58db75", "August 2018"
)
_CLOUDCHIPR: Final = Source("https://cloudchipr.com/blog/aws-lambda-pricing", "2024")
_HYKELL: Final = Source("https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing", "undated")
_SIGNOZ: Final = Source("https://signoz.io/guides/cloudwatch-pricing", "February 2026")
_C3X: Final = Source("https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm", "undated")

_MILLION: Final = 10**6

PRICES: Final = {
    "write": Price("DynamoDB", "write request units", Decimal("0.625"), _MILLION, _AIRBYTE),
    "read": Price("DynamoDB", "read request units", Decimal("0.125"), _MILLION, _AIRBYTE),
    "table": Price("DynamoDB", "GB-month of table", Decimal("0.25"), 1, _AWS),
    "recovery": Price("DynamoDB", "GB-month of point-in-time recovery", Decimal("0.20"), 1, _FINOPS),
    "key": Price("KMS", "requests for an AWS-managed key", Decimal("0.03"), 10**4, _USAGE),
    "event": Price("EventBridge", "events of an AWS service", Decimal(0), _MILLION, _EVENTBRIDGE),
    "schedule": Price("EventBridge", "invocations by Scheduler", Decimal(1), _MILLION, _EVENTBRIDGE),
    "message": Price("SQS", "FIFO requests of at most 64 KB", Decimal("0.50"), _MILLION, _SQS),
    "invocation": Price("Lambda", "requests", Decimal("0.20"), _MILLION, _BLOOM),
    "duration": Price("Lambda", "GB-second on arm64", Decimal("0.0000133334"), 1, _CLOUDCHIPR),
    "log": Price("CloudWatch", "GB of logs taken in", Decimal("0.50"), 1, _CLOUDWATCH),
    "log_kept": Price("CloudWatch", "GB-month of logs kept", Decimal("0.03"), 1, _HYKELL),
    "metric": Price("CloudWatch", "custom metric for a month", Decimal("0.30"), 1, _SIGNOZ),
    "alarm": Price("CloudWatch", "alarm for a month", Decimal("0.10"), 1, _C3X),
}
"""By the names that `usage` gives to amounts."""
