"""Whose credentials a request is signed with. Those of roles are sessions of moto's STS, as on AWS."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# moto's types are partial.

from moto.utilities.utils import get_partition

from omics_sandbox.services import Moto

USER_NAME = "sandbox"
"""Access key id of everybody who is not a role."""


def user_arn(account: str, region: str, access_key_id: str = USER_NAME) -> str:
    """The principal that requests with a key of no role stand for."""
    return f"arn:{get_partition(region)}:iam::{account}:user/{access_key_id}"


def principal(moto: Moto, access_key_id: str | None, region: str | None) -> str:
    """ARN of the role or the user that a key belongs to; `anonymous` for an unsigned request."""
    if access_key_id is None:
        return "anonymous"
    region = str(region)  # that of the signature, as the key is
    with moto.lock:
        session = moto.sts(get_partition(region)).get_assumed_role_from_access_key(access_key_id)
    return session.role_arn if session else user_arn(moto.account, region, access_key_id)


def role_credentials(moto: Moto, role_arn: str, session_name: str, region: str) -> dict[str, str]:
    """Environment variables with credentials of a role, as Lambda sets them."""
    with moto.lock:
        session = moto.sts(get_partition(region)).assume_role(region, session_name, role_arn, "", 3600, "")
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
