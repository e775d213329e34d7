"""What a person reads when `pulumi preview` cannot begin."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

Products = Callable[..., Any]


def test_given_a_passphrase_a_stack_or_a_file_that_is_wrong_when_previewed_then_it_is_named(product: Products) -> None:
    stack = product()
    stack.run("config", "set", "--secret", "dynamoTableName", "hidden-name")
    wrong = replace(stack, environment=stack.environment | {"PULUMI_CONFIG_PASSPHRASE": "not this one"})
    assert "incorrect passphrase" in wrong.run("preview", fails=True)

    assert "no stack named 'nowhere' found" in stack.run("preview", "--stack", "nowhere", fails=True)

    (stack.folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: [us-west-2\n")
    # The engine's own words, which do not name the file.
    assert "getting stack configuration: invalid YAML file: yaml: line 1" in stack.run("preview", fails=True)


def test_given_wrong_settings_when_previewed_then_all_are_named_with_their_remedy_and_nothing_is_touched(
    product: Products, client: Callable[[str], Any]
) -> None:
    stack = product(batchSize="11", dynamoTableNam="reads")

    printed = stack.run("preview", fails=True)

    assert "batchSize" in printed
    assert "11" in printed
    assert "dynamoTableName" in printed
    assert "Traceback" not in printed
    assert client("sqs").list_queues().get("QueueUrls", []) == []


def test_given_what_aws_or_the_stand_in_refuses_when_previewed_then_the_message_says_why_or_what_to_do(
    product: Products,
) -> None:
    stack = product()

    def refused(resource: str, *lacking: str) -> str:
        (stack.folder / "__main__.py").write_text(f"import pulumi_aws as aws\n{resource}\n")
        variables = stack.environment | {"AWS_EC2_METADATA_DISABLED": "true"}
        # With a plugin of its own, which finds these variables.
        without = {*lacking, "PULUMI_DEBUG_PROVIDERS"}
        given = {name: value for name, value in variables.items() if name not in without}
        return replace(stack, environment=given).run("preview", fails=True)

    queue = "aws.sqs.Queue('q', fifo_queue=True, name='jobs')"
    assert "has no resource type aws:s3/bucket:Bucket" in refused("aws.s3.Bucket('b')")
    assert "invalid queue name: jobs" in refused(queue)
    assert "pulumi config set aws:region" in refused(queue, "AWS_REGION")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert "No valid credential sources found. Set AWS_PROFILE" in refused(queue, *keys)
