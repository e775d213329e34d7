"""`omics-meta report`: one page of HTML, correct, harmless, and readable in a browser."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from omics_meta.commands.report.page import page as write_page
from omics_meta.commands.report.plot import growth
from omics_meta.commands.report.read_sets import ReadSets
from omics_meta.commands.report.verification import Verification, read
from omics_meta.search.inventory import OTHERS, Group, Inventory, Store, TableInventory, Tally
from omics_meta.terminal.exits import CommandError
from readset_sync.model.record import without_malformed
from typing_extensions import override

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

WITHOUT_END = frozenset({"input", "meta"})
HOSTILE = [
    "<script>document.title='pwned'</script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "</th></table></main><h1>pwned</h1>",
    "& &lt; &#60; 'quoted'",
    "bell \x07 and \u202eright to left",
]


class Page(HTMLParser):
    """A page read back.

    Attributes:
        tables: Rows of cells, table by table, the heads first.
        tags: How often each element is there.
        addresses: Values of attributes that make a browser load something.
        text: As it was written.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tables: list[list[list[str]]] = []
        self.tags: Counter[str] = Counter()
        self.addresses: list[str | None] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "elements that nothing ends"

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "action", "data"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in {"th", "td"}:
            self.tables[-1][-1].append("")
        if tag not in WITHOUT_END:
            self._open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"rect", "line", "path"}  # of SVG, where any element may end at once
        self.tags[tag] += 1

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if {"th", "td"} & set(self._open):
            self.tables[-1][-1][-1] += data

    def table(self, head: str) -> list[list[str]]:
        """The lines of the table whose first column has this head, the heads first."""
        [found] = [table for table in self.tables if table[0][0] == head]
        return found

    def rows(self, head: str) -> dict[str, list[str]]:
        """The numbers of that table, by label."""
        return {label: [cell for cell in cells if cell] for label, *cells in self.table(head)[1:]}


@pytest.fixture
def report(cli: CommandLine, tmp_path: Path) -> Callable[..., Page]:
    def run(table: str, *arguments: str | Path) -> Page:
        file = tmp_path / "report.html"
        done = cli.run("report", "-t", table, "-o", file, *arguments)
        assert (done.code, done.err) == (0, ""), done.err
        return Page(file.read_text(encoding="utf-8"))

    return run


NOW = datetime(2026, 4, 4, 12, tzinfo=UTC)


def arn(region: str = "us-west-2", account: str = "123456789012", number: int = 0) -> str:
    return f"arn:aws:omics:{region}:{account}:sequenceStore/1234567890/readSet/{9_000_000_000 + number}"


def counted(*rows: dict[str, Any], tag_keys: Sequence[str] = ()) -> Inventory:
    """Rows of one table, each with a key that is made up; `region` is that of the key."""
    inventory = Inventory(NOW, tag_keys)
    inventory.begin(TableInventory("123456789012", "us-west-2", "rows"))
    for number, each in enumerate(rows):
        row = {"set_arn": arn(each.get("region", "us-west-2"), number=number), **each}
        inventory.add(without_malformed(row))  # as tables are read
    return inventory


def page_of(inventory: Inventory, **more: Any) -> str:
    return write_page(inventory, NOW, None, **more)


