"""The Resource Groups Tagging API on the wire (AWS JSON 1.1), as far as it knows HealthOmics: GetResources by ARN.

Source: "GetResources", Resource Groups Tagging API Reference. What AWS answers about HealthOmics is not documented.
"""

from collections.abc import Callable

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import InvalidParameterException, ResourceNotFoundException, ThrottledException
from omics_sandbox.http import Request, Response
from omics_sandbox.omics.models import ReadSet, SequenceStore
from omics_sandbox.omics.operations import Api, Parameters, perform
from omics_sandbox.omics.service import OmicsService


class TaggingApi:
    """Answers GetResources in all regions, about HealthOmics alone. All other operations are moto's."""

    def __init__(self, service_of: Callable[[str], OmicsService]) -> None:
        self._service_of = service_of

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request."""
        if request.operation != "GetResources":
            return forward()
        shape = service_model(TAGGING.name).shape_for("GetResourcesInput")
        service = self._service_of(str(request.region))
        return Response.of_json(perform(service, "GetResources", lambda: checked(shape, request.parameters), TAGGING))


def _get_resources(service: OmicsService, given: Parameters) -> Parameters:
    """The stores and read sets of some ARNs that have tags or once had, in the order of creation."""
    if given.keys() != {"ResourceARNList"}:
        raise InvalidParameterException("The sandbox answers GetResources with a ResourceARNList and nothing else")
    faults, arns = service.faults, dict.fromkeys(given["ResourceARNList"])
    for arn in arns:
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn" or parts[1] != service.partition or not (parts[2] and parts[5]):
            raise InvalidParameterException(f"{arn} is not a valid AmazonResourceName (ARN)")
    known = [faults.seen("GetResources", arn, _item(service, arn)) for arn in arns if faults.knows(arn)]
    found = [item for item in known if item is not None and item.was_tagged]
    return {
        "PaginationToken": "",
        "ResourceTagMappingList": [
            {"ResourceARN": item.arn, "Tags": [{"Key": key, "Value": value} for key, value in item.tags.items()]}
            for item in sorted(found, key=lambda item: item.ordinal)
        ],
    }


TAGGING = Api(
    "resourcegroupstaggingapi",
    {"GetResources": _get_resources},
    throttled=ThrottledException,
    invalid=InvalidParameterException,
)


def _item(service: OmicsService, arn: str) -> SequenceStore | ReadSet | None:
    try:
        return service.tagged(arn)
    except ResourceNotFoundException:
        return None
