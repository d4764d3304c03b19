# SPDX-License-Identifier: BSD-3-Clause
"""A scan of an invented cloud that looks like one: three providers with habits of their own, for what people look at.

usage: report_cloud.py FOLDER [HOSTS [SEED]]    writes FOLDER/records.jsonl and FOLDER/summary.json
"""
import json
import os
import random
import sys

# name: share of the hosts, regions, share of SSH servers that take passwords, share of old software
PROVIDERS = {"aws": (0.48, ["us-east-1", "eu-west-1", "ap-south-1"], 0.04, 0.18),
             "azure": (0.30, ["westeurope", "eastus", "southeastasia"], 0.47, 0.30),
             "google": (0.22, ["us-central1", "europe-west4"], 0.05, 0.20)}
CLOUD_SERVICES = {"aws": "EC2", "azure": "AzureCloud", "google": "Google Cloud"}
# service: port, share of the hosts
SERVICES = {"ssh": (22, 0.33), "http": (80, 0.45), "https": (443, 0.40), "rdp": (3389, 0.09), "mysql": (3306, 0.05),
            "postgresql": (5432, 0.02), "smb": (445, 0.02), "redis": (6379, 0.02), "mongodb": (27017, 0.01),
            "telnet": (23, 0.005), "ftp": (21, 0.04)}
TLS_SETS = [(["TLSv1.2", "TLSv1.3"], 0.34), (["TLSv1.2"], 0.08), (["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"], 0.22),
            (["TLSv1", "TLSv1.1", "TLSv1.2"], 0.31), (["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"], 0.05)]
# product, version: (id, CVSS 2, its severity, CVSS 3, known to be exploited)
OLD = {("openssh", "7.4"): [("CVE-2018-15473", 5.0, "MEDIUM", 5.3, False), ("CVE-2017-15906", 5.0, "MEDIUM", 5.3, False),
                            ("CVE-2021-41617", 4.4, "MEDIUM", 7.0, False), ("CVE-2020-15778", 6.8, "MEDIUM", 7.8, False),
                            ("CVE-2019-6109", 4.0, "MEDIUM", 6.8, False), ("CVE-2016-20012", 4.3, "MEDIUM", 5.3, False)],
       ("openssh", "6.6.1"): [("CVE-2016-0777", 4.0, "MEDIUM", 6.5, False), ("CVE-2015-5600", 8.5, "HIGH", None, False),
                              ("CVE-2016-10009", 7.5, "HIGH", 7.3, False), ("CVE-2018-15473", 5.0, "MEDIUM", 5.3, False),
                              ("CVE-2014-2653", 5.8, "MEDIUM", None, False), ("CVE-2015-6564", 6.9, "MEDIUM", None, False)],
       ("http_server", "2.4.29"): [("CVE-2019-0211", 7.2, "HIGH", 7.8, True), ("CVE-2021-44790", 7.5, "HIGH", 9.8, False),
                                   ("CVE-2017-15715", 6.8, "MEDIUM", 8.1, False), ("CVE-2018-1312", 6.8, "MEDIUM", 9.8, False),
                                   ("CVE-2019-10092", 4.3, "MEDIUM", 6.1, False), ("CVE-2021-40438", 6.8, "MEDIUM", 9.0, True),
                                   ("CVE-2018-1283", 3.5, "LOW", 5.3, False)],
       ("http_server", "2.4.49"): [("CVE-2021-41773", 4.3, "MEDIUM", 7.5, True), ("CVE-2021-44790", 7.5, "HIGH", 9.8, False),
                                   ("CVE-2021-42013", 7.5, "HIGH", 9.8, True)],
       ("nginx", "1.14.0"): [("CVE-2021-23017", 6.8, "MEDIUM", 7.7, False), ("CVE-2018-16845", 5.8, "MEDIUM", 6.1, False),
                             ("CVE-2019-9511", 7.8, "HIGH", 7.5, False)]}
NEW = {"ssh": ("openssh", "9.6"), "http": ("nginx", "1.26.0")}
FEEDS = "5dcec50013aa77f0"


def cves(product, version):
    rows = []
    for name, score2, severity2, score3, exploited in OLD.get((product, version), []):
        row = {"id": name, "year": int(name[4:8]), "product": f"{product} {version}", "status": "affected", "cvss2": score2,
               "cvss2_severity": severity2}
        if score3 is not None:
            row["cvss3"] = score3
        row["known_exploited"] = exploited
        row["evidence"] = f"{product} {version} is before the version that mends it (NVD)"
        rows.append(row)
    return rows