def test_a_page_counts_what_is_in_the_table(aws: Aws, report: Callable[..., Page]) -> None:
    store, other = aws.store(3, name="first cohort"), aws.store(1, name="second")
    aws.omics.set_status(store, aws.ids(store)[0], "ARCHIVED")
    table = aws.filled(store, other)
    rows = aws.raw_rows(table).values()
    sizes = [int(each["set_total_size"]) for each in rows if "set_total_size" in each]
    assert len(sizes) == 3

    page = report(table)

    assert f"Read sets of {table} in us-west-2</title>" in page.text
    assert "This page counts the 4 read sets that 2 sequence stores of AWS HealthOmics had on " in page.text
    assert {label: count for label, (count, *_) in page.rows("sequence store").items()} == {
        f"first cohort ({store})": "3",
        f"second ({other})": "1",
    }
    assert {label: count for label, (count, *_) in page.rows("status").items()} == {"ACTIVE": "3", "ARCHIVED": "1"}
    assert page.rows("refreshed")["within a day"][0] == "4"
    assert sum(int(count) for count, *_ in page.rows("month").values()) == 4
    # An archived read set that was never seen active has a size that nobody knows, and not none.
    assert page.rows("status")["ARCHIVED"][:2] == ["1", "unknown"]
    assert page.rows("sequence store")[f"first cohort ({store})"][1] == f"{2 * sizes[0] / 10**6:.1f} MB (1 unknown)"
    # Values of tags may tell who a patient is, so their keys alone are shown.
    assert {key: count for key, (count, *_) in page.rows("tag").items()} == {"number": "4"}
    assert {"number"} & {table[0][0] for table in page.tables} == set()


def test_tags_that_are_named_are_counted_by_value_and_status(aws: Aws, cli: CommandLine) -> None:
    table = aws.table()
    for number in range(6):
        tags = [{"cohort": "A" if number < 3 else "B"}, {"others": ""}] if number else []
        status = "ARCHIVED" if number % 2 else "ACTIVE"
        aws.put(table, {"set_arn": arn(number=number), "set_status": status, "tags": tags})

    done = cli.run("report", "-t", table, "-o", "-", "--tag-keys", "cohort, lane, others")

    shown = Page(done.out).table("cohort")
    assert [line[:1] + line[4:6] for line in shown] == [
        ["cohort", "ACTIVE", "ARCHIVED"],
        ["B", "1", "2"],
        ["A", "1", "1"],
        ["(without this tag)", "1", "0"],
    ]
    assert done.code == 0
    assert "omics-meta: --tag-keys: no read set has the tag 'lane'; upper and lower case matter\n" in done.err
    assert done.err.count("--tag-keys") == 1


