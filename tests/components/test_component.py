"""The component in other people's programs."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from omics_components import MetadataSync, MetadataSyncArgs
from omics_components.validation import read_settings

from tests.components.conftest import Deployment, World, deploy

TABLE = {"hashKey": "set_arn", "attributes": [{"name": "set_arn", "type": "S"}]}


def adopting_a_queue(properties: dict[str, Any] | None, *, preview: bool = False) -> Deployment:
    """Deploy a component with an existing queue, of which Cloud Control tells this."""
    world = World(queues={"events.fifo"}, queue_properties=properties)
    return deploy(lambda: MetadataSync("sync", {"existing_queue_name": "events"}), world=world, preview=preview)


def test_a_name_is_enough_and_names_never_collide():
    # GIVEN two components without arguments in one program
    def program() -> None:
        MetadataSync("one")
        MetadataSync("two")

    deployment = deploy(program)

    # THEN nothing in them has the same logical name, nor a physical name of its own choice
    assert deployment.error is None
    assert len({r.name for r in deployment.resources}) == len(deployment.resources) == 60
    assert [r.name for r in deployment.resources if "name" in r.inputs] == []
    assert len(deploy(program, preview=True).resources) == 60


def test_a_second_export_does_not_replace_the_first():
    def program() -> None:
        MetadataSync("west").export()
        MetadataSync("east").export()

    deployment = deploy(program)

    assert isinstance(deployment.error, pulumi.RunError)  # which Pulumi prints without a traceback
    assert str(deployment.error).startswith("MetadataSync 'east': export() would replace the stack's output tableName.")
    assert str(deployment.error).endswith(": pulumi.export('east', sync.outputs())")


def test_names_can_be_chosen():
    queues: MetadataSyncArgs = {"queue_name": "events", "dead_letter_queue_name": "dead.fifo"}

    deployment = deploy(
        lambda: MetadataSync("sync", queues | {"table_name": "rows", "undelivered_queue_name": "undelivered"})
    )

    named = {r.inputs["name"] for r in deployment.resources if "name" in r.inputs}
    assert named == {"rows", "events.fifo", "dead.fifo", "undelivered"}


def test_the_provider_of_the_component_is_everyone_s():
    # GIVEN a provider for another region
    def program() -> None:
        provider = aws.Provider("ireland", region="eu-west-1")
        sync = MetadataSync("sync", opts=pulumi.ResourceOptions(provider=provider))
        pulumi.export("region", sync.region)

    deployment = deploy(program, world=World(regions={"ireland": "eu-west-1"}))

    # THEN every resource has it, and what is looked up is looked up there
    assert deployment.outputs == {"region": "eu-west-1"}
    children = [r for r in deployment.resources if r.type.startswith("aws:")]
    assert len(children) == 29
    assert all("::ireland::" in r.provider for r in children)
    function = deployment.inputs("sync-function")
    assert function["environment"]["variables"]["SOURCE_REGION"] == "eu-west-1"
    policy = deployment.inputs("sync-function-policy")["policy"]
    assert "arn:aws:omics:eu-west-1:" in str(policy)
    assert "us-west-2" not in str(policy)


def test_an_output_names_an_existing_table_and_queue():
    # GIVEN a table and a queue whose names are known only later
    def program() -> None:
        names = pulumi.Output.from_input({"table": "rows", "queue": "events"})
        sync = MetadataSync("sync", {"existing_table_name": names["table"], "existing_queue_name": names["queue"]})
        pulumi.export("table", sync.table_arn)
        pulumi.export("queue", sync.queue_name)
        pulumi.export("dead", pulumi.Output.json_dumps([sync.dead_letter_queue_url, sync.dead_letter_queue_arn]))

    deployment = deploy(program, world=World(tables={"rows": TABLE}, queues={"events.fifo"}))

    # THEN they are used, and the queue's dead letters are not known
    assert deployment.error is None
    assert deployment.outputs == {
        "table": "arn:aws:dynamodb:us-west-2:123456789012:table/rows",
        "queue": "events.fifo",
        "dead": "[null, null]",
    }
    wrong = deploy(program, world=World(queues={"events.fifo"}))
    # AND a wrong name fails with the same message as one that is known at once
    assert '"rows" is not accepted: the table cannot be read' in str(wrong.error)


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        (
            {"VisibilityTimeout": 30, "ContentBasedDeduplication": True},
            (
                "its visibility timeout is 30 s, and Lambda reads from no queue where that is less than the function's"
                " timeout (60 s): set the queue's VisibilityTimeout to 360."
            ),
        ),
        ({"ContentBasedDeduplication": False}, "it has no content-based deduplication, and EventBridge gives no"),
        ({"KmsMasterKeyId": "alias/aws/sqs"}, "it is encrypted with the key alias/aws/sqs, which EventBridge may not"),
    ],
)
def test_an_existing_queue_that_would_not_work_is_refused_before_anything_is_registered(
    properties: dict[str, Any], says: str
):
    deployment = adopting_a_queue(properties, preview=True)

    assert f'"events.fifo" is not accepted: {says}' in str(deployment.error)
    assert [each.type for each in deployment.resources if each.type.startswith("aws:")] == []


@pytest.mark.parametrize(
    ("policy", "receives"),
    [
        ({"deadLetterTargetArn": "arn", "maxReceiveCount": 2}, "2"),
        ('{"deadLetterTargetArn": "arn", "maxReceiveCount": "9"}', "9"),
        ({}, "5"),
    ],
)
def test_the_function_knows_after_how_many_receives_an_existing_queue_gives_up(policy: object, receives: str):
    deployment = adopting_a_queue({"RedrivePolicy": policy})

    assert deployment.get("sync-function").inputs["environment"]["variables"]["MAX_RECEIVE_COUNT"] == receives


def test_settings_of_an_existing_queue_that_cannot_be_read_are_only_warned_of():
    deployment = adopting_a_queue(None)

    assert deployment.error is None
    assert any("are not checked, because they cannot be read" in each for each in deployment.logs)


def test_integers_of_other_languages_are_floats():
    settings = read_settings({"batch_size": 3.0, "function_memory_size": 512.0, "max_tps": 7.0})

    assert (settings.batch_size, type(settings.batch_size)) == (3, int)
    assert settings.function_memory_size == 512
    assert settings.max_tps == "7.0"


def test_tags_can_hold_outputs():
    def program() -> None:
        MetadataSync("sync", {"tags": {"owner": pulumi.Output.from_input("genomics")}})

    rule = deploy(program).get("sync-rule")

    assert rule.inputs["tags"] == {"owner": "genomics"}
