# SPDX-License-Identifier: BSD-3-Clause
"""Servers whose answers cost them nothing and whoever talks to them much; or that kill who talks to them.

usage: hostile.py KEY CERTIFICATE ADDRESS COUNT [POISON]
Listens on COUNT addresses from ADDRESS on: 2376 offers DHE in a group of 10,000 random bits, 5986 sends 100 KB of tiny
certificates and 6443 20 KB of them, 22 wants to exchange keys in SSH's largest group, with a host key whose exponent is as
long as it is. KEY and CERTIFICATE are of an RSA server, PEM and DER. On the address POISON whoever says a word on port 22 is
sonde-control and is killed."""

import asyncio
import hashlib
import ipaddress
import os
import re
import secrets
import signal
import subprocess
import sys

PRIME = secrets.randbits(10000) | 1 << 9999 | 1
PKCS1_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
TLS_VERSION = b"\x03\x03"
DHE_RSA_AES128_GCM = b"\x00\x9e"


def sized(data, octets):
    return len(data).to_bytes(octets, "big") + data


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def rsa_read(path):
    """Modulus and private exponent of a PEM file."""
    text = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-text"], check=True, capture_output=True, text=True)
    fields = dict(re.findall(r"^(modulus|privateExponent):\n((?: +[0-9a-f:]+\n)+)", text.stdout, re.M))
    return tuple(int(re.sub(r"[\s:]", "", fields[name]), 16) for name in ("modulus", "privateExponent"))


def rsa_sign(key, data):
    modulus, exponent = key
    octets = (modulus.bit_length() + 7) // 8
    tail = b"\x00" + PKCS1_SHA256 + hashlib.sha256(data).digest()
    padded = b"\x00\x01" + b"\xff" * (octets - 2 - len(tail)) + tail
    return pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(octets, "big")


def records(message):
    """A handshake message in as many records as it needs."""
    return b"".join(b"\x16" + TLS_VERSION + sized(message[at:at + 16384], 2) for at in range(0, len(message), 16384))


def handshake(kind, body):
    return records(bytes([kind]) + sized(body, 3))



def der(tag, *parts):
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body if len(body) < 128 else bytes([tag, 0x81, len(body)]) + body


def tiny_certificate():
    algorithm = der(0x30, der(6, b"\x2b\x65\x70"))
    time = der(0x17, b"200101000000Z")
    to_be_signed = der(0x30, der(2, b"\x01"), algorithm, der(0x30), der(0x30, time, time), der(0x30),
                       der(0x30, algorithm, der(3, b"\x00" + bytes(32))))
    return der(0x30, to_be_signed, algorithm, der(3, b"\x00" + bytes(64)))


def certificates(each, octets):
    return handshake(11, sized(sized(each, 3) * max(1, octets // (len(each) + 3)), 3))


async def hello_read(reader):
    header = await reader.readexactly(5)
    return (await reader.readexactly(int.from_bytes(header[3:], "big")))[6:38]


async def tls_talk(reader, writer, rest):
    client_random = await hello_read(reader)
    server_random = secrets.token_bytes(32)
    writer.write(handshake(2, TLS_VERSION + server_random + b"\x00" + DHE_RSA_AES128_GCM + b"\x00"))
    writer.write(rest(client_random + server_random))


def dhe(key, certificate):
    def rest(randoms):
        parameters = sized(number(PRIME), 2) + sized(b"\x02", 2) + sized(number(PRIME >> 1), 2)
        signature = rsa_sign(key, randoms + parameters)
        return (certificates(certificate, 0) + handshake(12, parameters + b"\x04\x01" + sized(signature, 2)) +
                handshake(14, b""))
    return rest


def ssh_packet(payload):
    padding = 8 - (5 + len(payload)) % 8 + 8
    return sized(bytes([padding]) + payload + bytes(padding), 4)


def mpint(value):
    return sized(value.to_bytes(value.bit_length() // 8 + 1, "big"), 4)


async def ssh_talk(reader, writer):
    lists = [b"diffie-hellman-group18-sha512", b"rsa-sha2-256"] + [b"aes128-ctr"] * 2 + [b"hmac-sha2-256"] * 2
    lists += [b"none"] * 2 + [b""] * 2
    writer.write(b"SSH-2.0-hostile\r\n" + ssh_packet(b"\x14" + bytes(16) + b"".join(sized(x, 4) for x in lists) + bytes(5)))
    await reader.readuntil(b"\n")
    for _ in range(2):
        await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
    odd = secrets.randbits(3072) | 1 << 3071 | 1
    blob = sized(b"ssh-rsa", 4) + mpint(odd >> 2 | 1) + mpint(odd)
    signature = sized(b"rsa-sha2-256", 4) + sized(bytes(384), 4)
    writer.write(ssh_packet(b"\x1f" + sized(blob, 4) + mpint(1 << 8000) + sized(signature, 4)))


async def poison_talk(reader, writer):
    writer.write(b"SSH-2.0-poison\r\n")
    await reader.readuntil(b"\n")
    found = subprocess.run(["pgrep", "-x", "sonde-control"], check=False, capture_output=True, text=True).stdout.split()
    for pid in found:
        os.kill(int(pid), signal.SIGKILL)


def serving(talk):
    """What a connection is met with: the talk, and then whatever else comes is not answered."""
    async def serve(reader, writer):
        try:
            await talk(reader, writer)
            while await reader.read(65536):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
    return serve


async def main(key_path, certificate_path, first, count, poison=None):
    key = rsa_read(key_path)
    with open(certificate_path, "rb") as file:
        certificate = file.read()
    tiny = tiny_certificate()
    flights = {2376: dhe(key, certificate), 5986: lambda _: certificates(tiny, 100 << 10),
               6443: lambda _: certificates(tiny, 20 << 10)}
    talks = {port: lambda reader, writer, rest=rest: tls_talk(reader, writer, rest) for port, rest in flights.items()}
    talks[22] = ssh_talk
    for at in range(int(count)):
        for port, talk in talks.items():
            await asyncio.start_server(serving(talk), str(ipaddress.ip_address(first) + at), port, backlog=256)
    if poison:
        await asyncio.start_server(serving(poison_talk), poison, 22)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