def test_a_list_of_read_sets_is_asked_for_and_warned_of(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    table, page = aws.table(), tmp_path / "report.html"
    for number, hostile in enumerate(HOSTILE):
        named = {"set_name": hostile, "set_sample_id": "HG001", "set_total_size": number}
        aws.put(table, {"set_arn": arn(number=number), **named})

    without = cli.run("report", "-t", table, "-o", page)
    assert "HG001" not in page.read_text()
    done = cli.run("report", "-t", table, "-o", page, "--rows")

    assert (without.code, without.err, done.code) == (0, "", 0)
    assert done.err == (
        "omics-meta: the page lists ids, which may tell who a patient is: give it to nobody who must not know\n"
    )
    [text] = re.findall(r'<script type="application/json" id="read-sets">(.*?)</script>', page.read_text(), re.DOTALL)
    assert not set(text) & set("<>&\u2028")
    listed = json.loads(text)
    assert listed["columns"][:3] == ["id", "name", "sample"]
    assert {line[1]: line[listed["numbers"][0]] for line in listed["rows"]} == {h: n for n, h in enumerate(HOSTILE)}


def test_a_list_of_several_tables_names_them() -> None:
    listed = ReadSets(["lane"], several=True)
    row = {"set_arn": arn(), "set_creation_time": "2026-04-03T10:20:30Z", "tags": [{"lane": "1"}]}
    listed.add(row, TableInventory("111111111111", "us-east-1", "rows"))

    text = page_of(counted({}), read_sets=listed)

    columns = ["id", "name", "sample", "subject", "status", "type", "store", "account", "region", "created (UTC)"]
    assert json.dumps([*columns, "bytes", "bases", "lane", "table"], separators=(",", ":")) in text
    assert '"1234567890","111111111111","us-east-1","2026-04-03 10:20",null,null,"1","rows"]' in text


def test_texts_of_users_are_not_taken_for_the_pages_own() -> None:
    texts = ["others", '"others"', "(without this tag)", "none", ""]
    rows = [{"set_status": text, "tags": [{"lane": text}, {text: ""}]} for text in texts]
    others = [{"set_status": "ACTIVE", "tags": [{"lane": f"{number:02}"}] * 2} for number in range(60)]

    page = Page(page_of(counted({}, *rows, *others, *others, *rows, *rows, tag_keys=["lane"])))

    shown = {'"others"', '""others""', '"(without this tag)"', '"none"', '""'}
    assert page.rows("status").keys() == {*shown, "none", "ACTIVE"}
    assert {count for name, (count, *_) in page.rows("status").items() if name in shown} == {"3"}
    assert page.rows("tag").keys() == {*shown, "lane"}
    assert page.rows("lane").keys() >= {*shown, "others"}
    assert {page.rows("lane")[each][0] for each in shown} == {"3"}
    assert len(page.table("lane")) == 52
    *_, (name, count, _, _, active, *_) = page.table("lane")
    assert (name, count, active) == ("others", "31", "30"), "values that are not shown are counted together"
    assert "" not in page.table("lane")[0][:-1], "each column has a name but that of the bars"


def test_storage_costs_what_the_list_says_where_that_is_known() -> None:
    bases = {"set_sequence_information": {"total_base_count": 10**12}}
    rows = [
        {"region": "us-east-1", "set_status": "ACTIVE", **bases},
        {"region": "us-east-1", "set_status": "ACTIVE"},
        {"region": "us-east-1", "set_status": "ARCHIVED", **bases},
        {"region": "eu-west-1", "set_status": "ACTIVATING", **bases},
        {"region": "il-central-1", "set_status": "ACTIVE", **bases},
    ]

    page = Page(page_of(counted(*rows)))

    assert [line[:3] + line[4:] for line in page.table("region")[1:]] == [
        ["eu-west-1", "active", "1", "$0.005769", "$5.77"],
        ["il-central-1", "active", "1", "unknown", "unknown"],
        ["us-east-1", "active", "2", "$0.005769", "$5.77"],
        ["us-east-1", "archive", "1", "$0.001154", "$1.15"],
    ]
    assert "<dt>Storage a month</dt><dd>$12.69<small>list price; 2 read sets unknown</small></dd>" in page.text
    assert "$12.69 a month, without free tier, discounts and taxes. Prices: https://aws.amazon.com/health" in page.text
    assert "as read in a publication of January 2026" in page.text
    assert "Not in this sum: 1 read set of which no row tells the number of bases." in page.text
    assert "Not in this sum: the 1 read set in il-central-1, where the price is not known here: see http" in page.text
    alone = page_of(counted({"region": "il-central-1", "set_status": "ACTIVE", **bases}))
    assert "The price in il-central-1 is not known here: see http" in alone
    assert "Not in this sum" not in alone
    assert "Storage a month" not in alone


def test_the_headline_has_numbers_alone_and_says_beside_them_what_is_unknown() -> None:
    known = {"set_total_size": 2 * 10**12, "set_sequence_information": {"total_base_count": 10**12}}

    inventory = counted(known, {}, *({"set_total_size": 1} for _ in range(1200)))
    for number in range(1000):
        inventory.add({"set_arn": f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{number}/readSet/1"})
    text = page_of(inventory)

    assert "the 2,202 read sets that 1,001 sequence stores of AWS" in text
    assert "<dd>2.0 TB<small>1.8 TiB; 1,001 read sets unknown</small></dd>" in text
    assert "<dd>1,000<small>2,201 read sets unknown</small></dd>" in text


def test_growth_has_no_gaps_and_sums_up() -> None:
    months = {"2025-11": Tally(2, 10), "2026-02": Tally(1, 30), "none": Tally(7)}

    svg = growth(months)

    for said in ("2025-11: 2", "2025-12: 0", "2026-01: 0", "2026-02: 1", "2026-02: 30 B"):
        assert f"<title>{said}</title>" in svg
    assert 'aria-label="Growth from 2025-11 to 2026-02, to 3 read sets. The table has the numbers."' in svg
    assert growth({"none": Tally(7)}) == ""
    # Not each month of an age that no read set can have.
    assert growth({"0001-01": Tally(1), "2026-01": Tally(1)}).count("<title>") == 4


def test_several_tables_are_side_by_side() -> None:
    inventory = Inventory(NOW)
    for account, region in (
        ("111111111111", "us-east-1"),
        ("222222222222", "eu-west-1"),
        ("222222222222", "us-east-1"),
    ):
        inventory.begin(TableInventory(account, region, "rows"))
        inventory.add({"set_arn": arn(region, account), "synced_at": "2026-04-03T00:00:00Z", "sync_state": "listed"})

    page = Page(page_of(inventory, unread=["rows in us-east-2"]))

    assert "<h1>Read sets of 2 accounts in 2 regions</h1>" in page.text
    assert (
        "This page counts the 3 read sets that 2 accounts in 2 regions had in 3 sequence stores of AWS HealthOmics on "
        "4 April 2026, 12:00 UTC, by the rows of 3 tables."
    ) in page.text
    counts, storage, freshness = (table[1:] for table in page.tables if table[0][0] == "account")
    assert [line[:4] for line in counts] == [
        ["111111111111", "us-east-1", "rows", "1"],
        ["222222222222", "eu-west-1", "rows", "1"],
        ["222222222222", "us-east-1", "rows", "1"],
    ]
    assert freshness[0] == ["111111111111", "us-east-1", "rows", *["3 April 2026, 00:00 UTC"] * 2, "1"]
    assert ' data-value="1775174400">3 April 2026, 00:00 UTC<' in page.text  # which it sorts by
    # Laboratories in one region are told apart.
    assert [line[:4] for line in storage] == [
        ["111111111111", "us-east-1", "active", "1"],
        ["222222222222", "eu-west-1", "active", "1"],
        ["222222222222", "us-east-1", "active", "1"],
    ]
    # The same id in another account is another store.
    assert [line[:4] for line in page.table("sequence store")[1:]] == [
        ["1234567890", "111111111111", "us-east-1", "1"],
        ["1234567890", "222222222222", "eu-west-1", "1"],
        ["1234567890", "222222222222", "us-east-1", "1"],
    ]
    assert "Not in this page, or only in part, because it could not be read: rows in us-east-2." in page.text


def test_the_inventory_adds_up_bytes_and_ages() -> None:
    ages = [timedelta(hours=1), timedelta(days=3), timedelta(days=20), timedelta(days=400)]
    rows = [{"synced_at": f"{NOW - age:%Y-%m-%dT%H:%M:%SZ}", "set_total_size": 10} for age in ages]
    odd = {"set_arn": "not an ARN", "set_total_size": "huge", "tags": "none", "store": "none", "set_creation_time": 3}

    inventory = counted(*rows, odd)

    assert inventory.total == Tally(5, 40, unknown=1, bases_unknown=5)
    assert [tally.count for _, tally in inventory.ages.in_order(Inventory.AGES)] == [1, 1, 1, 1, 1]
    assert inventory.stores == {
        Store("us-west-2", "123456789012", "1234567890"): Tally(4, 40, bases_unknown=4),
        Store("", "", "none"): Tally(1, unknown=1, bases_unknown=1),
    }
    assert (inventory.tables[0].oldest, inventory.tables[0].newest) == ("2025-02-28T12:00:00Z", "2026-04-04T11:00:00Z")
    assert inventory.months.tallies.keys() == {"none"}


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(), "0 B"),
        (Tally(1, 1023), "1023 B"),
        (Tally(2, 1536), "1.5 KiB"),
        (Tally(9, 2**80), "1048576.0 EiB"),
        (Tally(5, 3 * 2**40, unknown=2), "3.0 TiB (2 unknown)"),
        (Tally(2, unknown=2), "unknown"),
    ],
)
def test_a_size_that_is_not_known_is_never_0(tally: Tally, text: str) -> None:
    assert tally.size_text == text


