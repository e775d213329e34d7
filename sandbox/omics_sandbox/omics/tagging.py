"""The Resource Groups Tagging API on the wire (AWS JSON 1.1), as far as it knows HealthOmics: GetResources.

Source: "GetResources", Resource Groups Tagging API Reference. It says that the name of a resource type is "the same as
that embedded in a resource's" ARN: `omics:sequenceStore`, and `omics:sequenceStore/readSet`. AWS's tables for tag
policies write it in lower case, so case does not count here. What AWS answers about HealthOmics is not documented.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import timedelta

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import (
    InvalidParameterException,
    PaginationTokenExpiredException,
    ResourceNotFoundException,
    ServiceError,
    ThrottledException,
)
from omics_sandbox.http import Request, Response
from omics_sandbox.omics.models import ReadSet, SequenceStore
from omics_sandbox.omics.operations import Api, Parameters, perform
from omics_sandbox.omics.service import OmicsService

Item = SequenceStore | ReadSet

_TOKEN_LIFE = timedelta(minutes=15)
_NOT_WITH_ARNS = ("ResourceTypeFilters", "TagFilters", "PaginationToken", "ResourcesPerPage", "TagsPerPage")
# Least, most, and what is taken when it is not given, for which AWS documents no number.
_RANGES = {"ResourcesPerPage": (1, 100, 50), "TagsPerPage": (100, 500, 5000)}


class TaggingApi:
    """Answers GetResources in all regions, about HealthOmics alone. All other operations are moto's."""

    def __init__(self, service_of: Callable[[str], OmicsService]) -> None:
        self._service_of = service_of

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request."""
        if request.headers.get("x-amz-target") != "ResourceGroupsTaggingAPI_20170126.GetResources":
            return forward()
        shape = service_model(TAGGING.name).shape_for("GetResourcesInput")
        service = self._service_of(str(request.region))
        try:
            answer = perform(service, "GetResources", lambda: checked(shape, request.json()), TAGGING)
        except ServiceError as error:
            return Response.of_json({"__type": error.code, "Message": str(error)}, error.status)
        return Response.of_json(answer)


def _get_resources(service: OmicsService, given: Parameters) -> Parameters:
    arns = given.get("ResourceARNList")
    if arns is not None:
        _check_arns(service, given)
        return _answer(_known(service, arns), "")
    if any("Key" not in wanted for wanted in given.get("TagFilters", ())):
        raise InvalidParameterException("Each of the TagFilters must have a Key")
    resources, tags = (_number(given, name) for name in _RANGES)
    after = _read_token(service, given["PaginationToken"]) if given.get("PaginationToken") else 0
    found = [item for item in _known(service, _all(service)) if item.ordinal > after and _matches(item, given)]
    page: list[Item] = []
    for item in found[: min(resources, service.page_size)]:
        tags -= max(1, len(item.tags))
        if tags < 0:
            break
        page.append(item)
    return _answer(page, _token(service, page[-1]) if len(page) < len(found) else "")


TAGGING = Api(
    "resourcegroupstaggingapi",
    {"GetResources": _get_resources},
    throttled=ThrottledException,
    invalid=InvalidParameterException,
)


def _check_arns(service: OmicsService, given: Parameters) -> None:
    too_much = [name for name in _NOT_WITH_ARNS if given.get(name)]
    if too_much:
        raise InvalidParameterException(f"{too_much[0]} cannot be specified together with ResourceARNList")
    for arn in given["ResourceARNList"]:
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn" or not all((parts[1], parts[2], parts[5])):
            raise InvalidParameterException(f"{arn} is not a valid AmazonResourceName (ARN)")
        if parts[1] != service.partition:
            raise InvalidParameterException(f"{arn} is not of the partition {service.partition}")


def _number(given: Parameters, name: str) -> int:
    low, high, otherwise = _RANGES[name]
    if name in given and not low <= given[name] <= high:
        raise InvalidParameterException(f"{name} must be between {low} and {high}")
    return given.get(name, otherwise)


def _all(service: OmicsService) -> list[str]:
    stores = service.stores.values()
    read_sets = (read_set.arn for store in stores for read_set in store.read_sets.values())
    return [*(store.arn for store in stores), *read_sets, *service.faults.changed()]


def _known(service: OmicsService, arns: list[str]) -> list[Item]:
    """What the tagging API knows of these ARNs, in the order of creation: items that have tags or once had."""
    faults = service.faults
    known = [faults.seen("GetResources", arn, _item(service, arn)) for arn in dict.fromkeys(arns) if faults.knows(arn)]
    found = [item for item in known if item is not None and item.was_tagged]
    return sorted(found, key=lambda item: item.ordinal)


def _item(service: OmicsService, arn: str) -> Item | None:
    try:
        return service.tagged(arn)
    except ResourceNotFoundException:
        return None


def _matches(item: Item, given: Parameters) -> bool:
    kind = "omics:sequencestore/readset" if isinstance(item, ReadSet) else "omics:sequencestore"
    kinds = {name.lower() for name in given.get("ResourceTypeFilters", ())}
    return (not kinds or bool(kinds & {"omics", kind})) and all(
        wanted["Key"] in item.tags and (not wanted.get("Values") or item.tags[wanted["Key"]] in wanted["Values"])
        for wanted in given.get("TagFilters", ())
    )


def _answer(items: list[Item], token: str) -> Parameters:
    return {
        "PaginationToken": token,
        "ResourceTagMappingList": [
            {"ResourceARN": item.arn, "Tags": [{"Key": key, "Value": value} for key, value in item.tags.items()]}
            for item in items
        ],
    }


def _token(service: OmicsService, last: Item) -> str:
    return base64.urlsafe_b64encode(f"{last.ordinal}:{service.now().timestamp()}".encode()).decode()


def _read_token(service: OmicsService, token: str) -> int:
    try:
        ordinal, _, given_at = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        after, age = int(ordinal), service.now().timestamp() - float(given_at)
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterException("The PaginationToken is not one that this service gave") from error
    if age > _TOKEN_LIFE.total_seconds():
        raise PaginationTokenExpiredException("The PaginationToken has expired")
    return after
