"""`omics-meta`: backfills and verifies the table that healthomics-metadata-sync keeps.

Importing this package, or showing its help, loads neither boto3 nor Pulumi: the commands do when they run.
"""
