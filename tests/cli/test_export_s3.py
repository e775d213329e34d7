"""Exports to S3, read from the sandbox's S3 by DuckDB, and by the list of files as Athena reads it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any, BinaryIO, cast
from unittest.mock import Mock

import duckdb
import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs] # there are none
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from omics_meta.commands import export_s3
from omics_meta.commands.export_s3 import write_by_store
from omics_meta.search.columns import columns_of

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine, Finished
from tests.docs.permissions import permissions
from tests.existing import create_table
from tests.s3 import connect_duckdb

BUCKET = "lab-bucket"
AT = f"s3://{BUCKET}/omics/read-sets/"
PREFIX = "omics/read-sets/"
LIST = f"{PREFIX}hive/symlink.txt"
ELSEWHERE = "arn:aws:omics:eu-west-1:111111111111:sequenceStore/1234567890/readSet/{}"


class Bucket:
    """A bucket, and those who read the table in it."""

    def __init__(self, aws: Aws, database: duckdb.DuckDBPyConnection) -> None:
        self.client = aws.client("s3")
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        self._duckdb = database

    def keys(self) -> set[str]:
        return {each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def listed(self) -> list[str]:
        """The files of the list, which is all that Athena reads of the folder that its table names."""
        location = self.client.list_objects_v2(Bucket=BUCKET, Prefix=LIST.removesuffix("symlink.txt"))
        [key] = [each["Key"] for each in location["Contents"]]
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode().splitlines()

    def rows(self, query: str = "SELECT set_arn FROM {}") -> list[tuple[Any, ...]]:
        """What DuckDB finds in these files."""
        return self._duckdb.execute(query.format(f"read_parquet({self.listed()})")).fetchall()

    def current(self) -> set[str]:
        """What there is if there is nothing but the table."""
        return {LIST, *(each.removeprefix(f"s3://{BUCKET}/") for each in self.listed())}

    def check_holds(self, *rows: dict[str, Any]) -> None:
        """Check that the table has these rows, once each, and that there is nothing else."""
        assert Counter(self.rows()) == arns(rows)
        assert self.keys() == self.current()

    def close(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=BUCKET, Key=key)
        self.client.delete_bucket(Bucket=BUCKET)


@pytest.fixture(scope="module")
def database(local_aws: Aws) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_duckdb(local_aws.sandbox) as database:
        yield database


@pytest.fixture
def bucket(aws: Aws, database: duckdb.DuckDBPyConnection) -> Iterator[Bucket]:
    bucket = Bucket(aws, database)
    yield bucket
    bucket.close()


def read_set(store_id: str, number: int, **attributes: Any) -> dict[str, Any]:
    arn = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{store_id}/readSet/{number:010}"
    return {"set_arn": arn, "store_id": store_id, **attributes}


ROWS = (
    read_set("1234567890", 1, set_name="one", tags=[{"cohort": "a"}]),
    read_set("1234567890", 2, set_total_size=7, set_creation_time="2026-04-04T18:01:06Z"),
    read_set("0000000012", 3),
    {"set_arn": ELSEWHERE.format("0000000004")},
    {"set_arn": "of another tool"},
)


def arns(rows: Any = ROWS) -> Counter[tuple[str]]:
    return Counter((row["set_arn"],) for row in rows)


def test_an_export_to_s3_has_every_row_once_in_files_of_one_store_each(
    aws: Aws, cli: CommandLine, bucket: Bucket
) -> None:
    table = aws.table(rows=ROWS)

    done = cli.run("export", "-t", table, "-o", AT)

    assert (done.code, done.out) == (0, f"5 read sets exported to {AT}\n"), done.err
    found = bucket.rows("SELECT account, region, store_id, set_arn, filename FROM {} ORDER BY set_arn")
    assert Counter((each[3],) for each in found) == arns()
    stores = {each[4].removeprefix(f"{AT}data/").rpartition("/")[0] for each in found}
    assert stores == {
        "123456789012/us-west-2/1234567890",
        "123456789012/us-west-2/0000000012",
        "111111111111/eu-west-1/1234567890",
        "other",
    }
    assert ("123456789012", "us-west-2", "0000000012") in {each[:3] for each in found}, "digits stay text"
    typed = "SELECT tags['cohort'], set_total_size, set_creation_time::VARCHAR FROM {} ORDER BY set_arn"
    assert {("a", None, None), (None, 7, "2026-04-04 18:01:06+00")} <= set(bucket.rows(typed))
    assert bucket.keys() == bucket.current()


class Calls:
    """The calls of S3 that the command line makes.

    Attributes:
        made: What they are.
        answer: That to the last of them.

    An instant is a number: before a call, twice that of the call; after it, one more.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.act_at()
        self.answer: dict[str, Any] = {}
        self._acting = False
        original: Any = cast("Any", BaseClient)._make_api_call

        def call(client: Any, operation: str, given: Any) -> Any:
            if client.meta.service_model.service_name != "s3" or self._acting:
                return original(client, operation, given)
            number = len(self.made)
            self.made.append(f"{operation} {given.get('Key', '').removeprefix(PREFIX)[:4]}".strip())
            self._at(2 * number)
            self.answer = answer = original(client, operation, given)
            with ExitStack() as unread:
                if "Body" in answer:  # holds a connection until it is read
                    unread.enter_context(closing(answer["Body"]))
                self._at(2 * number + 1)
                unread.pop_all()
            return answer

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def act_at(self, act: Callable[[int], object] = lambda _: None) -> None:
        """Count from zero, and do something at each instant."""
        self.made: list[str] = []
        self._act = act

    def act_once(self, instant: int, act: Callable[[], object]) -> None:
        """Count from zero, and do something at one instant."""
        self.act_at(lambda now: act() if now == instant else None)

    def _at(self, instant: int) -> None:
        self._acting = True  # what is called then is no call of the command's
        try:
            self._act(instant)
        finally:
            self._acting = False


