"""The operations of the HealthOmics API that the emulator has, one function each.

Each takes the service and the request's parameters (checked, named as in boto3) and returns the members of the answer.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException, ServiceError, ValidationException
from omics_sandbox.omics.models import ActivationJob, ReadSet, SequenceStore
from omics_sandbox.omics.service import OmicsService

Parameters = dict[str, Any]
Operation = Callable[[OmicsService, Parameters], dict[str, Any] | None]
Listed = TypeVar("Listed", SequenceStore, ReadSet, ActivationJob)

_PAGE = 100


def list_sequence_stores(service: OmicsService, given: Parameters) -> dict[str, Any]:
    """ListSequenceStores."""
    wanted = given.get("filter", {})
    stores = [store for store in service.stores.values() if _matches(store.summary(), wanted)]
    page, token = _page(stores, given)
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
    read_sets = [
        read_set
        for read_set in store.read_sets.values()
        if _matches(read_set.summary(), wanted)
        and (generated_from is None or (read_set.sequence_information or {}).get("generatedFrom") == generated_from)
    ]
    page, token = _page(read_sets, given)
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
    jobs = [job for job in store.activation_jobs.values() if _matches(job.summary(), wanted)]
    page, token = _page(jobs, given)
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


def _check_deletable(read_set: ReadSet) -> None:
    if read_set.status in {"DELETING", "ACTIVATING", "PROCESSING_UPLOAD"}:
        raise ConflictException(f"Read set {read_set.id} is {read_set.status} and cannot be deleted now")


def _matches(summary: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a list item satisfies a filter: equal members, and `…After` and `…Before` for its times."""
    for name, value in wanted.items():
        if name in {"createdAfter", "createdBefore", "updatedAfter", "updatedBefore"}:
            time = summary.get("creationTime" if name.startswith("created") else "updateTime")
            if time is None or (time <= value if name.endswith("After") else time >= value):
                return False
        elif summary.get(name) != value:
            return False
    return True


def _page(items: Sequence[Listed], given: Parameters) -> tuple[Sequence[Listed], dict[str, str]]:
    """One page, and the token of the next when there is one.

    The token names the last item of the page, so that items which come and go between two pages neither repeat nor
    hide others.
    """
    if "nextToken" in given:
        last = _read_token(given["nextToken"])
        items = [item for item in items if item.ordinal > last]
    page = items[: given.get("maxResults", _PAGE)]
    if len(page) == len(items):
        return page, {}
    return page, {"nextToken": base64.urlsafe_b64encode(f"after:{page[-1].ordinal}".encode()).decode()}


def _read_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("after:"))
    except (binascii.Error, ValueError) as error:
        raise ValidationException("The nextToken is not one that this service gave") from error
