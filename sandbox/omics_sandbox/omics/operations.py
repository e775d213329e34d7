"""The operations of the HealthOmics API that the emulator has, one function each.

Each takes the service and the request's parameters (checked, named as in boto3) and returns the members of the answer.
`perform` calls one of them as the API does.
"""

import base64
import binascii
from collections.abc import Callable
from itertools import islice
from typing import Any

from omics_sandbox.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ServiceError,
    ThrottlingException,
    ValidationException,
)
from omics_sandbox.omics.models import ActivationJob, Item, ReadSet, SequenceStore, Shelf
from omics_sandbox.omics.service import OmicsService

Parameters = dict[str, Any]
Operation = Callable[[OmicsService, Parameters], dict[str, Any] | None]

_PAGE = 100


def list_sequence_stores(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """ListSequenceStores."""
    wanted = given.get("filter", {})
    page, token = _page(service, service.stores, given, lambda store: _matches(store, wanted))
    return {"sequenceStores": [store.summary() for store in page]} | token


def get_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """GetSequenceStore."""
    return service.store(given["id"]).describe()


def create_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """CreateSequenceStore."""
    store_id = service.create_store(
        given["name"],
        description=given.get("description"),
        tags=given.get("tags"),
        sse_config=given.get("sseConfig"),
        fallback_location=given.get("fallbackLocation"),
        etag_algorithm_family=given.get("eTagAlgorithmFamily", "MD5up"),
        propagated_set_level_tags=given.get("propagatedSetLevelTags"),
    )
    store = service.store(store_id)
    if store.s3_access is not None:
        store.s3_access |= given.get("s3AccessConfig", {})
    return store.created()


def update_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """UpdateSequenceStore."""
    names = {
        "name": "name",
        "description": "description",
        "fallbackLocation": "fallback_location",
        "propagatedSetLevelTags": "propagated_set_level_tags",
    }
    changes = {attribute: given[name] for name, attribute in names.items() if name in given}
    store = service.store(given["id"])
    if "s3AccessConfig" in given:
        changes["s3_access"] = {**(store.s3_access or {}), **given["s3AccessConfig"]}
    service.update_store(store.id, **changes)
    return store.describe()


def delete_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """DeleteSequenceStore: only an empty one can go."""
    service.delete_store(given["id"])
    return {}


def list_read_sets(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """ListReadSets."""
    store = service.store(given["sequenceStoreId"])
    wanted = dict(given.get("filter", {}))
    generated_from = wanted.pop("generatedFrom", None)

    def matches(read_set: ReadSet) -> bool:
        information = read_set.sequence_information or {}
        return generated_from in {None, information.get("generatedFrom")} and _matches(read_set, wanted)

    page, token = _page(service, store.read_sets, given, matches)
    return {"readSets": [read_set.summary() for read_set in page]} | token


def get_read_set_metadata(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """GetReadSetMetadata."""
    return service.read_set(given["sequenceStoreId"], given["id"]).describe()


def batch_delete_read_set(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """BatchDeleteReadSet: what cannot be deleted is named in `errors`."""
    store = service.store(given["sequenceStoreId"])
    errors: list[dict[str, str]] = []
    for read_set_id in given["ids"]:
        try:
            _check_deletable(service.read_set(store.id, read_set_id))
        except ServiceError as error:
            errors.append({"id": read_set_id, "code": error.code, "message": str(error)})
        else:
            service.delete_read_set(store.id, read_set_id)
    return {"errors": errors} if errors else {}


def start_read_set_activation_job(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """StartReadSetActivationJob."""
    read_set_ids = [source["readSetId"] for source in given["sources"]]
    job = service.start_activation(given["sequenceStoreId"], read_set_ids)
    return {
        "id": job.id,
        "sequenceStoreId": job.sequence_store_id,
        "status": "SUBMITTED",
        "creationTime": job.creation_time,
    }


def get_read_set_activation_job(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """GetReadSetActivationJob."""
    job = service.store(given["sequenceStoreId"]).activation_jobs.get(given["id"])
    if job is None:
        raise ResourceNotFoundException(f"Activation job {given['id']} does not exist")
    return job.describe()


def list_read_set_activation_jobs(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """ListReadSetActivationJobs."""
    store = service.store(given["sequenceStoreId"])
    wanted = given.get("filter", {})
    page, token = _page(service, store.activation_jobs, given, lambda job: _matches(job, wanted))
    return {"activationJobs": [job.summary() for job in page]} | token


def tag_resource(service: OmicsService, given: Parameters) -> None:
    """TagResource."""
    service.tag(given["resourceArn"], given["tags"])


def untag_resource(service: OmicsService, given: Parameters) -> None:
    """UntagResource."""
    service.untag(given["resourceArn"], given["tagKeys"])


def list_tags_for_resource(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": dict(service.tagged(given["resourceArn"]).tags)}


OPERATIONS: dict[str, Operation] = {
    "BatchDeleteReadSet": batch_delete_read_set,
    "CreateSequenceStore": create_sequence_store,
    "DeleteSequenceStore": delete_sequence_store,
    "GetReadSetActivationJob": get_read_set_activation_job,
    "GetReadSetMetadata": get_read_set_metadata,
    "GetSequenceStore": get_sequence_store,
    "ListReadSetActivationJobs": list_read_set_activation_jobs,
    "ListReadSets": list_read_sets,
    "ListSequenceStores": list_sequence_stores,
    "ListTagsForResource": list_tags_for_resource,
    "StartReadSetActivationJob": start_read_set_activation_job,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateSequenceStore": update_sequence_store,
}


def perform(service: OmicsService, operation: str, read: Callable[[], Parameters]) -> dict[str, Any] | None:
    """Perform an operation as the API does: quotas first, then faults, then the operation itself.

    Args:
        service: Where.
        operation: Name of the operation, one of `OPERATIONS`.
        read: Returns the checked parameters.

    Raises:
        ServiceError: What the API answers with.
        ConnectionDroppedError: A fault wants the call to stay without an answer.
    """
    with service.lock:
        admitted = service.limits.admit(service.region, operation)
        (service.calls if admitted else service.throttled)[operation] += 1
    if not admitted:
        raise ThrottlingException("Rate exceeded")
    service.faults.wait(service.latency)
    given = read()
    service.faults.apply(operation, given)
    with service.lock:
        return OPERATIONS[operation](service, given)


def _check_deletable(read_set: ReadSet) -> None:
    if read_set.status in {"DELETING", "ACTIVATING", "PROCESSING_UPLOAD"}:
        raise ConflictException(f"Read set {read_set.id} is {read_set.status} and cannot be deleted now")


def _matches(item: SequenceStore | ReadSet | ActivationJob, wanted: dict[str, Any]) -> bool:
    """Whether an item satisfies a filter: equal members, and `…After` and `…Before` for its times."""
    if not wanted:
        return True
    summary = item.summary()
    for name, value in wanted.items():
        if name in {"createdAfter", "createdBefore", "updatedAfter", "updatedBefore"}:
            time = summary.get("creationTime" if name.startswith("created") else "updateTime")
            if time is None or (time <= value if name.endswith("After") else time >= value):
                return False
        elif summary.get(name) != value:
            return False
    return True


def _page(
    service: OmicsService, items: Shelf[Item], given: Parameters, matches: Callable[[Item], bool]
) -> tuple[list[Item], dict[str, str]]:
    """One page of the items that match, and the token of the next page when there is one.

    The token names the last item of the page, so that items which come and go between two pages neither repeat nor
    hide others.
    """
    after = _read_token(given["nextToken"]) if "nextToken" in given else 0
    size = min(given.get("maxResults", _PAGE), service.page_size)
    page = list(islice(filter(matches, items.after(after)), size + 1))
    if len(page) <= size:
        return page, {}
    del page[size:]
    return page, {"nextToken": base64.urlsafe_b64encode(f"after:{page[-1].ordinal}".encode()).decode()}


def _read_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("after:"))
    except (binascii.Error, ValueError) as error:
        raise ValidationException("The nextToken is not one that this service gave") from error
