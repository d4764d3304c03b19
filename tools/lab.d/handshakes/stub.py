# SPDX-License-Identifier: BSD-3-Clause
"""No server, but the words of one that Debian lacks, as its documentation has them; whatever else is said to it ends the
connection: stub.py ADDRESS PORT NAME [CERTIFICATE KEY]. What is named in stubs.json answers HTTP, the others are below."""

import json
import pathlib
import socketserver
import ssl
import struct
import sys

LONGEST = 65536


class Ended(Exception):
    """The client has gone, or said what is not documented."""


def take(request, count):
    said = b""
    while len(said) < count:
        piece = request.recv(count - len(said))
        if not piece:
            raise Ended
        said += piece
    return said


# MongoDB's manual, "MongoDB Wire Protocol", "hello", "buildInfo" and "listDatabases"; bsonspec.org.
def bson(document):
    body = b""
    for name, value in document.items():
        key = name.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + key + bytes([value])
        elif isinstance(value, int):
            body += b"\x10" + key + struct.pack("<i", value)
        elif isinstance(value, float):
            body += b"\x01" + key + struct.pack("<d", value)
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            body += b"\x02" + key + struct.pack("<i", len(text)) + text
        elif isinstance(value, list):
            body += b"\x04" + key + bson({str(index): each for index, each in enumerate(value)})
        else:
            body += b"\x03" + key + bson(value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def mongodb_answer(command, open_to_all):
    if command in (b"isMaster", b"ismaster", b"hello"):
        return {"ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 16777216, "maxWireVersion": 21, "minWireVersion": 0,
                "readOnly": False, "ok": 1.0}
    if command in (b"buildInfo", b"buildinfo"):
        return {"version": "7.0.14", "bits": 64, "ok": 1.0}
    if command == b"listDatabases" and open_to_all:
        return {"databases": [{"name": "admin"}, {"name": "local"}], "ok": 1.0}
    if command == b"listDatabases":
        return {"ok": 0.0, "errmsg": "Command listDatabases requires authentication", "code": 13, "codeName": "Unauthorized"}
    return {"ok": 0.0, "errmsg": f"no such command: '{command.decode(errors='replace')}'", "code": 59, "codeName": "CommandNotFound"}


def mongodb(request, open_to_all):
    while True:
        length, number, _, opcode = struct.unpack("<iiii", take(request, 16))
        if not 16 < length <= LONGEST or opcode not in (2004, 2013):
            raise Ended
        body = take(request, length - 16)
        document = body[5:] if opcode == 2013 else body[body.index(b"\0", 4) + 9:]
        answer = bson(mongodb_answer(document[5:document.index(b"\0", 5)], open_to_all))
        if opcode == 2013:
            body, kind = b"\0\0\0\0\0" + answer, 2013
        else:
            body, kind = struct.pack("<iqii", 8, 0, 0, 1) + answer, 1
        request.sendall(struct.pack("<iiii", 16 + len(body), 1, number, kind) + body)


# Cassandra's native_protocol_v4.spec: 2 (frames), 4.1.1 and 4.2 (messages).
def cassandra_text(text):
    return struct.pack(">H", len(text)) + text.encode()


def cassandra_answer(opcode, open_to_all):
    if opcode == 5:
        options = {"COMPRESSION": ["snappy", "lz4"], "CQL_VERSION": ["3.4.7"], "PROTOCOL_VERSIONS": ["3/v3", "4/v4", "5/v5"]}
        multimap = b"".join(cassandra_text(name) + struct.pack(">H", len(values)) + b"".join(map(cassandra_text, values))
                            for name, values in options.items())
        return 6, struct.pack(">H", len(options)) + multimap
    if opcode == 1 and open_to_all:
        return 2, b""
    if opcode == 1:
        return 3, cassandra_text("org.apache.cassandra.auth.PasswordAuthenticator")
    if opcode == 7 and open_to_all:
        columns = struct.pack(">iii", 2, 1, 1) + b"".join(map(cassandra_text, ("system", "local", "release_version"))) + b"\0\x0d"
        return 8, columns + struct.pack(">ii", 1, 5) + b"5.0.2"
    raise Ended


def cassandra(request, open_to_all):
    while True:
        version, _, stream, opcode, length = struct.unpack(">BBHBI", take(request, 9))
        if version != 4 or length > LONGEST:
            raise Ended
        take(request, length)
        kind, body = cassandra_answer(opcode, open_to_all)
        request.sendall(struct.pack(">BBHBI", 0x84, 0, stream, kind, len(body)) + body)


# MS-TDS 2.2.6.5: VERSION, ENCRYPTION, INSTOPT, THREADID, MARS and the terminator, then what they point to.
def mssql(request, version):
    kind, _, length = struct.unpack(">BBH", take(request, 4))
    if kind != 0x12 or not 8 < length <= LONGEST:
        raise Ended
    take(request, length - 4)
    major, minor, build = map(int, version.split("."))
    options = [(0, struct.pack(">BBHH", major, minor, build, 0)), (1, b"\0"), (2, b"\0"), (3, b""), (4, b"\0")]
    offset, listed = 5 * len(options) + 1, b""
    for token, value in options:
        listed += struct.pack(">BHH", token, offset, len(value))
        offset += len(value)
    body = listed + b"\xff" + b"".join(value for _, value in options)
    request.sendall(struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body)
    take(request, 1)


# MS-RDPBCGR 2.2.1.2 (the source reference of its example, 4.1.2): all is NLA (2), and TLS alone is refused
# (HYBRID_REQUIRED_BY_SERVER, 5).
def rdp_nla(request, _):
    length = struct.unpack(">xxH", take(request, 4))[0]
    if not 4 < length <= LONGEST:
        raise Ended
    wanted = take(request, length - 4)[-4]
    kind, value = (2, 2) if wanted & 2 else (3, 5)
    request.sendall(bytes.fromhex("03000013 0ed00000123400") + struct.pack("<BBHI", kind, 0, 8, value))
    take(request, 1)


def http(request, words):
    said = b""
    while True:
        while b"\r\n\r\n" not in said:
            piece = request.recv(4096)
            if not piece or len(said) > LONGEST:
                raise Ended
            said += piece
        head, _, said = said.partition(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode(errors="replace")
        answer = {**words["other"], **words["paths"].get(path, {})} if path in words["paths"] else words["other"]
        body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"], indent=2) + "\n"
        headers = {**words.get("headers", {}), **answer.get("headers", {}), "Content-Length": len(body.encode())}
        lines = [f"HTTP/1.1 {answer['status']}", *(f"{name}: {value}" for name, value in headers.items())]
        request.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if b"connection: close" in head.lower():
            raise Ended


BINARY = {"mongodb-anybody": (mongodb, True), "mongodb-password": (mongodb, False), "cassandra-anybody": (cassandra, True),
          "cassandra-password": (cassandra, False), "mssql-2019": (mssql, "15.0.2000"), "mssql-2022": (mssql, "16.0.1000"),
          "rdp-nla": (rdp_nla, None)}


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            self.request.settimeout(30)
            request = CONTEXT.wrap_socket(self.request, server_side=True) if CONTEXT else self.request
            speak, words = SPEAKER
            speak(request, words)
        except (Ended, OSError, ValueError, IndexError, struct.error):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


address, port, name, *material = sys.argv[1:]
with open(pathlib.Path(__file__).with_name("stubs.json"), encoding="utf-8") as file:
    SPEAKER = BINARY.get(name) or (http, json.load(file)[name])
CONTEXT = None
if material:
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(*material)
Server((address, int(port)), Connection).serve_forever()
