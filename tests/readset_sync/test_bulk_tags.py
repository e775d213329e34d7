"""Tags in bulk: taken as far as they have earned trust, whatever the API that tells them does."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from omics_sandbox.omics.client import TaggingClient
from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import LeftBehindError
from readset_sync.model.trust import Trust
from readset_sync.stores.backfill import Backfill, BackfillPass, PendingRefreshes
from readset_sync.stores.verification import DriftStatus, RowDrift, StoreListing, Verifier
from readset_sync.sync import Outcome

from tests.in_process import Serial
from tests.readset_sync.function import refusal, tag_change
from tests.readset_sync.night import Night

FIRST = 20
"""How many read sets must agree before tags in bulk are taken."""

SERIAL: Any = Serial()

NO_TIME = timedelta(0)
TWENTY_HOURS = timedelta(hours=20)


class Run:
    """A backfill or verification in the process."""

    def __init__(self, night: Night, client: Any = None) -> None:
        self.night = night
        self.said: list[str] = []
        tagging: Any = client or TaggingClient(night.service)
        self.bulk = BulkTags(tagging, night.source, tell=self.said.append, sleep=night.sleep)
        night.service.calls.clear()

    def begin(self) -> tuple[Backfill, PendingRefreshes]:
        """Return a backfill that has done nothing yet, and what its first pass leaves to its second."""
        backfill = Backfill(self.night.source, self.night.table, SERIAL, bulk=self.bulk)
        return backfill, PendingRefreshes(self.store_arn)

    def backfill(self) -> Counter[str]:
        """Run both passes; return what became of how many read sets in the second."""
        backfill, pending = self.begin()
        batches = backfill.refresh_pending([pending], backfill.create_listed_rows(pending))
        results = [each for batch in batches if batch.done_in is BackfillPass.REFRESH for each in batch.results]
        return Counter(each.change.outcome if each.change else each.reason for each in results)

    def first_pass(self) -> None:
        """Run the first pass alone."""
        backfill, pending = self.begin()
        assert all(list(backfill.create_listed_rows(pending)))

    def verify(self, *, deep: bool = False) -> list[RowDrift]:
        """Return what differs."""
        verifier = Verifier(self.night.source, self.night.table, SERIAL, bulk=self.bulk)
        listing = StoreListing(self.store_arn)
        found = [each for page in verifier.verify(self.night.store, listing, deep=deep) for each in page]
        return [each for each in found if each.status is not DriftStatus.IN_SYNC]

    @property
    def calls(self) -> dict[str, int]:
        """Calls about read sets by operation, without listings and stores."""
        return {name: count for name, count in self.night.service.calls.items() if "Store" not in name[3:]}

    @property
    def store_arn(self) -> str:
        return self.night.service.store(self.night.store).arn


@pytest.fixture(autouse=True)
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second pass takes the read sets as they were listed, so that the same ones are compared in each run.

    A page of a listing holds 25 of them, so that few make several.
    """
    for module in ("aws.healthomics", "stores.backfill"):
        monkeypatch.setattr(f"readset_sync.{module}.PAGE_SIZE", 25)
    monkeypatch.setattr("readset_sync.stores.backfill.random.shuffle", Mock())


def tagged(night: Night, count: int, **attributes: Any) -> list[ReadSetArn]:
    return [arn for number in range(count) for arn in night.add(tags={"n": str(number)}, **attributes)]


def filled(night: Night, count: int, later: timedelta = NO_TIME, **attributes: Any) -> list[ReadSetArn]:
    """Read sets with tags whose rows are right, so much later."""
    arns = tagged(night, count, **attributes)
    Run(night).backfill()
    night.now += later
    night.service.calls.clear()
    return arns


def retag(night: Night, arn: ReadSetArn, **tags: str) -> None:
    night.service.tag(str(arn), tags)


