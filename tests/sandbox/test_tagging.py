"""What the Resource Groups Tagging API knows of HealthOmics: GetResources."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import TaggingClient

from tests.sandbox.conftest import InProcess, without_retries
from tests.sandbox.test_fidelity import Recorder


def ask(aws: InProcess, arns: list[str]) -> dict[str, dict[str, str]]:
    """The tags by ARN."""
    answer = aws.tagging.get_resources(ResourceARNList=arns)
    assert answer["PaginationToken"] == ""
    found = answer["ResourceTagMappingList"]
    return {each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in found}


def test_given_arns_when_they_are_asked_for_then_what_is_or_was_tagged_is_there_and_all_else_is_absent(
    aws: InProcess,
) -> None:
    ids = [aws.create(tags=tags) for tags in ({"a": "1", "b": ""}, {"a": "1"}, {}, {}, {"a": "1"})]
    tagged, once, never, later, gone = map(aws.arn, ids)
    store = aws.service.store(aws.store).arn
    aws.service.tag(store, {"lab": "x"})
    aws.service.untag(once, ["a"])
    aws.service.tag(later, {"a": "2"})
    aws.service.delete_read_set(aws.store, ids[-1])
    elsewhere = [tagged.replace("us-west-2", "us-east-1"), "arn:aws:s3:::bucket", f"{tagged}0"]

    assert ask(aws, [later, store, tagged, tagged, once, never, gone, *elsewhere]) == {
        store: {"lab": "x"},
        tagged: {"a": "1", "b": ""},
        once: {},
        later: {"a": "2"},
    }
    assert aws.service.calls == {"GetResources": 1}
    # Attributes that are changed, in the place of a call, count as well.
    for tags in ({"a": "1"}, {}):
        aws.service.update_read_set(aws.store, ids[2], tags=tags)
        assert ask(aws, [never]) == {never: tags}


ARN = "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890"
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"ResourceARNList": [ARN] * 101}, "at most 100"),
    ({"ResourceARNList": ["arn:aws:omics:us-west-2"]}, "is not a valid AmazonResourceName"),
    ({"ResourceARNList": [ARN.replace("aws", "aws-cn")]}, "is not a valid AmazonResourceName"),
    ({"ResourceARNList": [ARN], "ResourcesPerPage": 100}, "and nothing else"),
    ({}, "with a ResourceARNList"),
]


def test_given_parameters_that_are_refused_when_they_are_sent_then_the_error_says_which(aws: InProcess) -> None:
    for given, complaint in INVALID:
        with pytest.raises(aws.tagging.exceptions.InvalidParameterException, match=complaint):
            aws.tagging.get_resources(**given)


@pytest.mark.parametrize("behind", [{"seconds": 60}, {"answers": 1}], ids=str)
def test_given_a_tagging_api_that_is_behind_when_things_change_then_it_answers_as_before_for_so_long(
    aws: InProcess, behind: dict[str, Any]
) -> None:
    ids = [aws.create(tags={"a": "1"}) for _ in range(2)]
    aws.service.faults.add_behind("GetResources", **behind)
    ids += [aws.create(tags=tags) for tags in ({"a": "1"}, {})]
    arns = changed, deleted, created, tagged = [aws.arn(each) for each in ids]
    aws.service.tag(tagged, {"a": "1"})
    aws.service.tag(changed, {"a": "2"})
    aws.service.delete_read_set(aws.store, ids[1])
    assert ask(aws, arns) == {changed: {"a": "1"}, deleted: {"a": "1"}}
    aws.now += timedelta(seconds=behind.get("seconds", 0))
    assert ask(aws, arns) == {changed: {"a": "2"}, created: {"a": "1"}, tagged: {"a": "1"}}


def test_given_a_tagging_api_that_does_not_know_everything_when_it_is_asked_then_it_always_leaves_out_the_same(
    aws: InProcess,
) -> None:
    arns = [aws.arn(aws.create(tags={"a": "1"})) for _ in range(100)]
    faults = aws.service.faults
    faults.add_unknown("GetResources", share=0.5)
    some = set(ask(aws, arns))
    assert 30 < len(some) < 70
    assert set(ask(aws, arns)) == some
    faults.add_unknown("GetResources", arns=arns[:3])
    assert set(ask(aws, arns)) == set(arns[3:])
    faults.add_unknown("GetResources")
    assert ask(aws, arns) == {}
    assert faults.describe() == [{"operation": "GetResources", "error": "100% of all unknown", "remaining": None}]
    faults.clear()
    assert set(ask(aws, arns)) == set(arns)


def test_given_the_documented_quotas_when_calls_come_faster_then_15_a_second_are_answered(aws: InProcess) -> None:
    aws.service.limits = Limits.documented(clock=lambda: 0)
    for _ in range(15):
        ask(aws, [ARN])
    with pytest.raises(aws.tagging.exceptions.ThrottledException):
        ask(aws, [ARN])
    assert (aws.service.calls, aws.service.throttled) == ({"GetResources": 15}, {"GetResources": 1})


def test_given_the_sandbox_when_boto3_asks_then_answers_and_errors_fit_the_model_and_other_operations_are_motos(
    sandbox: Sandbox, store_id: str
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", tags={"a": "1", "b": ""})
    given = {"ResourceARNList": [sandbox.omics.read_set(store_id, read_set_id).arn]}
    client = without_retries(sandbox, "resourcegroupstaggingapi")
    recorder = Recorder(client)
    found = client.get_resources(**given)["ResourceTagMappingList"]
    assert found == TaggingClient(sandbox.omics).get_resources(**given)["ResourceTagMappingList"]
    recorder.check()
    assert client.get_tag_keys()["TagKeys"] == []

    faults, errors = sandbox.omics.faults, client.exceptions
    for code, status in (("ThrottledException", 400), ("InternalServiceException", 500)):
        faults.add("GetResources", code, times=1)
        with pytest.raises(getattr(errors, code)) as raised:
            client.get_resources(**given)
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    faults.add("GetResources", "AccessDeniedException", times=1)
    with pytest.raises(ClientError, match=r"\(AccessDeniedException\)"):
        client.get_resources(**given)
    with pytest.raises(errors.InvalidParameterException, match="at most 100"):
        client.get_resources(ResourceARNList=[ARN] * 101)
