# SPDX-License-Identifier: BSD-3-Clause
"""The lab's one table (hosts.json): who is there, what runs on which port, and whose the address is."""

import ipaddress
import json
import pathlib
import subprocess

LAB = pathlib.Path(__file__).resolve().parent

SCANNER = "10.99.0.2"
GATEWAY = "10.99.0.1"
WIDE_SCANNER = "10.98.0.2"
WIDE_GATEWAY = "10.98.0.1"
WIDE_NETWORK = "10.90.0.0/16"

# Of packages that exclude another one of their kind (one server of mail, one of FTP) only the files are there.
BESIDE = pathlib.Path("/opt/sonde-lab")

# Listens inside the lab for every port of the hosts that accept everything and say nothing.
SILENT_PORT = 9


def load():
    with open(LAB / "hosts.json", encoding="utf-8") as file:
        return json.load(file)


def endpoints(table, kind):
    """{server name: [(ip, port)]} of every server of that kind, in the table's order."""
    found = {name: [] for name, server in table["servers"].items() if server["kind"] == kind}
    for host in table["hosts"]:
        for port, name in host.get("ports", {}).items():
            if name in found:
                found[name].append((host["ip"], int(port)))
    return found


def hosts_answering(table, answer):
    return [host["ip"] for host in table["hosts"] if host.get("answer") == answer]


def attribution(table, ip):
    """The row of the longest prefix that holds ip; service names more special than their pool have the longer one."""
    address = ipaddress.ip_address(ip)
    rows = [row for row in table["networks"] if address in ipaddress.ip_network(row["prefix"])]
    return max(rows, key=lambda row: ipaddress.ip_network(row["prefix"]).prefixlen)


def laid_beside(package):
    """Where tools/setup lays the files of a package that excludes another one, beside its DEBIAN/control."""
    return BESIDE / package


def package_version(package):
    """Debian's version of a package that is installed or laid beside, or "" when it is not there."""
    control = laid_beside(package) / "DEBIAN/control"
    if control.exists():
        return next(line.removeprefix("Version: ") for line in control.read_text().splitlines() if line.startswith("Version: "))
    query = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package], capture_output=True, text=True,
                           check=False)
    status, _, version = query.stdout.strip().partition(" ")
    return version if query.returncode == 0 and status == "installed" else ""
