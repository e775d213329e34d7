"""Stack configuration to component arguments."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime import config as runtime_config

from .args import MetadataSyncArgs
from .settings import DECLARED, with_fifo_suffix
from .validation import SECRET, SettingsError, problem, read_settings, unknown

CREATED_NAMES = {
    "table_name": "healthomics_set_metadata",
    "queue_name": "healthomics_set_queue.fifo",
    "dead_letter_queue_name": "healthomics_set_queue_dlq.fifo",
    "undelivered_queue_name": "healthomics_set_undelivered",
}
"""Names of what the program creates. They cannot be configured, because scripts and people rely on them; a program of
one's own can name them through the component's arguments."""

OTHER_SPELLINGS = {"ddbTableName": "dynamoTableName", "sqsQueueName": "SQSQueueName"}

CONFIG_KEYS: Mapping[str, str] = {each.key: name for name, each in DECLARED.items() if name not in CREATED_NAMES}
"""Every configuration key but the other spellings, with the setting's name."""

_FOR_CREATED = {
    "table_name": "existing_table_name",
    "queue_name": "existing_queue_name",
    "dead_letter_queue_name": "existing_queue_name",
}
"""Names of what is created only where the setting does not name an existing one."""


def args_from_config() -> MetadataSyncArgs:
    """Read the stack's configuration, in the project's own namespace.

    Raises:
        SettingsError: Some of it is wrong. All of it is named; the values of secrets are not shown.
    """
    config = pulumi.Config()
    keys, secret_keys = _keys(config.name)
    known = [*CONFIG_KEYS, *OTHER_SPELLINGS]
    problems = [unknown(key, known) for key in keys if key not in known]
    given: dict[str, Any] = {}
    secrets: set[str] = set()
    for key in known:
        main_key = OTHER_SPELLINGS.get(key, key)
        name, value = CONFIG_KEYS[main_key], config.get(key)
        if not value:
            continue
        if name in given and not _is_same(name, given[name], value):
            is_secret = not secret_keys.isdisjoint({key, main_key})
            other = "another value" if is_secret else given[name]
            remedy = f"it is another spelling of {main_key}, which is {other}: remove one of the two."
            problems.append(problem(key, SECRET if is_secret else value, remedy))
        given[name] = value
        if key in secret_keys:
            secrets.add(name)
    created = {name: value for name, value in CREATED_NAMES.items() if _FOR_CREATED.get(name) not in given}
    try:
        settings = read_settings(created | given, lambda name: DECLARED[name].key, secrets)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from None
    if problems:
        raise SettingsError(problems)
    values = {name: getattr(settings, name) for name in (*created, *given)}
    hidden = {name: pulumi.Output.secret(values[name]) for name in secrets if DECLARED[name].can_be_output}
    return cast("MetadataSyncArgs", values | hidden)


def _keys(namespace: str) -> tuple[list[str], set[str]]:
    """The keys that are set in a namespace, and those of secrets. pulumi.Config can look a key up, but lists none."""
    every = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    from_host = set(runtime_config.get_config_secret_keys_env())
    full = sorted(key for key in every if key.startswith(f"{namespace}:"))
    secret = {key for key in full if key in from_host or runtime_config.is_config_secret(key)}
    return [key.removeprefix(f"{namespace}:") for key in full], {key.removeprefix(f"{namespace}:") for key in secret}


def _is_same(name: str, one: str, other: str) -> bool:
    if name == "existing_queue_name":
        return with_fifo_suffix(one) == with_fifo_suffix(other)
    return one == other
