# SPDX-License-Identifier: BSD-3-Clause
"""Python's own http.server behind Python's own TLS: tls_python.py LIST"""

import http.server
import json
import ssl
import sys
import threading


class Page(http.server.BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self):
        body = b"<title>Lab</title>\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def setup(self):
        """The handshake is done by the connection's own thread, so that who is slow keeps nobody waiting."""
        self.request.settimeout(self.timeout)
        self.request.do_handshake()
        super().setup()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def serve(row):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    says = row["says"]
    if "ciphers" in says:
        context.set_ciphers(says["ciphers"])
    if "minimum" in says:
        context.minimum_version = ssl.TLSVersion[says["minimum"]]
    if "maximum" in says:
        context.maximum_version = ssl.TLSVersion[says["maximum"]]
    context.load_cert_chain(row["cert"], row["key"])
    server = Server((row["ip"], row["port"]), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


with open(sys.argv[1], encoding="utf-8") as file:
    for configuration in json.load(file):
        threading.Thread(target=serve, args=(configuration,)).start()
