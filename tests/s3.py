"""DuckDB that reads from the sandbox's S3."""

from importlib.resources import files

import duckdb
from omics_sandbox import Sandbox


def connect_duckdb(sandbox: Sandbox) -> duckdb.DuckDBPyConnection:
    """Connect to a database in memory, with DuckDB's extension for S3 from a wheel instead of the network."""
    extension = files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    database = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    database.execute(f"LOAD '{extension}'; SET TimeZone = 'UTC'")
    database.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID 'sandbox', SECRET 'sandbox', REGION '{sandbox.region}',"
        f" ENDPOINT '{sandbox.endpoint.removeprefix('http://')}', USE_SSL false, URL_STYLE 'path')"
    )
    return database
