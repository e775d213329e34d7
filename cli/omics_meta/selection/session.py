"""Sessions of AWS, which say what is wrong with a client, and whose fault that is, when it is made."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import boto3
import botocore.session
import typer
from botocore.exceptions import BotoCoreError, UnknownRegionError
from readset_sync.model.errors import SetupError

from omics_meta.terminal.exits import CommandError

_LOGGER: Final = logging.getLogger(__name__)

_ONE_QUESTION: Final = threading.RLock()
"""Held while credentials are looked for, which may ask on the terminal, such as for the code of an MFA device."""

_JSON_PROTOCOLS: Final = frozenset({"json", "rest-json"})


class Session(boto3.Session):
    """A session of a profile and region; None leaves them to the AWS configuration.

    Raises:
        ProfileNotFound: There is no such profile.
    """

    def __init__(self, profile: str | None, region: str | None) -> None:
        self._core = botocore.session.get_session()
        # Of the two variables that name a region, boto3 knows AWS_DEFAULT_REGION alone; other SDKs prefer this one.
        region = region or os.environ.get("AWS_REGION") or None
        super().__init__(botocore_session=self._core, profile_name=profile, region_name=region)
        self.events.register("response-received", _log_failure)

    def client(self, service_name: str, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] # it has an overload for each service
        """Return a client, whose calls fail where something else than AWS answers, or credentials cannot be renewed.

        Raises:
            SetupError: The credentials cannot be had.
            CommandError: The endpoint that is configured is not a URL, or AWS has no such region.
        """
        credentials: Any = self._said(self._core.get_credentials)
        if credentials:  # each call asks for them, and so they are renewed when they are about to expire
            credentials.get_frozen_credentials = partial(self._said, credentials.get_frozen_credentials)
            credentials.get_deferred_property = partial(_deferred, credentials, self._said)
        try:
            make = cast("Any", super()).client
            client = make(service_name, **options)
        except BotoCoreError:
            raise  # some of these are ValueErrors too
        except ValueError as error:
            raise CommandError(
                f"{error}: {self._endpoint_setting(service_name)} must be a URL such as https://host:port"
            ) from error
        self._check_region(client.meta)
        client.meta.events.register("before-parse", partial(_refuse_strangers, client.meta.endpoint_url))
        return client

    def _check_region(self, meta: Any) -> None:
        """Refuse a region of which AWS cannot have an endpoint, before that is looked for in vain."""
        try:
            self._core.get_partition_for_region(meta.region_name)
        except UnknownRegionError as error:
            if meta.endpoint_url.endswith(".amazonaws.com"):
                raise CommandError(
                    f"AWS has no region {meta.region_name!r}: give --region one like us-west-2"
                ) from error

    def _said(self, look: Callable[[], Any]) -> Any:
        """Look for credentials, apart from all else: a program that is asked for them may do anything."""
        try:
            with _ONE_QUESTION:
                return look()
        except BotoCoreError:
            raise
        except (ValueError, TypeError, AttributeError, KeyError, OSError, RuntimeError) as error:
            profile = self._core.profile or "default"
            asked = "credential_process" in self._core.get_scoped_config()
            source = f"credential_process of profile {profile}" if asked else f"profile {profile}"
            raise SetupError(
                f"{source} gives no credentials ({error}): "
                f"{'run its command by hand, and log in where it asks for that' if asked else 'check its settings'}"
            ) from error

    def _endpoint_setting(self, service: str) -> str:
        """What configures the endpoint of a service (AWS SDKs reference guide, "Service-specific endpoints")."""
        service_id = self._core.get_service_model(service).service_id.replace(" ", "_").upper()
        for variable in (f"AWS_ENDPOINT_URL_{service_id}", "AWS_ENDPOINT_URL"):
            if os.environ.get(variable):
                return variable
        return f"endpoint_url of profile {self._core.profile or 'default'}, or of its services,"


def _deferred(credentials: Any, said: Callable[[Callable[[], Any]], Any], name: str) -> Callable[[], Any]:
    return partial(said, partial(getattr, credentials, name))


def _refuse_strangers(url: str, *, operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Refuse what no service of AWS says: a portal or a proxy that wants a login, a server of somebody else.

    In front of AWS's services, too, there are servers that answer with pages, but only when something failed there.
    """
    body, status = response_dict["body"], response_dict["status_code"]
    if status >= 500 or not isinstance(body, bytes):
        return
    begins = body.lstrip()[:1]
    protocol = operation_model.service_model.protocol
    strange = begins not in {b"", b"{"} if protocol in _JSON_PROTOCOLS else b"<html" in body[:1000].lower()
    if strange:
        raise SetupError(
            f"what answers at {url} is not AWS (status {status} to {operation_model.name}): check the network, "
            "which may want a login, the proxy, and AWS_ENDPOINT_URL if it is set"
        )


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at the moment: while progress is shown, what is printed goes above it."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(self.format(record), err=True)


def be_verbose() -> None:
    """Say on stderr which AWS calls fail, also those that are tried again, such as throttles."""
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)


def _log_failure(event_name: str, *, exception: Exception | None, parsed_response: Any, **_: Any) -> None:
    service, operation = event_name.split(".")[1:]
    if exception is not None:
        _LOGGER.info("%s %s failed: %s", service, operation, exception)
    elif "Error" in parsed_response:
        error = parsed_response["Error"]
        _LOGGER.info("%s %s failed: %s: %s", service, operation, error["Code"], error.get("Message"))
