"""What a row must be like to be found. Pure: no AWS calls.

Every criterion can judge a row by itself. What DynamoDB can judge as well, so that fewer rows travel, is its condition,
which may let too many rows pass and must never hold one back that the criterion takes.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import reduce
from typing import Final

from boto3.dynamodb.conditions import Attr, AttributeBase, ConditionBase
from readset_sync.constants import KEY
from readset_sync.model.record import CREATED_AT, Row
from readset_sync.model.timestamp import format_timestamp

from omics_meta.search.filters import Filters
from omics_meta.selection.target import RESOURCE_ID
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output import ids as ids_of

_WILDCARDS: Final = re.compile(r"[*?\[]")
_ID: Final = "set_id"
_TYPES: Final = ("FASTQ", "BAM", "CRAM", "UBAM")
"""Of read sets: HealthOmics' `FileType`."""
_MOST_OPERANDS: Final = 100
"""Of DynamoDB's IN."""
_AFTER: Final = "--created-after"
_BEFORE: Final = "--created-before"


@dataclass(frozen=True, slots=True)
class Criterion:
    """Decides about rows.

    Attributes:
        matches: Whether a row is to be found.
        condition: What DynamoDB can check of it; None for nothing.
        attribute: The attribute by which an index must be keyed to be of use; empty where none can be.
        key_condition: Makes the condition on that key.
        exact: Whether the attribute must be one text, as the partition key of an index demands.
        checked: The attribute that the condition is about, where that is another one.
        reads: The attributes by which a row is judged, beside its key.
    """

    matches: Callable[[Row], bool]
    condition: ConditionBase | None
    attribute: str = ""
    key_condition: Callable[[AttributeBase], ConditionBase] | None = None
    exact: bool = False
    checked: str = ""
    reads: tuple[str, ...] = ()


def equals(attribute: str, value: str) -> Criterion:
    """An attribute is the given text."""
    return Criterion(
        lambda row: row.get(attribute) == value,
        Attr(attribute).eq(value),
        attribute,
        lambda key: key.eq(value),
        exact=True,
        reads=(attribute,),
    )


def like(attribute: str, pattern: str) -> Criterion:
    """An attribute is like a pattern of `*`, `?` and `[...]`, as in a shell, with upper and lower case told apart.

    It also finds the text itself, such as a sample that is called `HG002[tumor]`.
    """
    beginning = _WILDCARDS.split(pattern, maxsplit=1)[0]

    def matches(row: Row) -> bool:
        return attribute in row and (row[attribute] == pattern or fnmatchcase(row[attribute], pattern))

    if not beginning:
        return Criterion(matches, None, reads=(attribute,))
    return Criterion(
        matches,
        Attr(attribute).begins_with(beginning),
        attribute,
        lambda key: key.begins_with(beginning),
        reads=(attribute,),
    )


def text(attribute: str, given: str) -> Criterion:
    """An attribute is the given text, or like it where it is a pattern."""
    return like(attribute, given) if _WILDCARDS.search(given) else equals(attribute, given)


def of_type(given: str) -> Criterion:
    """The read set is of a type, in any case."""
    if given.upper() not in _TYPES:
        raise CommandError(f"--type {given!r} is not a type of read set: give one of {', '.join(_TYPES)}")
    return equals("set_type", given.upper())


def since(moment: str) -> Criterion:
    """The read set was created at a moment or later."""
    return Criterion(
        lambda row: row.get(CREATED_AT, "") >= moment,
        Attr(CREATED_AT).gte(moment),
        CREATED_AT,
        lambda key: key.gte(moment),
        reads=(CREATED_AT,),
    )


def before(moment: str) -> Criterion:
    """The read set was created before a moment."""
    return Criterion(
        lambda row: CREATED_AT in row and row[CREATED_AT] < moment,
        Attr(CREATED_AT).lt(moment),
        CREATED_AT,
        lambda key: key.lt(moment),
        reads=(CREATED_AT,),
    )


def in_store(store: str) -> Criterion:
    """The read set is in the store with an id, or with a name."""
    if not RESOURCE_ID.fullmatch(store):
        return Criterion(
            lambda row: row.get("store", {}).get("store_name") == store,
            Attr("store.store_name").eq(store),
            reads=("store",),
        )
    # The key tells it, in whatever format the row is.
    part = f":sequenceStore/{store}/"
    return Criterion(
        lambda row: part in row[KEY],
        Attr(KEY).contains(part),
        "store_id",
        lambda key: key.eq(store),
        exact=True,
        checked=KEY,
    )