@pytest.fixture
def calls(exported: str, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


NEWER = (
    read_set("1234567890", 1, set_name="one, renamed"),
    read_set("0000000012", 3),
    read_set("0000000012", 4),
)
CALLS = [
    "HeadBucket",
    "ListObjectsV2",
    "GetObject hive",
    "PutObject data",
    "PutObject data",
    "PutObject hive",
    "DeleteObjects",
]
"""Of an export of these rows."""

SWITCHED = 2 * CALLS.index("PutObject hive") + 1
"""The first instant at which readers see the new rows."""


@pytest.fixture
def exported(aws: Aws, cli: CommandLine, bucket: Bucket) -> str:
    """A table with newer rows than a folder, into which it was exported before."""
    assert cli.run("export", "-t", aws.table(rows=ROWS), "-o", AT).code == 0
    return aws.table(rows=NEWER)


def test_a_reader_sees_each_row_once_at_every_instant(
    cli: CommandLine, bucket: Bucket, exported: str, calls: Calls
) -> None:
    seen: list[Counter[tuple[str]]] = []
    calls.act_at(lambda _: seen.append(Counter(bucket.rows())))

    done = cli.run("export", "-t", exported, "-o", AT)

    assert (done.code, calls.made) == (0, CALLS), done.err
    assert seen == [arns()] * SWITCHED + [arns(NEWER)] * (2 * len(CALLS) - SWITCHED)
    assert bucket.keys() == bucket.current()


@pytest.mark.parametrize("killed", [False, True], ids=["interrupted", "killed"])
def test_an_export_that_does_not_end_changes_nothing_or_all_and_the_next_one_cleans_up(
    aws: Aws, cli: CommandLine, bucket: Bucket, exported: str, calls: Calls, killed: bool
) -> None:
    older = aws.table(rows=ROWS)
    # Before something has been put, nothing is there to be cleaned up.
    for last in range(2 * CALLS.index("PutObject data") + 1, 2 * len(CALLS), 2):
        before = bucket.keys()

        def stop(instant: int, last: int = last) -> None:
            if instant == last or (killed and instant > last):  # who is killed calls nothing more
                raise KeyboardInterrupt

        calls.act_at(stop)
        assert cli.run("export", "-t", exported, "-o", AT).code == 130
        calls.act_at()

        assert Counter(bucket.rows()) == arns(NEWER if last >= SWITCHED else ROWS), last
        if last < SWITCHED and not killed:
            assert bucket.keys() == before
        assert cli.run("export", "-t", older, "-o", AT).code == 0
        bucket.check_holds(*ROWS)


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[f"{i} {name}" for i, name in enumerate(CALLS)])
def test_of_two_exports_at_the_same_time_the_first_to_end_is_kept_whole(
    cli: CommandLine, bucket: Bucket, exported: str, calls: Calls, number: int
) -> None:
    others: list[Finished] = []
    export = ("export", "-t", exported, "-o", AT)
    calls.act_once(2 * number, lambda: others.append(cli.run(*export, "--store", "1234567890")))
    done = cli.run(*export)

    began, switched = number > CALLS.index("GetObject hive"), 2 * number > SWITCHED
    refused = began and not switched
    assert ([other.code for other in others], done.code) == ([0], 2 if refused else 0)
    assert ("another export to s3://lab-bucket/omics/read-sets/ ended meanwhile" in done.err) == refused
    bucket.check_holds(*(NEWER[:1] if began else NEWER))


