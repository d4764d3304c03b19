# SPDX-License-Identifier: BSD-3-Clause
"""The page that gunicorn serves."""


def page(_environment, start):
    start("200 OK", [("Content-Type", "text/html")])
    return [b"<title>Lab</title>\n"]
