"""Reading events, and refusing what is none."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from readset_sync.messages.queue_message import RefreshRequest, parse_message
from readset_sync.messages.read_set_event import Action, ReadSetEvent
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import MalformedEventError

from tests.readset_sync.function import event as event_of
from tests.readset_sync.function import tag_change

ACCOUNT = "123456789012"
REGION = "us-west-2"
TIME = datetime(2026, 4, 4, 17, 53, 6, tzinfo=UTC)
ARN = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/1234567890/readSet/9876543210"


def event(status: str = "ACTIVE", arn: str = ARN, **detail: Any) -> dict[str, Any]:
    body = event_of(ReadSetArn.parse(ARN), status, time=TIME)
    return body | {"detail": body["detail"] | {"arn": arn} | detail}


def parse(body: object) -> Any:
    return parse_message(body if isinstance(body, str) else json.dumps(body), account=ACCOUNT, region=REGION)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("ACTIVE", Action.REFRESH),
        ("ACTIVATING", Action.SET_STATUS),
        ("ARCHIVED", Action.SET_STATUS),
        ("DELETING", Action.SET_STATUS),
        ("DELETED", Action.REMOVE),
        ("PROCESSING_UPLOAD", Action.IGNORE),
        ("UPLOAD_FAILED", Action.IGNORE),
        ("INVENTED_TOMORROW", Action.IGNORE),
    ],
)
def test_the_status_decides_what_is_to_be_done(status: str, action: Action) -> None:
    assert parse(event(status)).action is action


def test_an_event_is_read_in_full() -> None:
    parsed = parse(event("UPLOAD_FAILED", statusMessage="The upload did not complete", creationJobId="5555555555"))

    assert str(parsed.arn) == ARN
    assert parsed.id == "an-event"
    assert parsed.status_message == "The upload did not complete"
    assert parsed.time == TIME


@pytest.mark.parametrize("digits", [10, 36])
def test_ids_have_ten_to_thirty_six_digits(digits: int) -> None:
    identity = "7" * digits
    arn = f"arn:aws-us-gov:omics:{REGION}:{ACCOUNT}:sequenceStore/{identity}/readSet/{identity}"

    parsed = parse(event(arn=arn, sequenceStoreId=identity, id=identity))

    assert (parsed.arn.store_id, parsed.arn.read_set_id, parsed.arn.partition) == (identity, identity, "aws-us-gov")
    assert str(parsed.arn) == arn


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ("ARCHIVED", "not JSON"),
        ("1" * 5000, "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "the message is not a JSON object"),
        ("null", "the message is not a JSON object"),
        ({k: v for k, v in event().items() if k != "detail"}, "detail is not a JSON object"),
        (event() | {"detail": "ACTIVE"}, "detail is not a JSON object"),
        (event() | {"detail-type": "Run Status Change"}, "detail-type is 'Run Status Change'"),
        (event() | {"source": "my.app"}, "source is 'my.app'"),
        (event() | {"time": "yesterday"}, "time is 'yesterday'"),
        (event() | {"time": "2026-04-04T17:53:06"}, "time is '2026-04-04T17:53:06'"),
        (event() | {"time": None}, "time is None"),
        (event() | {"time": "0001-01-01T00:00:00+23:00"}, "time is '0001-01-01T00:00:00+23:00'"),
        (event(statusMessage=1.5), "detail.statusMessage is 1.5"),
        (event(status=""), "detail.status is ''"),
        (event(status=7), "detail.status is 7"),  # pyright: ignore[reportArgumentType] - wrong on purpose
        (event(arn="arn:aws:s3:::bucket"), "'arn:aws:s3:::bucket' is not the ARN of a read set"),
        (event(arn=ARN + "1" * 30), "is not the ARN of a read set"),
        (event(arn=ARN.replace("readSet/9876543210", "readSet/abc")), "is not the ARN of a read set"),
        (event(arn=ARN.replace(ACCOUNT, "999999999999")), "is of account 999999999999, and not of '123456789012'"),
        (event(arn=ARN.replace(REGION, "eu-west-1")), "is of region eu-west-1, and not of 'us-west-2'"),
        (event(id="1111111111"), "detail.id is '1111111111'"),
        (event(sequenceStoreId="1111111111"), "detail.sequenceStoreId is '1111111111'"),
    ],
)
def test_anything_else_is_refused_with_its_value(body: object, said: str) -> None:
    with pytest.raises(MalformedEventError, match=re.escape(said)):
        parse(body)


def test_without_an_account_of_its_own_the_reader_takes_the_envelope_as_reference() -> None:
    foreign = event(arn=ARN.replace(ACCOUNT, "999999999999"))

    with pytest.raises(MalformedEventError, match="account 999999999999"):
        parse_message(json.dumps(foreign))
    read = parse_message(json.dumps(event()))
    assert isinstance(read, ReadSetEvent)
    assert read.status == "ACTIVE"


TAG_CHANGE = tag_change(ReadSetArn.parse(ARN), time=TIME)


def test_changed_tags_ask_for_a_refresh_of_a_row_that_is_older() -> None:
    asked = parse(TAG_CHANGE)

    assert isinstance(asked, RefreshRequest)
    assert (asked.id, str(asked.arn)) == (TAG_CHANGE["id"], ARN)
    assert asked.time == asked.compared == TIME
    assert not asked.drift


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (None, "resources is None, and not a list of ARNs"),
        (ARN, f"resources is '{ARN}', and not a list of ARNs"),
        ([], "resources is [], and not a list of ARNs"),
        ([7], "resources: '7'"),
        ([ARN, ARN.partition("/readSet/")[0]], "resources: 'arn:aws:omics:us-west-2:"),
        ([ARN.partition("/readSet/")[0]], "resources: 'arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890'"),
        ([ARN.replace(ACCOUNT, "999999999999")], "is of account 999999999999, and not of '123456789012'"),
    ],
)
def test_changed_tags_of_anything_else_are_refused_with_what_they_are_of(resources: object, said: str) -> None:
    with pytest.raises(MalformedEventError, match=re.escape(said)):
        parse(TAG_CHANGE | {"resources": resources})


@pytest.mark.parametrize("detail_type", ["Reconcile", "Reconcile Step"])
@pytest.mark.parametrize(("place", "other"), [("account", "999999999999"), ("region", "eu-west-1")])
def test_a_message_about_no_read_set_must_be_of_this_account_and_region(
    detail_type: str, place: str, other: str
) -> None:
    message: dict[str, Any] = event() | {"source": "healthomics-metadata-sync", "detail-type": detail_type}

    with pytest.raises(MalformedEventError, match=f"{place} is '{other}', and not"):
        parse(message | {place: other})
