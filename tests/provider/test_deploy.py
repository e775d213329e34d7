"""Programs deployed in this process, with Pulumi's own Python runtime."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider import DeploymentError, deploy
from omics_sandbox.provider.aws import Aws

Programs = Callable[[str, str], Path]


class Jobs(pulumi.ComponentResource):
    """A queue with its dead-letter queue."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Jobs", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.dead = aws.sqs.Queue(f"{name}-dead", opts=child)
        redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": self.dead.arn, "maxReceiveCount": 5})
        self.queue = aws.sqs.Queue(f"{name}-queue", redrive_policy=redrive, opts=child)
        self.register_outputs({"url": self.queue.url})


@pytest.fixture
def project(tmp_path: Path) -> Programs:
    """Make a project on disk from the texts of `Pulumi.yaml` and of its program."""

    def make(settings: str, program: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text(f"name: shop\nruntime: python\n{settings}")
        (tmp_path / "__main__.py").write_text(f"import pulumi\n{program}\n")
        return tmp_path

    return make


def queues(local: Aws) -> set[str]:
    return {url.rsplit("/", 1)[-1] for url in local.client("sqs").list_queues().get("QueueUrls", [])}


def test_given_a_component_when_deployed_then_outputs_are_those_of_aws(environment: dict[str, str], aws: Aws) -> None:
    def program() -> None:
        jobs = Jobs("jobs")
        pulumi.export("url", jobs.queue.url)
        pulumi.export("nested", {"arns": [jobs.dead.arn]})
        pulumi.export("hidden", pulumi.Output.secret("value"))

    before = queues(aws)

    deployment = deploy(program, environment=environment)

    names = queues(aws) - before
    assert len(names) == 2
    assert deployment.outputs["url"].rsplit("/", 1)[-1] in names
    [dead] = deployment.outputs["nested"]["arns"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=deployment.outputs["url"], AttributeNames=["All"])
    assert json.loads(attributes["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"] == dead
    assert deployment.outputs["hidden"] == "value"
    assert [resource.name for resource in deployment.resources] == ["jobs-dead", "jobs-queue"]
    assert "test:index:Jobs$aws:sqs/queue:Queue::jobs-dead" in deployment.resources[0].urn

    deployment.destroy()

    assert queues(aws) == before
    assert deployment.resources == []


def test_given_a_schedule_when_deployed_then_it_fires_and_a_role_without_trust_is_refused(sandbox: Sandbox) -> None:
    def program() -> None:
        def policy(**statement: Any) -> str:
            return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

        service = pulumi.Config().require("service")
        queue = aws.sqs.Queue("queue", name="queue")
        trust = policy(Principal={"Service": service}, Action="sts:AssumeRole")
        role = aws.iam.Role("role", assume_role_policy=trust)
        permission = aws.iam.RolePolicy("send", role=role.id, policy=policy(Action="sqs:SendMessage", Resource="*"))
        schedule = aws.scheduler.Schedule(
            "nightly",
            schedule_expression="cron(0 4 * * ? *)",
            flexible_time_window={"mode": "OFF"},
            target={"arn": queue.arn, "role_arn": role.arn, "input": "go"},
            opts=pulumi.ResourceOptions(depends_on=[permission]),
        )
        pulumi.export("name", schedule.name)
        pulumi.export("id", schedule.id)

    wrong = {"service": "lambda.amazonaws.com"}
    with pytest.raises(DeploymentError, match="must allow AWS EventBridge Scheduler to assume the role") as raised:
        deploy(program, config=wrong, environment=sandbox.environment)
    raised.value.deployment.destroy()

    right = {"service": "scheduler.amazonaws.com"}
    deployment = deploy(program, config=right, environment=sandbox.environment)

    name = deployment.outputs["name"]
    assert deployment.outputs["id"] == f"default/{name}"
    assert sandbox.run_schedule(name) == "delivered"
    sqs = sandbox.client("sqs")
    [message] = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="queue")["QueueUrl"])["Messages"]
    assert message["Body"] == "go"
    deployment.destroy()
    assert sandbox.client("scheduler").list_schedules()["Schedules"] == []


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


