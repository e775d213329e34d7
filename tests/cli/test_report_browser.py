"""The page of `omics-meta report` in a real browser: sorted, filtered, searched, printed, and alone in the world."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from omics_meta.commands.report.page import page
from omics_meta.commands.report.read_sets import ReadSets
from omics_meta.search.inventory import Inventory, TableInventory

from tools.pictures.browser import BROWSER, NO_BROWSER, Browser, browsing

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)

NOW = datetime(2026, 4, 4, 12, tzinfo=UTC)
TAGS = ["cohort"]
READ_SETS = 3000
HOSTILE = ["</script><script>document.title='pwned'</script>", "<!--<script>", "a\u2028b", "\"'&amp;", "\u202eright"]
STORES = 'document.querySelector("table:has(th[scope=row])")'


def rows() -> Iterator[dict[str, Any]]:
    """Read sets of seven stores, larger from store to store, the last of which tells no size."""
    for number in range(READ_SETS):
        store = min(number // 100, 6)
        row = {
            "set_arn": f"arn:aws:omics:us-west-2:123456789012:sequenceStore/123456789{store}/readSet/{10**9 + number}",
            "set_name": HOSTILE[number] if number < len(HOSTILE) else f"sample {number}",
            "set_status": "ARCHIVED" if number % 3 == 0 else "ACTIVE",
            "set_creation_time": f"2026-0{number % 3 + 1}-01T00:00:00Z",
            "set_sample_id": f"HG{number:05}",
            "store": {"store_name": f"store {10 - store}"},
            "tags": [{"cohort": f"cohort {number % 7}"}],
        }
        yield row | ({} if store == 6 else {"set_total_size": 10 ** (store + 3)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages: `page.html`, `list.html` with a list of read sets, and `several.html` with one of several tables."""
    folder = tmp_path_factory.mktemp("pages")
    inventory, listed, several = Inventory(NOW, TAGS), ReadSets(TAGS, several=False), ReadSets(TAGS, several=True)
    table = TableInventory("123456789012", "us-west-2", "rows")
    inventory.begin(table)
    for row in rows():
        inventory.add(row)
        listed.add(row, table)
        several.add(row, table)
    (folder / "page.html").write_text(page(inventory, NOW, None), encoding="utf-8")
    (folder / "list.html").write_text(page(inventory, NOW, None, read_sets=listed), encoding="utf-8")
    (folder / "several.html").write_text(page(inventory, NOW, None, read_sets=several), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Browser]:
    with browsing(folder) as running:
        yield running


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """The browser, which is afterwards what it was before."""
    yield running
    running.media()
    running.call("Emulation.clearDeviceMetricsOverride")
    running.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.fixture
def shown(browser: Browser, folder: Path) -> Browser:
    """The page with a list, as a reader finds it."""
    browser.open(folder / "list.html")
    return browser


def column(browser: Browser, table: str, number: int) -> list[str]:
    """The cells of a column that are seen; the table is the one whose first column has this head."""
    return browser.eval(
        f"[...{table_of(table)}.tBodies[0].rows].filter((row) => row.checkVisibility())"
        f".map((row) => row.cells[{number}].textContent)"
    )


def table_of(head: str) -> str:
    return (
        f"[...document.querySelectorAll('table')].find((t) => t.tHead.rows[0].cells[0].textContent.trim() === '{head}')"
    )


def mark(browser: Browser, expression: str) -> str:
    """Give an element an id, and return the selector of it."""
    browser.eval(f"(document.querySelector('#marked')?.removeAttribute('id'), ({expression}).id = 'marked')")
    return "#marked"


def head_of(table: str, number: int) -> str:
    return f"{table_of(table)}.tHead.rows[0].cells[{number}]"


def filter_of(browser: Browser, table: str) -> str:
    return mark(browser, f"{table_of(table)}.parentElement.previousElementSibling.querySelector('input')")


