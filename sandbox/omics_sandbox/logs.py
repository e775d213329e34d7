"""The part of CloudWatch Logs that is the sandbox's own: the KMS keys of log groups, which moto does not check."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# moto's types are partial.

from collections.abc import Callable

from moto.utilities.utils import get_partition

from omics_sandbox.exceptions import AccessDeniedException, ResourceNotFoundException
from omics_sandbox.http import Request, Response
from omics_sandbox.policy import service_may_use
from omics_sandbox.services import Moto

# Source: "Encrypt log data in CloudWatch Logs using AWS Key Management Service", CloudWatch Logs User Guide.
_KEY_ACTIONS = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
)


class LogsApi:
    """Refuses keys that the service may not use, and leaves the rest to moto."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request; `forward` lets moto answer it."""
        if request.operation not in {"CreateLogGroup", "AssociateKmsKey", "DisassociateKmsKey"}:
            return forward()
        given = request.parameters
        region, name, key_id = str(request.region), str(given.get("logGroupName")), given.get("kmsKeyId")
        arn = f"arn:{get_partition(region)}:logs:{region}:{self._moto.account}:log-group:{name}"
        if key_id is not None and not self._may_use(region, key_id, arn):
            raise AccessDeniedException(
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
            )
        if request.operation == "CreateLogGroup":
            return forward()
        return self._associate(region, name, key_id)

    def _may_use(self, region: str, key_id: str, log_group_arn: str) -> bool:
        context = {"kms:encryptioncontext:aws:logs:arn": log_group_arn, "aws:sourceaccount": self._moto.account}
        service = f"logs.{region}.amazonaws.com"
        return service_may_use(self._moto, region, key_id, service, _KEY_ACTIONS, context)

    def _associate(self, region: str, name: str, key_id: str | None) -> Response:
        with self._moto.lock:
            group = self._moto.logs(region).groups.get(name)
            if group is None:
                raise ResourceNotFoundException("The specified log group does not exist.")
            group.kms_key_id = key_id
        return Response.of_json({})
