"""The environment of the function in Lambda."""

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