def sort_state(browser: Browser, table: str) -> list[str | None]:
    return browser.eval(f"[...{table_of(table)}.tHead.rows[0].cells].map((head) => head.getAttribute('aria-sort'))")


def test_a_click_sorts_by_number_and_what_is_unknown_comes_last(shown: Browser) -> None:
    size = mark(shown, f"{head_of('sequence store', 2)}.querySelector('button')")

    shown.click(size)
    first = column(shown, "sequence store", 2)
    shown.click(size)

    assert first == ["10.0 GB", "1.0 GB", "100.0 MB", "10.0 MB", "1.0 MB", "100.0 kB", "unknown"]
    assert column(shown, "sequence store", 2) == [*first[-2::-1], "unknown"]
    assert sort_state(shown, "sequence store") == [None, None, "ascending", None, None]

    shown.click(mark(shown, f"{head_of('sequence store', 0)}.querySelector('button')"))
    names = [name.partition(" (")[0] for name in column(shown, "sequence store", 0)]
    assert names == [f"store {number}" for number in (4, 5, 6, 7, 8, 9, 10)], "as people count"


def test_keys_reach_and_sort_and_the_focus_is_seen(shown: Browser) -> None:
    shown.press("Tab")
    assert shown.eval("document.activeElement.id") == "show-count"
    shown.press("ArrowDown")
    assert shown.eval("document.activeElement.id + document.activeElement.checked") == "show-sizetrue"
    shown.press("Tab")
    assert shown.eval("document.activeElement.tagName") == "SUMMARY"
    assert shown.eval("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    # The months are folded up until they are asked for.
    assert not column(shown, "month", 0)
    shown.press("Enter", "Tab", "Tab", "Enter")
    assert len(column(shown, "month", 0)) == 3
    assert sort_state(shown, "month")[1] == "descending"
    shown.press(" ")
    assert sort_state(shown, "month")[1] == "ascending"


def test_a_filter_answers_and_says_how_many_it_found(shown: Browser) -> None:
    field = filter_of(shown, "sequence store")
    shown.click(field)

    shown.press(*"STORE 7890")

    assert column(shown, "sequence store", 0) == ["store 10 (1234567890)"]
    said = f"document.querySelector('{field}').closest('p').querySelector('[role=status]').textContent"
    assert shown.eval(said) == "1 of 7 lines"
    shown.press(*["Backspace"] * 10)
    assert len(column(shown, "sequence store", 0)) == 7
    # A table of few lines needs no filter.
    assert shown.eval(f"{table_of('status')}.parentElement.previousElementSibling.tagName") == "H2"


def test_a_click_shows_sizes_instead_of_counts_on_a_page_without_a_list_too(browser: Browser, folder: Path) -> None:
    browser.open(folder / "page.html")
    seen = "['.by-count', '.by-size'].map((kind) => document.querySelector(`.plot${kind}`).checkVisibility())"
    bars = (
        f"[...{table_of('sequence store')}.tBodies[0].rows[0].querySelectorAll('rect')].map((r) => r.checkVisibility())"
    )
    assert browser.eval(seen) == browser.eval(bars) == [True, False]

    browser.click("#show-size")

    assert browser.eval(seen) == browser.eval(bars) == [False, True]
    assert browser.eval("document.querySelectorAll('th button').length") > 0
    assert [told for method, told in browser.events if method == "Runtime.exceptionThrown"] == []


@pytest.mark.parametrize("width", [400, 1200])
def test_plot_and_sizes_are_seen_whole_and_no_short_label_is_broken(shown: Browser, width: int) -> None:
    shown.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    plot = "document.querySelector('.plot.by-count')"
    inside = f"[...{plot}.querySelectorAll('text')].every((t) => t.getBoundingClientRect().right <= innerWidth)"
    assert shown.eval(f"{plot}.getBoundingClientRect().right <= innerWidth && {inside}")
    assert shown.eval("document.querySelector('.headline').scrollWidth <= document.body.clientWidth")
    heights = shown.eval(
        f"[...{table_of('status')}.tBodies[0].rows].map((row) => row.cells[0].firstChild.offsetHeight)"
    )
    assert max(heights) < 40, "a status on two lines"
    # The size of an archived read set may be unknown, which stands below the size.
    sizes = f"[...{table_of('status')}.rows].map((row) => row.cells[2].getBoundingClientRect().right)"
    assert max(shown.eval(sizes)) <= width


def test_print_has_whole_tables_and_no_controls(shown: Browser) -> None:
    shown.click(filter_of(shown, "sequence store"))
    shown.press(*"7890")
    assert len(column(shown, "sequence store", 0)) == 1

    shown.media("print")

    assert len(column(shown, "sequence store", 0)) == 7
    assert len(column(shown, "month", 0)) == 3
    assert not shown.eval("[...document.querySelectorAll('input')].some((field) => field.checkVisibility())")
    assert not shown.eval("document.querySelector('.view').checkVisibility()")
    # Chromium repeats the heads of a table on its next page only if no button in them has a box.
    assert not shown.eval("[...document.querySelectorAll('th button')].some((b) => b.getClientRects().length)")
    said = shown.eval("document.querySelector('.printed').innerText")
    assert said == "The list of 3,000 read sets is not printed. `omics-meta export --format csv` writes them to a file."
    assert shown.pdf().startswith(b"%PDF-")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_in_the_dark(scheme: str, shown: Browser) -> None:
    shown.media(prefers_color_scheme=scheme)

    page_colour = luminance(shown, "document.body", "backgroundColor")
    assert (page_colour > 0.5) == (scheme == "light")
    for selector in ("h1", ".note", ".warning", "caption", "th button", ".view td"):
        contrast = sorted([page_colour, luminance(shown, f"document.querySelector('{selector}')", "color")])
        assert (contrast[1] + 0.05) / (contrast[0] + 0.05) >= 4.5, selector  # WCAG 2.2, 1.4.3


def luminance(browser: Browser, element: str, property_: str) -> float:
    """The relative luminance of a colour (WCAG 2.2)."""
    colour = browser.eval(f"getComputedStyle({element}).{property_}")
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_request_leaves_the_page_and_nothing_of_others_runs(shown: Browser, folder: Path) -> None:
    assert requests(shown) == [(folder / "list.html").as_uri()]
    assert [told for method, told in shown.events if method in {"Log.entryAdded", "Runtime.exceptionThrown"}] == []
    assert shown.eval("document.title") == "Read sets of rows in us-west-2"

    # Were there a hole, the page's policy would close it.
    for made, directive in (
        ("Object.assign(new Image(), {src: 'https://example.org/a.png'})", "img-src"),
        ("Object.assign(document.createElement('script'), {textContent: 'document.title = 1'})", "script-src-elem"),
        ("Object.assign(document.createElement('style'), {textContent: 'h1 { color: red }'})", "style-src-elem"),
    ):
        refused = shown.eval(
            "new Promise((done) => { document.addEventListener('securitypolicyviolation', (e) => "
            f"done(e.effectiveDirective), {{once: true}}); document.body.append({made}); }})"
        )
        assert refused == directive
    assert shown.eval("fetch('https://example.org/').then(() => 'got', () => 'refused')") == "refused"
    assert requests(shown) == [(folder / "list.html").as_uri()]


def requests(browser: Browser) -> list[str]:
    """What was asked for by the network's own account, which does not have what the policy refused."""
    sent = [told for method, told in browser.events if method == "Network.requestWillBeSent"]
    refused = {told["requestId"] for method, told in browser.events if method == "Network.loadingFailed"}
    return [told["request"]["url"] for told in sent if told["requestId"] not in refused]


def test_the_list_finds_and_sorts_what_it_has_few_elements_for(shown: Browser) -> None:
    said = "document.querySelector('#list [role=status]').textContent"
    assert shown.eval(said) == "3,000 of 3,000 read sets"
    assert shown.eval("document.querySelectorAll('.view tr').length") < 100
    shown.click("#list input")

    shown.press(*"HG02 active")
    found = shown.eval(said)
    shown.click("#list th:nth-child(3) button")
    shown.click("#list th:nth-child(3) button")

    samples = [number for number in range(2000, READ_SETS) if number % 3]
    assert found == f"{len(samples)} of 3,000 read sets"
    assert line(shown, 0)[:5] == [f"{10**9 + 2999}", "sample 2999", "HG02999", "", "ACTIVE"]
    assert shown.eval("document.querySelector('.view table').getAttribute('aria-rowcount')") == str(len(samples) + 1)
    assert shown.eval("document.querySelectorAll('.view th')[2].getAttribute('aria-sort')") == "descending"


def line(browser: Browser, number: int) -> list[str]:
    """The cells of a line of the list, of those that are elements."""
    lines = "document.querySelectorAll('.view tbody:not([aria-hidden]) tr')"
    return browser.eval(f"[...[...{lines}].at({number}).cells].map((cell) => cell.textContent)")


def test_the_list_of_several_tables_shows_where_each_read_set_is_and_cuts_no_number(browser: Browser, folder: Path):
    browser.call("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(folder / "several.html")

    heads = "[...document.querySelectorAll('.view thead th')]"
    rights = dict(browser.eval(f"{heads}.map((t) => [t.innerText.trim(), t.getBoundingClientRect().right])"))
    assert rights["region"] <= browser.eval("document.querySelector('.view').getBoundingClientRect().right") <= 1200
    cut = browser.eval(
        "[...document.querySelectorAll('.view tr *')].filter((t) => t.scrollWidth > t.clientWidth)"
        ".map((t) => t.textContent).filter((text) => text)"
    )
    assert set(cut) <= set(HOSTILE)  # longer than most names


def test_keys_scroll_the_list_to_its_end(shown: Browser) -> None:
    shown.eval("document.querySelector('.view').focus()")

    shown.press("End")
    last = "document.querySelector('.view tbody:not([aria-hidden]) tr:last-child').ariaRowIndex"
    shown.eval(
        f"new Promise((done) => {{ const look = () => {last} === '3001' ? done() : setTimeout(look, 5); look(); }})"
    )

    assert line(shown, -1)[:3] == [f"{10**9 + 2999}", "sample 2999", "HG02999"]


def test_the_list_shows_what_users_write_and_what_is_unknown(shown: Browser) -> None:
    assert [line(shown, number)[1] for number in range(len(HOSTILE))] == HOSTILE
    assert line(shown, 0)[8:] == ["1,000", "unknown", "cohort 0"]
    assert shown.eval("document.querySelectorAll('.view script, main > script').length") == 0


def test_without_a_script_all_tables_are_there(browser: Browser, folder: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(folder / "list.html")

    assert len(column(browser, "sequence store", 0)) == 7
    browser.click("summary")
    assert len(column(browser, "month", 0)) == 3
    assert browser.eval("document.querySelectorAll('button, input[type=search]').length") == 0
    assert "needs a script" in browser.eval("document.querySelector('main').innerText")
    browser.click("#show-size")
    assert browser.eval("document.querySelector('.plot.by-size').checkVisibility()")


def test_everything_that_can_be_used_or_seen_has_a_name(shown: Browser) -> None:
    nodes = shown.call("Accessibility.getFullAXTree")["nodes"]
    named: dict[str, list[str]] = {}
    for node in nodes:
        if not node["ignored"]:
            named.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))

    assert {"heading", "radio", "button", "searchbox", "table", "columnheader", "image", "region"} <= named.keys()
    for role in ("heading", "radio", "button", "searchbox", "table", "columnheader", "rowheader", "image", "region"):
        assert all(named[role]), role
    assert "List of read sets" in named["region"]
    assert json.dumps(named["radio"]) == '["read sets", "size of their files"]'
