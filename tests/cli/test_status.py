"""`omics-meta status`: a real deployment on one screen."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from omics_meta.commands.status import ways_of_tags
from omics_meta.pipeline import rule
from omics_meta.pipeline.reconciliation import last_reconciliation
from readset_sync.model.timestamp import format_timestamp

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine, Finished
from tests.existing import create_table

SERVICE = "healthomics-metadata-sync"


class Deployed:
    """The product's program, deployed, without rows, log, dead letters and alarms of an earlier test."""

    def __init__(self, aws: Aws, outputs: dict[str, Any]) -> None:
        self._aws = aws
        self.outputs = outputs
        self.table = outputs["tableName"]
        dynamodb, logs, sqs, log = (*map(self._aws.client, ("dynamodb", "logs", "sqs")), self.outputs["logGroupName"])
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.delete_table(TableName=self.table)
        create_table(dynamodb, self.table)
        with suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=log)
        logs.create_log_group(logGroupName=log)
        logs.put_retention_policy(logGroupName=log, retentionInDays=30)
        url = self.outputs["undeliveredQueueUrl"]
        for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        for name in self.alarms().values():
            self.set_alarm(name, "OK")

    def alarms(self) -> dict[str, str]:
        """Names of the alarms, by what is in them between the component's and `-alarm`."""
        found = self._aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        names = [alarm["AlarmName"] for alarm in found]
        return {name.removeprefix(f"{SERVICE}-").rpartition("-alarm-")[0]: name for name in names}

    def log(self, line: dict[str, Any], *, ago: timedelta) -> None:
        """Put a line into the function's log."""
        logs, group = self._aws.client("logs"), self.outputs["logGroupName"]
        stream = {"logGroupName": group, "logStreamName": uuid4().hex}
        logs.create_log_stream(**stream)
        timestamp = int((datetime.now(UTC) - ago).timestamp() * 1000)
        logs.put_log_events(**stream, logEvents=[{"timestamp": timestamp, "message": json.dumps(line)}])

    def set_alarm(self, name: str, state: str) -> None:
        self._aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="2 > 0")


@pytest.fixture
def deployed(aws: Aws, stack_outputs: dict[str, Any]) -> Deployed:
    return Deployed(aws, stack_outputs)


@pytest.fixture
def status(cli: CommandLine, deployed: Deployed) -> Callable[..., Finished]:
    """Run `omics-meta status` of the stack."""
    return partial(cli.run, "status", "--outputs", cli.outputs(deployed.outputs))


def test_a_healthy_stack(aws: Aws, deployed: Deployed, status: Callable[..., Finished]) -> None:
    # GIVEN a stack that has never reconciled, and had no night yet
    done = status("--json")
    assert (done.code, done.document["reconciliation"]) == (0, None)
    assert not [check for check in done.document["pipeline"] if check["warning"]]

    # WHEN there are two stores, and a night
    store, other = aws.store(2), aws.store(1)
    aws.omics.create_read_set(store, name="archived", status="ARCHIVED", tags={"tier": "cold"})
    aws.filled(store, other, table=deployed.table)
    [schedule] = aws.client("scheduler").list_schedules()["Schedules"]
    aws.sandbox.run_schedule(schedule["Name"])
    aws.sandbox.drain()
    put_metrics(aws, deployed.outputs["functionName"], "SourceToRowLag", 500, 1500)
    put_metrics(aws, "another-stack-s", "SourceToRowLag", 60_000)

    done = status("--json")

    document = done.document
    assert (done.code, [check for check in document["pipeline"] if not check["passed"]]) == (0, [])
    assert document["healthy"] is True
    assert (document["table"], document["region"]) == (deployed.table, "us-west-2")
    assert document["rows"] == 4
    assert {each["store_id"]: each["statuses"] for each in document["stores"]} == {
        store: {"ACTIVE": 2, "ARCHIVED": 1},
        other: {"ACTIVE": 1},
    }
    now = datetime.now(UTC)
    assert now - timedelta(minutes=5) < moment(document["oldest_refresh"]) <= now
    assert document["lag"] == {"events": 2, "average_seconds": 1.0, "longest_seconds": 1.5}
    assert document["queue"] == {"waiting": 0, "in_flight": 0, "oldest_seconds": None}
    assert document["dead_letters"] == {"failed": 0, "undelivered": 0}
    last = document["reconciliation"]
    assert now - timedelta(minutes=5) < moment(last["finished"]) <= now
    assert (last["drift"], last["found"]) == (0, {"rows": 4, "listed": 4})
    assert (last["tags_in_bulk"], last["tags_told"]) == ("trusted", {"told": 4, "of": 4})
    assert (document["schedule"], document["tag_events"]) == ("cron(0 3 * * ? *)", "tag")
    assert document["max_row_age_days"] == 7
    assert {alarm["name"] for alarm in document["alarms"]} == set(deployed.alarms().values())
    assert len(document["alarms"]) == 7

    plain = status()

    assert plain.code == 0
    assert {
        "rows: 4",
        "from event to row: 1.0 s on average, 1.5 s at the most, of 2 events in a day",
        "queue: 0 waiting, 0 being worked on",
        f"last reconciliation: {last['finished']}, 0 rows were wrong (4 listed, 4 rows)",
        "tags in bulk at that time: trusted (told of 4 of 4 read sets)",
        f"changed tags: {BY_TAG_EVENTS}; else {BY_THE_NEXT}; else within 7 days (maxRowAgeDays)",
    } <= set(plain.out.splitlines())


