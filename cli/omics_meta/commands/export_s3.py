"""`omics-meta export -o s3://bucket/prefix/`: Parquet files by store, and a list that says which of them are the table.

docs/sql.md describes the files, and why readers see each row once at every instant.
"""

import re
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from readset_sync.model.errors import describe_error, error_code, has_bad_credentials, is_denied
from readset_sync.model.record import Row

from omics_meta.search.columns import COLUMNS, PLACE, Column, Value, columns_of, read_set_arn, values
from omics_meta.search.filters import Search
from omics_meta.search.searching import search_for
from omics_meta.search.sorting import Order
from omics_meta.selection.session import Session
from omics_meta.terminal.errors import denied_action
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.parquet_rows import ROW_GROUP, ParquetFile, import_pyarrow
from omics_meta.terminal.output import counted, print_line, print_note
from omics_meta.terminal.output_file import s3_uri
from omics_meta.terminal.progress import reporting

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_PLACE: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/\.*[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*)"
)
_FILE: Final = re.compile(r".*/.*\.(csv|json|jsonl|parquet)", re.IGNORECASE)
_DATA: Final = "data/"
_LIST: Final = "hive/symlink.txt"
"""Where S3 Inventory, too, has its list of files for Athena."""

_OWN: Final = re.compile(_DATA + r"(\d{12}/[a-z0-9-]+/\d{10,36}|other)/[0-9a-f]{32}-\d+\.parquet")
"""The name of a file that an export wrote, after the prefix."""

_FILE_BYTES: Final = 128 * 2**20
"""Of a file; then another is begun. S3 takes 5 GB in one call, so that there are no multipart uploads to abort."""

_MOST_OPEN: Final = 100
"""Files at the same time, of stores: a process may have some 256 on macOS, and 1,024 on Linux."""

_MOST_DELETED: Final = 1000
"""Objects that DeleteObjects takes."""

