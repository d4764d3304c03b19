# SPDX-License-Identifier: BSD-3-Clause
"""Writes the style sheet and the scripts of a report's page as C (control/report/page_assets.h).

usage: embed.py STYLE.css [LIBRARY.js NOTICE]... PAGE.js

A script stands in the page between <script> and </script>: one that ends or hides that is refused.
"""
import re
import sys


def text_of(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        sys.exit(f"{path}: has </script, </style or <!--, and cannot stand inside a page")
    return re.sub(r"^\s*(//[#@]|/\*#) sourceMappingURL=.*$", "", text, flags=re.MULTILINE).strip() + "\n"


def array(name, text):
    data = text.encode()
    signed = [byte - 256 * (byte > 127) for byte in data]
    lines = [",".join(map(str, signed[at:at + 32])) for at in range(0, len(signed), 32)]
    return f"static const char {name}[] = {{\n" + ",\n".join(lines) + ",0};\n", len(data)


def main():
    style, *libraries, page = sys.argv[1:]
    scripts = [(path, notice) for path, notice in zip(libraries[::2], libraries[1::2], strict=True)] + [(page, "")]
    source, length = array("style", text_of(style))
    out = ['#include "control/report/page_assets.h"\n', source]
    out.append(f"const struct page_asset page_style = {{style, {length}, \"\"}};\n")
    rows = []
    for number, (path, notice) in enumerate(scripts):
        text = (f"/*! {notice} */\n" if notice else "") + text_of(path)
        source, length = array(f"script_{number}", text)
        out.append(source)
        rows.append(f"    {{script_{number}, {length}, \"{notice}\"}},\n")
    out.append("const struct page_asset page_scripts[] = {\n" + "".join(rows) + "};\n")
    out.append(f"const size_t page_script_count = {len(rows)};\n")
    sys.stdout.write("".join(out))


main()
