"""What the Resource Groups Tagging API knows of HealthOmics: GetResources."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import TaggingClient
from omics_sandbox.omics.service import OmicsService

from tests.sandbox.conftest import without_retries
from tests.sandbox.test_fidelity import Recorder


class Tagging:
    """A store with read sets and the tagging API, in the process, on a clock that is told the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.service = OmicsService("us-west-2", "123456789012", clock=lambda: self.now)
        self.client = TaggingClient(self.service)
        self.store = self.service.create_store("s", tags={"lab": "x"})
        self.store_arn = self.service.store(self.store).arn

    def create(self, tags: dict[str, str]) -> str:
        """The ARN of a new read set."""
        return self.service.read_set(self.store, self.service.create_read_set(self.store, name="r", tags=tags)).arn

    def ask(self, **given: Any) -> dict[str, dict[str, str]]:
        """The tags by ARN of an answer that is not paged."""
        answer = self.client.get_resources(**given)
        assert answer["PaginationToken"] == ""
        return tags_of(answer)


def tags_of(answer: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The tags of an answer by ARN."""
    return {
        each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for each in answer["ResourceTagMappingList"]
    }


@pytest.fixture
def aws() -> Tagging:
    return Tagging()


def test_given_arns_when_they_are_asked_for_then_what_is_or_was_tagged_is_there_and_all_else_is_absent(
    aws: Tagging,
) -> None:
    tagged, once, never, gone = (aws.create(tags) for tags in ({"a": "1", "b": ""}, {"a": "1"}, {}, {"a": "1"}))
    later = aws.create({})
    aws.service.untag(once, ["a"])
    aws.service.tag(later, {"a": "2"})
    aws.service.delete_read_set(aws.store, gone.rpartition("/")[2])
    elsewhere = [tagged.replace("us-west-2", "us-east-1"), "arn:aws:s3:::bucket", f"{tagged}0"]

    assert aws.ask(ResourceARNList=[later, aws.store_arn, tagged, tagged, once, never, gone, *elsewhere]) == {
        aws.store_arn: {"lab": "x"},
        tagged: {"a": "1", "b": ""},
        once: {},
        later: {"a": "2"},
    }
    assert aws.service.calls == {"GetResources": 1}


def test_given_an_attribute_that_is_changed_when_it_is_tags_then_they_are_remembered_as_well(aws: Tagging) -> None:
    arn = aws.create({})
    for tags in ({"a": "1"}, {}):
        aws.service.update_read_set(aws.store, arn.rpartition("/")[2], tags=tags)
        assert aws.ask(ResourceARNList=[arn]) == {arn: tags}


def test_given_filters_when_resources_are_listed_then_types_and_tags_select(aws: Tagging) -> None:
    first, second, third = (aws.create(tags) for tags in ({"a": "1", "b": "x"}, {"a": "2"}, {"c": ""}))

    def arns(**given: Any) -> set[str]:
        return set(aws.ask(**given))

    assert arns() == arns(ResourceTypeFilters=["omics"]) == {aws.store_arn, first, second, third}
    assert arns(ResourceTypeFilters=["omics:sequenceStore"]) == {aws.store_arn}
    assert arns(ResourceTypeFilters=["s3", "omics:sequencestore/readset"]) == {first, second, third}
    assert arns(ResourceTypeFilters=["s3:bucket"]) == set()
    assert arns(TagFilters=[{"Key": "a"}]) == {first, second}
    assert arns(TagFilters=[{"Key": "a", "Values": ["2", "3"]}]) == {second}
    assert arns(TagFilters=[{"Key": "a", "Values": ["1", "2"]}, {"Key": "b", "Values": ["x"]}]) == {first}


def test_given_pages_when_they_are_turned_then_each_resource_is_there_once_and_the_last_token_is_empty(
    aws: Tagging,
) -> None:
    made = [aws.create({f"k{n}": "v" for n in range(size)}) for size in (50, 50, 1, 40)]
    cleared = aws.create({"a": "b"})
    aws.service.untag(cleared, ["a"])

    def pages(**given: Any) -> list[list[str]]:
        return [list(tags_of(page)) for page in aws.client.get_paginator("get_resources").paginate(**given)]

    everything = [aws.store_arn, *made, cleared]
    assert pages(ResourcesPerPage=4) == [everything[:4], everything[4:]]
    # 1 + 50, then 50 + 1 + 40 and one for the resource without tags.
    assert pages(TagsPerPage=100) == [everything[:2], everything[2:]]
    aws.service.page_size = 5
    assert pages() == [everything[:5], everything[5:]]


def test_given_a_token_when_15_minutes_have_passed_then_it_has_expired(aws: Tagging) -> None:
    arn = aws.create({"a": "b"})
    token = aws.client.get_resources(ResourcesPerPage=1)["PaginationToken"]
    aws.now += timedelta(minutes=15)
    assert aws.ask(PaginationToken=token) == {arn: {"a": "b"}}
    aws.now += timedelta(seconds=1)
    with pytest.raises(aws.client.exceptions.PaginationTokenExpiredException):
        aws.client.get_resources(PaginationToken=token)


ARN = "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890"
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"ResourceARNList": [ARN], "ResourceTypeFilters": ["omics"]}, "ResourceTypeFilters"),
    ({"ResourceARNList": [ARN], "TagFilters": [{"Key": "a"}]}, "TagFilters"),
    ({"ResourceARNList": [ARN], "ResourcesPerPage": 100}, "ResourcesPerPage"),
    ({"ResourceARNList": [ARN], "TagsPerPage": 100}, "TagsPerPage"),
    ({"ResourceARNList": [ARN], "PaginationToken": "x"}, "PaginationToken"),
    ({"ResourceARNList": [ARN] * 101}, "at most 100"),
    ({"ResourceARNList": ["arn:aws:omics:us-west-2"]}, "is not a valid AmazonResourceName"),
    ({"ResourceARNList": [ARN.replace("aws", "aws-cn")]}, "partition"),
    ({"ResourcesPerPage": 101}, "between 1 and 100"),
    ({"ResourcesPerPage": 0}, "between 1 and 100"),
    ({"TagsPerPage": 99}, "between 100 and 500"),
    ({"TagFilters": [{"Key": "a", "Values": ["v"] * 21}]}, "at most 20"),
    ({"TagFilters": [{"Values": ["v"]}]}, "Key"),
    ({"PaginationToken": "%"}, "PaginationToken"),
    ({"PaginationToken": "MQ=="}, "PaginationToken"),
]


@pytest.mark.parametrize(("given", "complaint"), INVALID)
def test_given_parameters_that_aws_refuses_when_they_are_sent_then_the_error_says_which(
    aws: Tagging, given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(aws.client.exceptions.InvalidParameterException, match=complaint):
        aws.client.get_resources(**given)


def known(aws: Tagging, arns: list[str]) -> dict[str, dict[str, str]]:
    return aws.ask(ResourceARNList=arns)


def listed(aws: Tagging, arns: list[str]) -> dict[str, dict[str, str]]:
    return {arn: tags for arn, tags in aws.ask().items() if arn in arns}


@pytest.mark.parametrize("asked", [known, listed])
def test_given_a_tagging_api_that_is_behind_when_things_change_then_it_answers_as_before_for_so_long(
    asked: Callable[..., Any],
) -> None:
    for behind in ({"seconds": 60}, {"answers": 1}):
        aws = Tagging()
        changed, deleted = aws.create({"a": "1"}), aws.create({"a": "1"})
        aws.service.faults.add_behind("GetResources", **behind)
        created, tagged = aws.create({"a": "1"}), aws.create({})
        aws.service.tag(tagged, {"a": "1"})
        aws.service.tag(changed, {"a": "2"})
        aws.service.delete_read_set(aws.store, deleted.rpartition("/")[2])
        arns = [changed, deleted, created, tagged]
        assert asked(aws, arns) == {changed: {"a": "1"}, deleted: {"a": "1"}}
        if "seconds" in behind:
            aws.now += timedelta(seconds=59)
            assert asked(aws, arns) == {changed: {"a": "1"}, deleted: {"a": "1"}}
            aws.now += timedelta(seconds=1)
        assert asked(aws, arns) == {changed: {"a": "2"}, created: {"a": "1"}, tagged: {"a": "1"}}


def test_given_a_tagging_api_that_does_not_know_everything_when_it_is_asked_then_it_always_leaves_out_the_same(
    aws: Tagging,
) -> None:
    arns = [aws.create({"a": "1"}) for _ in range(100)]
    faults = aws.service.faults
    faults.add_unknown("GetResources", share=0.5)
    some = set(known(aws, arns))
    assert 30 < len(some) < 70
    assert set(listed(aws, arns)) == some == set(known(aws, arns))
    faults.add_unknown("GetResources", arns=arns[:3])
    assert set(known(aws, arns)) == set(arns[3:])
    faults.add_unknown("GetResources")
    assert aws.ask() == known(aws, arns) == {}
    assert faults.describe() == [{"operation": "GetResources", "error": "100% of all unknown", "remaining": None}]
    faults.clear()
    assert set(known(aws, arns)) == set(arns)
    with pytest.raises(ValueError, match="GetResources"):
        faults.add_unknown("ListReadSets")


def test_given_the_documented_quotas_when_calls_come_faster_then_15_a_second_are_answered(aws: Tagging) -> None:
    aws.service.limits = Limits.documented(clock=lambda: 0)
    for _ in range(15):
        aws.ask()
    with pytest.raises(aws.client.exceptions.ThrottledException):
        aws.ask()
    assert (aws.service.calls, aws.service.throttled) == ({"GetResources": 15}, {"GetResources": 1})


def test_given_the_sandbox_when_boto3_asks_then_answers_and_errors_fit_the_model_and_other_operations_are_motos(
    sandbox: Sandbox, store_id: str
) -> None:
    arn = sandbox.omics.read_set(
        store_id, sandbox.omics.create_read_set(store_id, name="r", tags={"a": "1", "b": ""})
    ).arn
    client = without_retries(sandbox, "resourcegroupstaggingapi")
    recorder = Recorder(client)
    answers = [client.get_resources(ResourceARNList=[arn]), client.get_resources(ResourcesPerPage=1)]
    assert len(recorder.answers["GetResources"]) == 2
    assert recorder.violations() == []
    in_process = TaggingClient(sandbox.omics)
    for answer, same in zip(answers, (in_process.get_resources(ResourceARNList=[arn]),) * 2, strict=True):
        assert answer["ResourceTagMappingList"] == same["ResourceTagMappingList"]
    assert client.get_tag_keys()["TagKeys"] == []

    faults, errors = sandbox.omics.faults, client.exceptions
    for code, status in (("ThrottledException", 400), ("InternalServiceException", 500)):
        faults.add("GetResources", code, times=1)
        with pytest.raises(getattr(errors, code)) as raised:
            client.get_resources(ResourceARNList=[arn])
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    faults.add("GetResources", "AccessDeniedException")
    with pytest.raises(ClientError, match=r"\(AccessDeniedException\)"):
        client.get_resources(ResourceARNList=[arn])
    faults.clear()
    with pytest.raises(errors.InvalidParameterException, match="at most 100"):
        client.get_resources(ResourceARNList=[arn] * 101)