def test_no_group_takes_more_than_a_thousand_labels() -> None:
    group = Group()
    for number in range(3000):
        assert group.add(str(number), Tally(1, 1)) == (str(number) if number < 1000 else OTHERS)

    assert len(group.tallies) == 1001
    assert sum(tally.count for _, tally in group.largest(10)) == 3000


def test_an_empty_table_has_a_page_too(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    done = cli.run("report", "-t", aws.table(), "-o", tmp_path / "report.html", "--tag-keys", "cohort")

    assert done.code == 0, done.err
    page = Page((tmp_path / "report.html").read_text())
    assert [line[:1] for line in page.table("cohort")] == [["cohort"]]
    assert len(page.tables) == 2  # ages have lines of their own
    assert {count for count, *_ in page.rows("refreshed").values()} == {"0"}
    assert "Nothing was compared: this page shows what the rows say." in page.text


def test_what_users_write_is_shown_and_never_markup(aws: Aws, report: Callable[..., Page]) -> None:
    table = aws.table()
    for number, hostile in enumerate(HOSTILE):
        arn, named = aws.arn(f"123456789{number}", "9000000000"), dict.fromkeys(("set_status", "set_type"), hostile)
        aws.put(table, {"set_arn": arn, "store": {"store_name": hostile}, "tags": [{hostile: hostile}], **named})

    page = report(table, "--tag-keys", HOSTILE[3])

    # THEN it is there as it was written, but for what HTML does not allow, and is no element of the page
    shown = [hostile.replace("\x07", "\ufffd") for hostile in HOSTILE]
    assert page.rows("status").keys() == page.rows("type").keys() == set(shown)
    assert page.rows("tag").keys() == set(shown)
    assert page.rows(HOSTILE[3]).keys() == {HOSTILE[3], "(without this tag)"}
    assert page.rows("sequence store").keys() == {f"{each} (123456789{n})" for n, each in enumerate(shown)}
    assert [page.tags[each] for each in ("h1", "main", "script", "style")] == [1, 1, 1, 1]
    # AND the page needs nothing but itself
    assert page.addresses == []
    assert page.tags.keys().isdisjoint({"link", "img", "iframe", "object"})


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["ARCHIVED"], ">archived before their rows were written<"),
        (["ACTIVE"], ">not read singly yet<"),
        (["ACTIVE", "ARCHIVED"], ">archived before their rows were written, or not read singly yet<"),
    ],
)
def test_the_page_says_why_sizes_are_unknown(statuses: list[str], said: str) -> None:
    assert said in page_of(counted(*({"set_status": status} for status in statuses)))


