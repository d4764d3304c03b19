# SPDX-License-Identifier: BSD-3-Clause
"""A mirror on loopback, honest and otherwise: feeds_mirror.py FOLDER PORT_FILE LOG. The first folder of a path is how it behaves."""
import hashlib
import http.server
import json
import os
import sys
import time
import urllib.parse

folder, port_file, log = sys.argv[1:]


class Mirror(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with open(log, "a", encoding="ascii") as out:
            out.write(f"{status} {self.path} {self.headers.get('Range', '-')}\n")

    def do_GET(self):
        try:
            self.answer()
        except ConnectionError:
            pass

    def api(self, way, query):
        """NVD's API 2.0 over the records of api.json: api is honest, and refuses who asks again within 0.2 s; the others are not."""
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(query).items()}
        server = self.server
        now = time.monotonic()
        soon = now - server.asked_last.get(way, 0) < 0.2
        server.asked_last[way] = now
        start, rows = int(asked["startIndex"]), int(asked["resultsPerPage"])
        if way == "api-key" and self.headers.get("apiKey") != "f00-Ba_r.1":
            return self.head(403, Content_Length="0")
        if way != "api-key" and self.headers.get("apiKey"):
            with open(log, "a", encoding="ascii") as out:
                out.write(f"a key came to {way}\n")
        if way == "api-moved":
            return self.head(302, Location="https://127.0.0.1:1/", Content_Length="0")
        if way == "api-busy" and start not in server.refused:
            server.refused.add(start)
            return self.head(429, Content_Length="0")
        if soon or (start > 0 and os.path.exists(os.path.join(folder, "broken"))):
            return self.head(403, Content_Length="0")
        with open(os.path.join(folder, "api.json"), encoding="ascii") as file:
            records = json.load(file)
        since, until = asked.get("lastModStartDate", ""), asked.get("lastModEndDate", "9")
        records = [record for record in records if since <= record["cve"]["lastModified"] <= until]
        page = {"resultsPerPage": rows, "startIndex": start, "totalResults": len(records), "format": "NVD_CVE", "version": "2.0",
                "timestamp": "2026-01-03T00:00:00.000", "vulnerabilities": records[start : start + rows]}
        if way == "api-stuck":
            page["startIndex"], page["vulnerabilities"] = 0, records[:rows]
        if way == "api-empty" and start > 0:
            page["vulnerabilities"] = []
        if way == "api-many":
            page["totalResults"] = 10**12
        body = json.dumps(page).encode()
        self.head(200, Content_Length=str(len(body)))
        return self.wfile.write(body)

    def answer(self):
        self.close_connection = True
        way, _, name = self.path[1:].partition("/")
        if way.startswith("api"):
            return self.api(way, urllib.parse.urlsplit(name).query)
        path = os.path.join(folder, os.path.basename(name))
        if way == "elsewhere":
            return self.head(302, Location=name.replace("_", ":", 1), Content_Length="0")
        if way == "gone" or not os.path.exists(path):
            return self.head(404, Content_Length="0")
        with open(path, "rb") as file:
            body = file.read()
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if way == "endless":
            self.head(200)
            while True:
                self.wfile.write(b" " * 65536)  # until who asked goes away
        if way == "slow":
            self.head(200, Content_Length=str(len(body)))
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.2)
            return None
        if self.headers.get("If-None-Match") == tag:
            return self.head(304, ETag=tag)
        asked = self.headers.get("Range")
        if asked and self.headers.get("If-Range") == tag:
            start = int(asked[len("bytes=") : -1])
            rest = body[start:]
            self.head(206, ETag=tag, Content_Length=str(len(rest)), Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
            return self.wfile.write(rest)
        self.head(200, ETag=tag, Content_Length=str(len(body)))
        # A cut: half of what was promised.
        return self.wfile.write(body[: len(body) // 2] if way == "cut" else body)


try:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.asked_last, server.refused = {}, set()
        with open(port_file + ".part", "w", encoding="ascii") as out:
            out.write(str(server.server_port))
        os.rename(port_file + ".part", port_file)
        server.serve_forever()
except KeyboardInterrupt:
    pass
