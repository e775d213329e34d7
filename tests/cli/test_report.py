"""`omics-meta report`: one page of HTML, correct, harmless, and readable in a browser."""

import json
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from omics_meta.search.inventory import OTHERS, Group, Inventory, Tally
from typing_extensions import override

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine
from tools.pictures.page import BROWSER

WITHOUT_END = frozenset({"meta"})
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
        assert tag == "rect"  # of SVG, where any element may end at once
        self.tags[tag] += 1

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if {"th", "td"} & set(self._open):
            self.tables[-1][-1][-1] += data

    def rows(self, head: str) -> dict[str, list[str]]:
        """The numbers of the table whose first column has this head, by label."""
        [found] = [table for table in self.tables if table[0][0] == head]
        return {label: numbers for label, *numbers, _ in found[1:]}


@pytest.fixture
def report(cli: CommandLine, tmp_path: Path) -> Callable[..., Page]:
    def run(table: str, *arguments: str | Path) -> Page:
        file = tmp_path / "report.html"
        done = cli.run("report", "-t", table, "-o", file, *arguments)
        assert (done.code, done.err) == (0, ""), done.err
        return Page(file.read_text(encoding="utf-8"))

    return run


def row(aws: Aws, number: int, **attributes: Any) -> dict[str, Any]:
    return {"set_arn": aws.arn("1234567890", str(9_000_000_000 + number)), **attributes}


def test_a_page_counts_what_is_in_the_table(aws: Aws, report: Callable[..., Page]) -> None:
    store, other = aws.store(3, name="first cohort"), aws.store(1, name="second")
    aws.omics.set_status(store, aws.ids(store)[0], "ARCHIVED")
    table = aws.filled(store, other)
    rows = aws.raw_rows(table).values()
    sizes = [int(each["set_total_size"]) for each in rows if "set_total_size" in each]
    assert len(sizes) == 3

    page = report(table)

    assert {label: count for label, (count, _) in page.rows("sequence store").items()} == {
        f"first cohort ({store})": "3",
        f"second ({other})": "1",
    }
    assert {label: count for label, (count, _) in page.rows("status").items()} == {"ACTIVE": "3", "ARCHIVED": "1"}
    assert {label: count for label, (count, _) in page.rows("tag").items()} == {
        "number = 0": "2",
        "number = 1": "1",
        "number = 2": "1",
    }
    assert page.rows("refreshed")["within a day"][0] == "4"
    assert sum(int(count) for count, _ in page.rows("month").values()) == 4
    # An archived read set that was never seen active has a size that nobody knows, and not none.
    assert page.rows("status")["ARCHIVED"] == ["1", "unknown"]
    assert page.rows("sequence store")[f"first cohort ({store})"][1] == f"{2 * sizes[0] / 2**20:.1f} MiB (1 unknown)"


def test_the_inventory_adds_up_bytes_and_ages() -> None:
    now = datetime(2026, 4, 4, 12, tzinfo=UTC)
    inventory = Inventory(now)
    ages = [timedelta(hours=1), timedelta(days=3), timedelta(days=20), timedelta(days=400)]
    for number, age in enumerate(ages):
        arn = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890/readSet/{number}"
        inventory.add({"set_arn": arn, "synced_at": f"{now - age:%Y-%m-%dT%H:%M:%SZ}", "set_total_size": 10})
    inventory.add({"set_arn": "not an ARN", "set_total_size": "huge", "tags": "none", "store": "none"})

    assert inventory.total == Tally(5, 40, unknown=1)
    assert [tally.count for _, tally in inventory.ages.in_order(Inventory.AGES)] == [1, 1, 1, 1, 1]
    assert inventory.stores.largest(1) == [("1234567890", Tally(4, 40)), (OTHERS, Tally(1, unknown=1))]


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
        group.add(str(number), Tally(1, 1))

    assert len(group.tallies) == 1001
    assert sum(tally.count for _, tally in group.largest(10)) == 3000


