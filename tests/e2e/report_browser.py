# SPDX-License-Identifier: BSD-3-Clause
"""Opens reports in a browser and uses them as people do.

usage: report_browser.py AXE.js REPORT.html REPORT.json FURTHER.html...
"""
import csv
import json
import os
import sys

from browser import Browser

AXE = sys.argv[1]
WIDTHS = (360, 768, 1920)

DRAWN = """[...document.querySelectorAll('section[data-figure] canvas')].map((canvas) => {
    const chart = Chart.getChart(canvas);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    return {id: canvas.closest('section').id, kind: canvas.closest('section').dataset.figure, labels: chart.data.labels,
            sets: chart.data.datasets.map((set) => ({label: set.label, values: set.data, colour: set.backgroundColor})),
            inks: chart.data.datasets.map((set) => inked(pixels, set.backgroundColor)), says: canvas.getAttribute('aria-label')};
})"""
INKED = """function inked(pixels, colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < pixels.length; i += 4) {
        count += pixels[i] === red && pixels[i + 1] === green && pixels[i + 2] === blue && pixels[i + 3] === 255;
    }
    return count;
}"""
COLUMN = "[...document.querySelectorAll('#%s tbody tr')].map((row) => Number(row.cells[%d].dataset.yes))"
WIDE = """[document.documentElement.scrollWidth - window.innerWidth, [...document.querySelectorAll('body *')].filter((element) =>
    element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest('.wide')).map((element) =>
    element.tagName + '.' + element.className).slice(0, 5)]"""


def quiet(browser, path):
    """Nothing was complained of, nobody was spoken to, and the page asked for itself alone."""
    assert browser.said == [], browser.said
    assert browser.dialogs == [], browser.dialogs
    asked = {url for url in browser.requests if not url.startswith("blob:")}
    assert asked == {"file://" + os.path.abspath(path)}, asked


def wanted_chart(table, kind):
    """What a chart of this table has to show: of up to 12 lines the value in up to 6 columns."""
    columns = table["columns"]
    one = len(columns) == 2 and columns[1]["value"] == "(not known)"
    first = 1 if len(columns) > 1 and not one else 0
    shown = [line for line in table["lines"] if "T" not in table["id"] or line["cells"][0]["yes"] > 0][:12]
    share = kind == "bars" and all("of" in line["cells"][first] for line in shown)
    return {columns[c]["value"]: [100 * line["cells"][c]["yes"] / line["cells"][c]["of"] if share else line["cells"][c]["yes"]
                                  for line in shown]
            for c in range(first, min(len(columns), first + 6))}


def charts(browser, report):
    browser.run(INKED + "; 0")
    drawn = {chart["id"]: chart for chart in browser.run(DRAWN)}
    compared = 0
    for table in report["tables"]:
        if table["figure"] == "none" or table["columns"][0]["yes"] == 0:
            continue
        chart = drawn[table["id"]]
        # A dash of the legend has some 480 points; what has a number has a bar besides.
        for one, ink in zip(chart["sets"], chart["inks"], strict=True):
            assert ink > (500 if max(one["values"]) > 0 and len(chart["sets"]) > 1 else 100), (table["id"], one["label"], ink)
        assert table["title"] in chart["says"], chart["says"]
        if table["figure"] == "histogram":
            column = table["columns"][1]
            shown = next(one for one in chart["sets"] if one["label"] == column["value"])
            assert sum(shown["values"]) == sum(column["numbers"]), table["id"]
            assert shown["values"][:3] == (column["numbers"] + [0, 0, 0])[:3], table["id"]
            continue
        wanted = wanted_chart(table, table["figure"])
        assert [one["label"] for one in chart["sets"]] == list(wanted), (table["id"], list(wanted))
        for one in chart["sets"]:
            for got, expected in zip(one["values"], wanted[one["label"]], strict=True):
                assert abs(got - expected) < 1e-9, (table["id"], one["label"], got, expected)
                compared += 1
    assert compared > 50, "hardly a bar was compared"
    return {identity: chart["sets"][0]["colour"] for identity, chart in drawn.items()}


