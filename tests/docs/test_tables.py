"""The tables of the README and of docs/ agree with the code."""

import re
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.utils import ArgumentGenerator
from omics_meta.commands.selftest import ASSUMPTIONS
from omics_meta.search.columns import COLUMNS, DERIVED
from readset_sync import constants
from readset_sync.messages.read_set_event import ACTIONS
from readset_sync.model.record import build_row, listed_row

from tests.docs.pages import BESIDE, PAGES, README, ROOT, Page
from tests.docs.world import READ_SET_ID, STORE_ID
from tools.cost.__main__ import main as print_cost

SCHEMA = Page("docs/schema.md")

OMICS: Any = botocore.session.get_session().get_service_model("omics")


def answer(operation: str, **known: Any) -> dict[str, Any]:
    """An answer of HealthOmics that has every member of its model; a text is the member's name, if it is not known."""
    shape = OMICS.operation_model(operation).output_shape
    return dict(ArgumentGenerator(use_member_names=True).generate_skeleton(shape)) | known


ARN = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/{READ_SET_ID}"
CREATED = datetime(2026, 4, 4, tzinfo=UTC)
COMPLETE = answer("GetReadSetMetadata", arn=ARN, status="ACTIVE", creationTime=CREATED) | {"referenceName": "GRCh38"}
LISTED = {name: value for name, value in COMPLETE.items() if name not in {"files", "creationJobId"}}
STORE = answer("GetSequenceStore", id=STORE_ID)


def test_record_tables_agree_with_the_rows():
    now = datetime.now(UTC)
    row = build_row(
        COMPLETE, tags={"a": "b"}, store=STORE, store_as_of=now, as_of=now, previous=None, unknown="set_name"
    )
    incomplete = [
        listed_row(LISTED, store=STORE, store_as_of=now, as_of=now),
        build_row(COMPLETE, tags=None, store=STORE, store_as_of=now, as_of=now, previous=None),
    ]
    lacking = {each[0]: set(re.findall(r"\w+", each[2])) for each in SCHEMA.table_under("Rows that are not complete")}
    always = row.keys() - {"sync_unknown"}
    assert lacking == {each["sync_state"]: always - each.keys() for each in incomplete}
    archived: dict[str, Any] = COMPLETE | {"status": "ARCHIVED", "files": {}}
    row |= incomplete[0] | build_row(archived, tags={}, store=STORE, store_as_of=now, as_of=now, previous=None) | row
    item = {name: next(iter(TypeSerializer().serialize(value))) for name, value in row.items()}

    assert {attribute: type_ for attribute, type_, *_ in SCHEMA.table_under("The record")} == item
    assert [attribute for attribute, _ in SCHEMA.table_under("The record", 1)] == list(row["files"][0])
    assert [attribute for attribute, _ in SCHEMA.table_under("The record", 2)] == list(row["store"])
    (information,) = (cell for name, *_, cell in SCHEMA.table_under("The record") if name == "set_sequence_information")
    assert re.findall(r"`(\w+_\w+|alignment)`", information) == list(row["set_sequence_information"])


def test_every_status_is_in_the_event_table():
    documented = [
        status
        for row in Page("docs/architecture.md").table_under("What each event does")
        for status in re.findall(r"[A-Z_]{6,}", row[0])
    ]

    assert sorted(documented) == sorted(ACTIONS)


def test_the_columns_are_those_documented_and_every_attribute_has_one():
    several: dict[str, dict[str, str]] = {}
    for attribute, names, kind in SCHEMA.table_under("Columns"):
        several.setdefault(attribute, {}).update(dict.fromkeys(re.findall(r"\w+", names), kind))

    documented: list[tuple[str, str]] = []
    for attribute, _, kind, _ in SCHEMA.table_under("The record"):
        documented += several.pop(attribute).items() if kind == "several" else [(attribute, kind)]

    assert not several
    assert documented == [(column.name, column.kind) for column in COLUMNS]
    names = {name for name, _ in documented}
    assert {member for member, _ in SCHEMA.table_under("The record", 2)} <= names
    assert {f"source1_{member}" for member, _ in SCHEMA.table_under("The record", 1)} - names == {"source1_file_type"}
    made = [name for cell, _ in SCHEMA.table_under("Choosing columns", 1) for name in re.findall(r"\w+", cell)]
    assert made == [column.name for column in DERIVED]


def test_cost_tables_are_those_that_the_calculation_prints(capsys: pytest.CaptureFixture[str]):
    print_cost()
    totals, *tables = re.findall(r"(?:^\|.*\|\n)+", capsys.readouterr().out, flags=re.MULTILINE)

    assert totals in README.text
    assert tables
    assert all(table in Page("docs/cost.md").text for table in tables)


def test_metrics_are_those_documented():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "handler").rglob("*.py"))
    named = re.findall(r"(?:self\._count|self\._measure|add_metric|single_metric)\((\w+)", sources)
    # `_count` and `_measure` hand a name on.
    sent = [getattr(constants, each) for each in named if each != "name"]
    assert len(named) - len(sent) == 2
    documented = {row[0] for row in Page("docs/architecture.md").table_under("Watching it")}

    # ColdStart is Powertools' own.
    assert {"ColdStart", *sent} == documented


def test_assumptions_are_checked_in_known_ways_and_by_name_in_the_selftest():
    [table] = re.findall(r"(?:^\|.*\|\n)+", Page("docs/assumptions.md").text, flags=re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table.splitlines()[2:]]
    ways = r"(documented|emulated|seen on AWS on \d{4}-\d\d-\d\d)"

    assert not [row for row in rows if not re.fullmatch(f"{ways}(, {ways})*", row[3])]
    assert {row[4].rstrip("|").strip(" `") for row in rows} - {""} == ASSUMPTIONS.keys()


def test_make_targets_that_pages_name_are_there():
    declared = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = "".join(page.text for page in (*PAGES, *BESIDE))

    named = set(re.findall(r"(?:`|^)make ([a-z-]+)\b", text, flags=re.MULTILINE))
    assert "quick" in named
    assert named <= set(declared)