def test_the_name_of_a_narrow_last_month_is_not_cut_off() -> None:
    months = {f"{2020 + number // 12}-{number % 12 + 1:02}": Tally(1) for number in range(60)}

    assert re.search(r'<text x="900" y="\d+" class="end">2024-12</text>', growth(months))
    assert 'class="middle">2026-01<' in growth({"2025-12": Tally(1), "2026-01": Tally(1)})


def test_a_verification_is_shown(aws: Aws, cli: CommandLine, report: Callable[..., Page], tmp_path: Path) -> None:
    store = aws.store(2)
    table = aws.filled(store)
    aws.delete(table, aws.arn(store, aws.ids(store)[0]))
    verified = tmp_path / "verified.json"
    verified.write_text(cli.run("verify", "-s", store, "-t", table, "--json", *FAST).out)

    page = report(table, "--verification", verified)

    assert page.rows("state") == {
        **{state: ["0"] for state in ("stale", "orphaned", "failed")},
        **{state: ["1"] for state in ("in sync", "missing")},
    }
    assert (
        "The tags of 2 of 2 read sets were compared, as AWS tells them in bulk. Files were not compared. 1 of 2 rows "
        "differed. Something was wrong."
    ) in page.text
    assert "The pipeline was not checked." in page.text
    assert re.search(r"The comparison ended on \d+ \w+ \d{4}, \d\d:\d\d UTC\.", page.text)


