"""Reading one value: what is accepted, and what is said about a value that is not.

A value arrives as text (stack configuration), as a plain Python value (a program in Python) or with integers
as floats (a program in another Pulumi language). All three are read here, once.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import cast

import pulumi

from .rates import OPERATIONS, read_rates

TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
QUEUE_NAME = re.compile(r"[a-zA-Z0-9_-]{1,80}")
FIFO_QUEUE_NAME = re.compile(r"[a-zA-Z0-9_-]{1,75}\.fifo")
KMS_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+")
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}")
# Only what SNS could never deliver to: whether an address is right is known once its owner has confirmed it.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

# EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler": rates and cron expressions of six fields.
# Every hour at the most: a cron expression names one minute.
SCHEDULE = re.compile(r"rate\([1-9][0-9]* (hour|day)s?\)|cron\([0-5]?[0-9]( \S+){5}\)")

# Stands in messages for a value that must not be shown.
SECRET = "[secret]"  # noqa: S105 (the placeholder, not a secret)

MOST_TAGS = 50
TAG_KEY_LENGTH = 128
TAG_VALUE_LENGTH = 256


class SettingsError(pulumi.RunError):
    """One or more settings are wrong. Pulumi prints the message without a traceback.

    Attributes:
        problems: One sentence for each wrong setting, which names it, its value and the remedy.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} settings are wrong" if len(problems) > 1 else "One setting is wrong"
        super().__init__("\n".join([f"{count}; nothing was changed.", *(f"  {p}" for p in problems)]))


@dataclass(frozen=True)
class Accepts:
    """What a setting accepts.

    Attributes:
        read: Turns what was given into the setting's value; raises ValueError when it does not fit.
        remedy: What to give instead, as the end of "… is not accepted: ".
    """

    read: Callable[[object], object]
    remedy: str


def problem(name: str, value: object, remedy: str) -> str:
    """The sentence about one wrong setting. An Output is not shown, because it may be secret."""
    shown = "(an output)" if isinstance(value, pulumi.Output) else json.dumps(value, default=str)
    return f"{name}: {shown} is not accepted: {remedy}"


def unknown(name: str, known: Sequence[str]) -> str:
    """The sentence about a setting that does not exist. Its value is left out: it may be a secret."""
    nearest = max(known, key=lambda k: SequenceMatcher(None, name.lower(), k.lower()).ratio())
    return f"{name}: there is no such setting; the nearest is {nearest}."


def text(pattern: re.Pattern[str], remedy: str, complete: Callable[[str], str] = str) -> Accepts:
    """A text or an Output of one; `complete` is applied to a plain text before the pattern is checked."""

    def read(value: object) -> object:
        if isinstance(value, pulumi.Output):
            return cast("pulumi.Output[str]", value).apply(complete)
        if not isinstance(value, str) or not pattern.fullmatch(complete(value)):
            raise ValueError
        return complete(value)

    return Accepts(read, remedy)


def choice(options: Sequence[str], pattern: re.Pattern[str] | None = None, remedy: str = "") -> Accepts:
    """One of the options, or a text of the pattern."""

    def read(value: object) -> object:
        if isinstance(value, str) and (value in options or (pattern and pattern.fullmatch(value))):
            return value
        raise ValueError

    return Accepts(read, remedy or f"give {_either(options)}.")


def boolean() -> Accepts:
    """True or false."""
    known: Mapping[object, bool] = {"true": True, "false": False}

    def read(value: object) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        raise ValueError

    return Accepts(read, "give true or false.")


def some_of(options: Sequence[str], none: str) -> Accepts:
    """Some of the options, separated by commas, or the word for none of them."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 (one error for all that does not fit)
        names = [name.strip() for name in value.split(",")]
        if names != [none] and (len(set(names)) < len(names) or not set(names) <= set(options)):
            raise ValueError
        return ",".join(names)

    return Accepts(read, f"give some of {', '.join(options)}, separated by commas, or {none}.")


def integer(low: int, high: int, unit: str = "") -> Accepts:
    """A whole number from low to high, both included."""

    def read(value: object) -> object:
        number = _whole(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return Accepts(read, f"give a whole number from {low} to {high}{unit and ' '}{unit}.")


def integer_of(options: Sequence[int], unit: str = "") -> Accepts:
    """One of the whole numbers."""

    def read(value: object) -> object:
        number = _whole(value)
        if number not in options:
            raise ValueError
        return number

    return Accepts(read, f"give {_either([str(o) for o in options])}{unit and ' '}{unit}.")


def rates() -> Accepts:
    """A number greater than zero, or a text that `read_rates` can read; either becomes a text."""

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError  # noqa: TRY004 (one error for all that does not fit)
        read_rates(str(value))
        return str(value)

    return Accepts(
        read,
        "give a number greater than 0 (HealthOmics calls a second, per operation), with a number for single operations"
        f" if wanted, as in 20,GetReadSetMetadata=50; these are {', '.join(OPERATIONS[:-1])} and {OPERATIONS[-1]}.",
    )


def tags() -> Accepts:
    """An object of texts, as a mapping, as JSON or as an Output; checked by the rules of AWS tags."""

    def read(value: object) -> object:
        if isinstance(value, pulumi.Output):
            return cast("object", value)
        given: object = json.loads(value) if isinstance(value, str) else value
        if not isinstance(given, Mapping):
            raise ValueError  # noqa: TRY004 (one error for all that does not fit)
        checked = cast("Mapping[object, object]", given)
        if len(checked) > MOST_TAGS or not all(_is_tag(key, entry) for key, entry in checked.items()):
            raise ValueError
        return dict(checked)

    return Accepts(
        read,
        f"give an object of texts: at most {MOST_TAGS} tags, keys of 1 to {TAG_KEY_LENGTH} characters"
        f" that do not begin with aws:, values of at most {TAG_VALUE_LENGTH} characters.",
    )


def _is_tag(key: object, value: object) -> bool:
    if not isinstance(key, str) or not 1 <= len(key) <= TAG_KEY_LENGTH or key.lower().startswith("aws:"):
        return False
    return isinstance(value, pulumi.Output) or (isinstance(value, str) and len(value) <= TAG_VALUE_LENGTH)


def _whole(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise ValueError
    return int(value)


def _either(options: Sequence[str]) -> str:
    return " or ".join([", ".join(options[:-1]), options[-1]]) if len(options) > 1 else options[0]


def with_fifo_suffix(name: str) -> str:
    """The name of a FIFO queue, which SQS requires to end in `.fifo`."""
    return name if name.endswith(".fifo") else f"{name}.fifo"
