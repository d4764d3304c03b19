# SPDX-License-Identifier: BSD-3-Clause
"""Judges a capture of a scan: wire.py PCAP OUR_ADDRESS OUTPUT_FOLDER."""

import collections
import json
import socket
import struct
import sys

FIN, SYN, RST, ACK = 1, 2, 4, 16
FLOW_PORT_FIRST = 24576  # the default probe_ports are 16384 to 24575; further connections come from above them


def segments(path):
    """(source, source port, destination, destination port, flags, IP identification) of every TCP segment over IPv4."""
    with open(path, "rb") as file:
        magic = struct.unpack("<I", file.read(24)[:4])[0]
        if magic not in (0xA1B2C3D4, 0xA1B23C4D):
            raise SystemExit(f"{path} is no capture")
        while len(header := file.read(16)) == 16:
            frame = file.read(struct.unpack("<8xI4x", header)[0])
            if frame[12:14] != b"\x08\x00" or frame[23] != 6:
                continue
            ip = frame[14:]
            at = (ip[0] & 15) * 4
            source_port, destination_port = struct.unpack_from(">HH", ip, at)
            identification = struct.unpack_from(">H", ip, 4)[0]
            yield (socket.inet_ntoa(ip[12:16]), source_port, socket.inet_ntoa(ip[16:20]), destination_port, ip[at + 13],
                   identification)


class Connection:
    def __init__(self):
        self.syns = 0
        self.accepted = False  # a SYN-ACK came
        self.acknowledged = False  # we answered it with an ACK
        self.ended = False  # we sent FIN or RST, or the peer a RST, after which there is nothing to end
        # A RST from our address before any ACK: what a kernel does that knows nothing of the connection. Linux sends it
        # with identification 0; ours, for an answer that has to wait for its host's other ports, are numbered.
        self.early_reset = False

    def sent(self, flags, identification):
        if flags & SYN:
            self.syns += 1
            return
        if flags & RST and not self.acknowledged and identification == 0:
            self.early_reset = True
        if flags & ACK and not flags & RST:
            self.acknowledged = True
        if flags & (FIN | RST):
            self.ended = True

    def received(self, flags):
        if flags & SYN and flags & ACK:
            self.accepted = True
        if flags & RST:
            self.ended = True


def connections(path, ours):
    found = collections.defaultdict(Connection)
    for source, source_port, destination, destination_port, flags, identification in segments(path):
        if source == ours:
            found[destination, destination_port, source_port].sent(flags, identification)
        elif destination == ours:
            found[source, source_port, destination_port].received(flags)
    return found


def main():
    found = connections(sys.argv[1], sys.argv[2])
    with open(sys.argv[3] + "/summary.json", encoding="utf-8") as file:
        decoys = json.load(file)["plan"]["decoys"]
    with open(sys.argv[3] + "/records.jsonl", encoding="utf-8") as file:
        recorded = {(record["ip"], record["port"]) for record in map(json.loads, file)}
    complaints = []
    sampled = []
    firsts = collections.Counter()
    # Decoys are asked on flow_ports only, and a SYN-ACK to them is answered with a RST at once, by us.
    asked_ports = {port for (_, port, local) in found if local < FLOW_PORT_FIRST}
    for (ip, port, local), connection in found.items():
        name = f"{local} > {ip}:{port}"
        if connection.syns == 2 and not connection.accepted:
            sampled.append(f"{name}: asked again, as if for the coverage estimate")
        elif connection.syns != 1:
            complaints.append(f"{name}: {connection.syns} SYNs")
        if local < FLOW_PORT_FIRST:
            firsts[ip, port] += 1
        if connection.accepted and not connection.ended:
            complaints.append(f"{name}: never ended by us")
        if connection.accepted and connection.early_reset and port in asked_ports:
            complaints.append(f"{name}: a RST before any ACK, as from a kernel")
    # One position in 1,024 is asked again on purpose; three times as many would not be chance.
    if len(sampled) > 3 * len(found) / 1024 + 3:
        complaints += sampled
    complaints += [f"{ip}:{port}: probed {count} times" for (ip, port), count in firsts.items() if count != 1]
    complaints += [f"{ip}:{port}: recorded and never probed" for ip, port in recorded if firsts[ip, port] == 0]
    accepted = sum(connection.accepted for connection in found.values())
    print("\n".join([*complaints[:50], f"{len(found)} connections tried, {accepted} accepted, {len(complaints)} complaints"]))
    return 1 if complaints or accepted == 0 else 0


sys.exit(main())