def test_it_takes_the_documented_permissions() -> None:
    others = {"HeadBucket": "s3:ListBucket", "ListObjectsV2": "s3:ListBucket", "DeleteObjects": "s3:DeleteObject"}
    operations = [call.partition(" ")[0] for call in CALLS]

    assert {others.get(each, f"s3:{each}") for each in operations} == permissions("export -o s3://…")


def refused_by(code: str, status: int, operation: str, message: str = "No") -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, operation)


def test_a_list_that_was_replaced_though_the_answer_was_lost_is_no_other_exports(
    cli: CommandLine, bucket: Bucket, exported: str, calls: Calls
) -> None:
    calls.act_once(SWITCHED, Mock(side_effect=refused_by("PreconditionFailed", 412, "PutObject")))
    done = cli.run("export", "-t", exported, "-o", AT)

    assert done.code == 0, done.err
    bucket.check_holds(*NEWER)


def test_a_missing_permission_is_said_in_one_line_and_readers_see_what_they_saw(
    cli: CommandLine, bucket: Bucket, exported: str, calls: Calls
) -> None:
    *earlier, last = [call.partition(" ")[0] for call in CALLS]
    for number, operation in enumerate(earlier):
        before = bucket.keys()
        code = "403" if operation == "HeadBucket" else "AccessDenied"  # it has no body, and so no code but the status
        calls.act_once(2 * number, Mock(side_effect=refused_by(code, 403, operation)))
        done = cli.run("export", "-t", exported, "-o", AT)

        assert done.code == 2
        assert f"error: {AT} may not be used ({operation}: " in done.err
        assert "allow s3:ListBucket on bucket lab-bucket, and s3:GetObject" in done.err
        assert Counter(bucket.rows()) == arns()
        assert bucket.keys() >= before
        assert CALLS[number] == "PutObject hive" or bucket.keys() == before

    calls.act_once(2 * len(earlier), Mock(side_effect=refused_by("AccessDenied", 403, last)))
    done = cli.run("export", "-t", exported, "-o", AT)

    assert done.code == 1
    assert "files that no reader sees could not be deleted from s3://lab-bucket/omics/read-sets/" in done.err
    assert Counter(bucket.rows()) == arns(NEWER)


OTHERWISE = (
    f"S3 refused a call for {AT} ({{}}): try again; if that does not help, check the credentials, and the region and"
    " the key of bucket lab-bucket\n"
)
NO_KEY = "arn:aws:iam::123456789012:user/me is not authorized to perform: kms:GenerateDataKey on resource: KEY"
ALLOW_KEY = f"{AT} may not be used ({{}}): allow kms:GenerateDataKey on the key of bucket lab-bucket\n"


