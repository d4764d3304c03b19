# SPDX-License-Identifier: BSD-3-Clause
"""Gives each connection to a process of its own, as inetd does: inetd.py ADDRESS PORT COMMAND..."""

import socketserver
import subprocess
import sys


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        subprocess.run(sys.argv[3:], stdin=self.request, stdout=self.request, check=False, timeout=60)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server((sys.argv[1], int(sys.argv[2])), Connection).serve_forever()