def software(chance, entry, kind, old):
    """Its product, most of the time, and what is known of the version."""
    if chance.random() < 0.25:
        return
    choices = [key for key in OLD if (key[0] == "openssh") == (kind == "ssh")]
    product, version = chance.choice(choices) if chance.random() < old else NEW[kind]
    entry["product"] = {"name": product, "version": version}
    rows = cves(product, version)
    entry["vulnerabilities"] = {"state": "evaluated", "feeds": FEEDS, "affected": len(rows),
                                "exploited": sum(row["known_exploited"] for row in rows),
                                "critical": sum(row.get("cvss3", 0) >= 9 for row in rows), "cves": rows}
    if any(row["known_exploited"] for row in rows):
        entry["findings"].append("known-exploited-vulnerability")
    elif any(row.get("cvss3", 0) >= 9 for row in rows):
        entry["findings"].append("critical-vulnerability")


def encrypted(chance, entry):
    versions = chance.choices([versions for versions, _ in TLS_SETS], [share for _, share in TLS_SETS])[0]
    entry["tunnel"] = "tls"
    entry["tls"] = {"versions": versions, "self_signed": chance.random() < 0.2}
    if "SSLv3" in versions:
        entry["findings"].append("tls-ssl3")
    if "TLSv1" in versions:
        entry["findings"].append("tls-below-1.2")
    if entry["tls"]["self_signed"]:
        entry["findings"].append("certificate-self-signed")


def record(chance, address, name, provider):
    _, regions, passwords, old = PROVIDERS[provider]
    service = "http" if name == "https" else name
    entry = {"schema": 2, "scan": "cloud", "time": f"2026-11-26T{chance.randrange(24):02}:{chance.randrange(60):02}:00.000Z",
             "ip": address, "port": SERVICES[name][0], "transport": "tcp", "provider": provider,
             "cloud_service": CLOUD_SERVICES[provider], "region": chance.choice(regions), "responsible": "customer",
             "service": service, "outcome": "complete", "findings": []}
    if service == "ssh":
        entry["findings"].append("exposed-ssh")
        methods = ["publickey"] + (["password"] if chance.random() < passwords else [])
        entry["ssh"] = {"methods": methods}
        if "password" in methods:
            entry["findings"].append("ssh-password-login")
        software(chance, entry, "ssh", old)
    elif name == "https":
        encrypted(chance, entry)
        software(chance, entry, "http", old)
    elif name == "http":
        entry["findings"].append("http-plain")
        entry["http"] = {"status": 200}
        software(chance, entry, "http", old)
    else:
        entry["findings"].append(f"exposed-{name}")
    if service in ("redis", "mongodb"):
        entry["open"] = chance.random() < 0.15
        if entry["open"]:
            entry["findings"].append(f"open-{service}")
    entry["reputation"] = {"listed": int(address.split(".")[3]) == 7}
    if entry["reputation"]["listed"]:
        entry["findings"].append("malicious-address")
    return entry


def summary():
    return {"schema": 1, "scan": "cloud", "outcome": "complete", "started": "2026-11-26T00:00:00.000Z",
            "ended": "2026-11-27T00:00:00.000Z", "versions": {"sonde": "0.1.0"},
            "plan": {"path": "cloud.json", "addresses": 1000000, "ports": [port for port, _ in SERVICES.values()],
                     "attempts": 2, "probes": 22000000, "rate_pps": 50000.0},
            "coverage": {"all_attempts": {"estimate": 0.9991, "low": 0.9984, "high": 0.9995}}}


def main():
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2019)
    names = list(PROVIDERS)
    weights = [row[0] for row in PROVIDERS.values()]
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/records.jsonl", "w", encoding="utf-8") as out:
        for host in range(count):
            provider = chance.choices(names, weights)[0]
            address = f"10.{60 * names.index(provider) + 10 + host // 62500}.{host // 250 % 250}.{host % 250 + 1}"
            open_ports = [name for name, (_, share) in SERVICES.items() if chance.random() < share]
            for name in open_ports:
                out.write(json.dumps(record(chance, address, name, provider), separators=(",", ":")) + "\n")
    with open(f"{folder}/summary.json", "w", encoding="utf-8") as out:
        json.dump(summary(), out)


main()
