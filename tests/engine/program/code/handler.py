"""The deployed function."""


def handle(event: object, context: object) -> dict[str, list[object]]:
    """Take every message as done."""
    return {"batchItemFailures": []}
