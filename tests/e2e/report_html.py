# SPDX-License-Identifier: BSD-3-Clause
"""Reads a report's HTML page as a browser's parser would and compares it with the report's JSON.

usage: report_html.py PAGE.html REPORT.json STUDY.json [BY_PROVIDER.html]
"""
import base64
import hashlib
import html.parser
import json
import sys

LINES, COLUMNS = 200, 16
ELEMENTS = set("html head meta title style script body header main nav section footer h1 h2 h3 h4 p ul li dl dt dd a strong "
               "span br details summary div table caption thead tbody tfoot tr th td svg rect".split())
ATTRIBUTES = set("lang charset http-equiv content name id class href scope role tabindex aria-label aria-hidden viewbox "
                 "preserveaspectratio width height data-yes data-no data-unknown data-of data-order data-figure "
                 "data-unit".split())


class Page(html.parser.HTMLParser):
    """Tables with their rows of cells, each cell its exact numbers and its text; the style and the scripts."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.tables, self.table, self.policy, self.text = [], {}, None, None, ""
        self.styles, self.scripts, self.ids, self.links, self.parts, self.card = [], [], set(), set(), {}, None

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert tag in ELEMENTS, f"element {tag}"
        assert set(values) <= ATTRIBUTES, f"attributes {values}"
        if "id" in values:
            assert values["id"] not in self.ids, f"{values['id']} stands twice"
            self.ids.add(values["id"])
        if tag == "a":
            assert values["href"].startswith("#"), f"a link leads outside: {values}"
            self.links.add(values["href"][1:])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag == "table":
            self.table = self.tables.setdefault(values["id"], [])
        if tag == "tr":
            self.table.append([])
        if tag in ("th", "td"):
            numbers = [values.get(f"data-{name}") for name in ("yes", "no", "unknown")]
            self.table[-1].append([numbers, ""])
        if tag in ("style", "script"):
            (self.styles if tag == "style" else self.scripts).append("")
        if tag not in ("meta", "rect", "br"):
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"{tag} ends where it did not begin"

    def handle_data(self, data):
        if self.stack and self.stack[-1] in ("style", "script"):
            (self.styles if self.stack[-1] == "style" else self.scripts)[-1] += data
            return
        if self.stack[-1:] == ["h3"]:
            self.card = self.parts.setdefault(data, []) if self.stack.count("section") == 2 else None
        if self.card is not None and self.stack[-2:] == ["li", "strong"]:
            self.card.append((data, ""))
        elif self.card and self.stack[-1:] == ["li"] and data.strip():
            self.card[-1] = (self.card[-1][0], data.strip())
        if {"th", "td"} & set(self.stack):
            self.table[-1][-1][1] += data
        self.text += data


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def numbers(cell):
    return [str(cell[name]) for name in ("yes", "no", "unknown")]


def compare(page, report, study):
    """Every table, line, column and total that the page has room for. Lines that are of nobody are left out where a line is
    a part of its column."""
    parts = {table["id"] for table in study["tables"] if table.get("percent", "row") != "row"}
    assert {f"{table['id']}-table" for table in report["tables"]} <= set(page.tables), "tables are missing"
    compared = 0
    for table in report["tables"]:
        head, *lines = page.tables[table["id"] + "-table"]
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


def parts(page, report, study):
    """Every headline in the part of a provider: its share is the column's, or the line's where lines are providers."""
    by = {table["id"]: table for table in study["tables"]}
    found = 0
    for name, cards in page.parts.items():
        wanted = {}
        for table in report["tables"]:
            cells = [column for column in table["columns"][1:] if column["value"] == name and "among" not in by[table["id"]]]
            if by[table["id"]].get("rows") == "provider":
                cells = [line["cells"][0] for line in table["lines"] if line["value"] == name]
            if table["headline"] and cells:
                cell = cells[0]
                of = cell["yes"] + cell["no"]
                wanted[table["headline"]] = f"{100 * cell['yes'] / of:.1f} %" if of else "?"
        for share, headline in cards:
            assert wanted.get(headline) == share, (name, headline, share, wanted)
        assert len(cards) == len(wanted), (name, cards, wanted)
        found += len(cards)
    assert found >= 3 * 3, page.parts


def page_read(path):
    """A page whose policy names what stands in it and nothing else, and which has no text of strangers but as text."""
    with open(path, encoding="utf-8", newline="") as file:
        source = file.read()
    page = Page()
    page.feed(source)
    page.close()
    assert not page.stack, page.stack
    assert len(page.styles) == 1 and page.scripts and page.links <= page.ids, (len(page.styles), page.links - page.ids)
    assert page.policy == (f"default-src 'none'; style-src {digest(page.styles[0])}; script-src "
                           f"{' '.join(map(digest, page.scripts))}; base-uri 'none'; form-action 'none'"), page.policy
    assert "url(" not in page.styles[0] and "@import" not in page.styles[0]
    for script in page.scripts:
        source = source.replace(script, "")
    assert not set(source) & set("\x00\x07\x1b\u202e"), "control characters or marks of direction"
    assert "<script>alert" not in source, "hostile text was not seen as text"
    return page


def main():
    page = page_read(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    with open(sys.argv[3], encoding="utf-8") as file:
        study = json.load(file)
    assert "<script>alert(1)</script>" in page.text, "hostile text was not seen as text"
    for complaint in report["left_out"]["complaints"]:
        assert complaint in page.text, complaint
    compare(page, report, study)
    if len(sys.argv) > 4:
        parts(page_read(sys.argv[4]), report, study)


if __name__ == "__main__":
    main()