def behind(night: Night, arns: list[ReadSetArn], seconds: float = 86_400) -> None:
    """The tags of some read sets change, and the API does not tell so soon."""
    night.service.faults.add_behind("GetResources", seconds=seconds)
    for arn in arns:
        retag(night, arn, n="changed")


def is_true(night: Night) -> bool:
    """Whether every row has all that HealthOmics says of its read set."""
    return Run(night, answering(DENIED)).verify(deep=True) == []


def answering(answer: Any) -> Any:
    """A client that gives this answer at all times, raises this error, or calls this."""
    is_answer = isinstance(answer, dict)
    return Mock(get_resources=Mock(return_value=answer, side_effect=None if is_answer else answer))


DENIED = refusal("AccessDeniedException")


def telling(*resources: tuple[str, list[tuple[str, str]]]) -> dict[str, Any]:
    """An answer with the tags of these resources."""
    return {
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags]}
            for arn, tags in resources
        ]
    }


def test_each_read_set_has_these_tags_or_none_that_are_known(night: Night) -> None:
    [one, untagged, never] = [*night.add(tags={"a": "b"}), *night.add(tags={"a": "b"}), *night.add()]
    night.service.untag(str(untagged), ["a"])

    assert Run(night).bulk.of(map(str, (one, untagged, never))) == {str(one): {"a": "b"}, str(untagged): {}}


def test_what_is_not_available_is_said_once_with_the_permission_and_not_asked_for_again(night: Night) -> None:
    night.service.faults.add("GetResources", "AccessDeniedException")
    tagged(night, 75)
    run = Run(night)

    assert run.backfill() == {Outcome.CREATED: 75}

    [said] = run.said
    assert "tag:GetResources" in said
    assert run.calls == {"GetResources": 1, "GetReadSetMetadata": 75, "ListTagsForResource": 75, "ListReadSets": 3}
    assert str(run.bulk.trust).startswith("not available: ")
    assert is_true(night)


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    (telling(("of another", [])), "contradicts itself, or the question, about of another"),
    (telling(("arn", [("a", "b")]), ("arn", [])), "contradicts itself"),
    (telling(("arn", [("a", "b"), ("a", "c")])), "contradicts itself"),
    ({}, "not of its documented form"),
    ({"ResourceTagMappingList": [None]}, "not of its documented form"),
    ({"ResourceTagMappingList": [{"Tags": []}]}, "not of its documented form"),
    ({"ResourceTagMappingList": [{"ResourceARN": "arn", "Tags": [{"Key": "a"}]}]}, "not of its documented form"),
]


@pytest.mark.parametrize(("answer", "why"), UNUSABLE)
def test_an_answer_that_cannot_be_right_is_not_available(night: Night, answer: dict[str, Any], why: str) -> None:
    run = Run(night, answering(answer))

    assert run.bulk.of(["arn"]) == {}

    [said] = run.said
    assert why in said
    assert not run.bulk.trust.is_earned


@pytest.mark.parametrize("error", [refusal("ExpiredToken"), LeftBehindError("gone on")])
def test_bad_credentials_and_an_end_of_the_function_say_nothing_of_tags_in_bulk(night: Night, error: Exception) -> None:
    run = Run(night, answering(error))

    with pytest.raises(type(error)):
        run.bulk.of(["arn"])

    assert run.said == []


@pytest.mark.parametrize(("read_sets", "most"), [(20, 20), (1_000, 80), (1_000_000, 180), (10_000_000, 200)])
def test_the_sample_is_spread_over_a_run_of_any_length(read_sets: int, most: int) -> None:
    trust = Trust()
    compared: list[int] = []
    while trust.offered < read_sets:
        # Of many, one is compared for each seven in a hundred more: one in two hundred more is looked at here.
        trust.offered += trust.offered // 200
        if trust.wants_comparison():
            trust.agreed += 1
            compared.append(trust.offered - 1)
    assert compared[:FIRST] == list(range(FIRST))
    assert most - 5 <= len(compared) <= most
    if FIRST < len(compared) < 200:
        assert compared[-1] > 0.9 * read_sets


