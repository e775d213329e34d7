"""Whether AWS services may use customer-managed KMS keys."""
# pyright: reportUnknownMemberType=false
# moto's types are partial.

from collections.abc import Iterable, Mapping

from moto.kms.models import Key

from omics_sandbox.policy import allows
from omics_sandbox.services import Moto


def find_key(moto: Moto, region: str, key_id: str) -> Key | None:
    """The key of this id, ARN or alias in a region of the account; None when there is none.

    Keys that AWS manages, such as `alias/aws/sqs`, are not among them.
    """
    with moto.lock:
        kms = moto.kms(region)
        name = kms.get_alias_name(key_id)
        if name.startswith("alias/aws/"):
            return None
        return next((key for key in kms.list_keys() if name in {key.id, key.arn, *key.aliases}), None)


def service_may_use(
    moto: Moto, region: str, key_id: str, service: str, actions: Iterable[str], context: Mapping[str, str]
) -> bool:
    """Whether a key is there and enabled, and its policy allows a service all these actions."""
    key = find_key(moto, region, key_id)
    if key is None or not key.enabled:
        return False
    return all(allows([key.policy], action, resource=key.arn, service=service, context=context) for action in actions)