def aligned_to(reference: str) -> Criterion:
    """The reference of the read set has an ARN, or a name that may be a pattern."""
    if reference.startswith("arn:"):
        return equals("set_reference_arn", reference)
    return text("set_reference_name", reference)


def tagged(key: str) -> Criterion:
    """The read set has a tag, with whatever value."""
    # DynamoDB compares the elements of a list as a whole, so that it would have to know the value.
    return Criterion(lambda row: any(key in tag for tag in row.get("tags", [])), None, reads=("tags",))


def tagged_with(pairs: Collection[tuple[str, str]]) -> Criterion:
    """The read set has a tag with one of these keys and its value."""
    conditions: list[ConditionBase] = [Attr("tags").contains({key: value}) for key, value in pairs]
    return Criterion(
        lambda row: any(tag.get(key) == value for tag in row.get("tags", []) for key, value in pairs),
        reduce(lambda one, other: one | other, conditions),
        reads=("tags",),
    )


def has_file(beginning: str) -> Criterion:
    """The path of one of the files begins with a text."""
    # A read set has source1, source2 and index at the most.
    first, second, third = (Attr(f"files[{number}].file_path").begins_with(beginning) for number in range(3))
    return Criterion(
        lambda row: any(file.get("file_path", "").startswith(beginning) for file in row.get("files", [])),
        first | second | third,
        reads=("files",),
    )


def read_set_id(row: Row) -> str:
    """The id of a row's read set. Where the row does not say, as another tool may have written it, its key does."""
    return row.get(_ID, ids_of(row[KEY])[1])


def one_of(ids: Collection[str]) -> Criterion:
    """The read set has one of the ids."""
    told = Attr(_ID).is_in(sorted(ids)) | ~Attr(_ID).attribute_type("S")
    return Criterion(
        lambda row: read_set_id(row) in ids,
        told if len(ids) <= _MOST_OPERANDS else None,
        _ID,
        lambda key: key.eq(next(iter(ids))),
        exact=len(ids) == 1,
        reads=(_ID,),
    )


def criteria_of(filters: Filters) -> tuple[Criterion, ...]:
    """Return what a row must all be like; nothing for every row."""
    return tuple(_criteria(filters))


def _criteria(filters: Filters) -> Iterator[Criterion]:
    given: tuple[tuple[str, str | None, Callable[[str], Criterion]], ...] = (
        ("--sample", filters.sample, lambda sample: text("set_sample_id", sample)),
        ("--subject", filters.subject, lambda subject: text("set_subject_id", subject)),
        ("--name", filters.name, lambda name: text("set_name", name)),
        ("--status", filters.status, lambda status: equals("set_status", status.upper())),
        ("--type", filters.file_type, of_type),
        ("--store", filters.store, in_store),
        ("--reference", filters.reference, aligned_to),
        ("--file", filters.file, has_file),
        (_AFTER, filters.created_after, lambda time: since(_moment(_AFTER, time))),
        (_BEFORE, filters.created_before, lambda time: before(_moment(_BEFORE, time))),
    )
    for option, value, criterion in given:
        if value == "":
            # As when a shell variable is not set: to find everything would surprise.
            raise CommandError(f"{option} '' is empty: give its value, or leave the option out")
        if value is not None:
            yield criterion(value)
    if filters.created_after and filters.created_before:
        _check_order(filters.created_after, filters.created_before)
    yield from map(_tag, filters.tags)


def _tag(given: str) -> Criterion:
    if given and "=" not in given:
        return tagged(given)
    # Keys and values may have `=` in them, so that any of several may be the one between key and value.
    signs = [position for position, character in enumerate(given) if character == "=" and position]
    if not signs:
        raise CommandError(f"--tag {given!r} has no key: give KEY or KEY=VALUE")
    return tagged_with([(given[:sign], given[sign + 1 :]) for sign in signs])


def _check_order(after: str, before: str) -> None:
    if _moment(_AFTER, after) >= _moment(_BEFORE, before):
        raise CommandError(f"{_AFTER} {after!r} is not earlier than {_BEFORE} {before!r}: give a later end")


def _moment(option: str, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return format_timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:  # in UTC, it may be in no year that there is
        raise CommandError(
            f"{option} {text!r} is not a date or time: give one like 2026-04-04 or 2026-04-04T18:01:06Z"
        ) from error
