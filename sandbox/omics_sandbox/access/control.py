"""Who calls, and who may do what: every call is recorded, and decided where permissions are enforced."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# moto's types are partial.

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from moto.utilities.utils import get_partition

from omics_sandbox.access.request import Call
from omics_sandbox.policy import allows, role_allows
from omics_sandbox.services import Moto

USER_NAME = "sandbox"
"""Access key id of everybody who is not a role."""
_NO_CONTEXT: Mapping[str, str] = {}


class Calls:
    """How often each principal made each call.

    Equal calls are counted instead of listed: a poller makes thousands of them in a minute.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[Call]] = {}

    def of(self, principal: str) -> Counter[Call]:
        """The calls of a principal since the start or `clear`."""
        with self._lock:
            return Counter(self._counts.get(principal, {}))

    def clear(self) -> None:
        """Count from zero."""
        with self._lock:
            self._counts.clear()

    def record(self, principal: str, call: Call) -> None:
        """Count a call."""
        with self._lock:
            self._counts.setdefault(principal, Counter())[call] += 1


class AccessControl:
    """Decides about the calls of all principals. Users may do everything; so may roles unless that is enforced.

    Only the policies of a role count, and not those of the resource, which on AWS can allow as well. A table of another
    account can be read and written only as far as its own policy allows.
    """

    def __init__(self, moto: Moto, calls: Calls, *, enforced: bool) -> None:
        self._moto = moto
        self._calls = calls
        self._enforced = enforced

    def admits(
        self, caller: str, action: str, resources: Sequence[str], context: Mapping[str, str] = _NO_CONTEXT
    ) -> bool:
        """Whether a call may be answered. It is recorded either way."""
        enforced = self._enforced and ":role/" in caller
        refused = enforced and not all(
            role_allows(self._moto, caller, action, resource, context) for resource in resources
        )
        self._calls.record(caller, Call(action, tuple(resources), refused))
        return not refused


def owner_of_table(wanted: Call, account: str) -> str:
    """The account that has the table which a request names: that of its ARN, or that of whoever asks."""
    is_of_table = wanted.action.startswith("dynamodb:") and wanted.resources[0].startswith("arn:")
    return wanted.resources[0].split(":")[4] if is_of_table else account


def owner_allows(moto: Moto, account: str, wanted: Call) -> bool:
    """Whether the owner of a table lets an account use it: by being that account, or by the table's policy."""
    owner, arn = owner_of_table(wanted, account), wanted.resources[0]
    root = f"arn:aws:iam::{account}:root"
    return owner == account or allows(moto.table_policies(owner, arn), wanted.action, resource=arn, service=root)


def user_arn(account: str, region: str, access_key_id: str = USER_NAME) -> str:
    """The principal that requests with a key of no role stand for."""
    return f"arn:{get_partition(region)}:iam::{account}:user/{access_key_id}"


def account_of(moto: Moto, access_key_id: str | None) -> str:
    """The account that a key belongs to: the key itself if it is the number of one, else the sandbox's own."""
    return str(access_key_id) if re.fullmatch("[0-9]{12}", access_key_id or "") else moto.account


def principal(moto: Moto, access_key_id: str | None, region: str | None) -> str:
    """ARN of the role or the user that a key belongs to; `anonymous` for an unsigned request."""
    if access_key_id is None:
        return "anonymous"
    region = str(region)  # that of the signature, as the key is
    with moto.lock:
        session = moto.sts(get_partition(region)).get_assumed_role_from_access_key(access_key_id)
    return session.role_arn if session else user_arn(account_of(moto, access_key_id), region, access_key_id)


def role_credentials(moto: Moto, role_arn: str, session_name: str, region: str) -> dict[str, str]:
    """Environment variables with credentials of a role, as Lambda sets them."""
    with moto.lock:
        session = moto.sts(get_partition(region)).assume_role(region, session_name, role_arn, "", 3600, "")
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