def test_listed_rows_have_their_tags_at_once_which_are_not_taken_for_read(night: Night) -> None:
    [told], [untold] = tagged(night, 1), night.add()

    Run(night).first_pass()

    assert night.row(untold)["sync_state"] == "listed"
    assert "tags" not in night.row(untold)
    assert (night.row(told)["tags"], night.row(told)["sync_state"]) == ([{"n": "0"}], "listed")
    # AND a refresh without tags leaves those that were told
    for _ in range(2):
        night.synchronizer.refresh_from(told, night.row(told), tags=False)
        row = night.row(told)
        assert (row["tags"], row["sync_state"], "synced_at" in row) == ([{"n": "0"}], "untagged", False)


def test_a_first_backfill_asks_singly_for_a_sample_and_for_what_is_not_told(night: Night) -> None:
    tagged(night, 100)
    night.add(25)
    run = Run(night)

    assert run.backfill() == {Outcome.CREATED: 125}

    sample = run.bulk.trust.compared
    assert FIRST < sample < FIRST + 30
    assert run.calls == {
        "ListReadSets": 5,
        "GetResources": 5,
        "GetReadSetMetadata": 125,
        "ListTagsForResource": 25 + sample,
    }
    assert str(run.bulk.trust) == "trusted"
    assert is_true(night)


def test_archived_read_sets_with_known_tags_cost_no_call(night: Night) -> None:
    archived = tagged(night, 100, status="ARCHIVED", creation_job_id="5555555555")
    tagged(night, 25)
    [untold] = night.add(status="ARCHIVED")
    run = Run(night)

    assert run.backfill() == {Outcome.CREATED: 126}

    calls = run.calls
    assert calls["GetReadSetMetadata"] == 25
    assert calls["ListTagsForResource"] == run.bulk.trust.compared + 1
    assert is_true(night)
    row, of_untold = night.table.get(str(archived[9])), night.table.get(str(untold))
    assert row
    assert of_untold
    assert (row["tags"], row["sync_lacks"], row["sync_unknown"]) == ([{"n": "9"}], "files", "set_creation_job_id")
    assert of_untold["tags"] == []
    # WHEN one becomes active, THEN its row has everything
    night.service.set_status(night.store, archived[9].read_set_id, "ACTIVE")
    night.synchronizer.refresh(archived[9])
    row = night.row(archived[9])
    assert (row["set_creation_job_id"], "sync_unknown" in row, bool(row["files"])) == ("5555555555", False, True)
    # AND keeps it when it is archived again
    night.service.set_status(night.store, archived[9].read_set_id, "ARCHIVED")
    night.synchronizer.refresh(archived[9])
    Run(night).backfill()
    row = night.row(archived[9])
    assert row["set_creation_job_id"] == "5555555555"


def test_a_backfill_over_rows_that_are_there_takes_tags_that_both_sides_know(night: Night) -> None:
    arns = tagged(night, 50, status="ARCHIVED") + tagged(night, 50)
    Run(night).backfill()
    night.now += timedelta(days=1)
    retag(night, arns[3], n="changed")
    retag(night, arns[53], n="changed")
    run = Run(night)

    assert run.backfill() == {Outcome.UNCHANGED: 98, Outcome.UPDATED: 2}

    assert run.calls["GetReadSetMetadata"] == 51
    assert run.calls["ListTagsForResource"] == run.bulk.trust.compared + 2
    assert is_true(night)
    row = night.row(arns[7])
    assert row["synced_at"] > f"{night.now - timedelta(hours=1):%Y-%m-%dT%H}"


def test_a_backfill_that_died_is_completed_with_what_it_had_listed(night: Night) -> None:
    arns = tagged(night, 60)
    Run(night).first_pass()
    night.now += timedelta(hours=1)
    retag(night, arns[40], n="changed")
    run = Run(night)

    run.backfill()

    assert run.calls["ListTagsForResource"] == run.bulk.trust.compared
    assert is_true(night)
    # AND without tags in bulk, those that are there stay until they have been read
    [late] = tagged(night, 1)
    Run(night).first_pass()
    Run(night, answering(DENIED)).first_pass()
    assert night.row(late)["tags"] == [{"n": "0"}]


