"""What a person reads when `pulumi preview` cannot begin."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from omics_sandbox import Sandbox


def test_given_what_pulumi_aws_or_the_stand_in_refuses_when_previewed_then_the_message_says_why_or_what_to_do(
    product: Callable[..., Any], sandbox: Sandbox
) -> None:
    stack = product(sandbox.environment | {"AWS_EC2_METADATA_DISABLED": "true"}, "dev", "config: {}")
    stack.pulumi("config", "set", "--secret", "dynamoTableName", "hidden-name")
    wrong = replace(stack, environment=stack.environment | {"PULUMI_CONFIG_PASSPHRASE": "not this one"})
    assert "incorrect passphrase" in wrong.pulumi("preview", fails=True)
    assert "no stack named 'nowhere' found" in stack.pulumi("preview", "--stack", "nowhere", fails=True)

    def refused(resource: str, *lacking: str) -> str:
        (stack.folder / "__main__.py").write_text(f"import pulumi_aws as aws\n{resource}\n")
        # The plugin that is running has these variables: without them, one of its own is started.
        without = {*lacking, "PULUMI_DEBUG_PROVIDERS"} if lacking else set[str]()
        given = {name: value for name, value in stack.environment.items() if name not in without}
        return replace(stack, environment=given).pulumi("preview", fails=True)

    queue = "aws.sqs.Queue('q', fifo_queue=True, name='jobs')"
    assert "has no resource type aws:s3/bucket:Bucket" in refused("aws.s3.Bucket('b')")
    assert "invalid queue name: jobs" in refused(queue)
    assert "pulumi config set aws:region" in refused(queue, "AWS_REGION", "AWS_DEFAULT_REGION")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert "No valid credential sources found. Set AWS_PROFILE" in refused(queue, *keys)

    (stack.folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: [us-west-2\n")
    # The engine's own words, which do not name the file.
    assert "getting stack configuration: invalid YAML file: yaml: line 1" in stack.pulumi("preview", fails=True)