VERIFIED: dict[str, Any] = {
    "command": "verify",
    "deep": False,
    "tags_in_bulk": "unknown",
    "tags_told": {"told": 0, "of": 0},
    "table": "rows",
    "account": "123456789012",
    "region": "us-west-2",
    "finished": "2026-04-04T11:00:00Z",
    "in_sync": True,
    "totals": {"in_sync": 2, "missing": 0, "stale": 0, "orphaned": 0, "failed": 0},
    "stores": [{"store_id": "1234567890"}],
    "pipeline": [],
}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "Files and tags were not compared. 0 of 2 rows differed."),
        ({}, "The comparison ended on 4 April 2026, 11:00 UTC.<"),
        ({"deep": True}, "Rows, files and tags were compared. 0 of 2 rows differed."),
        ({"table": "arn:aws:dynamodb:us-west-2:123456789012:table/rows"}, "Files and tags were not compared."),
        (
            {"finished": "2026-04-01T13:00:00+02:00"},
            "The comparison ended on 1 April 2026, 11:00 UTC, 3 days before this page.<",
        ),
        ({"stores": []}, "Sequence stores that were not compared: 1234567890."),
        (
            {"pipeline": [{"check": "rule", "passed": False, "found": "<none>"}, {"check": "queue", "passed": True}]},
            "1 of 2 checks of the pipeline passed.",
        ),
    ],
)
def test_a_page_tells_what_was_compared_and_what_was_not(members: dict[str, Any], said: str) -> None:
    found = Verification.of(VERIFIED | members)

    text = write_page(counted({}), NOW, found)

    assert said in text
    assert "&lt;none&gt;" in text or not found.failed


def test_a_verification_of_one_of_several_tables_says_so() -> None:
    for account, name in (("123456789012", "others"), ("210987654321", "rows")):
        inventory = counted({})
        inventory.begin(TableInventory(account, "us-west-2", name))

        text = write_page(inventory, NOW, Verification.of(VERIFIED))

        compared = "Only table rows in us-west-2 of account 123456789012 was compared"
        assert f"{compared}, and not {name} in us-west-2 of account {account}." in text


@pytest.mark.parametrize("members", [{"table": "another"}, {"region": "eu-west-1"}, {"account": "210987654321"}])
def test_a_verification_of_another_table_is_refused(
    members: dict[str, str], aws: Aws, cli: CommandLine, tmp_path: Path
) -> None:
    table = aws.table()
    file, page = tmp_path / "verified.json", tmp_path / "report.html"
    file.write_text(json.dumps(VERIFIED | {"table": table} | members))
    page.write_text("before")

    done = cli.run("report", "-t", table, "-o", page, "--verification", file)

    named = VERIFIED | {"table": table} | members
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"omics-meta: error: --verification {file} is about table {named['table']} in {named['region']} of account "
        f"{named['account']}, and the report about {table} in us-west-2 of account 123456789012: verify that, or leave "
        "the option out\n"
    )
    assert page.read_text() == "before"


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "3",
        '{"command": "backfill"}',
        '{"command": "verify", "table": "rows"}',
        json.dumps(VERIFIED | {"totals": {}}),
        json.dumps(VERIFIED | {"totals": VERIFIED["totals"] | {"in_sync": math.inf}}),
        json.dumps(VERIFIED | {"stores": [{}]}),
        json.dumps(VERIFIED | {"pipeline": ["rule"]}),
        json.dumps(VERIFIED | {"finished": 3}),
        json.dumps(VERIFIED | {"finished": "yesterday"}),
        json.dumps(VERIFIED | {"finished": "0001-01-01T00:00:00+23:00"}),
        "no JSON",
        None,
    ],
)
def test_what_is_no_verification_is_refused(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "verified.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CommandError, match=rf"--verification {file}.*: give what `omics-meta verify --json` printed$"):
        read(file)