def test_one_contradiction_has_the_rows_refreshed_that_took_their_tags_in_bulk(night: Night) -> None:
    arns = tagged(night, 120)
    # More than trust is earned with, and fewer than the sample then finds at once.
    behind(night, arns[25:])
    run = Run(night)

    run.backfill()

    assert str(run.bulk.trust).startswith("refused: ")
    assert len(run.said) == 1
    assert "changed" not in run.said[0]
    assert is_true(night)


def test_tags_that_change_while_both_sides_are_asked_are_no_contradiction(night: Night) -> None:
    arns = tagged(night, 30)
    behind(night, arns, 3)
    night.now += timedelta(seconds=1)
    run = Run(night)

    assert not run.bulk.agrees(arns[0], {"n": "0"})

    assert not run.bulk.trust.contradiction


def test_an_archived_read_set_that_goes_between_listing_and_row_leaves_none(night: Night) -> None:
    [gone] = tagged(night, 1, status="ARCHIVED")
    run = Run(night)
    run.bulk.trust = Trust(offered=10**7, compared=200, agreed=200)
    answered = run.bulk.of

    def then_deleted(arns: Any) -> Any:
        told = answered(arns)
        if str(gone) in (told or {}):
            night.service.set_status(night.store, gone.read_set_id, "DELETED")
            night.tell(gone, "DELETED")
            night.work()
        return told

    run.bulk.of = then_deleted
    run.backfill()
    assert night.table.get(str(gone))

    night.pass_()

    assert night.table.get(str(gone)) is None


def test_a_changed_tag_is_in_its_row_after_the_next_reconciliation(night: Night) -> None:
    arns = filled(night, 70, TWENTY_HOURS)
    night.reconcile()
    quiet = Counter(night.service.calls)
    night.now += timedelta(days=1)
    retag(night, arns[57], n="changed")
    night.service.calls.clear()

    night.reconcile()

    assert night.row(arns[57])["tags"] == [{"n": "changed"}]
    more = Counter(night.service.calls) - quiet
    assert more.total() <= 4
    assert quiet["ListReadSets"] == quiet["GetResources"] == 3
    assert quiet["GetReadSetMetadata"] == 0
    assert quiet["ListTagsForResource"] < FIRST + 25
    assert night.drift == 0
    assert [line["tags_in_bulk"] for line in night.finished] == 2 * ["trusted"]


def test_an_answer_that_stays_behind_has_no_row_refreshed(night: Night) -> None:
    arns = tagged(night, 60)
    behind(night, arns[30:31], 10**9)
    Run(night, answering(DENIED)).backfill()
    night.service.calls.clear()

    for _ in range(2):
        night.now += timedelta(hours=20)
        night.reconcile()

    assert night.reads == 0
    assert ["refused: " in line["tags_in_bulk"] for line in night.finished] == [True, True]
    assert is_true(night)


def behind_an_event(night: Night, arns: list[ReadSetArn]) -> None:
    behind(night, arns[3:4], 60)
    night.send(tag_change(arns[3], time=night.now), "group")
    night.pass_()


def behind_the_last_row(night: Night, arns: list[ReadSetArn]) -> None:
    """The last one tells that those before it were not to be trusted."""
    behind(night, arns[-1:], 10**9)
    night.synchronizer.refresh(arns[-1])
    night.now += timedelta(hours=1)


def refused(night: Night, code: str, times: int | None = None) -> None:
    night.service.faults.add("GetResources", code, times=times)


def refused_after_a_page(night: Night, arns: list[ReadSetArn]) -> None:
    first = str(arns[0])
    night.service.faults.add(
        "GetResources", "ThrottledException", when=lambda asked: first not in asked["ResourceARNList"]
    )