def sorts(browser, identity):
    """By keyboard: Enter on a column's head."""
    head = f"document.querySelector('#{identity} thead th:nth-child(2)')"
    before = browser.run(COLUMN % (identity, 1))
    assert len(set(before)) > 2, "a table of nothing"
    browser.run(head + ".focus()")
    assert browser.run(f"document.activeElement === {head}"), "a head cannot be reached by keyboard"
    for direction, wanted in (("ascending", sorted(before)), ("descending", sorted(before, reverse=True))):
        browser.key("Enter", 13)
        assert browser.run(head + ".getAttribute('aria-sort')") == direction, direction
        assert browser.run(COLUMN % (identity, 1)) == wanted, (identity, direction)


def filters(browser, identity, word):
    rows = f"[...document.querySelectorAll('#{identity} tbody tr')].map((row) => row.textContent)"
    field = f"document.querySelector('input[aria-controls=\"{identity}\"]')"
    before = browser.run(rows)
    wanted = [row for row in before if word in row.lower()]
    assert 0 < len(wanted) < len(before), (identity, word)
    browser.run(field + ".focus()")
    browser.type(word)
    assert browser.run(rows) == wanted, (identity, word)
    said = browser.run(f"document.querySelector('#{identity}_info').textContent")
    assert said == f"{len(wanted)} lines of {len(before)}", said
    return len(wanted)


def downloads(browser, identity, table, lines):
    """The lines that the filter has left, with the report's numbers."""
    count = len(browser.downloads)
    browser.run(f"document.querySelector('button[aria-label=\"Download CSV of {identity}\"]').click()")
    browser.wait(lambda: len(browser.downloads) > count)
    with open(f"{identity}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    report = {(line["value"], column["value"]): cell for line in table["lines"]
              for column, cell in zip(table["columns"], line["cells"])}
    assert len(rows) == lines * len(table["columns"]), (identity, len(rows))
    for row in rows:
        cell = report[row["line"], row["column"]]
        assert [row["count"], row["not"], row["unknown"]] == [str(cell[name]) for name in ("yes", "no", "unknown")], row
        assert row["of"] == str(cell["of"]) and abs(float(row["share"]) - cell["share"]) < 1e-6, (row, cell)


def fits(browser):
    for width in WIDTHS:
        browser.resize(width)
        over, guilty = browser.settle(WIDE, lambda found: found[0] <= 0 and not found[1])
        assert over <= 0 and not guilty, (width, over, guilty)


def unfolds(browser):
    """A link to a host opens it; paper shows every host, and what was closed is closed again."""
    link = browser.run("(() => { const link = document.querySelector('#hosts-table a'); link.click(); return link.hash; })()")
    opened = f"document.getElementById('{link[1:]}').open"
    assert browser.settle(opened, bool), "a link does not open its host"
    text = browser.run(f"document.getElementById('{link[1:]}').textContent")
    assert "Seen:" in text and "What to do:" in text, text
    browser.run(f"{opened} = false")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.run("[...document.querySelectorAll('main details')].every((one) => one.open)")
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert not browser.run("[...document.querySelectorAll('main details')].some((one) => one.open)")
    assert browser.paper()[:5] == b"%PDF-"


def accessible(browser, path):
    if not os.path.exists(AXE):
        return
    with open(AXE, encoding="utf-8") as file:
        browser.run(file.read() + "; 0")
    found = browser.run("axe.run(document).then((result) => result.violations.map((one) => one.id + ': ' + one.help + ': ' + "
                        "one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')))")
    assert found == [], (path, found)


def views(browser, path):
    """In light and in dark, at every width, and the colours differ."""
    backs = []
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        browser.resize(1280)
        backs.append(browser.run("getComputedStyle(document.body).backgroundColor"))
        accessible(browser, path)
        fits(browser)
    assert backs[0] != backs[1], backs
    browser.resize(1280)


def main():
    _, _, path, numbers, *further = sys.argv
    with open(numbers, encoding="utf-8") as file:
        report = json.load(file)
    tables = {table["id"]: table for table in report["tables"]}
    browser = Browser(os.getcwd())
    try:
        browser.resize(1280)
        browser.open(path)
        browser.ready()
        day = charts(browser, report)
        views(browser, path)
        night = charts(browser, report)
        assert all(day[identity] != night[identity] for identity in day), "charts are the same by night"
        sorts(browser, "R1-table")
        lines = filters(browser, "R1-table", "exposed")
        downloads(browser, "R1-table", tables["R1"], lines)
        filters(browser, "hosts-table", "azure")
        unfolds(browser)
        quiet(browser, path)
        for other in further:
            browser.requests.clear()
            browser.open(other)
            browser.ready()
            views(browser, other)
            quiet(browser, other)
    finally:
        browser.close()


main()