_CONFIG: Final = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=60)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in S3. Its prefix is empty, or ends with a slash."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, output: Path) -> Self:
        """Read the value of `-o`."""
        named = _PLACE.fullmatch(s3_uri(output))
        if named is None:
            raise CommandError(
                f"-o {s3_uri(output)} names no place in S3: give s3://BUCKET/PREFIX/ of letters, digits, - _ . and ="
            )
        if _FILE.fullmatch(named["prefix"]):
            raise CommandError(
                f"-o {s3_uri(output)} names a file, and in S3 rows are a folder of Parquet files: give"
                " s3://BUCKET/PREFIX/, or a file that is not in S3"
            )
        return cls(named["bucket"], f"{named['prefix'][1:]}/".removeprefix("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


class Folder:
    """A folder in S3 as it is when an export begins.

    Args:
        place: Where it is.
        profile: The AWS profile.
        regions: The regions of the tables, of which one must be that of the bucket: nothing that may tell who a patient
            is leaves them unasked.

    Raises:
        CommandError: There is no such bucket, it is in another region, or may not be listed.
    """

    def __init__(self, place: Place, profile: str | None, regions: Sequence[str]) -> None:
        self._place = place
        self._client: S3Client = Session(profile, regions[0]).client("s3", config=_CONFIG)
        with self._explained():
            home = self._client.head_bucket(Bucket=place.bucket).get("BucketRegion", regions[0])
            if home not in regions:
                named = " or ".join(regions)
                raise CommandError(f"bucket {place.bucket} is in {home}, and no table is: give a bucket in {named}")
            # Both are read before the list is replaced. Of two exports, the one that ends later finds another list than
            # this, and what is written after the end of the first is in no listing of its: nobody deletes a file that
            # another one lists.
            self._left = set(self._own_files())
            self._etag, self._listed = self._list()

    @property
    def has_table(self) -> bool:
        """Whether an export has ended here before."""
        return self._etag is not None

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            bucket, said = self._place.bucket, describe_error(error)
            if has_bad_credentials(error):
                raise
            if error_code(error) in {"404", "NoSuchBucket"}:
                raise CommandError(
                    f"there is no bucket {bucket}: make it first, or give the name of another"
                ) from error
            if error_code(error) == "403" or is_denied(error):
                allow = (
                    f"s3:ListBucket on bucket {bucket},"
                    f" and s3:GetObject, s3:PutObject and s3:DeleteObject on {bucket}/{self._place.prefix}*"
                )
                if (action := denied_action(error)).startswith("kms:"):
                    allow = f"{action} on the key of bucket {bucket}"
                raise CommandError(f"{self._place} may not be used ({said}): allow {allow}") from error
            raise CommandError(
                f"S3 refused a call for {self._place} ({said}): try again; if that does not help, check the"
                f" credentials, and the region and the key of bucket {bucket}"
            ) from error

    def _own_files(self) -> Generator[str]:
        """Yield the keys, after the prefix, of what exports have written."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._place.bucket, Prefix=self._place.prefix + _DATA
        )
        keys = (each.get("Key", "") for page in pages for each in page.get("Contents", []))
        yield from filter(_OWN.fullmatch, (key.removeprefix(self._place.prefix) for key in keys))

    def _list(self) -> tuple[str | None, str]:
        """Return the list of files, and its ETag; None where there is none."""
        try:
            found = self._client.get_object(Bucket=self._place.bucket, Key=self._place.prefix + _LIST)
        except self._client.exceptions.NoSuchKey:
            return None, ""
        text = found["Body"].read().decode(errors="replace")  # whatever somebody put there
        if "ETag" not in found:
            raise CommandError(f"{self._place}{_LIST} has no ETag, without which exports could mix: take another place")
        return found["ETag"], text

    def put(self, key: str, file: BinaryIO) -> None:
        """Write an object, under a key after the prefix, from the beginning of a file."""
        file.seek(0)
        with self._explained():
            self._client.put_object(Bucket=self._place.bucket, Key=self._place.prefix + key, Body=file)

    def replace_list(self, keys: Collection[str]) -> None:
        """Make files the table, at once, if the list is still the one that was found at the beginning.

        Raises:
            CommandError: Another export has replaced it.
        """
        text = "".join(f"{self._place}{key}\n" for key in keys)
        condition: Any = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        with self._explained():
            try:
                self._client.put_object(
                    Bucket=self._place.bucket, Key=self._place.prefix + _LIST, Body=text.encode(), **condition
                )
            except ClientError as error:
                # Where the list was deleted meanwhile, there is no such key that could match.
                if error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}:
                    raise
                if self._list()[1] == text:  # an attempt before the last was done, and its answer lost
                    return
                self.delete(keys)
                raise CommandError(
                    f"another export to {self._place} ended meanwhile, and is kept, or the list was deleted:"
                    " run it again"
                ) from error

    def delete_replaced(self) -> bool:
        """Delete the files of the list before, and those of exports that did not end; return whether all are."""
        listed = (line.removeprefix(str(self._place)) for line in self._listed.splitlines())
        return self.delete(self._left | {*filter(_OWN.fullmatch, listed)})

    def delete(self, keys: Iterable[str]) -> bool:
        """Delete objects, of which no reader knows; return whether all are."""
        left, why = 0, ""
        wanted = sorted(keys)
        for start in range(0, len(wanted), _MOST_DELETED):
            some = wanted[start : start + _MOST_DELETED]
            objects: Any = [{"Key": self._place.prefix + key} for key in some]
            try:
                answer = self._client.delete_objects(
                    Bucket=self._place.bucket, Delete={"Objects": objects, "Quiet": True}
                )
            except (ClientError, BotoCoreError) as error:
                left, why = left + len(some), describe_error(error)
            else:
                for failed in answer.get("Errors", []):
                    left, why = left + 1, f"{failed.get('Code')}: {failed.get('Message')}"
        if left:
            print_note(
                f"{counted(left, 'file')} that no reader sees could not be deleted from {self._place} ({why}):"
                " the next export tries again"
            )
        return not left


def export_to_s3(
    search: Search, output: Path, *, form: Format | None, columns: str | None, order: Order | None
) -> ExitCode:
    """Make the rows that fit the table in a folder in S3."""
    place = Place.parse(output)
    if form not in {None, Format.PARQUET}:
        raise CommandError(f"-o {place} is for Parquet alone: leave out --format {form}, or give a file")
    import_pyarrow()
    shown = (*PLACE, *COLUMNS) if columns is None else columns_of(columns)
    name, times = Counter(column.name.lower() for column in shown).most_common(1)[0]
    if times > 1:
        raise CommandError(
            f"--columns: {name!r} is given {times} times, and names have no case in Athena: give another"
        )
    found = search_for(search)
    regions = list(dict.fromkeys(table.region for table in found.tables.connections))
    folder = Folder(place, search.selections[0].profile, regions)
    with reporting() as reporter:
        pages = found.tables.whole(reporter.each("export", found.pages), str(place) if folder.has_table else None)
        count = write_by_store(order.sorted(pages, None) if order else pages, shown, folder)
    whole = folder.delete_replaced()
    print_line(f"{counted(count, 'read set')} exported to {place}")
    return found.end(count) if whole else ExitCode.FOUND_WRONG


def write_by_store(pages: Iterable[Sequence[Row]], columns: Sequence[Column], folder: Folder) -> int:
    """Make rows the table that is in a folder; return how many there are."""
    with ExitStack() as files:
        stores = _Stores(columns, folder, files)
        try:
            total = sum(map(stores.add, pages))
            stores.end()
        except BaseException:
            folder.delete(stores.keys)
            raise
    folder.replace_list(stores.keys)
    return total


class _Stores:
    """Files of rows, each of one store. In memory are no more rows than are in a row group."""

    def __init__(self, columns: Sequence[Column], folder: Folder, files: ExitStack) -> None:
        self._columns = columns
        self._folder = folder
        self._files = files
        self._export = uuid4().hex
        self._numbers = count()
        self._open: dict[str, tuple[BinaryIO, ParquetFile]] = {}
        self._rows: dict[str, list[list[Value]]] = {}
        self._held = 0
        self.keys: list[str] = []

    def add(self, page: Sequence[Row]) -> int:
        """Take rows; return how many there are."""
        for row in page:
            self._rows.setdefault(_store(row), []).append(values(row, self._columns))
        self._held += len(page)
        while self._held >= ROW_GROUP:
            self._write(max(self._rows, key=lambda store: len(self._rows[store])))
        return len(page)

    def end(self) -> None:
        """Put all files. Without any row, there is a file without rows, because DuckDB does not read no file."""
        if not self.keys and not self._rows and not self._open:
            self._rows["other"] = []
        for store in [*self._open, *(each for each in self._rows if each not in self._open)]:
            if store in self._rows:
                self._write(store)
            if store in self._open:
                self._put(store)

    def _write(self, store: str) -> None:
        group = self._rows.pop(store)
        self._held -= len(group)
        if store not in self._open:
            if len(self._open) >= _MOST_OPEN:
                self._put(max(self._open, key=lambda each: self._open[each][0].tell()))
            file = self._files.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
            self._open[store] = file, self._files.enter_context(closing(ParquetFile(self._columns, file)))
        file, parquet = self._open[store]
        parquet.add(group)
        if file.tell() >= _FILE_BYTES:
            self._put(store)

    def _put(self, store: str) -> None:
        file, parquet = self._open.pop(store)
        parquet.close()
        key = f"{_DATA}{store}/{self._export}-{next(self._numbers)}.parquet"
        self.keys.append(key)
        self._folder.put(key, file)
        file.close()


def _store(row: Row) -> str:
    """The folder of a row's store: ids of stores are unique in an account and region only."""
    arn = read_set_arn(row)
    return f"{arn.account}/{arn.region}/{arn.store_id}" if arn else "other"