def test_what_s3_refuses_is_about_the_bucket(cli: CommandLine, bucket: Bucket, exported: str, calls: Calls) -> None:
    for code, status, message, said in (
        ("SlowDown", 503, "Reduce your request rate.", OTHERWISE),
        ("KMS.DisabledException", 400, "The key is disabled.", OTHERWISE),
        ("PermanentRedirect", 301, "Elsewhere.", OTHERWISE),
        ("AccessDenied", 403, NO_KEY, ALLOW_KEY),
        ("ExpiredToken", 400, "Old.", "AWS credentials are missing, expired or refused ({}): set AWS_PROFILE"),
    ):
        refusal = Mock(side_effect=refused_by(code, status, "PutObject", message))
        calls.act_once(2 * CALLS.index("PutObject data"), refusal)
        done = cli.run("export", "-t", exported, "-o", AT)

        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"omics-meta: error: {said.format(f'PutObject: {code}: {message}')}")
        assert Counter(bucket.rows()) == arns()


def test_a_list_without_an_etag_is_not_replaced(cli: CommandLine, bucket: Bucket, exported: str, calls: Calls) -> None:
    calls.act_once(2 * CALLS.index("GetObject hive") + 1, lambda: calls.answer.pop("ETag"))
    done = cli.run("export", "-t", exported, "-o", AT)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"omics-meta: error: {AT}hive/symlink.txt has no ETag, without which exports could mix")
    assert bucket.keys() == bucket.current()


def test_what_was_replaced_is_deleted_though_nobody_reads_that_it_was(
    cli: CommandLine, bucket: Bucket, exported: str
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = cli.run("export", "-t", exported, "-o", AT, stdout=full)

    assert done.code == 2
    bucket.check_holds(*NEWER)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-o", "s3://no-such-bucket/a/"), "there is no bucket no-such-bucket: make it first, or give the name"),
        (
            ("-o", "s3://lab-bucket/a/", "-r", "eu-west-1"),
            "bucket lab-bucket is in us-west-2, and no table is: give a bucket in eu-west-1",
        ),
        (
            ("-o", AT, "--sample", "HG002", "--segments", "2"),
            "--segments is about a scan, and index sample is keyed by set_sample_id: leave --segments out",
        ),
    ],
)
def test_what_the_bucket_or_the_table_does_not_allow_is_said_in_one_line(
    aws: Aws, cli: CommandLine, bucket: Bucket, options: tuple[str, ...], said: str
) -> None:
    table = aws.table(indexes={"sample": ("set_sample_id", None, "KEYS_ONLY")})
    if "eu-west-1" in options:
        create_table(aws.sandbox.client("dynamodb", region="eu-west-1"), table)

    done = cli.run("export", "-t", table, *options)

    assert done.code == 2
    assert said in done.err
    assert not bucket.keys()


def test_tables_of_several_regions_share_a_bucket_in_one_of_them(aws: Aws, cli: CommandLine, bucket: Bucket) -> None:
    west, east = aws.table(rows=NEWER), "read-sets-of-ireland"
    dynamodb = aws.sandbox.client("dynamodb", region="eu-west-1")
    create_table(dynamodb, east)
    dynamodb.put_item(TableName=east, Item={"set_arn": {"S": ELSEWHERE.format("0000000004")}})
    arn = "arn:aws:dynamodb:{}:123456789012:table/{}"

    done = cli.run("export", "-t", arn.format("eu-west-1", east), "-t", arn.format("us-west-2", west), "-o", AT)

    assert done.code == 0, done.err
    places = bucket.rows("SELECT account, region, store_id, count(*) FROM {} GROUP BY ALL ORDER BY ALL")
    assert [each[3] for each in places] == [1, 2, 1]
    assert [each[1] for each in places] == ["eu-west-1", "us-west-2", "us-west-2"]


OTHERS = (
    f"{PREFIX}README",
    f"{PREFIX}data/notes.parquet",
    f"{PREFIX}data/123456789012/us-west-2/1234567890/mine.parquet",
    f"omics/read-sets-2/data/other/{'0' * 32}-0.parquet",
)


