# SPDX-License-Identifier: BSD-3-Clause
"""Writes the lab's files and reads its truth, for tools/lab: lab.py write|sockets|locals|answers|truth|table FOLDER."""

import json
import pathlib
import sys

import certificates
import ranges
import servers
import table as lab
import truth


def write(table, folder):
    (folder / "certificates").mkdir()
    certificates.write(table, folder / "certificates")
    servers.write(table, folder)
    ranges.write(table, folder)


def print_sockets(table, _folder):
    """Every ip:port that must listen before the lab is up."""
    for kind in sorted({server["kind"] for server in table["servers"].values()}):
        for sockets in lab.endpoints(table, kind).values():
            for ip, port in sockets:
                print(f"{ip}:{port}")
    print(f"127.0.0.1:{lab.SILENT_PORT}")


def print_locals(table, _folder):
    """For `ip -batch`: only the hosts of the table exist, all other addresses of the networks are silent."""
    for host in table["hosts"]:
        print(f"route add local {host['ip']}/32 dev lo")


def print_answers(table, _folder):
    """For iptables-restore: how hosts without a server answer."""
    print("*filter")
    for ip in lab.hosts_answering(table, "filtered"):
        print(f"-A INPUT -d {ip} -j DROP")
    for answer in ("icmp-host-unreachable", "icmp-port-unreachable", "icmp-admin-prohibited"):
        for ip in lab.hosts_answering(table, answer):
            print(f"-A INPUT -d {ip} -j REJECT --reject-with {answer}")
    print("COMMIT\n*mangle")
    for ip in lab.hosts_answering(table, "silent"):
        print(f"-A PREROUTING -d {ip} -p tcp -j TPROXY --on-ip 127.0.0.1 --on-port {lab.SILENT_PORT}")
    print("COMMIT")


def print_truth(table, folder):
    for row in truth.rows(table, folder):
        print(json.dumps(row))


def print_table(table, folder):
    for row in truth.rows(table, folder):
        print(truth.text_line(row))


COMMANDS = {"write": write, "sockets": print_sockets, "locals": print_locals, "answers": print_answers,
            "truth": print_truth, "table": print_table}

try:
    COMMANDS[sys.argv[1]](lab.load(), pathlib.Path(sys.argv[2]))
except KeyboardInterrupt:
    sys.exit(130)