NIGHTS: list[tuple[int, int, Callable[[Night, list[ReadSetArn]], object], int, str]] = [
    # Rows whose tags are compared are refreshed for their files alone, others as ever.
    (40, 30 * 24, lambda night, _: None, 0, "trusted"),
    (40, 90 * 24, lambda night, _: None, 40, "trusted"),
    (40, 8 * 24, lambda night, _: refused(night, "AccessDeniedException"), 40, "not available: "),
    (40, 8 * 24, behind_the_last_row, 39, "refused: "),
    # An answer that is behind what a comparison shows: the row is right, and no other is read.
    (60, 20, lambda night, arns: behind(night, arns[:1]), 1, "trusted"),
    (60, 20, lambda night, arns: behind(night, arns[:1], 8), 1, "trusted"),
    (60, 20 * 24, lambda night, arns: behind(night, arns[3:4], 60), 1, "trusted"),
    (60, 20 * 24, behind_an_event, 0, "trusted"),
    # Many of them are a contradiction.
    (60, 24, lambda night, arns: behind(night, arns[:6]), 6, "refused: "),
    # A call that fails for now has no rows refreshed, the third that there will be no answer.
    (75, 20 * 24, lambda night, _: refused(night, "ThrottledException", times=1), 0, "trusted"),
    (75, 20 * 24, lambda night, _: refused(night, "InternalServiceException", times=2), 0, "trusted"),
    (75, 20 * 24, lambda night, _: refused(night, "ThrottledException", times=3), 75, "not available: "),
    # Of those that were compared before, the rows stay; two pages are passed over, and the third tells.
    (125, 20 * 24, refused_after_a_page, 50, "not available: "),
]


@pytest.mark.parametrize(("read_sets", "hours", "happens", "reads", "said"), NIGHTS)
def test_a_night_reads_what_is_not_compared_or_differs_and_no_more(
    night: Night,
    read_sets: int,
    hours: int,
    happens: Callable[[Night, list[ReadSetArn]], object],
    reads: int,
    said: str,
) -> None:
    arns = filled(night, read_sets, timedelta(hours=hours))
    happens(night, arns)
    night.service.calls.clear()

    night.reconcile()

    assert night.reads == reads
    [finished] = night.finished
    assert finished["tags_in_bulk"].startswith(said)
    assert is_true(night)


def test_each_night_compares_others(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(night, 80)
    real, asked = night.source.tags, list[ReadSetArn]()

    def tags(arn: ReadSetArn) -> dict[str, str]:
        asked.append(arn)
        return real(arn)

    monkeypatch.setattr(night.source, "tags", tags)
    samples: list[tuple[ReadSetArn, ...]] = []

    for _ in range(3):
        night.now += timedelta(hours=20)
        asked.clear()
        night.reconcile()
        samples.append(tuple(asked))

    assert len(set(samples)) == 3
    assert {len(sample) for sample in samples} <= {40, 41, 42}


def test_a_first_fill_completes_archived_rows_without_a_call(night: Night) -> None:
    tagged(night, 80, status="ARCHIVED")
    tagged(night, 40)

    night.reconcile()

    assert night.service.calls["GetReadSetMetadata"] == 40
    assert is_true(night)


def test_a_verification_finds_other_tags_and_is_not_misled(night: Night) -> None:
    arns = filled(night, 60, timedelta(hours=1))
    retag(night, arns[31], n="changed")
    run = Run(night)

    assert run.verify() == [RowDrift(str(arns[31]), DriftStatus.STALE, ("tags",))]

    assert str(run.bulk.trust) == "trusted"
    assert run.bulk.trust.coverage == {"told": 60, "of": 60}
    # WHEN the row is right, and the answer in bulk is behind, THEN nothing is said of the row
    night.synchronizer.refresh(arns[31])
    night.service.faults.add_behind("GetResources", seconds=10**9)
    retag(night, arns[12], n="changed")
    night.synchronizer.refresh(arns[12])
    night.now += timedelta(hours=1)
    run = Run(night)
    assert run.verify() == []
    assert str(run.bulk.trust).startswith("refused: ")


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (Trust(), "not asked"),
        (Trust(listed=5), "not told: GetResources knows none of these read sets"),
        (Trust(5, 5, 5, 5, 4), "not proven: ListTagsForResource confirms fewer than 20 answers of GetResources"),
        (Trust(5, 5, 5, 5, 5), "trusted"),
    ],
)
def test_what_becomes_of_tags_in_bulk_is_said_in_words(trust: Trust, said: str) -> None:
    assert str(trust) == said


