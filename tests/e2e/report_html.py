# SPDX-License-Identifier: BSD-3-Clause
"""Reads a report's HTML page as a browser's parser would and compares it with the report's JSON.

usage: report_html.py PAGE.html REPORT.json STUDY.json
"""
import base64
import hashlib
import html.parser
import json
import sys

LINES, COLUMNS = 200, 16
ELEMENTS = set("html head meta title style body header main nav section h1 h2 p ul li a strong span code div table "
               "caption thead tbody tfoot tr th td svg rect".split())
ATTRIBUTES = set("lang charset http-equiv content name id class href scope role tabindex aria-label aria-hidden viewbox "
                 "preserveaspectratio width height data-yes data-no data-unknown".split())


class Page(html.parser.HTMLParser):
    """Sections with their rows of (head, cells), each cell its exact numbers and its text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.sections, self.section, self.policy, self.style, self.text = [], {}, None, None, "", ""

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert tag in ELEMENTS, f"element {tag}"
        assert set(values) <= ATTRIBUTES, f"attributes {values}"
        if tag == "a":
            assert values["href"].startswith("#"), f"a link leads outside: {values}"
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag == "section" and "id" in values:
            self.section = self.sections.setdefault(values["id"], [])
        if tag == "tr" and self.section is not None:
            self.section.append([])
        if tag in ("th", "td"):
            numbers = [values.get(f"data-{name}") for name in ("yes", "no", "unknown")]
            self.section[-1].append([numbers, ""])
        if tag not in ("meta", "rect"):
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"{tag} ends where it did not begin"

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "style":
            self.style += data
        elif self.stack and self.stack[-1] in ("th", "td"):
            self.section[-1][-1][1] += data
        self.text += data


def numbers(cell):
    return [str(cell[name]) for name in ("yes", "no", "unknown")]


def compare(page, report, study):
    """Every table, line, column and total that the page has room for. Lines that are of nobody are left out where a line is
    a part of its column."""
    parts = {table["id"] for table in study["tables"] if table.get("percent", "row") != "row"}
    assert set(page.sections) == {table["id"] for table in report["tables"]}, "tables differ"
    compared = 0
    for table in report["tables"]:
        head, *lines = page.sections[table["id"]]
        if lines[-1][0][1] == "not learnt of":
            unknown = [cell[1].replace(",", "") for cell in lines.pop()[1:]]
            assert unknown == [str(column["unknown"]) for column in table["columns"][:len(unknown)]], table["id"]
        totals = lines.pop()
        one = len(table["columns"]) == 2 and table["columns"][1]["value"] == "(not known)" # the same as all
        shown = table["columns"][:1 if one else COLUMNS]
        wanted_lines = [line for line in table["lines"] if table["id"] not in parts or line["cells"][0]["yes"] > 0]
        assert len(head) == len(totals) == len(shown) + 1, table["id"]
        assert [cell[0] for cell in totals[1:]] == [numbers(column) for column in shown], table["id"]
        assert len(lines) == min(len(wanted_lines), LINES), table["id"]
        for line, wanted in zip(lines, wanted_lines):
            for cell, number in zip(line[1:], wanted["cells"][:COLUMNS], strict=True):
                assert cell[0] == numbers(number), (table["id"], wanted["value"], cell, number)
                assert cell[1].split(" ")[0].replace(",", "").isdigit(), cell
                if "%" in cell[1]:
                    assert f"({100 * number['yes'] / number['of']:.1f} %" in cell[1], (table["id"], cell, number)
                compared += 1
    assert compared > 100, "hardly anything was compared"


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        source = file.read()
    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    with open(sys.argv[3], encoding="utf-8") as file:
        study = json.load(file)
    page = Page()
    page.feed(source)
    page.close()
    assert not page.stack, page.stack
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in page.style and "@import" not in page.style
    assert not set(source) & set("\x00\x07\x1b\u202e"), "control characters or marks of direction"
    assert "<script>alert(1)</script>" in page.text and "<script" not in source, "hostile text was not seen as text"
    for complaint in report["left_out"]["complaints"]:
        assert complaint in page.text, complaint
    compare(page, report, study)


main()
