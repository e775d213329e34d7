"""Three laboratories, whose tables of the same name are in two accounts and two regions."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from omics_sandbox import Sandbox

from tests.existing import create_table

NAME = "healthomics_set_metadata"
LABS = {"a": ("123456789012", "us-west-2"), "b": ("210987654321", "us-west-2"), "c": ("123456789012", "eu-west-1")}
"""Account and region of each."""

_serialize = TypeSerializer().serialize


def client_of(sandbox: Sandbox, lab: str) -> Any:
    """A client of DynamoDB in the account of a laboratory: to the sandbox, the number of an account is a key of it."""
    account, region = LABS[lab]
    return boto3.client(  # pyright: ignore[reportUnknownMemberType] - of types that are partial
        "dynamodb",
        region_name=region,
        endpoint_url=sandbox.endpoint,
        aws_access_key_id=account,
        aws_secret_access_key="sandbox",
    )


def table_of(lab: str) -> str:
    """The ARN of a laboratory's table."""
    account, region = LABS[lab]
    return f"arn:aws:dynamodb:{region}:{account}:table/{NAME}"


def arn_of(lab: str, number: int) -> str:
    """The ARN of a read set of a laboratory."""
    account, region = LABS[lab]
    return f"arn:aws:omics:{region}:{account}:sequenceStore/1234567890/readSet/{number:010}"


def row(lab: str, number: int, **more: Any) -> dict[str, Any]:
    """The row of a read set of a laboratory."""
    return {
        "set_arn": arn_of(lab, number),
        "set_id": f"{number:010}",
        "set_name": f"{lab}{number}",
        "set_status": "ACTIVE",
        "set_type": "FASTQ",
        "set_sample_id": f"NA{number}",
        "set_subject_id": "p",
        "set_total_size": 1024 * number,
        "set_etag": {"algorithm": "FASTQ_MD5up", "source1": str(number)},
        "files": [{"file_type": "source1", "file_path": f"s3://{lab}/{number}.fastq.gz"}],
        "tags": [],
    } | more


def make_tables(sandbox: Sandbox, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Make the tables of some laboratories, with these rows."""
    for lab, held in rows.items():
        client = client_of(sandbox, lab)
        create_table(client, NAME)
        for each in held:
            client.put_item(TableName=NAME, Item={name: _serialize(value) for name, value in each.items()})


def write_profiles(home: Path) -> None:
    """Write a profile for each laboratory, and the outputs of its stack: `lab-a` and `lab-a.json`."""
    (home / ".aws").mkdir()
    profiles = (f"[lab-{lab}]\naws_access_key_id={key}\naws_secret_access_key=x\n" for lab, (key, _) in LABS.items())
    (home / ".aws" / "credentials").write_text("".join(profiles), encoding="utf-8")
    for lab, (_, region) in LABS.items():
        outputs = json.dumps({"tableName": NAME, "region": region})
        (home / f"lab-{lab}.json").write_text(outputs, encoding="utf-8")