def test_it_is_said_of_how_many_read_sets_tags_were_told(night: Night) -> None:
    arns = tagged(night, 40)
    Run(night).backfill()
    night.add(60)
    for arn in arns:
        retag(night, arn, n="changed")

    run = Run(night)

    assert len(run.verify()) == 40 + 60
    night.reconcile()

    [finished] = night.finished
    for state, told in (
        (str(run.bulk.trust), run.bulk.trust.coverage),
        (finished["tags_in_bulk"], finished["tags_told"]),
    ):
        assert (state, told) == ("trusted", {"told": 40, "of": 100})


def test_a_reason_is_kept_short_because_each_step_of_a_reconciliation_has_it(night: Night) -> None:
    run = Run(night, answering(refusal("AccessDeniedException", message="x" * 300_000)))
    run.bulk.of(["arn"])

    assert len(run.bulk.trust.unavailable) < 400
    assert run.bulk.trust.unavailable.endswith("need tag:GetResources on *")


def test_a_first_fill_keeps_its_pace_after_a_contradiction(night: Night) -> None:
    arns = tagged(night, 30)
    night.add(70)
    behind(night, [arns[-1], arns[0]], 10**9)

    night.reconcile()

    [finished] = night.finished
    assert finished["tags_in_bulk"].startswith("refused: ")
    assert finished["found"] == {"listed": 100, "filled": 100}
    assert is_true(night)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServerException", "ResourceNotFoundException"])
@pytest.mark.parametrize("has_other_tags", [False, True])
def test_a_read_set_whose_tags_cannot_be_read_ends_no_reconciliation(
    night: Night, code: str, has_other_tags: bool
) -> None:
    arns = filled(night, 60, TWENTY_HOURS)
    bad = str(arns[3])
    night.service.faults.add("ListTagsForResource", code, when=lambda asked: asked["resourceArn"] == bad)
    retag(night, arns[50], n="changed")
    if has_other_tags:
        retag(night, arns[3], n="changed")

    night.ask()
    while not (finished := night.finished):
        night.work()

    assert [line["tags_in_bulk"] for line in finished] == ["trusted"]
    night.service.faults.clear()
    night.pass_()
    assert is_true(night)


def test_comparisons_that_come_to_nothing_are_not_gone_on_with(night: Night) -> None:
    """The answers about a page are behind, those about a single read set are not."""
    arns = tagged(night, 60)
    real: Any = TaggingClient(night.service)
    old = {str(arn): real.get_resources(ResourceARNList=[str(arn)])["ResourceTagMappingList"] for arn in arns}
    for arn in arns:
        retag(night, arn, n="changed")

    def answer(**asked: Any) -> Any:
        wanted = asked["ResourceARNList"]
        if len(wanted) == 1:
            return real.get_resources(**asked)
        return {"ResourceTagMappingList": [told for arn in wanted for told in old[arn]]}

    run = Run(night, answering(answer))
    run.backfill()

    assert run.bulk.trust.compared == run.bulk.trust.undecided == 5
    assert str(run.bulk.trust).startswith("not available: 5 could not be compared")
    assert is_true(night)


