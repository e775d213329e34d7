"""What a user gets wrong, and what is wrong around them: one line says which value, and what to do; exit code 2."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
GOOD = ("-s", "{store}", "-t", "{table}")
QUEUE = ("--outputs", "{half}", "--via-queue")
LOGIN = "set AWS_PROFILE or --profile, or renew them with `aws sso login` or `aws configure`"
EXPORT = (
    ": call `export()` on its MetadataSync there, or export each under its name in other languages, and run `pulumi"
)
WRITE = "write it with `pulumi stack output --json"


@dataclass(frozen=True)
class Case:
    """One thing that is wrong.

    Attributes:
        arguments: After `omics-meta`, or after `omics-meta backfill` where they begin with an option.
            `{store}`, `{table}`, ... stand for what `world` has.
        says: Parts of the one line, in this order: the value first, the remedy last.
        env: Environment variables that are set.
        without: Environment variables that are not.
    """

    arguments: tuple[str, ...]
    says: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    without: tuple[str, ...] = ()


CASES = {
    "unknown store": Case(
        ("-s", "9999999999", "-t", "{table}"), ("no sequence store 9999999999 in us-west-2", "check its id")
    ),
    "malformed store id": Case(("-s", "my-store", "-t", "{table}"), ("'my-store'", "give its 10 to 36 digits")),
    "ARN of a store": Case(
        ("-s", "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890", "-t", "{table}"),
        ("sequenceStore/1234567890'", "give its 10 to 36 digits, not its name or ARN"),
    ),
    "empty store id": Case(("-s", "", "-t", "{table}"), ("''", "give its 10 to 36 digits")),
    "missing table": Case(("-s", "{store}", "-t", "no-table"), ("no table 'no-table' in us-west-2", "check its name")),
    "table with another key": Case(
        ("-s", "{store}", "-t", "{other_key}"), ("'{other_key}'", "id (HASH, S)", "name another table")
    ),
    "table with a sort key": Case(
        ("-s", "{store}", "-t", "{sort_key}"), ("'{sort_key}'", "name (RANGE, S)", "name another table")
    ),
    "table with a numeric key": Case(
        ("-s", "{store}", "-t", "{number_key}"), ("'{number_key}'", "set_arn (HASH, N)", "name another table")
    ),
    "wrong region": Case((*GOOD, "-r", "eu-west-1"), ("no table '{table}' in eu-west-1", "check its name, the region")),
    "malformed region": Case((*GOOD, "-r", "Frankfurt"), ("'Frankfurt'", "give one like us-west-2")),
    "malformed region in the environment": Case(
        GOOD, ("'Frank furt'", "AWS_ variables"), env=dict.fromkeys(REGION, "Frank furt")
    ),
    "unknown region": Case(
        ("find", "-t", "{table}", "-r", "nonsense"),
        ("AWS has no region 'nonsense'", "give --region one like us-west-2"),
        without=("AWS_ENDPOINT_URL",),
    ),
    "empty region": Case((*GOOD, "-r", ""), ("--region ''", "give its value, or leave the option out")),
    "no region": Case(GOOD, ("no AWS region", "give --region, or set AWS_REGION"), without=REGION),
    "no credentials": Case(GOOD, ("Unable to locate credentials", LOGIN), without=CREDENTIALS),
    "half of the credentials": Case(GOOD, ("missing: AWS_SECRET_ACCESS_KEY", LOGIN), without=CREDENTIALS[1:]),
    "expired credentials": Case(
        GOOD, ("ExpiredTokenException: The security token", LOGIN), env={"AWS_ENDPOINT_URL": "{expired}"}
    ),
    "unknown profile": Case((*GOOD, "--profile", "nobody"), ("nobody", "with --profile or AWS_PROFILE")),
    "unknown profile in the environment": Case(
        GOOD, ("nobody", "with --profile or AWS_PROFILE"), env={"AWS_PROFILE": "nobody"}
    ),
    "unreadable AWS configuration": Case(
        GOOD, ("{text}", "check your AWS configuration"), env={"AWS_CONFIG_FILE": "{text}"}
    ),
    "unreachable endpoint": Case(
        GOOD, ("http://127.0.0.1:9/", "check the network"), env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ),
    "endpoint that is no URL": Case(
        GOOD, ("localhost:4566", "must be a URL such as"), env={"AWS_ENDPOINT_URL": "localhost:4566"}
    ),
    "missing outputs file": Case(("--outputs", "{folder}/nothing"), ("{folder}/nothing (No such file", WRITE)),
    "outputs in a folder": Case(("--outputs", "{folder}"), ("{folder} (Is a directory", WRITE)),
    "outputs that are not text": Case(("--outputs", "{binary}"), ("{binary}: not JSON ('utf-16-le' codec", WRITE)),
    "outputs that are not JSON": Case(("--outputs", "{text}"), ("{text}: not JSON", WRITE)),
    "outputs that are empty": Case(("--outputs", "{empty}"), ("{empty}: not JSON", WRITE)),
    "outputs that are an array": Case(("--outputs", "{array}"), ("{array}: JSON, but not an object", WRITE)),
    "outputs without a table": Case(
        ("--outputs", "{no_table}"),
        ("{no_table} has no tableName, tableArn, queueName, ", EXPORT, "or give tableName with --table"),
    ),
    "outputs with a null table": Case(
        ("--outputs", "{null_table}"), ("{null_table} has no tableName, tableArn, ", EXPORT)
    ),
    "outputs without a region": Case(
        ("--outputs", "{no_region}"),
        ("{no_region} has no tableArn, ", ", region, which its program does not", EXPORT, "or give region with"),
    ),
    "outputs of an adopted queue without a region": Case(
        ("--outputs", "{adopted}"), ("{adopted} has no tableArn, queueName, queueArn, undeliveredQueueUrl, ", EXPORT)
    ),
    "outputs with a numeric region": Case(
        ("--outputs", "{number}"), ("{number} has region = 7", EXPORT, "or give region with --region")
    ),
    "outputs of a stack without any": Case(
        ("--outputs", "{none}"),
        ("{none} has no outputs: run `pulumi up` first, or if you did, call `export()`", "or give region with"),
    ),
    "outputs in an output": Case(
        ("--outputs", "{inside}"),
        ("{inside} has region in the output west: give --outputs a file that `pulumi stack output west --json` wrote",),
    ),
    "outputs in an output, without what is looked for first": Case(
        ("--outputs", "{inside_alone}"),
        ("{inside_alone} has tableName in the output sync: give --outputs a file", "or give region with --region"),
    ),
    "unknown stack": Case(
        ("--stack", "x"), ("stack x (no stack named 'x' found)", "check --stack and --cwd"), env={"PATH": "{pulumi}"}
    ),
    "stack with a passphrase": Case(
        ("--stack", "x"),
        ("passphrase must be set", "): set PULUMI_CONFIG_PASSPHRASE, or"),
        env={
            "PATH": "{pulumi}",
            "SAYS": "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
        },
    ),
    "stack without a login": Case(
        ("--stack", "x"),
        ("PULUMI_ACCESS_TOKEN must be set", "): run `pulumi login`"),
        env={
            "PATH": "{pulumi}",
            "SAYS": "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
        },
    ),
    "stack after a logout": Case(
        ("--stack", "x"),
        ("please run `pulumi login`", "): run `pulumi login`"),
        env={"PATH": "{pulumi}", "SAYS": "not logged in, please run `pulumi login`"},
    ),
    "empty stack": Case(("--stack", ""), ("--stack ''", "give its value, or leave the option out")),
    "no pulumi on PATH": Case(
        ("--stack", "dev"), ("No such file", "or give --outputs FILE"), env={"PATH": "{folder}/nowhere"}
    ),
    "pulumi that is not executable": Case(
        ("--stack", "dev"),
        ("Permission denied", "`curl -fsSL https://get.pulumi.com | sh`"),
        env={"PATH": "{not_executable}"},
    ),
    "store and all stores": Case((*GOOD, "--all-stores"), ("-s {store} and --all-stores", "give one of them")),
    "file and stack": Case(("--outputs", "{text}", "--stack", "dev"), ("--outputs {text} and a stack", "give one")),
    "file and project": Case(("--outputs", "{text}", "--cwd", "dir"), ("--outputs {text} and a stack", "give one")),
    "no stores": Case(("-t", "{table}"), ("no stores were chosen", "take --all-stores")),
    "no table": Case(("-s", "{store}"), ("no table was named", "give -t/--table or set OMICS_META_TABLE")),
    "no rate": Case((*GOOD, "--max-tps", "0"), ("--max-tps: '0' is not", "give one above 0")),
    "rate of an operation that is not called": Case(
        (*GOOD, "--max-tps", "20", "--max-tps", "GetReadset=50"), ("--max-tps: 'GetReadset'", "name one of GetReadSetM")
    ),
    "rate without end": Case(("verify", *GOOD, "--max-tps", "inf"), ("--max-tps: 'inf' is not", "give one above 0")),
    "age that is none": Case((*GOOD, "--max-age", "soon"), ("--max-age 'soon' is not an age: give minutes",)),
    "queue and no tags": Case((*QUEUE, "--no-tags"), ("--via-queue and --no-tags contradict each other",)),
    "queue and one pass": Case((*QUEUE, "--no-listing-pass"), ("--via-queue and --no-listing-pass contradict",)),
    "queue of no stack": Case((*GOOD, "--via-queue"), ("--via-queue needs a stack", "--stack NAME, or --outputs FILE")),
    "no waiting for nothing": Case((*GOOD, "--no-wait"), ("--no-wait needs --via-queue: give both, or neither",)),
    "queue of another table": Case(
        (*QUEUE, "-t", "{sound}"), ("cannot fill '{sound}'", "because the stack's tableName is '{table}': leave -t")
    ),
    "unknown option": Case((*GOOD, "--purge"), ("--purge", "see `omics-meta backfill --help`")),
    "option without its value": Case((*GOOD, "-r"), ("-r", "--help`")),
    "stray argument": Case(
        (*GOOD, "stray"),
        ("'stray' belongs to no option: give it after the name of one (see `omics-meta backfill --help`",),
    ),
    "sample without its option": Case(("find", "NA1"), ("'NA1' belongs to no option", "such as --sample NA1 (see")),
    "path without its option": Case(
        ("find", "s3://b"), ("'s3://b' belongs to no option", "such as --file s3://b (see")
    ),
    "unknown format": Case(
        ("find", "--format", "xml"),
        ("--format 'xml' is not possible: give one of table, json, jsonl, csv, parquet, run-batch (see",),
    ),
    "limit that is no number": Case(
        ("find", "--limit", "abc"), ("--limit 'abc' is not possible: give a whole number of at least 1 (see",)
    ),
    "limit of nothing": Case(("find", "--limit", "0"), ("--limit '0' is not possible", "number of at least 1 (see")),
    "unknown queue": Case(
        ("dlq", "show", "--queue", "bogus"), ("--queue 'bogus' is not possible: give one of failed, undelivered (see",)
    ),
    "unknown command": Case(("purge",), ("'purge'", "see `omics-meta --help`")),
    "unknown option before the command": Case(("--purge",), ("--purge", "see `omics-meta --help`")),
    "option of the other command": Case(("verify", *GOOD, "--prune"), ("--prune", "see `omics-meta verify --help`")),
    "verify of an unknown store": Case(
        ("verify", "-s", "9999999999", "-t", "{table}"), ("no sequence store 9999999999", "check its id")
    ),
    "probe without a stack": Case(
        ("verify", *GOOD, "--probe"), ("--probe sends a message through a stack", "--stack NAME, or --outputs FILE")
    ),
    "verify of outputs that are not a pipeline's": Case(
        ("verify", "--outputs", "{half}"), ("{half} has no tableArn, ", ", ruleName, ", EXPORT)
    ),
    "verify with --json": Case(("verify", "-s", "{store}", "-t", "no-table", "--json"), ("'no-table'", "check its")),
}
TOP_LEVEL = {"verify", "find", "dlq", "purge", "--purge"}


@pytest.fixture(scope="module")
def surroundings(
    local_aws: Aws, refusing: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Tables of all kinds, files, folders with a `pulumi`, an endpoint of a session that has expired."""
    table, folder = local_aws.table(), tmp_path_factory.mktemp("world")
    files = {
        "text": b"not: json\nnor: one line",
        "binary": b"\xff\xfe\x00",
        "empty": b"",
        "array": b"[1, 2]",
        "no_table": b'{"region": "us-west-2"}',
        "null_table": b'{"region": "us-west-2", "tableName": null}',
        "no_region": b'{"tableName": "t"}',
        "adopted": b'{"tableName": "t", "queueUrl": "theirs"}',
        "none": b"{}",
        "inside": b'{"east": {}, "west": {"region": "us-west-2"}}',
        "inside_alone": b'{"sync": {"tableName": "t"}}',
        "number": b'{"region": 7, "tableName": "t"}',
        "half": json.dumps({"region": "us-west-2", "tableName": table}).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for name, mode in (("pulumi", 0o755), ("not_executable", 0o644)):
        program = folder / name / "pulumi"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\necho \"error: ${SAYS:-no stack named 'x' found}\" >&2\nexit 255\n")
        program.chmod(mode)
    return {
        "table": table,
        "sound": local_aws.table(),
        "other_key": local_aws.table((("id", "HASH", "S"),)),
        "sort_key": local_aws.table((("set_arn", "HASH", "S"), ("name", "RANGE", "S"))),
        "number_key": local_aws.table((("set_arn", "HASH", "N"),)),
        "expired": refusing("ExpiredTokenException", "The security token included in the request is expired"),
        "folder": str(folder),
        **{name: str(folder / name) for name in (*files, "pulumi", "not_executable")},
    }


