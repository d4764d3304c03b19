#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the named character references of HTML as rows {name, text} of a C table, sorted by name."""
import html.entities


def literal(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


for name in sorted(html.entities.html5, key=str.encode):
    print(f'    {{"{name}", {literal(html.entities.html5[name].encode())}}},')