def test_what_users_write_is_shown_and_never_markup(aws: Aws, report: Callable[..., Page]) -> None:
    table = aws.table()
    for number, hostile in enumerate(HOSTILE):
        arn, named = aws.arn(f"123456789{number}", "9000000000"), dict.fromkeys(("set_status", "set_type"), hostile)
        aws.put(table, {"set_arn": arn, "store": {"store_name": hostile}, "tags": [{hostile: hostile}], **named})

    page = report(table)

    # THEN it is there as it was written, but for what HTML does not allow, and is no element of the page
    shown = [hostile.replace("\x07", "\ufffd") for hostile in HOSTILE]
    assert page.rows("status").keys() == page.rows("type").keys() == set(shown)
    assert page.rows("tag").keys() == {f"{each} = {each}" for each in shown}
    assert page.rows("sequence store").keys() == {f"{each} (123456789{n})" for n, each in enumerate(shown)}
    assert (page.tags["h1"], page.tags["main"], page.tags["table"]) == (1, 1, 6)
    # AND the page needs nothing but itself
    assert page.addresses == []
    assert page.tags.keys().isdisjoint({"script", "link", "img", "iframe", "object"})


def test_an_empty_table_has_a_page_too(aws: Aws, report: Callable[..., Page]) -> None:
    page = report(aws.table())

    assert len(page.tables) == 1  # ages have lines of their own
    assert {count for count, _ in page.rows("refreshed").values()} == {"0"}


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
    assert "as far as was compared: tags in bulk of 2 of 2 read sets, but no files." in page.text


@pytest.mark.parametrize("content", ["[]", '{"command": "backfill"}', "no JSON", None])
def test_what_is_no_verification_is_refused(content: str | None, aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "verified.json"
    if content is not None:
        file.write_text(content)

    done = cli.run("report", "-t", aws.table(), "-o", tmp_path / "report.html", "--verification", file)

    assert done.code == 2
    assert re.fullmatch(
        rf"omics-meta: error: --verification {file}.*: give what `omics-meta verify --json` printed\n", done.err
    )
    assert not (tmp_path / "report.html").exists()


def test_a_page_that_cannot_be_written(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    done = cli.run("report", "-t", aws.table(), "-o", tmp_path / "nowhere" / "report.html")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"omics-meta: error: -o {tmp_path}/nowhere/report.html: there is no folder {tmp_path}/nowhere: "
        "make it first, or give another file\n"
    )


def test_a_page_that_is_not_whole_replaces_nothing(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    table, page = aws.table(), tmp_path / "report.html"
    for number in range(25):
        aws.put(table, row(aws, number, tags=[{str(each): "x" * 400} for each in range(200)]))
    page.write_text("before")

    # At the second page of the table, after the call that describes it and the first page.
    stopped = cli.run_and_signal(
        signal.SIGINT, lambda act: aws.sandbox.callpoint.arm(2, "before", act), "report", "-t", table, "-o", page
    )

    assert (stopped.code, stopped.err) == (130, "omics-meta: interrupted. Run the same command again.\n")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir() if each.is_file()] == [
        ("report.html", "before")
    ]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH: `make browser` installs Debian's")
def test_a_browser_shows_the_page(aws: Aws, report: Callable[..., Page], tmp_path: Path) -> None:
    table = aws.table()
    for number, hostile in enumerate(HOSTILE):
        aws.put(table, row(aws, number, set_status="ACTIVE", set_total_size=2**40, tags=[{"name": hostile}]))
    report(table)

    shown = browse(tmp_path, "--dump-dom")

    # THEN the title is the page's own, whatever names say, and they are texts
    assert f"<title>Read sets of {table} in us-west-2</title>" in shown
    assert "5 read sets. Size: 5.0 TiB" in shown
    assert json.dumps(shown).count("pwned") == 3
    assert Page(shown).rows("status") == {"ACTIVE": ["5", "5.0 TiB"]}


def browse(folder: Path, *arguments: str) -> str:
    assert BROWSER is not None
    # --no-sandbox, because the tests may run as root.
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    command = [BROWSER, *options, *arguments, (folder / "report.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
