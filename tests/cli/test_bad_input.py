"""What a user gets wrong, and what is wrong around them: one line says which value, and what to do; exit code 2."""

import json
import re
import shlex
from collections.abc import Callable
from itertools import takewhile

import pytest
from botocore.exceptions import ClientError
from omics_meta.terminal.errors import explain

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine
from tests.labs import table_of

EXPORT = "call `export()` on its MetadataSync there, or export each under its name in other languages, and run `pulumi"
WRITE = "write it with `pulumi stack output --json"
GIVE_ONE = "contradict each other: give one of"
TWO = "names one and two, and this command takes one: give it with"
LOGIN = "set AWS_PROFILE or --profile, or renew them with `aws sso login` or `aws configure`"

WRONG = {
    # The store
    "backfill -s 9999999999 -t {table}": "no sequence store 9999999999 in us-west-2 ... check its id",
    "verify -s 9999999999 -t {table}": "no sequence store 9999999999 ... check its id",
    "backfill -s my-store -t {table}": "'my-store' ... give its 10 to 36 digits",
    "backfill -s arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890 -t {table}": (
        "... sequenceStore/1234567890' ... give its 10 to 36 digits, not its name or ARN"
    ),
    "backfill -s '' -t {table}": "'' ... give its 10 to 36 digits",
    "backfill -t {table}": "no stores were chosen ... take --all-stores",
    "backfill -s {store} -t {table} --all-stores": "-s {store} and --all-stores ... give one of them",
    # The table and the region
    "backfill -s {store} -t no-table": "no table 'no-table' in us-west-2 ... check its name",
    "verify -s {store} -t no-table --json": "no table 'no-table' ... check its",
    "backfill -s {store} -t {other_key}": "... '{other_key}' ... id (HASH, S) ... name another table",
    "backfill -s {store} -t {sort_key}": "... '{sort_key}' ... name (RANGE, S) ... name another table",
    "backfill -s {store} -t {number_key}": "... '{number_key}' ... set_arn (HASH, N) ... name another table",
    "backfill -s {store} -t {table} -r eu-west-1": "no table '{table}' in eu-west-1 ... check its name, the region",
    "backfill -s {store} -t {table} -r Frankfurt": "'Frankfurt' ... give one like us-west-2",
    "find --region 'no region'": "'no region' is not the name of an AWS region",
    "find --profile nobody": "... nobody ... with --profile or AWS_PROFILE",
    "backfill -s {store} -t {table} -r ''": "--region '' ... give its value, or leave the option out",
    "backfill -s {store} -t {table} --profile nobody": "... nobody ... with --profile or AWS_PROFILE",
    # Options that name several tables
    "find --outputs {half} --profile a --profile b": (
        "--profile is given 2 times and --outputs 1 time: give --profile once for all tables, or once for each, in the"
    ),
    "find --outputs {half} --outputs {half} --outputs {half} --profile a --profile b": (
        "--profile is given 2 times and --outputs 3 times: give --profile once for all tables, or once for each, in the"
    ),
    "find --outputs {half} --outputs {half} --outputs {half} -t x -t y": (
        "--table is given 2 times and --outputs 3 times: give --table once for all tables, or once for each, in the"
    ),
    "find --outputs {half} --outputs {half} --stack dev": "--outputs {half} and a stack contradict each other: give",
    f"find -t {table_of('c')} -r us-west-2": f"--region us-west-2 and the ARN {table_of('c')} {GIVE_ONE} them",
    f"find -t {table_of('a')} -t arn:aws:s3:::bucket": (
        "'arn:aws:s3:::bucket' is not the ARN of a table: give its name, or an ARN like arn:aws:dynamodb:us-west-2:123"
    ),
    # The outputs of a stack
    "backfill --outputs {folder}/nothing": f"... {{folder}}/nothing (No such file ... {WRITE}",
    "backfill --outputs {folder}": f"... {{folder}} (Is a directory ... {WRITE}",
    "backfill --outputs {binary}": f"... {{binary}}: not JSON ('utf-16-le' codec ... {WRITE}",
    "backfill --outputs {text}": f"... {{text}}: not JSON ... {WRITE}",
    "backfill --outputs {empty}": f"... {{empty}}: not JSON ... {WRITE}",
    "backfill --outputs {array}": f"... {{array}}: JSON, but not an object ... {WRITE}",
    "backfill --outputs {no_table}": f"{{no_table}} has no tableName, tableArn, ... : {EXPORT} ... give tableName with",
    "backfill --outputs {null_table}": f"{{null_table}} has no tableName, tableArn, ... : {EXPORT}",
    "backfill --outputs {no_region}": (
        f"{{no_region}} has no tableArn, ... , region, which its program does not ... : {EXPORT} ... or give region wi"
    ),
    "backfill --outputs {adopted}": f"{{adopted}} has no tableArn, queueName, queueArn, undeliveredQ ... : {EXPORT}",
    "backfill --outputs {number}": f"{{number}} has region = 7: {EXPORT} ... or give region with --region",
    "backfill --outputs {none}": "{none} has no outputs: run `pulumi up` first, or ... `export()` ... give region",
    "backfill --outputs {inside}": "{inside} has region in the output west: give --outputs a file that `pulumi stack",
    "backfill --outputs {inside_alone}": "{inside_alone} has tableName in the output sync: give --outputs a file",
    "verify --outputs {half}": f"{{half}} has no tableArn, ... , ruleName, ... : {EXPORT}",
    "backfill --stack ''": "--stack '' ... give its value, or leave the option out",
    "backfill --outputs {text} --stack dev": "--outputs {text} and a stack ... give one",
    "backfill --outputs {text} --cwd dir": "--outputs {text} and a stack ... give one",
    # Options of backfill and verify
    "backfill -s {store} -t {table} --max-tps 0": "--max-tps: '0' is not ... give one above 0",
    "backfill -s {store} -t {table} --max-tps 20 --max-tps GetReadset=50": (
        "--max-tps: 'GetReadset' ... name one of GetReadSetM"
    ),
    "verify -s {store} -t {table} --max-tps inf": "--max-tps: 'inf' is not ... give one above 0",
    "backfill -s {store} -t {table} --max-age soon": "--max-age 'soon' is not an age: give minutes",
    "backfill --outputs {half} --via-queue --no-tags": "--via-queue and --no-tags contradict each other",
    "backfill --outputs {half} --via-queue --no-listing-pass": "--via-queue and --no-listing-pass contradict",
    "backfill -s {store} -t {table} --via-queue": "--via-queue needs a stack ... --stack NAME, or --outputs FILE",
    "backfill -s {store} -t {table} --no-wait": "--no-wait needs --via-queue: give both, or neither",
    "backfill --outputs {half} --via-queue -t {sound}": (
        "... cannot fill '{sound}' ... because the stack's tableName is '{table}': leave -t"
    ),
    "verify -s {store} -t {table} --probe": "--probe sends a message through ... --stack NAME, or --outputs",
    # Options of activate, of cost, and about a stack
    "activate --yes": "no read sets were chosen: give their ARNs or ids, or filters",
    "activate --yes --sample a 1111111111": "1111111111 and filters contradict each other",
    "activate --sample a": "active storage costs more ... there is no terminal to ask on: give --yes, or --dry-run",
    "activate --yes HG002": "'HG002' is neither the ARN nor the id of a read set",
    "activate --sample a --dry-run --wait": "--dry-run and --wait contradict each other",
    "activate --sample a --yes --max-tps many": "--max-tps: 'many' is not a number",
    "activate --sample a --yes --max-tps ListReadSets=5": "... ListReadSets=5 ... so give its number",
    "OMICS_META_TABLE= cost": "the number of read sets is not known: give --read-sets N, or a stack or table",
    "cost --read-sets 1 --schedule daily": (
        "--schedule: 'daily' is not a schedule: give rate(1 day), cron(0 3 * * ? *) or off"
    ),
    "cost --read-sets -1": "--read-sets '-1' is not possible: give a whole number of at least 0",
    "export --wait-for-aws soon": "--wait-for-aws 'soon' is no duration: give minutes, hours or days as in 10m, or 0",
    "dlq list": "no stack was named: give --stack NAME, or --outputs FILE",
    "dlq redrive --outputs {half}": f"{{half}} has no ... undeliveredQueueUrl, ... : {EXPORT}",
    # What is no option, no command, or no value of one
    "dlq": "... Missing command ... see `omics-meta dlq --help`",
    "dlq show --limit 0": "--limit '0' is not possible ... of at least 1 (see `omics-meta dlq show --help`",
    "backfill -s {store} -t {table} --purge": "... --purge ... see `omics-meta backfill --help`",
    "backfill -s {store} -t {table} -r": "... -r ... --help`",
    "backfill -s {store} -t {table} stray": "'stray' belongs to no option: give it after the name of one (see `om",
    "find NA1": "'NA1' belongs to no option ... such as --sample NA1 (see",
    "find s3://b": "'s3://b' belongs to no option ... such as --file s3://b (see",
    "find --format xml": "--format 'xml' is not possible: give one of table, json, jsonl, csv, parquet, run-b",
    "find --limit abc": "--limit 'abc' is not possible: give a whole number of at least 1 (see",
    "find --limit 0": "--limit '0' is not possible ... number of at least 1 (see",
    "dlq show --queue bogus": "--queue 'bogus' is not possible: give one of failed, undelivered (see",
    "purge": "... 'purge' ... see `omics-meta --help`",
    "--purge": "... --purge ... see `omics-meta --help`",
    "verify -s {store} -t {table} --prune": "... --prune ... see `omics-meta verify --help`",
    # Several values of an option that takes one
    "verify -r a --region=b": "--region is given as 'a' and as 'b': give one of them",
    "find --created-after 2026-01-01 --created-after 2026": "--created-after is given as '2026-01-01' and",
    **{
        f"{command} --{option} one --{option} two": f"--{option} is given as 'one' and as 'two': give one of them"
        for option, commands in {
            "table": ("backfill", "verify", "activate", "cost"),
            "stack": ("status", "selftest", "dlq list"),
            "region": ("backfill", "dlq list", "get 1234567890"),
        }.items()
        for command in commands
    },
    # Filters
    "find --type FASTQZ": "--type 'FASTQZ' is not a type of read set: give one of FASTQ, BAM, CRAM, UBAM",
    "find --sample A --sample ''": "--sample '' is empty: give its value, or leave the option out",
    "find --no-tag ''": "--no-tag '' is empty: give its value, or leave the option out",
    "find --tag ''": "--tag '' has no key: give KEY, KEY=VALUE or KEY!=VALUE",
    "find --tag =a": "--tag '=a' has no key: give KEY, KEY=VALUE or KEY!=VALUE",
    "find --created-after soon": "--created-after 'soon' is not a date or time: give one like 2026-04-04 or 2",
    "find --created-before 9999-12-31T23:00:00-02:00": "... '9999-12-31T23:00:00-02:00' is not a date or time",
    "find --created-after 2026-04-04 --created-before 2026-04-04T02:00:00+02:00": (
        "--created-after '2026-04-04' is not earlier than --created-before '2026-04-04T02:00:00+02:00': give a later"
    ),
    "get 123": "'123' is neither the ARN nor the id of a read set: give an ARN or 10 to 36 digits",
    f"get {'1' * 37}": f"'{'1' * 37}' is neither the ARN nor the id of a read set",
    "get NA12878": "'NA12878' is neither the ARN nor the id of a read set",
    # Files of names
    "find --samples-from {blank}": "--samples-from: {blank} lists no name: give at least one",
    "find --samples-from {blank} --from-column a": "--samples-from: {blank} lists no name: give at least one",
    "find --samples-from {no_value} --from-column b": "--samples-from: {no_value} lists no name: give at least o",
    "find --samples-from {zero}": "--samples-from: {zero} is not a text in UTF-8: save it as that, one name on ea",
    "find --samples-from {binary}": "--samples-from: {binary} is not a text in UTF-8: save it as that",
    "find --samples-from {comma} --from-column c": "--from-column: {comma} has no column 'c': give one of a, b",
    "find --samples-from {semicolon} --from-column b": "... {semicolon} has no column 'b': separate columns with com",
    "find --samples-from {twice} --from-column a": "--from-column: {twice} has 2 columns 'a': give one of a, a",
    "find --samples-from {long} --from-column a": "--samples-from: {long} is not CSV: field larger than",
    "find --samples-from {quote} --from-column a": "... {quote} is not CSV: unexpected end of data: check its quotes",
    "find --samples-from {folder}/nothing": "--samples-from: cannot read {folder}/nothing: No such file or dir",
    "find --samples-from .": "--samples-from: cannot read .: Is a directory: give a file with ... or - for stdin",
    "find --samples-from - --subjects-from -": "--samples-from - and --subjects-from - contradict",
    "find --from-column a": "--from-column is about --samples-from or --subjects-from: give one",
    "get 1234567890 --from-column b": "--from-column is about read sets on stdin: give - for them",
    "find --require-all": "--require-all is about --samples-from, --subjects-from or --sheet: give one",
    "get 1234567890 --require-all": "--require-all is about --sheet: give both",
    "find --limit 1 --samples-from {comma} --require-all": f"--limit and --require-all {GIVE_ONE}",
    # What is shown
    "find --sort set_nmae": "--sort: 'set_nmae' is not a column",
    "find --columns set_nmae": "--columns: 'set_nmae' is not a column",
    "find --json --csv": f"--json and --csv {GIVE_ONE} them",
    "find --sort set_id,set_name": "--sort: 'set_id,set_name' is not one column: leave out NEW=,",
    "find --sort -z=status": "--sort: 'z=status' is not one column: leave out NEW=, and put | between several",
    **{
        f"find --explain --format {form}": f"--explain and --format {form} contradict each other: give --json"
        for form in ("jsonl", "csv", "parquet")
    },
    "count --by cohrot": "--by: 'cohrot' is not a column",
    "count --by tags": "--by: tags holds several values: name one of them, as in tag:cohort",
    "count --by bytes=set_id": "--by: bytes is the name of a count: give another, as in NEW=bytes",
    "count --by status,status": "--by: 'status' is given 2 times",
    # Files, and folders in S3
    "export -t {table} -o {folder}/no/a.csv": "-o {folder}/no/a.csv: there is no folder {folder}/no: make it first, or",
    "export -t {table} -o {folder} --format csv": "-o {folder} is not a file: give the name of one",
    "export -o a.csv.gz": "-o a.csv.gz ends in none of .json, .jsonl, .csv, .parquet: say with --format what to write",
    "export -o a": "-o a ends in none of .json, .jsonl, .csv, .parquet: say with --format what to write",
    "export -o 's3://lab/a b/'": "-o s3://lab/a b names no place in S3: give s3://BUCKET/PREFIX/",
    **{
        f"export -o {place}": f"-o {place} names no place in S3" for place in ("s3://UPPER/a", "s3://", "s3://lab/../a")
    },
    "export -o s3://lab/a/x.csv": "-o s3://lab/a/x.csv names a file, and in S3 rows are a folder of Parquet files",
    "export -o s3://lab/x.PARQUET/": "-o s3://lab/x.PARQUET names a file, and in S3 rows",
    **{
        f"export -o {place}": f"-o {place} has slashes or dots that name no folder: give s3://lab/x/"
        for place in ("s3://lab//x/", "s3://lab/x//", "s3://lab/./x", "s3:/lab/x", "s3:///lab/x/")
    },
    "export -o s3://lab/ --columns A=set_arn,a=set_id": "--columns: 'a' is given 2 times, and names have no case in A",
    "export -o s3://lab/ --csv": "-o s3://lab/ is for Parquet alone: leave out --format csv, or give a file",
    "export -o s3://lab/ --sheet generic": "-o s3://lab: only rows in Parquet go to S3: give a file",
    **{
        f"export --segments {number}": f"--segments '{number}' is not possible: give a whole number from 1 to 32"
        for number in (0, 33)
    },
    **{
        f"report -t {{table}} -o a.html --tag-keys '{keys}'": (
            f"--tag-keys '{keys}' has an empty key: give the keys of tags, as in cohort,project"
        )
        for keys in ("", "cohort,,lane", ",")
    },
    # Sheets, and batches of runs
    "find --sheet sarek": "--sheet 'sarek' is none of generic, nf-core/rnaseq, nf-core/sarek: give one of",
    "find --sheet generic --json": "--format json and --sheet generic contradict each other: a sheet is",
    "find --sheet generic --sort id": f"--sort and --sheet generic {GIVE_ONE}",
    "find --sheet generic --explain": f"--explain and --sheet generic {GIVE_ONE}",
    "get 1234567890 --sheet generic --columns id": f"--columns and --sheet generic {GIVE_ONE}",
    "export --sheet generic --format parquet": "--format parquet and --sheet generic contradict each",
    "export --sheet generic -o /nowhere/a.csv": "-o /nowhere/a.csv: there is no folder /nowhere: ",
    "export --sheet generic -o a.parquet": "-o a.parquet and --sheet generic contradict ",
    "export --format run-batch": "--format run-batch has no --parameter: give one, such as reads=omics_",
    "export --parameter id": "--parameter id is about --format run-batch: give both, or neither",
    "export --parameter id -o a.json": "--parameter id is about --format run-batch: give both",
    "export --parameter idd --format run-batch": "--parameter: 'idd' is not a column: did you mean",
    **{
        f"export --parameter id --format run-batch {option}": f"{option.removesuffix(' id')} {why}"
        for option, why in {
            "--sheet generic": f"and --format run-batch {GIVE_ONE}",
            "--columns id": f"and --format run-batch {GIVE_ONE}",
            "--sort id": f"and --format run-batch {GIVE_ONE}",
            "-o /nowhere/a.json": "... : there is no folder /nowhere: make it first, or give",
        }.items()
    },
    "find --format run-batch": "--format run-batch is for `omics-meta export`, with --parameter: give a",
    # Variables around a command, of which an empty one is taken away
    "OMICS_META_TABLE= backfill -s {store}": "no table was named ... give -t/--table or set OMICS_META_TABLE",
    "OMICS_META_TABLE= find --profile a --profile b": "--profile is given 2 times and --table 0 times: give --profile",
    "OMICS_META_TABLE=nowhere find -r us-west-2": "no table 'nowhere' in ... . OMICS_META_TABLE is set to nowhere",
    "OMICS_META_OUTPUTS=none find": "cannot read --outputs none ... . OMICS_META_OUTPUTS is set to none",
    "OMICS_META_OUTPUTS={half}: find": "--outputs '' or '.' is no file: give the name of one, or ... . OMICS_META_OUT",
    "OMICS_META_OUTPUTS=one:two status": f"OMICS_META_OUTPUTS {TWO} --outputs",
    "OMICS_META_TABLE='one two' verify --all-stores": f"OMICS_META_TABLE {TWO} --table",
    "OMICS_META_TABLE='one two' activate": f"OMICS_META_TABLE {TWO} --table",
    "OMICS_META_STACK=dev OMICS_META_OUTPUTS={half} status": f"--outputs {{half}} and a stack {GIVE_ONE} them",
    "OMICS_META_OUTPUTS={half} dlq list --stack dev": "cannot run the Pulumi CLI",
    **{
        f"OMICS_META_STACK=elsewhere {command}": "cannot run the Pulumi CLI ... OMICS_META_STACK is set to elsewhere"
        for command in (
            "find -t {table}",
            "find -r us-west-2",
            "backfill -t {table} -r us-west-2",
            "backfill -s {store} -t {table} -r us-west-2 --via-queue",
            "verify -s {store} -t {table} -r us-west-2 --probe",
        )
    },
    "PATH={pulumi} backfill --stack x": "... stack x (no stack named 'x' found) ... check --stack and --cwd",
    "PATH={pulumi} SAYS='passphrase must be set' backfill --stack x": "... be set): set PULUMI_CONFIG_PASSPHRASE, or",
    "PATH={pulumi} SAYS='PULUMI_ACCESS_TOKEN must be set' backfill --stack x": "... be set): run `pulumi login`",
    "PATH={pulumi} SAYS='please run `pulumi login`' backfill --stack x": "... `pulumi login`): run `pulumi login`",
    "PATH={folder}/nowhere backfill --stack dev": "... No such file ... or give --outputs FILE",
    "PATH={not_executable} backfill --stack dev": "... Permission denied ... `curl -fsSL https://get.pulumi.com",
    **{
        f"{variables} backfill -s {{store}} -t {{table}}": said
        for variables, said in {
            "AWS_REGION='Frank furt' AWS_DEFAULT_REGION='Frank furt'": "... 'Frank furt' ... AWS_ variables",
            "AWS_REGION= AWS_DEFAULT_REGION=": "no AWS region ... give --region, or set AWS_REGION",
            "AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=": f"... Unable to locate credentials ... {LOGIN}",
            "AWS_SECRET_ACCESS_KEY=": f"... missing: AWS_SECRET_ACCESS_KEY ... {LOGIN}",
            "AWS_ENDPOINT_URL={expired}": f"... ExpiredTokenException: The security token ... {LOGIN}",
            "AWS_ENDPOINT_URL=http://127.0.0.1:9": "... http://127.0.0.1:9/ ... check the network",
            "AWS_ENDPOINT_URL_DYNAMODB=nonsense": "... AWS_ENDPOINT_URL_DYNAMODB must be a URL",
            "AWS_ENDPOINT_URL=localhost:4566": "... localhost:4566 ... must be a URL such as",
            "AWS_PROFILE=nobody": "... nobody ... with --profile or AWS_PROFILE",
            "AWS_CONFIG_FILE={text}": "... {text} ... check your AWS configuration",
        }.items()
    },
    "AWS_ENDPOINT_URL= find -t {table} -r nonsense": "AWS has no region 'nonsense' ... give --region one like us-west",
}
"""What is said of what is typed; `...` stands for anything, and braces for what `world` has."""


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
        "blank": b"\n \n",
        "zero": b"A\0B",
        "comma": b"a,b\n1,2\n",
        "semicolon": b"a;b\n1;2\n",
        "twice": b"a,a\n1,2\n",
        "no_value": b"a,b\n1,\n",
        "long": b"a\n" + b"x" * 200_000,
        "quote": b'a\n"A\nB\n',
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


