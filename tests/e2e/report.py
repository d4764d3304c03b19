# SPDX-License-Identifier: BSD-3-Clause
"""Records of an invented internet, and the study of them counted a second time, straight from the lines.

usage: report.py make FOLDER | report.py compare FOLDER REPORT.json
"""
import collections
import glob
import gzip
import json
import random
import sys

PROVIDERS = ["aws", "azure", "google", None]
SENSITIVE = {"ssh", "redis", "mysql"}
SERVICES = ["ssh", "redis", "mysql", "http", "smtp", None]
VERSIONS = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
ASIDE = {"tarpit", "accepts-any-port"}
HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\x1b[2J\x07", "a\"b,c\nd", "\u202egnp.exe", "", "\u00e9" * 40]


def record(chance, address, port, time):
    """One record; everything that can be known may not be."""
    entry = {"schema": 2, "scan": "study", "time": time, "ip": address, "port": port, "transport": "tcp"}
    provider = PROVIDERS[int(address.split(".")[1]) % len(PROVIDERS)]
    service = chance.choice(SERVICES)
    if provider:
        entry["provider"] = provider
    if chance.random() < 0.1:
        entry["region"] = chance.choice(HOSTILE)
    if service:
        entry["service"] = service
    if service and chance.random() < 0.5:
        entry["open"] = chance.random() < 0.3
    entry["outcome"] = "complete" if service else "timeout"
    entry["findings"] = chance.sample(["exposed-ssh", "open-redis", "tls-old", "=1+1"], chance.randrange(4))
    if chance.random() < 0.3:
        entry["product"] = {"name": chance.choice(HOSTILE + ["nginx", "openssh"])}
    if service == "ssh" and chance.random() < 0.8:
        entry["ssh"] = {"methods": chance.sample(["publickey", "password", "keyboard-interactive"], chance.randrange(4))}
    if chance.random() < 0.1:
        entry["suspect"] = chance.choice([["tarpit"], ["no-options", "accepts-any-port"], ["zero-window"]])
    if chance.random() < 0.4:
        entry["tls"] = {"versions": sorted(chance.sample(VERSIONS, chance.randrange(1, 5)))}
    return entry


def make(folder):
    """Three files, one of them packed, with repeated records and lines that are none."""
    chance = random.Random(2019)
    shards = [[], [], []]
    for host in range(3000):
        address = f"10.{host % 7}.{host // 256}.{host % 256}"
        for port in chance.sample([22, 80, 443, 3306, 6379, 8080], chance.randrange(1, 5)):
            for repeat in range(1 + (chance.random() < 0.05)):
                time = f"2026-11-{20 + repeat:02}T{chance.randrange(24):02}:00:00.{host % 1000:03}Z"
                shards[chance.randrange(3)].append(json.dumps(record(chance, address, port, time), separators=(",", ":")))
    shards[0].insert(7, "no record")
    shards[1].insert(3, '{"schema":1,"ip":"10.9.9.9","port":1}')
    with open(f"{folder}/records-0.jsonl", "w", encoding="utf-8") as out:
        out.write("\n".join(shards[0]) + "\n")
    with gzip.open(f"{folder}/records-1.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write("\n".join(shards[1]) + "\n")
    with open(f"{folder}/records-2.jsonl", "w", encoding="utf-8") as out:
        out.write("\n".join(shards[2]) + '\n{"schema":2,"ip":"10.0')


def latest(folder):
    """The latest record of each address and port."""
    kept = {}
    for path in sorted(glob.glob(f"{folder}/records*")):
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                key = (entry["ip"], entry["port"])
                if ASIDE & set(entry.get("suspect", ())):
                    continue
                if entry["schema"] == 2 and (key not in kept or entry["time"] > kept[key]["time"]):
                    kept[key] = entry
    hosts = collections.defaultdict(list)
    for (address, _), entry in kept.items():
        hosts[address].append(entry)
    return hosts


class Counts:
    """yes, no and unknown by (line, column)."""

    def __init__(self):
        self.cells = collections.Counter()

    def add(self, line, column, truth):
        for name in {column, "all"}:
            self.cells[line, name, {True: "yes", False: "no", None: "unknown"}[truth]] += 1


def any_of(truths):
    """Of several: so if it is of one, not known if it is not known of one."""
    return True if True in truths else None if None in truths else False


def shown(value):
    return "(not known)" if value in (None, "") else value


def expected(hosts):
    tables = collections.defaultdict(Counts)
    for entries in hosts.values():
        provider = shown(entries[0].get("provider"))
        known = [entry for entry in entries if entry.get("service")]
        services = {entry["service"] for entry in known}
        if known:
            tables["T2"].add(None, provider, bool(services & SENSITIVE))
            tables["T2-ssh"].add(None, provider, "ssh" in services)
            for service in services:
                tables["T2"].add(service, provider, service in SENSITIVE)
        for entry in known:
            if entry["service"] == "ssh":
                methods = entry.get("ssh", {}).get("methods")
                truth = None if methods is None else bool({"password", "keyboard-interactive"} & set(methods))
                for line in (None, provider):
                    tables["T3"].add(line, "all", truth)
            if "open" in entry:
                for line in (None, entry["service"]):
                    tables["O1"].add(line, "all", entry["open"])
        tls = [set(entry["tls"]["versions"]) for entry in entries if "tls" in entry]
        if tls:
            tables["F7"].add(None, provider, True)
            tables["F7-old"].add(None, provider, any_of([bool(one & {"SSLv3", "TLSv1", "TLSv1.1"}) for one in tls]))
            for version in set().union(*tls):
                tables["F7"].add(version, provider, True)
        findings = set()
        for entry in entries:
            findings |= set(entry["findings"])
        tables["R1"].add(None, provider, True)
        for finding in findings or {"(none)"}:
            tables["R1"].add(shown(finding), provider, True)
        products = {shown(entry["product"]["name"]) for entry in entries if "product" in entry}
        if products:
            tables["P1"].add(None, provider, True)
            for product in products:
                tables["P1"].add(product, provider, True)
    return tables


def told(table):
    cells = collections.Counter()
    names = [column["value"] for column in table["columns"]]
    for name, column in zip(names, table["columns"]):
        for truth in ("yes", "no", "unknown"):
            cells[None, name, truth] += column[truth]
    for line in table["lines"]:
        for name, cell in zip(names, line["cells"]):
            for truth in ("yes", "no", "unknown"):
                cells[line["value"], name, truth] += cell[truth]
    return +cells


def compare(folder, path):
    hosts = latest(folder)
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    wrong = 0
    if report["hosts"] != len(hosts) or report["services"] != sum(map(len, hosts.values())):
        print(f"hosts {report['hosts']}, services {report['services']}: not {len(hosts)}")
        wrong += 1
    tables = expected(hosts)
    for table in report["tables"]:
        if table["id"] not in tables:
            continue
        wanted = +tables[table["id"]].cells
        got = told(table)
        for key in sorted(set(wanted) | set(got), key=str):
            if wanted[key] != got[key]:
                print(f"{table['id']} {key}: {got[key]}, expected {wanted[key]}")
                wrong += 1
    missing = set(tables) - {table["id"] for table in report["tables"]}
    if missing:
        print(f"no tables {missing}")
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(make(sys.argv[2]) if sys.argv[1] == "make" else compare(sys.argv[2], sys.argv[3]))
