"""The AWS services that the product calls, each behind an adapter."""
