# SPDX-License-Identifier: BSD-3-Clause
"""Asks every server of the lab with clients that are not sonde (OpenSSH, OpenSSL, rsync, plain sockets) and compares with the
lab's truth on standard input. Run where sonde would scan from."""

import concurrent.futures
import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys

TIMEOUT = 10


def ask_ssh(ip, port):
    run = subprocess.run(
        ["ssh", "-F", "none", "-v", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
         "-o", "PreferredAuthentications=none", "-o", f"ConnectTimeout={TIMEOUT}", "-o", "FingerprintHash=sha256",
         "-o", "KexAlgorithms=+diffie-hellman-group14-sha1", "-o", "HostKeyAlgorithms=+ssh-rsa", "-o",
         "Ciphers=+aes128-cbc", "-l", "nobody-of-the-lab", ip],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    software = re.search(r"remote software version (\S+)(?: (.*))?", run.stderr)
    methods = re.search(r"Authentications that can continue: (\S+)", run.stderr)
    key = re.search(r"Server host key: (\S+) SHA256:(\S+)", run.stderr)
    if not (software and methods and key):
        return {}
    return {"service": "ssh", "ssh.software": software[1], "ssh.comment": software[2], "ssh.methods": methods[1].split(","),
            "ssh.host_key_type": key[1], "ssh.host_key_sha256": key[2]}


def ask_store(stream, question):
    """The first line that a store answers, in its own words."""
    stream.sendall(question)
    return stream.makefile("rb").readline().decode(errors="replace").rstrip("\r\n")


def ask_redis(stream):
    said = ask_store(stream, b"PING\r\n")
    return {"service": "redis" if said[:1] in ("+", "-") else None, "open": said == "+PONG"}


def ask_memcached(stream):
    said = ask_store(stream, b"version\r\n")
    return {"service": "memcached", "open": said.startswith("VERSION "), "memcached.version": said[8:] if said[:8] == "VERSION " else None}


def ask_http(stream, ip):
    stream.sendall(f"GET / HTTP/1.1\r\nHost: {ip}\r\nConnection: close\r\n\r\n".encode())
    data = b""
    while piece := stream.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(re.findall(rb"(?m)^([^:\r\n]+): ([^\r\n]*)", head))
    title = re.search(rb"<title>(.*?)</title>", body)
    return {"service": "http", "http.status": int(head.split()[1]), "http.server": fields.get(b"Server", b"").decode(),
            "http.title": title and title[1].decode(errors="replace"),
            "http.location": fields.get(b"Location", b"").decode() or None}


def ask_tls(ip, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((ip, port), TIMEOUT) as stream, context.wrap_socket(stream) as tunnel:
        der = tunnel.getpeercert(True)
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject", "-issuer", "-checkend", "0",
                               "-nameopt", "RFC2253"], input=der, capture_output=True, check=False).stdout.decode()
        subject, issuer = re.findall(r"(?m)^(?:subject|issuer)=(.*)$", text)
        return {"tls.version": tunnel.version(), "tls.sha256": hashlib.sha256(der).hexdigest(), "tls.subject": subject,
                "tls.self_signed": subject == issuer, "tls.expired": "will expire" in text, **ask_http(tunnel, ip)}


def ask_rsync(ip, port):
    """The client of the name prints the message of the day, an empty line and a row for each module."""
    run = subprocess.run(["rsync", f"--contimeout={TIMEOUT}", f"rsync://{ip}:{port}/"], capture_output=True, text=True,
                         check=False, stdin=subprocess.DEVNULL)
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    return {"service": "rsync", "rsync.modules": [line[0].rstrip() for line in lines if len(line) > 1],
            "rsync.motd": [line[0] for line in lines if len(line) == 1 and line[0]] or None}


def ask(row):
    ip, port = row["ip"], row["port"]
    if row["service"] == "ssh":
        return ask_ssh(ip, port)
    if row["service"] == "rsync":
        return ask_rsync(ip, port)
    if row.get("tunnel") == "tls":
        return ask_tls(ip, port)
    with socket.create_connection((ip, port), TIMEOUT) as stream:
        if row["service"] in ("redis", "memcached"):
            return ask_redis(stream) if row["service"] == "redis" else ask_memcached(stream)
        if row["service"]:
            return ask_http(stream, ip)
        stream.settimeout(0.5)
        try:
            return {"said": stream.recv(1)}
        except TimeoutError:
            return {"service": None}


def compare(row):
    """A line for each claim of the truth that the server does not bear out."""
    try:
        answer = ask(row)
    except OSError as error:
        return [f"{row['ip']}:{row['port']}: {error}"]
    flat = {"service": row["service"]}
    if "open" in row:
        flat["open"] = row["open"]
    for part in ("ssh", "tls", "http", "memcached", "rsync"):
        flat.update({f"{part}.{key}": value for key, value in row.get(part, {}).items()})
    return [f"{row['ip']}:{row['port']}: {key} is {answer.get(key)!r}, truth says {value!r}"
            for key, value in flat.items() if (key in answer or key == "service") and answer.get(key) != value]


def main():
    rows = [json.loads(line) for line in sys.stdin]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        complaints = [line for lines in pool.map(compare, rows) for line in lines]
    print("\n".join(complaints + [f"{len(rows)} rows asked, {len(complaints)} complaints"]))
    return 1 if complaints or not rows else 0


sys.exit(main())
