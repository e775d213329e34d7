"""The runs of a batch: what `export --format run-batch` writes, by botocore's model of StartRunBatch."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from omics_meta.commands import run_batch

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine
from tests.in_process import service_model

URI = "omics://123456789012.storage.us-west-2.amazonaws.com/1234567890/readSet"


def arn(number: int) -> str:
    return f"arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890/readSet/{number:010}"


def row(number: int, *files: str, **more: Any) -> dict[str, Any]:
    whole = {
        "set_arn": arn(number),
        "set_id": f"{number:010}",
        "set_name": f"NA{number} exome",
        "set_sample_id": f"NA{number}",
        "set_status": "ACTIVE",
        "set_total_size": 12,
        "files": [{"file_type": file} for file in files or ("source1", "source2")],
        "tags": [],
    } | more
    return {name: value for name, value in whole.items() if value is not None}


@pytest.fixture
def table(aws: Aws) -> str:
    """A table with two pairs, one of which has no name and is archived, and a single file."""
    name = aws.table()
    for each in (row(2, set_name=None, set_status="ARCHIVED"), row(1), row(3, "source1")):
        aws.put(name, each)
    return name


PARAMETERS = (
    "--parameter",
    "fastq_1=omics_uri_source1,fastq_2=omics_uri_source2",
    "--parameter",
    "name='x',size=total_size",
)
RUNS = [
    {
        "runSettingId": f"{number:010}",
        "name": name,
        "parameters": {
            "fastq_1": f"{URI}/{number:010}/source1",
            "fastq_2": f"{URI}/{number:010}/source2",
            "name": "x",
            "size": 12,
        },
    }
    for number, name in ((1, "NA1 exome"), (2, "NA2"))
]


def test_a_batch_has_a_run_for_each_read_set(cli: CommandLine, table: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.json"

    words = ("export", "-t", table, "--format", "run-batch", *PARAMETERS)

    done, filed, strict = cli.run(*words), cli.run(*words, "-o", path), cli.run(*words, "--require-all")

    assert done.document == json.loads(path.read_text()) == RUNS
    assert (done.code, done.err.splitlines()) == (
        1,
        [
            f"omics-meta: not in the batch: {arn(3)}: it has no parameter fastq_2",
            "omics-meta: 1 read set in the batch is archived: activate it before a run",
            f"omics-meta: to activate: omics-meta activate --table {table} --status ARCHIVED",
            "omics-meta: 2 read sets in the batch",
        ],
    )
    assert filed.out == f"2 read sets in the batch: {path}\n"
    assert (strict.code, strict.out) == (1, "")
    # AND it is what StartRunBatch takes.
    request = {
        "requestId": "1",
        "defaultRunSetting": {"workflowId": "1234567", "roleArn": "arn:aws:iam::123456789012:role/runs"},
        "batchRunSettings": {"inlineSettings": done.document},
    }
    shape: Any = service_model("omics").operation_model("StartRunBatch").input_shape
    report = ParamValidator().validate(request, shape)
    assert report.generate_report() == ""


def test_the_limits_are_those_of_the_model() -> None:
    model = service_model("omics")
    for name in ("RunSettingId", "RunName"):
        limits = model.shape_for(name).metadata
        for length in (limits["min"], limits["max"]):
            assert run_batch.is_text("ä" * length)
        assert limits["pattern"] == r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"
        assert run_batch.is_text("a\u0301\u2003\u2028+1.")
        # Control, format and private characters, and one that is none yet.
        for other in ("\n", "\x85", "\u200b", "\ufeff", "\ue000", "\u0378"):
            assert not run_batch.is_text(f"a{other}b")
        for text in ("", "x" * (limits["max"] + 1)):
            assert not run_batch.is_text(text)
    assert model.shape_for("InlineSettings").metadata["max"] == run_batch.INLINE
    settings: Any = model.shape_for("BatchRunSettings")
    assert f"{run_batch.MOST_RUNS:,} run configurations" in settings.members["s3UriSettings"].documentation


def test_more_runs_than_a_request_takes_go_through_s3(
    cli: CommandLine, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, words = tmp_path / "runs.json", ("export", "-t", table, "--format", "run-batch", "--parameter", "id")

    monkeypatch.setattr(run_batch, "INLINE", 2)
    large = cli.run(*words)
    monkeypatch.setattr(run_batch, "MOST_RUNS", 2)
    too_large = [cli.run(*words), cli.run(*words, "-o", path)]

    assert len(large.document) == 3
    assert "omics-meta: more than 2 runs are no inlineSettings: put the file into S3, for s3UriSettings\n" in large.err
    for done in too_large:
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith("omics-meta: error: 3 runs are more than the 2 of a batch: search for fewer\n")
    assert not path.exists()


def test_a_name_that_no_run_can_have_is_named(aws: Aws, cli: CommandLine) -> None:
    table = aws.table()
    aws.put(table, row(1, set_name="x" * 129))

    done = cli.run("export", "-t", table, "--format", "run-batch", "--parameter", "id")

    assert (done.code, done.document) == (1, [])
    assert f"{arn(1)}: name must have 1 to 128 visible characters: 'xxx" in done.err