def test_given_providers_of_two_regions_when_deployed_then_each_has_its_own(environment: dict[str, str]) -> None:
    def program() -> None:
        for region in ("eu-west-1", "us-east-2"):
            opts = pulumi.ResourceOptions(provider=aws.Provider(region, region=region))
            pulumi.export(region, aws.sqs.Queue(region, name="jobs", opts=opts).arn)

    assert deploy(program, environment=environment).outputs == {
        "eu-west-1": "arn:aws:sqs:eu-west-1:123456789012:jobs",
        "us-east-2": "arn:aws:sqs:us-east-2:123456789012:jobs",
    }


def test_given_a_name_that_is_taken_when_deployed_then_the_error_carries_what_was_created(
    environment: dict[str, str], aws: Aws
) -> None:
    aws.client("logs").create_log_group(logGroupName="taken")
    before = queues(aws)

    def program() -> None:
        import pulumi_aws as aws

        queue = aws.sqs.Queue("queue")
        aws.cloudwatch.LogGroup("logs", name="taken", opts=pulumi.ResourceOptions(depends_on=[queue]))

    with pytest.raises(DeploymentError, match=r"creating CloudWatch Logs Log Group \(taken\)") as raised:
        deploy(program, environment=environment)

    assert [resource.name for resource in raised.value.deployment.resources] == ["queue"]
    raised.value.deployment.destroy()
    assert queues(aws) == before


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
            "no resource type aws:sns/",
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
    project: Programs, environment: dict[str, str]
) -> None:
    folder = project(
        "config:\n  size: {type: integer, default: 3}\n  colour: {default: red}\n  aws:region: us-east-2\n",
        "import os\nimport helper\n"
        "config = pulumi.Config()\n"
        "pulumi.export('size', config.require_int('size'))\n"
        "pulumi.export('colour', config.get('colour'))\n"
        "pulumi.export('tags', config.get_object('tags'))\n"
        "pulumi.export('here', os.getcwd())\n"
        "pulumi.export('names', [pulumi.get_project(), pulumi.get_stack(), __name__, helper.WORD])\n"
        "import pulumi_aws\n"
        "pulumi.export('region', pulumi_aws.get_region().region)",
    )
    (folder / "helper.py").write_text("WORD = 'helped'")
    (folder / "Pulumi.prod.yaml").write_text("config:\n  shop:size: 5\n  shop:colour: blue\n")
    before, path = Path.cwd(), list(sys.path)

    deployment = deploy(folder, stack="prod", config={"colour": "green", "tags": {"a": "b"}}, environment=environment)

    assert deployment.outputs == {
        "size": 5,
        "colour": "green",
        "tags": {"a": "b"},
        "here": str(folder),
        "names": ["shop", "prod", "__main__", "helped"],
        "region": "us-east-2",
    }
    assert (Path.cwd(), sys.path) == (before, path)


@pytest.mark.parametrize(
    ("settings", "config", "message"),
    [
        pytest.param("", {"f": {1, 2}}, "configuration values are strings", id="set"),
        pytest.param("config: [", {}, "could not read", id="YAML"),
    ],
)
def test_given_wrong_configuration_when_deployed_then_the_message_names_it(
    settings: str, config: dict[str, Any], message: str, project: Programs, environment: dict[str, str]
) -> None:
    with pytest.raises(DeploymentError, match=message):
        deploy(project(settings, ""), config=config, environment=environment)


def test_given_a_process_of_its_own_when_deployed_then_it_ends(project: Programs, environment: dict[str, str]) -> None:
    folder = project("", "import pulumi_aws as aws\npulumi.export('arn', aws.sqs.Queue('q', name='q').arn)")
    script = (
        "import json; from pathlib import Path; from omics_sandbox.provider import deploy\n"
        f"print(json.dumps(deploy(Path({str(folder)!r})).outputs))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"arn": "arn:aws:sqs:eu-west-1:123456789012:q"}