@pytest.mark.parametrize("command", WRONG)
def test_one_line_names_the_value_and_the_remedy(
    command: str, world: dict[str, str], aws: Aws, cli: CommandLine
) -> None:
    words = [word.format_map(world) for word in shlex.split(command)]
    variables = dict(word.split("=", 1) for word in takewhile(lambda word: "=" in word, words))
    # One that has nothing to do with what is wrong is not named.
    env = {name: value for name, value in variables.items() if value} if variables else {"OMICS_META_TABLE": "t"}

    done = cli.run(*words[len(variables) :], env=env, without=tuple(variables.keys() - env.keys()))

    assert (done.code, done.out) == (2, ""), done.err
    (line,) = done.err.splitlines()
    pattern = ".*".join(map(re.escape, f"omics-meta: error: {WRONG[command].format_map(world)}".split(" ... ")))
    assert re.match(pattern, line), line
    assert variables or "OMICS_META" not in line
    assert aws.raw_rows(world["table"]) == {}


@pytest.mark.parametrize(
    ("operation", "code", "begins", "remedy"),
    [
        ("ListReadSets", "AccessDeniedException", "permission is missing", "to the identity that runs this command"),
        ("GetReadSetMetadata", "ThrottlingException", "HealthOmics kept throttling", "later, or lower --max-tps"),
        ("Scan", "ThrottlingException", "AWS kept throttling", "try again later"),
        ("DescribeAlarms", "Throttling", "AWS kept throttling", "try again later"),
        (
            "BatchGetItem",
            "ProvisionedThroughputExceededException",
            "DynamoDB kept throttling",
            "later, or give the table more capacity",
        ),
    ],
)
def test_who_was_refused_is_told_what_can_be_done(operation: str, code: str, begins: str, remedy: str) -> None:
    said = explain(ClientError({"Error": {"Code": code, "Message": "No"}}, operation))

    assert said.startswith(f"{begins} ({operation}: {code}: No): ")
    assert said.endswith(remedy)
