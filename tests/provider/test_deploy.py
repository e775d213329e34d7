"""Programs deployed in this process, with Pulumi's own Python runtime."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from omics_sandbox.provider import DeploymentError, deploy
from omics_sandbox.provider.aws import Aws


class Jobs(pulumi.ComponentResource):
    """A queue with its dead-letter queue."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Jobs", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.dead = aws.sqs.Queue(f"{name}-dead", opts=child)
        redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": self.dead.arn, "maxReceiveCount": 5})
        self.queue = aws.sqs.Queue(f"{name}-queue", redrive_policy=redrive, opts=child)
        self.register_outputs({"url": self.queue.url})


def queue_elsewhere() -> aws.sqs.Queue:
    opts = pulumi.ResourceOptions(provider=aws.Provider("elsewhere", region="us-east-2"))
    return aws.sqs.Queue("elsewhere", name="jobs", opts=opts)


def queues(local: Aws) -> set[str]:
    return {url.rsplit("/", 1)[-1] for url in local.client("sqs").list_queues().get("QueueUrls", [])}


def test_given_a_component_when_deployed_then_outputs_are_those_of_aws(environment: dict[str, str], aws: Aws) -> None:
    def program() -> None:
        jobs = Jobs("jobs")
        pulumi.export("url", jobs.queue.url)
        pulumi.export("nested", {"arns": [jobs.dead.arn]})
        pulumi.export("hidden", pulumi.Output.secret("value"))
        pulumi.export("elsewhere", queue_elsewhere().arn)

    before = queues(aws)

    deployment = deploy(program, environment=environment)

    names = queues(aws) - before
    assert len(names) == 2
    assert deployment.outputs["url"].rsplit("/", 1)[-1] in names
    [dead] = deployment.outputs["nested"]["arns"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=deployment.outputs["url"], AttributeNames=["All"])
    assert json.loads(attributes["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"] == dead
    assert deployment.outputs["hidden"] == "value"
    assert deployment.outputs["elsewhere"] == "arn:aws:sqs:us-east-2:123456789012:jobs"
    urns = [resource.urn.rsplit("::", 2)[1:] for resource in deployment.resources if "jobs" in resource.urn]
    assert urns == [["test:index:Jobs$aws:sqs/queue:Queue", name] for name in ("jobs-dead", "jobs-queue")]

    deployment.destroy()

    assert queues(aws) == before
    assert deployment.resources == []


def test_given_an_existing_queue_when_imported_or_looked_up_then_it_is_that_one_and_may_be_retained(
    environment: dict[str, str], aws: Aws
) -> None:
    url = aws.client("sqs").create_queue(QueueName="there", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]

    def program() -> None:
        import pulumi_aws as aws

        opts = pulumi.ResourceOptions(import_=url, retain_on_delete=True)
        imported = aws.sqs.Queue("imported", name="there", opts=opts)
        pulumi.export("imported", imported.visibility_timeout_seconds)
        pulumi.export("found", aws.sqs.get_queue(name="there").url)
        aws.sqs.Queue("gone", name="gone")

    deployment = deploy(program, environment=environment)

    assert deployment.outputs == {"imported": 7, "found": url}
    deployment.destroy()
    assert queues(aws) & {"there", "gone"} == {"there"}


def fail() -> None:
    raise pulumi.RunError("the program says no")


def register_twice() -> None:
    aws.sqs.Queue("one")
    aws.sqs.Queue("one")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param(fail, "the program says no", id="exception"),
        pytest.param(lambda: pulumi.log.error("logged"), "logged", id="logged error"),
        pytest.param(lambda: pulumi.Config().require("missing"), "missing", id="configuration"),
        pytest.param(lambda: aws.sqs.Queue("q", name="a b"), "invalid name 'a b'", id="invalid input"),
        pytest.param(
            lambda: aws.sns.PlatformApplication("t", platform="APNS", platform_credential="c"),
            "no resource type aws:sns/platformApplication:PlatformApplication; it knows .*Table",
            id="unknown type",
        ),
        pytest.param(register_twice, "Duplicate resource URN", id="duplicate"),
        pytest.param(lambda: aws.sqs.get_queue(name="none"), "couldn't find resource", id="lookup"),
        pytest.param(lambda: aws.get_availability_zones(), "has no function aws:index", id="unknown function"),
        pytest.param(lambda: aws.Provider("p", region="r", max_retries=1, insecure=True), "aws:insecure", id="setting"),
    ],
)
def test_given_a_program_that_fails_when_deployed_then_the_message_is_its_own(
    program: Callable[[], Any], message: str, environment: dict[str, str]
) -> None:
    with pytest.raises(DeploymentError, match=message):
        deploy(program, environment=environment)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        pytest.param("AWS_REGION", "Missing region configuration", id="region"),
        pytest.param("AWS_SECRET_ACCESS_KEY", "only the first is set", id="secret key"),
    ],
)
def test_given_an_incomplete_environment_when_deployed_then_the_message_says_what_is_missing(
    missing: str, message: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    del environment[missing]

    with pytest.raises(DeploymentError, match=message):
        deploy(lambda: aws.sqs.Queue("q"), environment=environment)


def test_given_a_project_when_deployed_then_it_runs_as_pulumi_would_run_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: shop\nruntime: python\n"
        "config:\n  size: {type: integer, default: 3}\n  colour: {default: red}\n  aws:region: us-east-2\n"
    )
    (tmp_path / "__main__.py").write_text(
        "import os\nimport helper\nimport pulumi\nimport pulumi_aws\n"
        "config = pulumi.Config()\n"
        "pulumi.export('size', config.require_int('size'))\n"
        "pulumi.export('colour', config.get('colour'))\n"
        "pulumi.export('tags', config.get_object('tags'))\n"
        "pulumi.export('here', os.getcwd())\n"
        "pulumi.export('names', [pulumi.get_project(), pulumi.get_stack(), __name__, helper.WORD])\n"
        "pulumi.export('region', pulumi_aws.get_region().region)\n"
    )
    (tmp_path / "helper.py").write_text("WORD = 'helped'")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  shop:size: 5\n  shop:colour: blue\n")
    before, path = Path.cwd(), list(sys.path)

    deployment = deploy(tmp_path, stack="prod", config={"colour": "green", "tags": {"a": "b"}}, environment=environment)

    assert deployment.outputs == {
        "size": 5,
        "colour": "green",
        "tags": {"a": "b"},
        "here": str(tmp_path),
        "names": ["shop", "prod", "__main__", "helped"],
        "region": "us-east-2",
    }
    assert (Path.cwd(), sys.path) == (before, path)