BY_TAG_EVENTS = "within seconds by events (tagEvents: tag), which may get lost"
BY_THE_NEXT = "by the next reconciliation, if it compares tags in bulk"


@pytest.mark.parametrize(
    ("events", "schedule", "days", "said"),
    [
        ("tag", "rate(1 day)", 0, f"{BY_TAG_EVENTS}; else {BY_THE_NEXT}"),
        ("off", "rate(1 day)", 3, f"{BY_THE_NEXT}; else within 3 days (maxRowAgeDays)"),
        ("off", "off", 7, "by a backfill (tagEvents and reconcileSchedule are off)"),
        (None, "off", None, "within seconds by events (tagEvents: unknown), which may get lost"),
    ],
)
def test_of_changed_tags_no_more_is_promised_than_settings_allow(
    events: str | None, schedule: str, days: int | None, said: str
) -> None:
    assert ways_of_tags(events, schedule, days) == said


TRAIL = {"source": ["aws.omics"], "detail-type": ["AWS API Call via CloudTrail"]}
TAG = {"source": ["aws.tag"], "detail-type": ["Tag Change on Resource"]}
STORES = {"source": ["aws.omics"], "detail-type": ["Sequence Store Status Change"]}


@pytest.mark.parametrize(
    ("patterns", "events"), [([], "off"), ([STORES], "off"), ([TRAIL], "trail"), ([TAG, STORES, TRAIL], "both")]
)
def test_rules_say_which_events_tell_of_changed_tags(
    monkeypatch: pytest.MonkeyPatch, patterns: list[dict[str, Any]], events: str
) -> None:
    rules = [{"EventPattern": json.dumps(pattern)} for pattern in patterns]
    monkeypatch.setattr(rule, "further_rules", Mock(return_value=rules))

    assert rule.tag_events(Mock()) == events


