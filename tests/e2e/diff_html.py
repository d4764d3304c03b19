# SPDX-License-Identifier: BSD-3-Clause
"""Compares the page of sonde diff with its JSON.

usage: diff_html.py PAGE.html DIFF.json
"""
import json
import sys

from report_html import page_read


def main():
    page = page_read(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        diff = json.load(file)
    got = sorted((row[0][1], row[1][1], row[3][1], row[4][1]) for row in page.tables["changes-table"][1:])
    wanted = []
    for change in diff["changes"]:
        service = f"{change['ip']}:{change['port']}"
        if change["kind"] == "changed":
            wanted.append((service, "changed", change.get("removed", ""), change.get("added", "")))
        elif change["kind"] == "moved":
            wanted.append((service, "moved", change["from"], ""))
        else: # what it was or is stands there in words
            words = next(row for row in got if row[:2] == (service, change["kind"]))[2:]
            assert any(words), (service, words)
            wanted.append((service, change["kind"], *words))
    assert got == sorted(wanted), (set(got) ^ set(wanted))
    assert "<script>alert(2)</script>" in page.text, "hostile text was not seen as text"


main()