def test_a_listing_leaves_a_listed_row_that_knows_of_a_later_status(night: Night) -> None:
    [arn] = tagged(night, 1)
    Run(night).first_pass()
    night.now += timedelta(hours=1)
    run = Run(night)
    source: Any = night.source
    answered = source.page

    def then_archived(*asked: Any) -> Any:
        page = answered(*asked)
        night.now += timedelta(seconds=5)
        night.service.set_status(night.store, arn.read_set_id, "ARCHIVED")
        night.tell(arn, "ARCHIVED")
        night.work()
        return page

    source.page = then_archived
    run.first_pass()

    row = night.row(arn)
    assert (row["set_status"], row["sync_state"]) == ("ARCHIVED", "listed")


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED"])
def test_an_event_of_changed_tags_is_not_lost_to_a_row_with_older_tags_that_were_told_in_bulk(
    night: Night, status: str
) -> None:
    night.service.faults.add_behind("GetResources", seconds=60)
    arns = tagged(night, 60, status=status)
    night.now += timedelta(minutes=10)
    retag(night, arns[33], n="changed")
    retagged_at = night.now
    night.now += timedelta(seconds=10)
    Run(night).backfill()
    assert night.row(arns[33])["tags"] == [{"n": "33"}]
    night.service.calls.clear()

    for arn in (arns[33], arns[34]):
        body = tag_change(arn, time=retagged_at) | {"id": uuid4().hex}
        night.send(body, body["id"])
    night.pass_()

    assert night.row(arns[33])["tags"] == [{"n": "changed"}]
    assert night.service.calls == {"ListTagsForResource": 3, "GetReadSetMetadata": 1}


def test_an_event_of_tags_makes_no_row_of_an_upload_in_progress(night: Night) -> None:
    [arn] = night.add(status="PROCESSING_UPLOAD", tags={"a": "b"})
    call = {"detail-type": "AWS API Call via CloudTrail", "detail": {"requestParameters": {"resourceArn": str(arn)}}}

    for told in ({}, {"source": "aws.omics"} | call):
        night.send(tag_change(arn, time=night.now) | told, "group")
        night.pass_()

    assert night.table.get(str(arn)) is None
    assert [line["outcome"] for line in night.log if line["message"] == "event applied"] == ["ignored", "ignored"]
    # AND the event of its end makes one
    night.service.set_status(night.store, arn.read_set_id, "ACTIVE")
    night.tell(arn, "ACTIVE")
    night.pass_()
    assert is_true(night)


def test_each_read_set_of_an_event_of_tags_is_looked_at(night: Night) -> None:
    arns = tagged(night, 3)
    Run(night).backfill()
    night.now += timedelta(minutes=1)
    for arn in arns:
        retag(night, arn, n="changed")

    night.send(tag_change(arns[0], time=night.now) | {"resources": list(map(str, arns))}, "group")
    night.pass_()

    assert is_true(night)


def test_rows_of_another_tool_with_tags_in_another_order_are_refreshed_at_few_calls_in_a_step(night: Night) -> None:
    arns = [arn for number in range(25) for arn in night.add(tags={"a": "b", "n": str(number)})]
    Run(night).backfill()
    for arn in arns:
        night.change_row(arn, tags=night.row(arn)["tags"][::-1], sync_revision=None, sync_digest=None, synced_at=None)
    night.now += timedelta(hours=1)
    night.service.calls.clear()

    night.ask()
    for _ in range(2):
        night.work()

    assert night.service.calls["ListTagsForResource"] <= 20
    night.pass_()
    assert is_true(night)


def test_a_step_ends_in_time_where_few_calls_a_second_are_granted(night: Night) -> None:
    arns = filled(night, 60, TWENTY_HOURS)
    for arn in arns[::2]:
        retag(night, arn, n="changed")
    source: Any = night.source
    answered = source.tags

    def answer_slowly(arn: ReadSetArn) -> Any:
        night.sleep(2)
        return answered(arn)

    source.tags = answer_slowly
    began = night.now

    night.ask()
    for _ in range(2):
        night.work()

    assert night.now - began < timedelta(seconds=25)
    night.pass_()
    assert is_true(night)