def test_what_is_wrong_or_was_is_told_with_what_to_do(
    aws: Aws, deployed: Deployed, status: Callable[..., Finished]
) -> None:
    # GIVEN a dead letter, an alarm, rows that somebody else writes again and again, and rows that were mended
    aws.client("sqs").send_message(QueueUrl=deployed.outputs["undeliveredQueueUrl"], MessageBody="an event")
    drift = deployed.alarms()["drift"]
    deployed.set_alarm(drift, "ALARM")
    line = {"message": "event applied", "overwritten": True}
    for arn, hours in (("theirs", 30), ("theirs", 6), ("edited once", 6), ("long ago", 90), ("long ago", 6)):
        deployed.log(line | {"set_arn": arn}, ago=timedelta(hours=hours))
    deployed.log({"message": "event applied", "set_arn": "edited once", "fields": ["overwritten"]}, ago=timedelta())
    started = format_timestamp(datetime.now(UTC) - timedelta(hours=47.5))
    found = {"listed": 5, "retagged": 1, "rows": 5}
    deployed.log({"message": "reconciliation finished", "started": started, "found": found}, ago=timedelta(hours=47))
    for value, hours in ((9, 50), (2, 46.5), (1, 2)):
        put_metrics(aws, deployed.outputs["functionName"], "ReconciliationDrift", value, ago=timedelta(hours=hours))

    done, plain = status("--json"), status()

    assert (done.code, plain.code) == (1, 1)
    assert done.document["healthy"] is False
    assert done.document["dead_letters"] == {"failed": 0, "undelivered": 1}
    broken = {check["check"]: check for check in done.document["pipeline"] if not check["passed"]}
    assert broken.keys() == {"dead letters", "alarm", "other writers"}
    assert broken["alarm"]["found"] == f"{drift} is ALARM: 2 > 0"
    assert "omics-meta verify" in broken["alarm"]["remedy"]
    assert broken["other writers"]["found"] == "in 3 days, somebody else wrote 1 row more than once: theirs"
    assert "CDK sample" in broken["other writers"]["remedy"]
    assert "dead letters: 0 failed, 1 undelivered" in plain.out.splitlines()
    assert f"broken pipeline: alarm: {drift} is ALARM: 2 > 0" in plain.out.splitlines()
    assert ", 3 rows were wrong, 1 had other tags (5 listed, 1 retagged, 5 rows)" in plain.out


@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(hours=2), timedelta(hours=5)])
def test_the_last_reconciliation_is_found_however_much_was_logged_before_it(ago: timedelta) -> None:
    # GIVEN a log with 20 pages an hour, as of a large account whose rows are refreshed all day
    now, page = datetime.now(UTC), 3_600_000 // 20
    finished = int((now - ago).timestamp() * 1000)
    line = {"message": "reconciliation finished", "started": "2026-04-04T03:00:00Z", "found": {"rows": 2}}
    events = [{"timestamp": finished, "message": json.dumps(line)}]
    spans: list[tuple[int, int]] = []

    def pages(*, startTime: int, endTime: int, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - of the API
        spans.append((startTime, endTime))
        starts = range(startTime, endTime, page)
        return [{"events": events if begin <= finished < begin + page else []} for begin in starts]

    found = last_reconciliation(Mock(**{"client.return_value.get_paginator.return_value.paginate": pages}))

    assert found
    assert abs(found.finished - (now - ago)) < timedelta(milliseconds=2)
    assert (found.started, found.found) == (datetime(2026, 4, 4, 3, tzinfo=UTC), {"rows": 2})
    # One span follows the other, and none is looked through in vain once it is found.
    assert all(later == earlier for (later, _), (_, earlier) in pairwise(spans))
    assert spans[-1][0] <= finished


def test_a_reconciliation_that_is_overdue_is_a_finding_unless_the_table_is_being_filled(
    aws: Aws, deployed: Deployed, status: Callable[..., Finished]
) -> None:
    deployed.log({"message": "reconciliation finished", "found": {}}, ago=timedelta(days=9))
    done = status("--json")

    [broken] = [check for check in done.document["pipeline"] if not check["passed"]]
    assert (done.code, broken["check"]) == (1, "last reconciliation")
    assert broken["found"].endswith("; by the schedule, one ends every 48 hours at least")

    started = "2026-04-04T03:00:00Z"
    step = {"message": "reconciliation goes on", "phase": "fill", "started": started}
    deployed.log(step, ago=timedelta(minutes=2))
    for number in range(3):
        row = {"set_arn": f"arn:sequenceStore/1/readSet/{number}", "set_status": "ACTIVE"}
        aws.put(deployed.table, row | ({"sync_state": "listed"} if number else {}))

    done, plain = status("--json"), status()

    fill = done.document["first_fill"]
    assert (done.code, plain.code) == (0, 0)
    assert (fill["started"], fill["complete"], fill["rows"]) == (started, 1, 3)
    assert moment(fill["expected_end"]) <= datetime.now(UTC) + timedelta(minutes=2 / 200)
    assert f"first fill: since {started}, 1 of 3 rows are complete, all of them by about " in plain.out


def test_a_stack_that_is_not_here_is_said_in_one_line(
    aws: Aws, deployed: Deployed, status: Callable[..., Finished]
) -> None:
    aws.client("dynamodb").delete_table(TableName=deployed.table)
    done = status("--json")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"omics-meta: error: no table {deployed.table!r} in us-west-2 for this account: "
        "check its name, the region and whose credentials are in use\n"
    )


