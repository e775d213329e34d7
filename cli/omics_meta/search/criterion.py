"""Conditions on rows, and what becomes of several of them. Pure: no AWS calls.

Every criterion can judge a row by itself. What DynamoDB can judge as well, so that fewer rows travel, is its condition,
which may let too many rows pass and must never hold one back that the criterion takes.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from typing import Final
from unicodedata import normalize

from boto3.dynamodb.conditions import Attr, AttributeBase, ConditionBase
from readset_sync.model.record import Row

_WILDCARDS: Final = re.compile(r"[*?\[]")
MOST_OPERANDS: Final = 100
"""With which a condition compares: DynamoDB's IN takes no more, and an expression has 4 KB at the most."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Decides about rows.

    Attributes:
        matches: Whether a row is to be found.
        reads: The attributes that it looks at, beside the key. The condition is about the same.
        condition: What DynamoDB can check of it; None for nothing.
        operands: How many values the condition compares with.
        attribute: The attribute by which an index must be keyed to be of use; empty where none can be.
        values: What that attribute must be, one of them, where only these will do: partition keys of the index.
        key_condition: Makes the condition on that attribute as the sort key of an index.
    """

    matches: Callable[[Row], bool]
    reads: tuple[str, ...]
    condition: ConditionBase | None = None
    operands: int = 1
    attribute: str = ""
    values: tuple[str, ...] = ()
    key_condition: Callable[[AttributeBase], ConditionBase] | None = None


def forms(text: str) -> tuple[str, ...]:
    """A text as it was given, and in the two normal forms of Unicode that writers of it may have used."""
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def is_pattern(text: str) -> bool:
    """Whether a text has `*`, `?` or `[` in it."""
    return bool(_WILDCARDS.search(text))


def fitting(given: str) -> Callable[[str], bool]:
    """Return what judges texts: whether one is the given text, or fits it as a pattern.

    In a pattern, `*`, `?` and `[...]` stand for characters as in a shell, with upper and lower case told apart.
    """
    same = forms(given)
    if not is_pattern(given):
        return lambda text: text in same
    beginnings, pattern = forms(_beginning(given)), normalize("NFC", given)
    return lambda text: text in same or (text.startswith(beginnings) and fnmatchcase(normalize("NFC", text), pattern))


def _beginning(pattern: str) -> str:
    return _WILDCARDS.split(pattern, maxsplit=1)[0]


def among(attribute: str, given: Iterable[str]) -> Criterion:
    """An attribute is one of the given texts."""
    values = tuple(dict.fromkeys(form for each in given for form in forms(each)))
    wanted = frozenset(values)
    one = values[0] if len(values) == 1 else None
    condition = Attr(attribute).is_in(list(values)) if one is None else Attr(attribute).eq(one)
    return Criterion(
        lambda row: row.get(attribute) in wanted,
        (attribute,),
        condition if len(values) <= MOST_OPERANDS else None,
        len(values),
        attribute,
        values,
        None if one is None else lambda key: key.eq(one),
    )


def like(attribute: str, pattern: str) -> Criterion:
    """An attribute is like a pattern, or is the text of the pattern, such as a sample that is called `HG002[tumor]`."""
    fits = fitting(pattern)
    beginnings = forms(_beginning(pattern))

    def matches(row: Row) -> bool:
        return attribute in row and fits(row[attribute])

    if not beginnings[0]:
        return Criterion(matches, (attribute,))
    return Criterion(
        matches,
        (attribute,),
        any_condition([Attr(attribute).begins_with(each) for each in beginnings]),
        len(beginnings),
        attribute,
        key_condition=(lambda key: key.begins_with(beginnings[0])) if len(beginnings) == 1 else None,
    )


def any_of(criteria: Sequence[Criterion]) -> Criterion:
    """A row fits one of several criteria."""
    if len(criteria) == 1:
        return criteria[0]
    conditions = [each.condition for each in criteria if each.condition]
    operands = sum(each.operands for each in criteria)
    [attribute, *others] = {each.attribute for each in criteria if each.values} or {""}
    exact = not others and all(each.values for each in criteria)
    return Criterion(
        lambda row: any(each.matches(row) for each in criteria),
        tuple(dict.fromkeys(name for each in criteria for name in each.reads)),
        any_condition(conditions) if len(conditions) == len(criteria) and operands <= MOST_OPERANDS else None,
        operands,
        attribute if exact else "",
        tuple(dict.fromkeys(value for each in criteria for value in each.values)) if exact else (),
    )


def any_condition(conditions: Collection[ConditionBase]) -> ConditionBase:
    """Return the condition that one of several holds."""
    return reduce(lambda one, other: one | other, conditions)
