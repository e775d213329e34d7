"use strict";
// What the page can do beyond being read: sort and filter its tables, and show the list of read sets.
// Without this script, all tables are there, in the order in which they were written.

(() => {
  const FEW = 5; // lines, which need no filter
  const number = new Intl.NumberFormat("en-US");
  const collator = new Intl.Collator("en", { numeric: true });

  function element(name, attributes = {}, ...content) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  }

  // A field that filters, and a line that says how many there are, aloud too.
  function filterField(label, what, total, filter) {
    const field = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const hits = element("span", { role: "status", class: "hits" });
    const say = (count) => {
      hits.textContent = `${number.format(count)} of ${number.format(total)} ${what}`;
    };
    field.addEventListener("input", () => {
      say(filter(field.value.toLowerCase().split(/\s+/).filter(Boolean)));
    });
    say(total);
    return element("p", { class: "control" }, element("label", {}, `${label} `, field), " ", hits);
  }

  // Buttons in the heads of columns. Texts begin with A, numbers with the largest; once more is the other way around.
  function sortButtons(heads, isNumber, sort) {
    heads.forEach((head, column) => {
      if (head.tagName !== "TH") return;
      const button = element("button", { type: "button" }, ...head.childNodes);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const other = { ascending: "descending", descending: "ascending" };
        const order = other[head.ariaSort] ?? (isNumber(column) ? "descending" : "ascending");
        for (const each of heads) each.ariaSort = null;
        head.ariaSort = order;
        sort(column, order === "ascending" ? 1 : -1);
      });
    });
  }

  // What is unknown comes last, in both directions.
  function compare(a, b, sign, texts) {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    return sign * texts(a, b);
  }

  function enliven(table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const isNumber = (column) => heads[column].classList.contains("number");
    const valueOf = (row, column) => {
      const cell = row.cells[column];
      if (!isNumber(column)) return cell.textContent;
      return cell.dataset.value ? Number(cell.dataset.value) : null;
    };
    sortButtons(heads, isNumber, (column, sign) => {
      const by = isNumber(column) ? (a, b) => a - b : collator.compare;
      rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), sign, by));
      body.append(...rows);
    });
    if (rows.length <= FEW) return;
    const texts = new Map(rows.map((row) => [row, [...row.cells].map((cell) => cell.textContent).join("\n").toLowerCase()]));
    const field = filterField("Filter", "lines", rows.length, (terms) => {
      for (const row of rows) row.hidden = !terms.every((term) => texts.get(row).includes(term));
      return rows.filter((row) => !row.hidden).length;
    });
    table.parentElement.before(field);
  }

  // Only the lines that are seen are elements, so that 50,000 read sets are as quick as fifty.
  function showList(place, data) {
    const { columns, numbers, rows } = JSON.parse(data.textContent);
    const LINE = 28; // pixels, as the style has it
    const WIDEST = 24; // characters of a column
    const SPARE = 4; // lines above and below those that are seen
    const texts = rows.map((row) => row.join("\n").toLowerCase());
    let hits = rows.map((_, index) => index);
    let order = hits;
    let drawn = "";

    const head = element("tr", { "aria-rowindex": "1" });
    columns.forEach((name, column) => {
      head.append(element("th", numbers.includes(column) ? { scope: "col", class: "number" } : { scope: "col" }, name));
    });
    const above = element("tbody", { "aria-hidden": "true" }, element("tr", {}, element("td")));
    const below = above.cloneNode(true);
    const body = element("tbody");
    const table = element("table", { "aria-label": "Read sets" }, element("thead", {}, head), above, body, below);
    // Each column has the width of its longest text, of names as far as most of them go.
    const widths = columns.map((name, column) => {
      const commas = numbers.includes(column) ? 4 / 3 : 1;
      const longest = rows.reduce((most, row) => Math.max(most, String(row[column]).length * commas), name.length + 2);
      return Math.min(longest, WIDEST) + 2;
    });
    table.style.minWidth = `${widths.reduce((sum, width) => sum + width, 0)}ch`;
    [...head.cells].forEach((cell, column) => { cell.style.width = `${widths[column]}ch`; });
    const view = element("div", { class: "view", tabindex: "0", role: "region", "aria-label": "List of read sets" }, table);

    function line(index, place) {
      const row = element("tr", { "aria-rowindex": String(place + 2) });
      rows[index].forEach((value, column) => {
        const isNumber = numbers.includes(column);
        const text = value === null ? "unknown" : isNumber ? number.format(value) : value;
        row.append(element(column ? "td" : "th", isNumber ? { class: "number" } : { title: text }, text));
      });
      row.firstChild.scope = "row";
      return row;
    }

    function draw(force) {
      const first = Math.max(0, Math.floor(view.scrollTop / LINE) - SPARE);
      const last = Math.min(hits.length, first + Math.ceil(view.clientHeight / LINE) + 2 * SPARE);
      if (!force && drawn === `${first}-${last}`) return;
      drawn = `${first}-${last}`;
      above.rows[0].cells[0].style.height = `${first * LINE}px`;
      below.rows[0].cells[0].style.height = `${(hits.length - last) * LINE}px`;
      body.replaceChildren(...hits.slice(first, last).map((index, place) => line(index, first + place)));
      table.setAttribute("aria-rowcount", String(hits.length + 1));
    }

    let terms = [];
    function choose() {
      hits = terms.length ? order.filter((index) => terms.every((term) => texts[index].includes(term))) : order;
      view.scrollTop = 0;
      draw(true);
      return hits.length;
    }

    sortButtons([...head.cells], (column) => numbers.includes(column), (column, sign) => {
      const by = (a, b) => (a < b ? -1 : 1);
      order = [...order].sort((a, b) => compare(rows[a][column], rows[b][column], sign, by));
      choose();
    });
    place.append(
      filterField("Search", "read sets", rows.length, (given) => {
        terms = given;
        return choose();
      }),
      view,
    );
    view.addEventListener("scroll", () => draw(false), { passive: true });
    window.addEventListener("resize", () => draw(false));
    draw(true);
  }

  for (const table of document.querySelectorAll("table")) enliven(table);
  const data = document.getElementById("read-sets");
  if (data) showList(document.getElementById("list"), data);
})();