def test_what_aws_refuses_is_a_finding_once_and_the_rest_is_shown(
    deployed: Deployed, status: Callable[..., Finished], refusing: Callable[[str, str], str]
) -> None:
    url = refusing("AccessDeniedException", "User: analyst is not authorized to perform: dynamodb:Scan on resource: it")
    env = dict.fromkeys(("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SQS"), url)
    done, plain = status("--json", env=env), status(env=env)

    broken = [check["check"] for check in done.document["pipeline"] if not check["passed"]]
    assert (done.code, plain.code) == (1, 1), plain.err
    assert {"rows", "schedule", "queue", "dead letters", "table"} <= set(broken)
    unjudged = {check["check"] for check in done.document["pipeline"] if not check["judged"]}
    assert {"rows", "queue", "dead letters", "table"} <= unjudged
    assert len(broken) == len(set(broken))
    assert "schedule: unknown" in plain.out.splitlines()
    assert "not judged: rows: dynamodb:Scan is not allowed" in plain.out
    assert "broken pipeline: rows" not in plain.out
    assert [done.document[name] for name in ("rows", "oldest_refresh", "stores")] == [None, None, None]
    assert len(done.document["alarms"]) == 7
    assert plain.out.splitlines()[0] == f"Rows of table {deployed.outputs['tableName']} in us-west-2: unknown"


def test_what_nobody_knows_is_a_finding_and_not_said_to_be_none_and_the_rest_is_shown(
    aws: Aws, deployed: Deployed, status: Callable[..., Finished], refusing: Callable[[str, str], str]
) -> None:
    aws.client("logs").delete_log_group(logGroupName=deployed.outputs["logGroupName"])
    gone = {"AWS_ENDPOINT_URL_SQS": refusing("AWS.SimpleQueueService.NonExistentQueue", "There is no such queue.")}

    done, plain = status("--json", env=gone), status(env=gone)

    assert (done.code, plain.code) == (1, 1)
    broken = {check["check"]: check["found"] for check in done.document["pipeline"] if not check["passed"]}
    assert broken.keys() == {"log group", "last reconciliation", "first fill", "queue", "dead letters"}
    assert "ResourceNotFoundException" in broken["last reconciliation"]
    assert done.document["schedule"] == "cron(0 3 * * ? *)"
    assert done.document["dead_letters"] is None
    assert done.document["queue"] == {"waiting": None, "in_flight": None, "oldest_seconds": None}
    assert {"dead letters: unknown", "queue: unknown", "alarms: 7 OK"} <= set(plain.out.splitlines())


def test_what_another_tool_has_written_is_shown_as_it_is(
    aws: Aws, deployed: Deployed, status: Callable[..., Finished]
) -> None:
    statuses = ["[/red]", "[red]x[/red]", "two\nlines", "\x1b[2J"]
    for number, each in enumerate(statuses):
        aws.put(deployed.table, {"set_arn": f"arn:sequenceStore/[/b]{number}/x", "set_status": each})
    aws.put(deployed.table, {"set_arn": ":sequenceStore/[/b]/readSet/1"})

    done, plain = status("--json"), status()

    assert (done.code, plain.code) == (0, 0), plain.err
    assert {name for store in done.document["stores"] for name in store["statuses"]} == {*statuses, "none"}
    assert (done.document["rows"], done.document["oldest_refresh"]) == (5, None)
    for shown in ("[/red]", "[red]x[/red]", r"two\nlines", r"\x1b[2J", "[/b]"):
        assert f" {shown} " in plain.out


def put_metrics(aws: Aws, function_name: str, name: str, *values: float, ago: timedelta = timedelta(hours=1)) -> None:
    data = [
        {
            "MetricName": name,
            "Dimensions": [
                {"Name": "service", "Value": SERVICE},
                {"Name": "function_name", "Value": function_name},
            ],
            "Timestamp": datetime.now(UTC) - ago,
            "Value": value,
        }
        for value in values
    ]
    aws.client("cloudwatch").put_metric_data(Namespace="HealthOmicsMetadataSync", MetricData=data)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
