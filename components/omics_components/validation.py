"""Reads settings, and says everything that is wrong with them at once."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeVar, cast

import pulumi
from pydantic import ValidationError

from .contradictions import find_contradictions
from .settings import DECLARED, Settings

Found = TypeVar("Found")

SECRET = "[secret]"  # noqa: S105 (stands in messages for a value that must not be shown)


class SettingsError(pulumi.RunError):
    """One or more settings are wrong; `problems` has a sentence for each. Pulumi prints it without a traceback."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} settings are wrong" if len(problems) > 1 else "One setting is wrong"
        super().__init__("\n".join([f"{count}; nothing was changed.", *(f"  {p}" for p in problems)]))


def problem(name: str, value: object, remedy: str) -> str:
    """The sentence about one wrong setting. An Output is not shown, because it may be secret."""
    shown = "(an output)" if isinstance(value, pulumi.Output) else json.dumps(value, default=str)
    return f"{name}: {shown} is not accepted: {remedy}"


def look_up(name: pulumi.Input[str], find: Callable[[str], Found]) -> pulumi.Output[Found]:
    """Find what exists by its name: a plain name at once, so that a wrong one fails before anything is registered."""
    return pulumi.Output.from_input(find(name)) if isinstance(name, str) else pulumi.Output.from_input(name).apply(find)


def unknown(name: str, known: Collection[str]) -> str:
    """The sentence about a setting that does not exist. Its value is left out: it may be a secret."""
    nearest = max(known, key=lambda k: SequenceMatcher(None, name.lower(), k.lower()).ratio())
    return f"{name}: there is no such setting; the nearest is {nearest}."


def read_settings(
    given: Mapping[str, object], spell: Callable[[str], str] = str, secrets: Collection[str] = ()
) -> Settings:
    """Read what was given; whatever is missing, None or an empty text takes its default.

    Args:
        given: Values by the settings' names.
        spell: The name under which the caller's user knows a setting; used in messages.
        secrets: Settings whose values messages must not show.

    Raises:
        SettingsError: Some of it is wrong. All of it is named, not only the first.
    """
    values = {
        name: value for name, value in given.items() if value is not None and not (isinstance(value, str) and not value)
    }

    def about(name: str, value: object, remedy: str) -> str:
        return problem(spell(name), SECRET if name in secrets else value, remedy)

    try:
        settings, wrong = Settings.model_validate(values), set[str]()
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors(include_url=False, include_context=False)}
        settings = Settings.model_validate({name: value for name, value in values.items() if name not in wrong})
    problems = [unknown(name, [spell(each) for each in DECLARED]) for name in values if name not in DECLARED]
    for name in [each for each in DECLARED if each in wrong]:
        given_value: Any = values[name]
        if part := _part_that_is_no_text(given_value):
            path = f"{spell(name)}.{part}"
            command = f"`pulumi config set --path {path} --type string VALUE`"
            shown = SECRET if name in secrets else given_value[part]
            problems.append(problem(path, shown, f"give a text, in a stack's configuration with {command}."))
        else:
            problems.append(about(name, given_value, f"give {DECLARED[name].accepts}."))
    problems += [
        about(names[0], getattr(settings, names[0]), remedy)
        for names, remedy in find_contradictions(settings, spell)
        # A value that was not understood contradicts nothing: its own problem is enough.
        if wrong.isdisjoint(names)
    ]
    if problems:
        raise SettingsError(problems)
    return settings


def _part_that_is_no_text(value: object) -> str | None:
    """The first key of an object of texts that has another value, such as a number that Pulumi read."""
    pairs = cast("dict[str, object]", value).items() if isinstance(value, dict) else ()
    return next((key for key, each in pairs if not isinstance(each, str | pulumi.Output)), None)
