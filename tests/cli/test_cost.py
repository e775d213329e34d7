"""`omics-meta cost`: an estimate, and what it is made of."""

import json
import re

import pytest
from omics_meta.commands.cost.recurrence import times_a_month

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine


def test_an_estimate_needs_no_aws(cli: CommandLine) -> None:
    done = cli.run("cost", "--read-sets", "100000", "--json", without=("AWS_ENDPOINT_URL",))

    document = done.document
    assert (done.code, done.err) == (0, "")
    assert (document["read_sets"], document["changes"]) == (100_000, 21_000)
    assert (document["schedule"], document["reconciliations"]) == ("cron(0 3 * * ? *)", 30.4)
    services = {each["service"]: each["usd"] for each in document["services"]}
    assert services.keys() == {"DynamoDB", "KMS", "EventBridge", "SQS", "Lambda", "CloudWatch"}
    assert document["total_usd"] == pytest.approx(sum(services.values()), abs=0.03)
    assert all(price["source"].startswith("https://aws.amazon.com/") and price["date"] for price in document["prices"])

    plain = cli.run("cost", "--read-sets", "100000").out.splitlines()

    assert (
        plain[0] == "A month of 100,000 read sets, 21,000 status events and 30.4 reconciliations (cron(0 3 * * ? *)):"
    )
    [total] = [line for line in plain if line.startswith("  total ")]
    assert total.split()[1] == f"${document['total_usd']:,.2f}"


def test_changes_and_the_schedule_make_a_difference(cli: CommandLine) -> None:
    def total(*arguments: str) -> float:
        return cli.run("cost", "--read-sets", "100000", "--json", *arguments).document["total_usd"]

    usual = total()
    assert total("--schedule", "off") < usual < total("--schedule", "rate(1 hour)")
    assert total("--changes", "0") < usual < total("--changes", "1000000")


def test_rows_of_a_table_are_counted_and_a_stack_s_schedule(aws: Aws, cli: CommandLine) -> None:
    function = "scheduled"
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.client("iam").create_role(RoleName=function, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.client("lambda").create_function(
        FunctionName=function,
        Runtime="python3.13",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": b""},
        Environment={"Variables": {"RECONCILE_SCHEDULE": "rate(12 hours)"}},
    )
    table = aws.table(rows=[{"set_arn": aws.arn("1234567890", str(number))} for number in range(3)])
    outputs = cli.outputs({"tableName": table, "region": "us-west-2", "functionName": function})

    document = cli.run("cost", "--outputs", outputs, "--json").document

    assert (document["read_sets"], document["schedule"], document["reconciliations"]) == (3, "rate(12 hours)", 60.8)
    assert cli.run("cost", "-t", table, "--json").document["read_sets"] == 3


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("rate(1 day)", 365 / 12),
        ("rate(7 days)", 365 / 7 / 12),
        ("rate(30 minutes)", 48 * 365 / 12),
        ("cron(0,30 8-17 ? * MON-FRI *)", 2 * 10 * 5 * 365 / 7 / 12),
        ("cron(0 3 * * ? *)", 365 / 12),
        ("cron(0/15 * ? * * *)", 96 * 365 / 12),
        ("cron(*/7 3 * * ? *)", 9 * 365 / 12),
        ("cron(0 22-2 * * ? *)", 5 * 365 / 12),
        ("cron(0 1-23/2 * * ? 2030-2040)", 12 * 365 / 12),
        ("cron(0 3 ? * MON-WED *)", 3 * 365 / 7 / 12),
        ("cron(0 3 ? * fri-mon *)", 4 * 365 / 7 / 12),
        ("cron(0 3 ? * 2,4,TUE *)", 3 * 365 / 7 / 12),
        ("cron(0 3 ? * 3#2 *)", 1),
        ("cron(0 3 ? * 6L,SUN *)", 1 + 365 / 7 / 12),
        ("cron(0 3 ? * tue#2,FRIL *)", 2),
        ("cron(0 3 ? * L *)", 365 / 7 / 12),
        ("cron(0 3 L * ? *)", 1),
        ("cron(0 3 15W,LW * ? *)", 2),
        ("cron(0 3 1/2 * ? *)", (7 * 16 + 4 * 15 + 14) / 12),
        ("cron(0 3 31 * ? *)", 7 / 12),
        ("cron(0 3 1 JAN-MAR ? *)", 3 / 12),
        ("cron(0 3 ? 12-1 MON *)", 62 / 7 / 12),
        ("off", 0),
    ],
)
def test_a_schedule_fires_so_often(expression: str, times: float) -> None:
    assert times_a_month(expression) == pytest.approx(times)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("rate(0 days)", "give rate(1 day), cron(0 3 * * ? *) or off"),
        ("cron(0 3 * * ?)", "give rate(1 day), cron(0 3 * * ? *) or off"),
        ("daily", "give rate(1 day), cron(0 3 * * ? *) or off"),
        ("at(2026-04-04T18:01:06)", "give rate(1 day), cron(0 3 * * ? *) or off"),
        ("cron(60 3 * * ? *)", "'60' is none of 0 to 59"),
        ("cron(0 3 0 * ? *)", "'0' is none of 1 to 31"),
        ("cron(0 3 * FOO ? *)", "'FOO' is none of 1 to 12"),
        ("cron(*/0 3 * * ? *)", "'0' is no step"),
        ("cron(*/-5 3 * * ? *)", "'-5' is no step"),
        ("cron(, 3 * * ? *)", "'' is none of 0 to 59"),
    ],
)
def test_what_is_no_schedule_is_said(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{expression!r} is not a schedule: {reason}")):
        times_a_month(expression)
