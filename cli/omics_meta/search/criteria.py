"""What a row must be like to be found, by what was asked for. Pure: no AWS calls."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from unicodedata import normalize

from boto3.dynamodb.conditions import Attr
from readset_sync.constants import KEY
from readset_sync.model.record import CREATED_AT, Row
from readset_sync.model.timestamp import format_timestamp

from omics_meta.search.criterion import (
    MOST_OPERANDS,
    Criterion,
    among,
    any_condition,
    any_of,
    fitting,
    forms,
    is_pattern,
    like,
)
from omics_meta.search.filters import SAMPLE, SUBJECT, TYPES, Filters
from omics_meta.selection.target import RESOURCE_ID
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output import ids as ids_of

_ID: Final = "set_id"
_STATUS: Final = "set_status"
_AFTER: Final = "--created-after"
_BEFORE: Final = "--created-before"


def criteria_of(filters: Filters) -> tuple[Criterion, ...]:
    """Return what a row must all be like; nothing for every row."""
    return tuple(_criteria(filters))


def _criteria(filters: Filters) -> Iterator[Criterion]:
    given: tuple[tuple[str, Sequence[str], Callable[[Sequence[str]], Criterion]], ...] = (
        ("--sample", filters.sample, lambda texts: _texts(SAMPLE, texts)),
        ("--subject", filters.subject, lambda texts: _texts(SUBJECT, texts)),
        ("--name", filters.name, lambda texts: _texts("set_name", texts)),
        ("--status", filters.status, lambda statuses: among(_STATUS, map(str.upper, statuses))),
        ("--not-status", filters.not_status, _of_no_status),
        ("--type", filters.file_type, lambda types: among("set_type", map(_type, types))),
        ("--store", filters.store, lambda stores: any_of([*map(in_store, stores)])),
        ("--reference", filters.reference, _aligned_to),
        ("--file", filters.file, _with_file),
        ("--no-tag", filters.no_tags, _without_tags),
        (_AFTER, _given(filters.created_after), lambda times: since(_moment(_AFTER, times[0]))),
        (_BEFORE, _given(filters.created_before), lambda times: before(_moment(_BEFORE, times[0]))),
    )
    for option, texts, criterion in given:
        if "" in texts:
            # As when a shell variable is not set: to find everything would surprise.
            raise CommandError(f"{option} '' is empty: give its value, or leave the option out")
        if texts:
            yield criterion(texts)
    if filters.created_after and filters.created_before:
        _check_order(filters.created_after, filters.created_before)
    yield from (among(attribute, names) for attribute, names in filters.listed.items())
    yield from _tagged(filters.tags)


def _given(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _texts(attribute: str, given: Sequence[str]) -> Criterion:
    exact = [each for each in given if not is_pattern(each)]
    patterns = [like(attribute, each) for each in given if is_pattern(each)]
    return any_of([among(attribute, exact), *patterns] if exact else patterns)


def _type(given: str) -> str:
    if given.upper() not in TYPES:
        raise CommandError(f"--type {given!r} is not a type of read set: give one of {', '.join(TYPES)}")
    return given.upper()


def _of_no_status(statuses: Sequence[str]) -> Criterion:
    unwanted = sorted({each.upper() for each in statuses})
    return Criterion(
        lambda row: _STATUS in row and row[_STATUS] not in unwanted,
        (_STATUS,),
        ~Attr(_STATUS).is_in(unwanted) if len(unwanted) <= MOST_OPERANDS else None,
        len(unwanted),
        _STATUS,
    )


def since(moment: str) -> Criterion:
    """The read set was created at a moment or later."""
    return Criterion(
        lambda row: row.get(CREATED_AT, "") >= moment,
        (CREATED_AT,),
        Attr(CREATED_AT).gte(moment),
        attribute=CREATED_AT,
        key_condition=lambda key: key.gte(moment),
    )


def before(moment: str) -> Criterion:
    """The read set was created before a moment."""
    return Criterion(
        lambda row: CREATED_AT in row and row[CREATED_AT] < moment,
        (CREATED_AT,),
        Attr(CREATED_AT).lt(moment),
        attribute=CREATED_AT,
        key_condition=lambda key: key.lt(moment),
    )


def in_store(store: str) -> Criterion:
    """The read set is in the store with an id, or with a name."""
    if not RESOURCE_ID.fullmatch(store):
        names = forms(store)
        return Criterion(
            lambda row: row.get("store", {}).get("store_name") in names,
            ("store",),
            any_condition([Attr("store.store_name").eq(each) for each in names]),
            len(names),
        )
    # The key tells it, in whatever format the row is.
    part = f":sequenceStore/{store}/"
    return Criterion(
        lambda row: part in row[KEY], (KEY,), Attr(KEY).contains(part), attribute="store_id", values=(store,)
    )


def _aligned_to(references: Sequence[str]) -> Criterion:
    """The reference of the read set has an ARN, or a name that may be a pattern."""
    arns = [each for each in references if each.startswith("arn:")]
    names = [each for each in references if not each.startswith("arn:")]
    by_name = [_texts("set_reference_name", names)] if names else []
    return any_of([among("set_reference_arn", arns), *by_name] if arns else by_name)


def _with_file(prefixes: Sequence[str]) -> Criterion:
    """The path of one of the files begins with one of some texts."""
    beginnings = tuple(form for each in prefixes for form in forms(each))
    # A read set has source1, source2 and index at the most.
    conditions = [Attr(f"files[{number}].file_path").begins_with(each) for each in beginnings for number in range(3)]
    return Criterion(
        lambda row: any(file.get("file_path", "").startswith(beginnings) for file in row.get("files", [])),
        ("files",),
        any_condition(conditions) if len(conditions) <= MOST_OPERANDS else None,
        len(conditions),
    )


def _tagged(given: Sequence[str]) -> Iterator[Criterion]:
    """What `--tag` asks for: of each key one of its values, or none of those that it must not have."""
    wanted: dict[str, list[Criterion]] = {}
    for each in given:
        key, sign, _ = each.partition("=")
        if not each or (sign and not key and "=" not in each[1:]):
            raise CommandError(f"--tag {each!r} has no key: give KEY, KEY=VALUE or KEY!=VALUE")
        if not sign:
            wanted.setdefault(normalize("NFC", key), []).append(tagged(each))
        elif key.endswith("!") and key != "!":
            yield tagged_otherwise(key[:-1], each[len(key) + 1 :])
        else:
            # Keys and values may have `=` in them, so that any of several may be the one between key and value.
            signs = [position for position, character in enumerate(each) if character == "=" and position]
            wanted.setdefault(normalize("NFC", key), []).append(
                tagged_with([(each[:sign], each[sign + 1 :]) for sign in signs])
            )
    yield from map(any_of, wanted.values())


def tagged(key: str) -> Criterion:
    """The read set has a tag, with whatever value."""
    # DynamoDB compares the elements of a list as a whole, so that it would have to know the value.
    keys = forms(key)
    return Criterion(lambda row: any(each in tag for tag in row.get("tags", []) for each in keys), ("tags",))


def tagged_with(pairs: Collection[tuple[str, str]]) -> Criterion:
    """The read set has a tag with one of these keys and its value, which may be a pattern."""
    wanted = [(each, fitting(value)) for key, value in pairs for each in forms(key)]
    conditions = [
        Attr("tags").contains({each: text}) for key, value in pairs for each in forms(key) for text in forms(value)
    ]
    return Criterion(
        lambda row: any(key in tag and fits(tag[key]) for tag in row.get("tags", []) for key, fits in wanted),
        ("tags",),
        None if any(is_pattern(value) for _, value in pairs) else any_condition(conditions),
        len(conditions),
    )


def tagged_otherwise(key: str, value: str) -> Criterion:
    """The read set is known not to have a tag with a value, which may be a pattern: it may have another one, or none.

    A row without `tags` does not tell which tags the read set has.
    """
    unwanted = tagged_with([(key, value)])
    condition = ~unwanted.condition if unwanted.condition else None
    return Criterion(lambda row: "tags" in row and not unwanted.matches(row), ("tags",), condition, unwanted.operands)


def _without_tags(keys: Sequence[str]) -> Criterion:
    """The read set is known to have no tag with one of some keys."""
    unwanted = any_of([*map(tagged, keys)])
    return Criterion(lambda row: "tags" in row and not unwanted.matches(row), ("tags",))


def read_set_id(row: Row) -> str:
    """The id of a row's read set. Where the row does not say, as another tool may have written it, its key does."""
    return row.get(_ID, ids_of(row[KEY])[1])


def one_of(ids: Collection[str]) -> Criterion:
    """The read set has one of the ids."""
    told = Attr(_ID).is_in(list(ids)) | ~Attr(_ID).attribute_type("S")
    return Criterion(
        lambda row: read_set_id(row) in ids,
        (_ID,),
        told if len(ids) <= MOST_OPERANDS else None,
        len(ids),
        _ID,
        tuple(ids),
    )


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
