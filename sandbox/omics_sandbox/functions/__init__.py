"""AWS Lambda: event source mappings, invocations and execution environments."""
