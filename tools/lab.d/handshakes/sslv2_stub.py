# SPDX-License-Identifier: BSD-3-Clause
"""No server, but the words of one: the SERVER-HELLO of SSL 2.0 (Netscape's draft 0.2, 2.6), with a certificate and as many
ciphers as are asked for. It hangs up on anything but a CLIENT-HELLO of version 2: sslv2_stub.py ADDRESS PORT CERTIFICATE COUNT"""

import base64
import re
import socketserver
import struct
import sys

CIPHERS = [b"\x01\x00\x80", b"\x02\x00\x80", b"\x03\x00\x80", b"\x04\x00\x80", b"\x05\x00\x80", b"\x06\x00\x40", b"\x07\x00\xc0"]
CONNECTION_ID = bytes(range(16))


def server_hello(certificate, ciphers):
    """MSG-SERVER-HELLO, no session hit, an X.509 certificate, version 2, three lengths and what they measure."""
    body = struct.pack(">BBBHHHH", 4, 0, 1, 2, len(certificate), len(ciphers), len(CONNECTION_ID))
    body += certificate + ciphers + CONNECTION_ID
    return struct.pack(">H", 0x8000 | len(body)) + body


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(30)
        said = b""
        while len(said) < 5:
            piece = self.request.recv(5 - len(said))
            if not piece:
                return
            said += piece
        if said[0] & 0x80 and said[2:5] == b"\x01\x00\x02":
            self.request.sendall(HELLO)
            self.request.recv(4096)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with open(sys.argv[3], encoding="ascii") as pem:
    body_of_pem = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", pem.read(), re.DOTALL).group(1)
HELLO = server_hello(base64.b64decode(body_of_pem), b"".join(CIPHERS[:int(sys.argv[4])]))
Server((sys.argv[1], int(sys.argv[2])), Connection).serve_forever()
