"""Keeps one DynamoDB row per AWS HealthOmics read set true to the source.

The pure core knows no AWS calls: `record` turns what HealthOmics says into a row, `read_set_event` turns an EventBridge
event into a decision, `comparison` compares source and row. Thin adapters surround it: `healthomics` reads HealthOmics,
`table` reads and writes DynamoDB. `sync` joins them for one read set, `backfill` for whole stores, and `function`
is what AWS Lambda runs.
"""
