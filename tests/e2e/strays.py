# SPDX-License-Identifier: BSD-3-Clause
"""Sends bare ACKs: strays.py SOURCE DESTINATION FIRST_PORT PORTS, from port 443 to each of the ports in turn, 3,000 a
second and 90,000 at most. Ends at SIGTERM and says how many there were."""

import random
import signal
import socket
import struct
import sys
import time

RATE = 3000
MOST = 90000
TICK = 0.01


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def ack(source, destination, port):
    head = struct.pack(">HHIIBBH", 443, port, random.getrandbits(32), random.getrandbits(32), 5 << 4, 16, 1024)
    pseudo = source + destination + struct.pack(">BBH", 0, 6, 20)
    tcp = head + struct.pack(">HH", checksum(pseudo + head + b"\0\0\0\0"), 0)
    return struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + source + destination + tcp


def main():
    source, destination = (socket.inet_aton(address) for address in sys.argv[1:3])
    first, ports = int(sys.argv[3]), int(sys.argv[4])
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    sent = 0
    begun = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        while not over and sent < MOST:
            while sent < min(MOST, (time.monotonic() - begun) * RATE):
                raw.sendto(ack(source, destination, first + sent % ports), (sys.argv[2], 0))
                sent += 1
            time.sleep(TICK)
    print(sent)


main()
