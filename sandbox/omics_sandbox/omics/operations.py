"""The operations of the HealthOmics API that the emulator has.

Each takes the service and the request's parameters (checked, named as in boto3) and returns the members of the answer.
`perform` calls one of them as the API does.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore import xform_name

from omics_sandbox.exceptions import ResourceNotFoundException, ServiceError, ThrottlingException, ValidationException
from omics_sandbox.omics.behind import FILES
from omics_sandbox.omics.models import ActivationJob, ReadSet, SequenceStore, Shelf
from omics_sandbox.omics.service import OmicsService

Parameters = dict[str, Any]
Operation = Callable[[OmicsService, Parameters], dict[str, Any] | None]

_PAGE = 100


@dataclass(frozen=True)
class Api:
    """An API of AWS's, as far as the emulator has it."""

    name: str
    """Botocore's name of the service."""
    operations: Mapping[str, Operation]
    throttled: type[ServiceError] = ThrottlingException
    invalid: type[ServiceError] = ValidationException
    """What it answers to a parameter that its model does not allow."""


def _create_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    members = _attributes(given)
    store = service.store(service.create_store(members.pop("name"), **members))
    store.s3_access = {**(store.s3_access or {}), **given.get("s3AccessConfig", {})}
    return store.describe()


def _update_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    changes = _attributes(given)
    store = service.store(changes.pop("id"))
    if "s3AccessConfig" in given:
        changes["s3_access"] = {**(store.s3_access or {}), **given["s3AccessConfig"]}
    service.update_store(store.id, **changes)
    return store.describe()


def _attributes(given: Parameters) -> dict[str, Any]:
    """Parameters that are attributes of what they create or change, by the names that those have here."""
    others = {"clientToken", "s3AccessConfig"}
    return {xform_name(name).replace("e_tag", "etag"): value for name, value in given.items() if name not in others}


def _batch_delete_read_set(service: OmicsService, given: Parameters) -> dict[str, Any]:
    store = service.store(given["sequenceStoreId"])
    errors: list[dict[str, str]] = []
    for read_set_id in given["ids"]:
        try:
            service.delete_read_set(store.id, read_set_id)
        except ServiceError as error:
            errors.append({"id": read_set_id, "code": error.code, "message": str(error)})
    return {"errors": errors} if errors else {}


def _get_read_set_metadata(service: OmicsService, given: Parameters) -> dict[str, Any]:
    store = service.store(given["sequenceStoreId"])
    arn, item = f"{store.arn}/readSet/{given['id']}", store.read_sets.get(given["id"])
    read_set = service.faults.seen("GetReadSetMetadata", arn, item)
    if read_set is None:
        raise ResourceNotFoundException(f"Read set {given['id']} does not exist in sequence store {store.id}")
    described = read_set.describe()
    with_files = service.faults.seen(FILES, arn, read_set)
    if with_files is None or "files" not in with_files.describe():
        described.pop("files", None)
    return described


def _get_reference_metadata(service: OmicsService, given: Parameters) -> dict[str, Any]:
    reference = service.references.get(service.reference_arn(given["referenceStoreId"], given["id"]))
    if reference is None:
        raise ResourceNotFoundException(f"Reference {given['id']} does not exist in {given['referenceStoreId']}")
    return reference.describe()


def _get_sequence_store(service: OmicsService, given: Parameters) -> dict[str, Any]:
    store = service.store(given["id"])
    return (service.faults.seen("GetSequenceStore", store.arn, store) or store).describe()


def _list_read_sets(service: OmicsService, given: Parameters) -> dict[str, Any]:
    store = service.store(given["sequenceStoreId"])
    return _page(service, service.faults.listed("ListReadSets", store), given, "readSets")


def _list_tags_for_resource(service: OmicsService, given: Parameters) -> dict[str, Any]:
    arn = given["resourceArn"]
    known = service.faults.seen("ListTagsForResource", arn, service.tagged(arn))
    return {"tags": dict(known.tags) if known else {}}


def _start_read_set_activation_job(service: OmicsService, given: Parameters) -> dict[str, Any]:
    read_set_ids = [source["readSetId"] for source in given["sources"]]
    job = service.activate(given["sequenceStoreId"], read_set_ids, given.get("clientToken"))
    return {
        "id": job.id,
        "sequenceStoreId": job.sequence_store_id,
        "status": "SUBMITTED",
        "creationTime": job.creation_time,
    }


def _get_read_set_activation_job(service: OmicsService, given: Parameters) -> dict[str, Any]:
    job = service.store(given["sequenceStoreId"]).activation_jobs.get(given["id"])
    if job is None:
        raise ResourceNotFoundException(f"Activation job {given['id']} does not exist")
    return job.describe()