@pytest.fixture
def world(aws: Aws, surroundings: dict[str, str]) -> dict[str, str]:
    """What there is to name."""
    return surroundings | {"store": aws.store(1)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_line_names_the_value_and_the_remedy(case: Case, world: dict[str, str], aws: Aws, cli: CommandLine) -> None:
    arguments = [argument.format_map(world) for argument in case.arguments]
    command = arguments if arguments[0] in TOP_LEVEL else ["backfill", *arguments]
    env = {name: value.format_map(world) for name, value in case.env.items()}

    done = cli.run(*command, env=env, without=case.without)

    assert done.code == 2, done.err
    assert done.out == ""
    (line,) = done.err.splitlines()
    rest = line.removeprefix("omics-meta: error: ")
    assert rest != line
    for part in case.says:
        wanted = part.format_map(world)
        assert wanted in rest, f"{wanted!r} is not in {rest!r}"
        rest = rest.partition(wanted)[2]
    assert aws.raw_rows(world["table"]) == {}


@pytest.mark.parametrize(
    ("operation", "options"),
    [("GetSequenceStore", GOOD), ("ListReadSets", GOOD), ("ListSequenceStores", ("--all-stores", "-t", "{table}"))],
)
@pytest.mark.parametrize("command", ["backfill", "verify"])
def test_access_denied(
    command: str, operation: str, options: tuple[str, ...], world: dict[str, str], aws: Aws, cli: CommandLine
) -> None:
    aws.omics.faults.add(operation, "AccessDeniedException")
    done = cli.run(command, *(option.format_map(world) for option in options))
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"omics-meta: error: permission is missing ({operation}: AccessDeniedException: ")
    assert "allow the action to the identity that runs this command" in line


def test_credentials_that_expire_on_the_way_end_the_command(world: dict[str, str], aws: Aws, cli: CommandLine) -> None:
    # Every further read set would fail for the same reason: saying so once is better than a thousand failures.
    aws.omics.faults.add("GetReadSetMetadata", "ExpiredTokenException")
    done = cli.run("backfill", "-s", world["store"], "-t", aws.table())
    assert (done.code, done.out) == (2, "")
    listed, error = done.err.splitlines()
    assert listed == f"listing of store {world['store']}: batch 1: 1 read set: 1 from listing"
    assert error.startswith("omics-meta: error: AWS credentials are missing, expired or refused (GetReadSetMetadata")
    assert ". Rows that were written stay. To go on, run: omics-meta backfill -s" in error