def test_other_files_are_left_alone_even_if_a_list_that_no_export_wrote_names_them(
    cli: CommandLine, bucket: Bucket, exported: str
) -> None:
    for key in OTHERS:
        bucket.client.put_object(Bucket=BUCKET, Key=key, Body=b"of somebody else")
    named = f"s3://{BUCKET}/{OTHERS[1]}\ns3://elsewhere/{PREFIX}x\n"
    bucket.client.put_object(Bucket=BUCKET, Key=LIST, Body=b"\xff\xfe of somebody else\n" + named.encode())

    assert cli.run("export", "-t", exported, "-o", AT).code == 0

    assert Counter(bucket.rows()) == arns(NEWER)
    assert bucket.keys() == {*OTHERS, *bucket.current()}


def test_an_export_of_nothing_is_a_table_of_nothing(aws: Aws, cli: CommandLine, bucket: Bucket, exported: str) -> None:
    done = cli.run("export", "-t", aws.table(), "-o", AT)

    assert done.code == 0, done.err
    bucket.check_holds()


def test_a_bucket_alone_and_columns_of_choice(cli: CommandLine, bucket: Bucket, exported: str) -> None:
    done = cli.run("export", "-t", exported, "-o", f"s3://{BUCKET}", "--columns", "id=set_arn", "--format", "parquet")

    assert done.out == f"3 read sets exported to s3://{BUCKET}/\n", done.err
    assert "hive/symlink.txt" in set(bucket.keys())


def test_rows_and_files_are_written_when_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_s3, "ROW_GROUP", 6)
    monkeypatch.setattr(export_s3, "_FILE_BYTES", 5_000)
    stores = ("1234567890", "2234567890", "3234567890")
    taken, put, listed = 0, dict[str, tuple[int, int, int]](), list[str]()

    def pages() -> Iterator[list[dict[str, Any]]]:
        nonlocal taken
        for taken in range(3, 303, 3):
            yield [read_set(store, taken) for store in stores]

    def keep(key: str, file: BinaryIO) -> None:
        found = cast("Any", pyarrow.parquet).ParquetFile(file).metadata
        put[key] = taken, found.num_rows, found.num_row_groups

    folder: Any = SimpleNamespace(put=keep, replace_list=listed.extend)
    assert write_by_store(pages(), columns_of("set_arn"), folder) == 300

    assert listed == [*put]
    assert sum(rows for _, rows, _ in put.values()) == 300
    assert Counter(key.split("/")[3] for key in put) == dict.fromkeys(stores, len(put) / 3)
    assert len({at for at, *_ in put.values()}) > 3, "a file that is large enough is put while others are read"
    assert all(groups >= rows / 6 for _, rows, groups in put.values())


def test_of_many_stores_few_files_are_open_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_s3, "ROW_GROUP", 6)
    monkeypatch.setattr(export_s3, "_MOST_OPEN", 2)
    made, most, total = list[Any](), 0, 0

    def make() -> Any:
        nonlocal most
        made.append(TemporaryFile())  # noqa: SIM115 - what is tested closes it
        most = max(most, sum(not each.closed for each in made))
        return made[-1]

    def keep(_: str, file: BinaryIO) -> None:
        nonlocal total
        total += cast("Any", pyarrow.parquet).ParquetFile(file).metadata.num_rows

    monkeypatch.setattr(export_s3, "TemporaryFile", make)
    pages = ([read_set(f"{10**9 + store}", number) for store in range(9)] for number in range(5))
    folder: Any = SimpleNamespace(put=keep, replace_list=list[str]().extend)

    assert write_by_store(pages, columns_of("set_arn"), folder) == total == 45
    assert most == 2


def test_a_list_that_is_deleted_meanwhile_leaves_nothing_behind(
    cli: CommandLine, bucket: Bucket, exported: str, calls: Calls
) -> None:
    before = bucket.keys()
    calls.act_once(SWITCHED - 1, lambda: bucket.client.delete_object(Bucket=BUCKET, Key=LIST))
    done = cli.run("export", "-t", exported, "-o", AT)

    assert (done.code, bucket.keys()) == (2, before - {LIST})
    assert "ended meanwhile, and is kept, or the list was deleted: run it again" in done.err
