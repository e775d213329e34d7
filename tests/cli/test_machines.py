"""What people's machines have around the command line: profiles, proxies, portals, shells and CI services."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from omics_meta.terminal.errors import explain

from tests.cli.conftest import Answer
from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

FIND = ("find", "-t", "T", "-r", "us-west-2")
CONFIG = """
[profile greeting]
credential_process = echo "Please log in first"
[profile nothing]
credential_process = /no/such/program
[profile failing]
credential_process = false
[profile corp]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = analyst
[sso-session corp]
sso_region = us-west-2
sso_start_url = https://corp.awsapps.com/start
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = absent
[profile nonsense]
aws_access_key_id = a
aws_secret_access_key = b
endpoint_url = nonsense
"""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ENDPOINT = ("AWS_ENDPOINT_URL",)


@pytest.mark.parametrize(
    ("profile", "cause", "remedy"),
    [
        ("greeting", "credential_process of profile greeting gives no credentials (Expecting value", "log in where"),
        ("nothing", "credential_process of profile nothing gives no credentials ([Errno 2]", "run its command by hand"),
        ("failing", "(Error when retrieving credentials from custom-process", "run the command that is its credential"),
        ("corp", "(Error loading SSO Token", "run `aws sso login --profile corp`"),
        (
            "role",
            'The source_profile "absent" referenced in the profile "role" does not exist',
            "check your AWS configuration files",
        ),
        ("nonsense", "Invalid endpoint: nonsense: endpoint_url of profile nonsense", "must be a URL such as https"),
    ],
)
def test_what_is_wrong_with_a_profile_is_told_with_what_helps(
    profile: str, cause: str, remedy: str, cli: CommandLine, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(CONFIG)

    done = cli.run(*FIND, "--profile", profile, env={"AWS_CONFIG_FILE": str(config)}, without=(*KEYS, *ENDPOINT))

    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert cause in line
    assert remedy in line.partition(cause)[2]


def test_a_profile_that_is_set_to_nothing_is_named(cli: CommandLine) -> None:
    done = cli.run(*FIND, env={"AWS_PROFILE": ""})

    assert done.code == 2
    assert "AWS_PROFILE is set to nothing" in done.err


def test_a_proxy_that_does_not_answer_is_told_as_one(cli: CommandLine) -> None:
    done = cli.run(*FIND, env={"HTTPS_PROXY": "http://127.0.0.1:9"}, without=(*ENDPOINT, "NO_PROXY", "no_proxy"))

    assert done.code == 2
    assert "AWS cannot be reached (Failed to connect to proxy URL" in done.err
    assert "check the proxy that HTTPS_PROXY names" in done.err


@pytest.fixture(scope="module")
def portal(serve: Callable[[Answer], str]) -> str:
    """URL of a server that answers everything with a page, as the portals of guest networks do."""
    return serve(lambda operation, body: (200, b"<html><body>Please accept our terms</body></html>"))


OUTPUTS = {
    "region": "us-west-2",
    "tableName": "t",
    "undeliveredQueueUrl": "https://sqs.us-west-2.amazonaws.com/123456789012/u",
    "undeliveredQueueArn": "arn:aws:sqs:us-west-2:123456789012:u",
}


@pytest.mark.parametrize("command", ["find", "backfill", "dlq list"])
def test_what_answers_and_is_not_aws_is_told_as_that(command: str, portal: str, cli: CommandLine) -> None:
    done = cli.run(*command.split(), "--outputs", cli.outputs(OUTPUTS), env={"AWS_ENDPOINT_URL": portal})

    assert done.code == 2, done.err
    assert f"what answers at {portal} is not AWS (status 200 to " in done.err
    assert "terms" not in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_outputs_are_read_in_the_encodings_of_other_shells(
    encoding: str, aws: Aws, cli: CommandLine, tmp_path: Path
) -> None:
    # PowerShell's `>` writes UTF-16 with a mark.
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"tableName": aws.table(), "region": "us-west-2"}), encoding=encoding)

    done = cli.run("find", "--json", "--outputs", outputs)

    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_ACTIONS": "true", "PY_COLORS": "1", "TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1"},
        {"FORCE_COLOR": "1"},
    ],
    ids=", ".join,
)
def test_variables_do_not_make_a_terminal_of_a_file(variables: dict[str, str], aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(1), aws.table()

    shown = cli.run_process("find", "--help", env=variables)
    filled = cli.run("backfill", "-s", store, "-t", table, env=variables)
    found = cli.run("find", "-t", table, env={**variables, "COLUMNS": "20"})

    # Colours at the most: nothing that moves a cursor, and no column less.
    assert ("\x1b[" in shown.out) == ("FORCE_COLOR" in variables)
    assert "\x1b[?25l" not in filled.err
    assert "batch 1: 1 read set" in filled.err
    assert "sample 0" in found.out
    assert "too narrow" not in found.err


def test_csv_is_utf_8_with_unix_line_ends_in_any_locale(aws: Aws, cli: CommandLine) -> None:
    table = aws.table(rows=[{"set_arn": "a", "set_name": "試料"}])
    written = io.BytesIO()

    done = cli.run("find", "-t", table, "--csv", stdout=io.TextIOWrapper(written, encoding="cp1252", newline="\r\n"))

    assert done.code == 0, done.err
    assert "試料".encode() in written.getvalue()
    assert b"\r" not in written.getvalue()


def test_an_export_may_have_the_longest_name_that_a_file_can_have(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / f"{'n' * 251}.csv"

    done = cli.run("export", "-t", aws.table(), "-o", file)

    assert done.code == 0, done.err
    assert file.exists()


def test_a_region_without_healthomics_is_told_as_one() -> None:
    said = explain(EndpointConnectionError(endpoint_url="https://control-storage-omics.eu-north-1.amazonaws.com/x"))

    assert "eu-north-1 has no HealthOmics: give --region one of" in said
    assert "us-west-2" in said


def test_interrupted_before_the_command_has_begun(cli: CommandLine, tmp_path: Path) -> None:
    # A module that stands in for one of those that are loaded first, and is interrupted.
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")

    done = cli.run_process("find", env={"PYTHONPATH": str(tmp_path)})

    assert (done.code, done.err) == (130, "omics-meta: interrupted. Run the same command again.\n")


def test_the_local_aws_takes_nothing_of_the_caller_s_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "config"
    broken.write_text("no section\n")
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(broken))

    code = (
        "import os, omics_sandbox\n"
        "with omics_sandbox.Sandbox() as sandbox:\n"
        "    sandbox.omics.create_store('a')\n"
        "    print(sandbox.client('dynamodb').list_tables()['TableNames'])\n"
        "print(os.environ['AWS_PROFILE'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\nwork\n"
