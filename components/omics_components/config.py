"""Stack configuration to component arguments."""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import pulumi
from pulumi.runtime import config as runtime_config

from .args import MetadataSyncArgs
from .settings import Settings, read_settings
from .validation import SettingsError, problem, unknown, with_fifo_suffix

# Names that the contract fixes for what the program creates. They are not configurable, because scripts and
# people rely on them; a program of one's own can name them through the component's arguments.
CREATED_NAMES = {
    "table_name": "healthomics_set_metadata",
    "queue_name": "healthomics_set_queue.fifo",
    "dead_letter_queue_name": "healthomics_set_queue_dlq.fifo",
    "undelivered_queue_name": "healthomics_set_undelivered",
}
# The two settings whose configuration keys are not their field's name in camelCase.
_OWN_KEYS = {"existing_table_name": "dynamoTableName", "existing_queue_name": "SQSQueueName"}
_OTHER_SPELLINGS = {"ddbTableName": "existing_table_name", "sqsQueueName": "existing_queue_name"}


def camel_case(name: str) -> str:
    """A field's or an output's name as Pulumi's other languages and the configuration write it."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def config_key(field: str) -> str:
    """The configuration key of a field of Settings."""
    return _OWN_KEYS.get(field) or camel_case(field)


def known_as(field: str) -> str:
    """Both names of a setting, for messages that do not know where it was given."""
    return f"{field} ({config_key(field)} in a stack's configuration)"


CONFIG_KEYS: Mapping[str, str] = {
    config_key(field.name): field.name for field in fields(Settings) if field.name not in CREATED_NAMES
} | _OTHER_SPELLINGS
"""Every configuration key, with the field of Settings that it sets."""


def args_from_config() -> MetadataSyncArgs:
    """Read the stack's configuration, in the project's own namespace.

    Raises:
        SettingsError: Some of it is wrong. All of it is named; the values of secrets are not shown.
    """
    config = pulumi.Config()
    secret_keys = _secret_keys(config.name)
    problems = [unknown(key, list(CONFIG_KEYS)) for key in _keys(config.name) if key not in CONFIG_KEYS]
    given: dict[str, Any] = {}
    for key, name in CONFIG_KEYS.items():
        value = config.get(key)
        if not value:
            continue
        if name in given and not _same(name, given[name], value):
            problems.append(_spelled_twice(key, name, given[name], value, secret_keys))
        given[name] = value
    secrets = {CONFIG_KEYS[key] for key in secret_keys & CONFIG_KEYS.keys()}
    created = {k: v for k, v in CREATED_NAMES.items() if not _is_adopted(k, given)}
    try:
        settings = read_settings(created | given, config_key, secrets)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from None
    if problems:
        raise SettingsError(problems)
    values = {name: getattr(settings, name) for name in (*created, *given)}
    hidden = {name: pulumi.Output.secret(values[name]) for name in _CAN_BE_OUTPUT & secrets & values.keys()}
    return cast("MetadataSyncArgs", values | hidden)


_CAN_BE_OUTPUT = {"existing_table_name", "existing_queue_name", "alarm_topic_arn", "tags"}


def _keys(namespace: str) -> list[str]:
    """The keys that are set in a namespace. pulumi.Config can look a key up, but cannot list them."""
    every = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    return sorted(key.removeprefix(f"{namespace}:") for key in every if key.startswith(f"{namespace}:"))


def _secret_keys(namespace: str) -> set[str]:
    from_host = set(runtime_config.get_config_secret_keys_env())
    return {
        key
        for key in _keys(namespace)
        if f"{namespace}:{key}" in from_host or runtime_config.is_config_secret(f"{namespace}:{key}")
    }


def _is_adopted(created_name: str, given: Mapping[str, object]) -> bool:
    if created_name == "table_name":
        return "existing_table_name" in given
    return created_name in ("queue_name", "dead_letter_queue_name") and "existing_queue_name" in given


def _same(name: str, one: str, other: str) -> bool:
    if name == "existing_queue_name":
        return with_fifo_suffix(one) == with_fifo_suffix(other)
    return one == other


def _spelled_twice(key: str, name: str, first: str, second: str, secret_keys: set[str]) -> str:
    hidden = bool({key, config_key(name)} & secret_keys)
    shown = "another value" if hidden else first
    return problem(
        key,
        "[secret]" if hidden else second,
        f"it is another spelling of {config_key(name)}, which is {shown}: remove one of the two.",
    )