def _create_multipart_read_set_upload(service: OmicsService, given: Parameters) -> dict[str, Any]:
    members = _attributes(given)
    return service.begin_upload(members.pop("sequence_store_id"), **members).describe()


def _upload_read_set_part(service: OmicsService, given: Parameters) -> dict[str, Any]:
    part = given["partSource"], given["partNumber"], given["payload"]
    return {"checksum": service.upload_part(given["sequenceStoreId"], given["uploadId"], *part)}


def _complete_multipart_read_set_upload(service: OmicsService, given: Parameters) -> dict[str, Any]:
    checksums = {(part["partSource"], part["partNumber"]): part["checksum"] for part in given["parts"]}
    return {"readSetId": service.complete_upload(given["sequenceStoreId"], given["uploadId"], checksums)}


OPERATIONS: dict[str, Operation] = {
    "AbortMultipartReadSetUpload": lambda service, given: service.abort_upload(
        given["sequenceStoreId"], given["uploadId"]
    ),
    "BatchDeleteReadSet": _batch_delete_read_set,
    "CompleteMultipartReadSetUpload": _complete_multipart_read_set_upload,
    "CreateMultipartReadSetUpload": _create_multipart_read_set_upload,
    "CreateSequenceStore": _create_sequence_store,
    "DeleteSequenceStore": lambda service, given: service.delete_store(given["id"]),
    "GetReadSetActivationJob": _get_read_set_activation_job,
    "GetReadSetMetadata": _get_read_set_metadata,
    "GetReferenceMetadata": _get_reference_metadata,
    "GetSequenceStore": _get_sequence_store,
    "ListReadSetActivationJobs": lambda service, given: _page(
        service, service.store(given["sequenceStoreId"]).activation_jobs, given, "activationJobs"
    ),
    "ListReadSets": _list_read_sets,
    "ListSequenceStores": lambda service, given: _page(service, service.stores, given, "sequenceStores"),
    "ListTagsForResource": _list_tags_for_resource,
    "StartReadSetActivationJob": _start_read_set_activation_job,
    "TagResource": lambda service, given: service.tag(given["resourceArn"], given["tags"]),
    "UntagResource": lambda service, given: service.untag(given["resourceArn"], given["tagKeys"]),
    "UpdateSequenceStore": _update_sequence_store,
    "UploadReadSetPart": _upload_read_set_part,
}


HEALTHOMICS = Api("omics", OPERATIONS)


def perform(
    service: OmicsService, operation: str, read: Callable[[], Parameters], api: Api = HEALTHOMICS
) -> dict[str, Any] | None:
    """Perform an operation as the API does: quotas first, then faults, then the operation itself."""
    with service.lock:
        admitted = service.limits.admit(service.region, operation)
        (service.calls if admitted else service.throttled)[operation] += 1
    if not admitted:
        raise api.throttled("Rate exceeded")
    service.faults.wait(service.latency)
    try:
        given = read()
    except ValidationException as error:
        raise api.invalid(str(error)) from error

    def answer() -> dict[str, Any] | None:
        with service.lock:
            return api.operations[operation](service, given)

    return service.faults.answer(operation, given, answer)


def _matches(item: SequenceStore | ReadSet | ActivationJob, wanted: dict[str, Any]) -> bool:
    """Whether an item satisfies a filter: equal members, and `…After` and `…Before` for its times."""
    if not wanted:
        return True
    summary = item.summary()
    summary |= {"generatedFrom": summary.get("sequenceInformation", {}).get("generatedFrom")}
    for name, value in wanted.items():
        if name in {"createdAfter", "createdBefore", "updatedAfter", "updatedBefore"}:
            time = summary.get("creationTime" if name.startswith("created") else "updateTime")
            if time is None or (time <= value if name.endswith("After") else time >= value):
                return False
        elif summary.get(name) != value:
            return False
    return True


def _page(service: OmicsService, items: Shelf[Any], given: Parameters, member: str) -> dict[str, Any]:
    """The answer of a listing: one page of the items that match, and the token of the next page when there is one.

    The token names the last item of the page, so that items which come and go between two pages neither repeat nor
    hide others.
    """
    after = _read_token(given["nextToken"]) if "nextToken" in given else 0
    size = min(given.get("maxResults", _PAGE), service.page_size)
    wanted = given.get("filter", {})
    page = list(islice((item for item in items.after(after) if _matches(item, wanted)), size + 1))
    answer: dict[str, Any] = {member: [item.summary() for item in page[:size]]}
    if len(page) > size:
        answer["nextToken"] = base64.urlsafe_b64encode(f"after:{page[size - 1].ordinal}".encode()).decode()
    return answer


def _read_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("after:"))
    except (binascii.Error, ValueError) as error:
        raise ValidationException("The nextToken is not one that this service gave") from error
