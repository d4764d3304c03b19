# SPDX-License-Identifier: BSD-3-Clause
"""The study of 2019 as a world whose hosts speak, and what a report of it has to say.

usage: study.py make FOLDER SCALE     population.json, feeds (nvd.json, kev.json), plan.json without its device
       study.py list FOLDER           of truth.jsonl (simnet truth --records): listed.txt, names.json
       study.py compare FOLDER [NAME REGION]
                                      report.json against truth.jsonl, cell by cell, and the study's shares; or another
                                      report, of one region's records, cell by cell

Nothing here looks at records. What each host shall be found to be follows from the population; which vulnerabilities it
has, from the feeds below; whose it is, from its network. The shares are the published ones; the rest is made up.
"""
import bisect
import collections
import functools
import hashlib
import itertools
import json
import math
import sys

import study_statistics

# name: addresses and share of hosts (of the study), share of SSH servers that take a password, /12 in 10.0.0.0/8
PROVIDERS = {"aws": (41797240, 0.22250272, 0.04, "10.16.0.0"),
             "azure": (14000000, 0.10714286, 0.47, "10.32.0.0"),
             "google": (7000000, 0.35714286, 0.03, "10.48.0.0")}
# Service and region of a provider's first prefix, and of those of up to 2,048 addresses behind it.
PLACES = {"aws": (("EC2", "us-east-1"), ("S3", "us-west-2")), "azure": (("AzureCloud", "westeurope"), ("AzureCloud", "northeurope")),
          "google": (("Google Cloud", "us-central1"), ("Google Cloud", "europe-west1"))}
SMALL = 2048
WHOLE = "AMAZON"  # in which AWS's file has every prefix once more
MANAGED = {"S3"}  # what the provider runs, and has to mend
OPEN = {"22": 0.243, "80": 0.45, "443": 0.42, "6379": 0.004}
PORTS = [int(port) for port in OPEN]
# Software, by age: its SSH identification or Server header, the CPE's product and version, how many vulnerabilities.
AGES = ("new", "old", "ancient")
SSH = {"new": ("SSH-2.0-OpenSSH_9.9", "9.9", 0), "old": ("SSH-2.0-OpenSSH_7.9", "7.9", 6), "ancient": ("SSH-2.0-OpenSSH_5.3", "5.3", 40)}
HTTP = {"new": ("nginx/1.27.4", "f5:nginx", "nginx", "1.27.4", 0), "old": ("Apache/2.4.41", "apache:http_server", "http_server", "2.4.41", 6),
        "ancient": ("Apache/2.2.15", "apache:http_server", "http_server", "2.2.15", 40)}
OLD_SSH, OLD_HTTP, ANCIENT = 0.3022, 0.139, 0.1295  # shares: old or older; of those ancient
TLS = {"TLSv1": ("1.0", 0.40), "TLSv1.1": ("1.1", 0.21), "TLSv1.2": ("1.2", 0.24), "TLSv1.3": ("1.3", 0.15)}
OLD_TLS = {"TLSv1", "TLSv1.1"}
SENSITIVE = {"ssh", "redis"}
LISTED = {None: 0.0369, "old": 0.0756, "ancient": 0.8014}  # share of hosts whose address is listed, by their oldest software
MANY_NAMES = 0.20  # of listed addresses
REDIS, OPEN_REDIS = "7.0.15", 0.30  # of Redis servers; the version is told to whom they let in
# How many vulnerabilities of a version are of which severity. Half of all are of old versions: 70 % medium, 17 % high.
SEVERITIES = {0: {}, 6: {"MEDIUM": 4, "HIGH": 1, "LOW": 1}, 40: {"MEDIUM": 29, "HIGH": 7, "LOW": 4}}
EXPLOITED = 7  # this one of a version that has so many is known to be exploited
PAGE = "<!DOCTYPE html><html><head><title>A page</title></head><body></body></html>\n"


def draw(*what):
    """A number from 0 to 1 that belongs to these words."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:7], "big") / 2**56


def aged(old):
    return {"new": 1 - old, "old": old * (1 - ANCIENT), "ancient": old * ANCIENT}


def vulnerabilities(vendor_product, version, count):
    """CVEs of one version, as (id, year, severity of CVSS 2, known to be exploited)."""
    rows = []
    severities = [severity for severity, times in SEVERITIES[count].items() for _ in range(times)]
    for i in range(count):
        year = 2018 + i // 2 % 2 if i % 2 == 0 else 2009 + i % 9
        severity = severities[i * 7 % count]  # 7 has no factor of 6 or 40: each once
        number = 10000 + int(hashlib.sha256(f"{vendor_product} {version}".encode()).hexdigest()[:3], 16) * 100 + i
        rows.append((f"CVE-{year}-{number}", year, severity, i == EXPLOITED))
    return rows


@functools.cache
def software():
    """Every version that is there: (product, version) -> its vulnerabilities."""
    found = {("openssh", version): vulnerabilities("openbsd:openssh", version, count) for _, version, count in SSH.values()}
    found.update({(name, version): vulnerabilities(product, version, count) for _, product, name, version, count in HTTP.values()})
    found["redis", REDIS] = []
    return found


# ---- The world


def prefixes_of(name, addresses, scale):
    """A provider's networks, the largest first: (first address, how many)."""
    count = max(256, round(addresses * scale))
    first = int.from_bytes(bytes(int(part) for part in PROVIDERS[name][3].split(".")), "big")
    while count > 0:
        size = 1 << (count.bit_length() - 1)
        yield first, size
        first += size
        count -= size


def prefix_text(first, size):
    return f"{'.'.join(str(first >> shift & 255) for shift in (24, 16, 8, 0))}/{32 - (size.bit_length() - 1)}"


def place_of(provider, number, size):
    """Service and region of a provider's network."""
    return PLACES[provider][1 if number > 0 and size <= SMALL else 0]


def services():
    found = {}
    for age, (identification, *_) in SSH.items():
        for name, methods in (("password", "publickey,password"), ("key", "publickey")):
            found[f"ssh-{age}-{name}"] = {"speaks": "ssh", "banner": identification, "methods": methods, "keys": 64}
    for age, (server, *_) in HTTP.items():
        found[f"http-{age}"] = {"speaks": "http", "server": server, "page": PAGE}
    for version, (number, _) in TLS.items():
        for age in AGES:
            found[f"https-{number}-{age}"] = {"speaks": "tls", "version": number, "key": "ecdsa", "keys": 64,
                                              "domain": f"v{number.replace('.', '')}.example", "inside": f"http-{age}"}
    found["redis"] = {"speaks": "lines", "answers": {"PING": "-NOAUTH Authentication required.\r\n", "QUIT": "+OK\r\n"},
                      "record": {"service": "redis", "open": False}}
    info = f"redis_version:{REDIS}\r\nredis_mode:standalone\r\nos:Linux x86_64\r\n"
    found["redis-open"] = {"speaks": "lines", "answers": {"PING": "+PONG\r\n", "INFO": f"${len(info)}\r\n{info}\r\n", "QUIT": "+OK\r\n"},
                           "record": {"service": "redis", "open": True, "redis": {"version": REDIS}}}
    return found


def whole(shares):
    """Shares whose sum is 1 without an error of arithmetic: all but the last as multiples of 2^-30, which the last one fills up."""
    *names, last = shares
    rounded = {name: round(shares[name] * 2**30) / 2**30 for name in names}
    return {**rounded, last: 1 - sum(rounded.values())}


def spoken(port, passwords):
    if port == "22":
        return {f"ssh-{age}-{name}": share * part for age, share in aged(OLD_SSH).items()
                for name, part in (("password", passwords), ("key", 1 - passwords))}
    if port == "80":
        return {f"http-{age}": share for age, share in aged(OLD_HTTP).items()}
    if port == "443":
        return {f"https-{number}-{age}": share * part for number, part in TLS.values() for age, share in aged(OLD_HTTP).items()}
    return {"redis": 1 - OPEN_REDIS, "redis-open": OPEN_REDIS}


def population(scale):
    networks = []
    for name, (addresses, alive, passwords, _) in PROVIDERS.items():
        prefixes = [prefix_text(first, size) for first, size in prefixes_of(name, addresses, scale)]
        networks.append({"name": name, "prefixes": prefixes, "alive": alive, "rtt_min_ms": 1, "rtt_typical_ms": 4, "rtt_max_ms": 20,
                         "ports": {port: {"open": share, "closed": 0.02, "speaks": whole(spoken(port, passwords))} for port, share in OPEN.items()}})
    return {"schema": "simnet-population-1", "name": "study-2019-speaking", "key": "study-2019-speaking", "base": "10.64.0.0",
            "about": ["Made by tests/e2e/study.py."], "ports": PORTS, "services": services(), "networks": networks}


def nvd():
    entries = []
    for (name, version), rows in software().items():
        product = "openbsd:openssh" if name == "openssh" else next((row[1] for row in HTTP.values() if row[2] == name), name)
        for cve, year, severity, _ in rows:
            entries.append({"cve": {
                "id": cve, "published": f"{year}-06-01T00:00:00.000", "lastModified": f"{year}-07-01T00:00:00.000", "vulnStatus": "Analyzed",
                "descriptions": [{"lang": "en", "value": "Made up."}],
                "metrics": {"cvssMetricV2": [{"type": "Primary", "baseSeverity": severity,
                                              "cvssData": {"baseScore": {"LOW": 2.1, "MEDIUM": 5.0, "HIGH": 7.5}[severity]}}]},
                "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
                    {"vulnerable": True, "criteria": f"cpe:2.3:a:{product}:{version}:*:*:*:*:*:*:*"}]}]}]}})
    return {"format": "NVD_CVE", "version": "2.0", "timestamp": "2020-01-01T00:00:00.000", "vulnerabilities": entries}


def make(folder, scale):
    world = population(scale)
    exploited = sorted({row[0] for rows in software().values() for row in rows if row[3]})
    kev = {"catalogVersion": "1", "vulnerabilities": [{"cveID": cve, "dateAdded": "2020-01-01"} for cve in exploited]}
    ranges = {}
    for name, (addresses, *_) in PROVIDERS.items():
        rows = []
        for number, (first, size) in enumerate(prefixes_of(name, addresses, scale)):
            service, region = place_of(name, number, size)
            rows += [{"ip_prefix": prefix_text(first, size), "service": each, "region": region}
                     for each in ([WHOLE] if name == "aws" else []) + [service]]
        ranges[name] = {"createDate": "2019-06-28-00-00-00", "prefixes": rows}
    plan = {"ranges": {name: f"{name}.json" for name in PROVIDERS}, "targets": [{"provider": name} for name in PROVIDERS],
            "allow_reserved": ["10.0.0.0/8"], "services": PORTS}
    for name, what in [("population", world), ("nvd", nvd()), ("kev", kev), ("plan", plan), *ranges.items()]:
        with open(f"{folder}/{name}.json", "w", encoding="utf-8") as out:
            json.dump(what, out)


# ---- What is there


def of_record(entry):
    """What one of truth's records comes to: (service, product, version, extras)."""
    extra = {"password": None, "tls": None, "open": None}
    if entry.get("service") == "ssh":
        identification = entry["ssh"]["identification"]
        extra["password"] = "password" in entry["ssh"]["methods"]
        return "ssh", "openssh", next(version for said, version, _ in SSH.values() if said == identification), extra
    if entry.get("service") == "http":
        name, version = next((row[2], row[3]) for row in HTTP.values() if row[0] == entry["http"]["server"])
        if entry.get("tunnel") == "tls":
            extra["tls"] = entry["tls"]["version"]
        return "http", name, version, extra
    extra["open"] = entry["open"]
    return ("redis", "redis", entry["redis"]["version"], extra) if entry["open"] else ("redis", None, None, extra)


def truth(folder):
    hosts = collections.defaultdict(list)
    with open(f"{folder}/truth.jsonl", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            hosts[entry["ip"]].append(of_record(entry))
    return hosts


class Ground:
    """Whose every address is, by the networks of the population."""

    def __init__(self, folder):
        with open(f"{folder}/population.json", encoding="utf-8") as text:
            networks = json.load(text)["networks"]
        self.rows = []
        for network in networks:
            for number, prefix in enumerate(network["prefixes"]):
                base, length = prefix.split("/")
                size = 2 ** (32 - int(length))
                self.rows.append((number_of(base), size, network["name"], *place_of(network["name"], number, size)))
        self.rows.sort()

    def of(self, address):
        """(provider, service, region)"""
        return self.rows[bisect.bisect_right(self.rows, (number_of(address), math.inf)) - 1][2:]

    def told(self):
        """T1: what each service has, and what of it no other has before it."""
        providers = {}
        for _, size, name, service, _ in self.rows:
            provider = providers.setdefault(name, {"addresses": 0, "services": {}})
            provider["addresses"] += size
            for each, once in [(service, size)] + ([(WHOLE, 0)] if name == "aws" else []):
                counts = provider["services"].setdefault(each, {"addresses": 0, "counted_once": 0})
                counts["addresses"] += size
                counts["counted_once"] += once
        return {"addresses": sum(row[1] for row in self.rows), "providers": providers}


def number_of(address):
    return int.from_bytes(bytes(int(part) for part in address.split(".")), "big")


def oldest(entries):
    ages = {age for _, product, version, _ in entries for age in ("old", "ancient")
            if (product, version) in (("openssh", SSH[age][1]), (HTTP[age][2], HTTP[age][3]))}
    return "ancient" if "ancient" in ages else "old" if "old" in ages else None


def is_listed(address, entries):
    return draw(address, "listed") < LISTED[oldest(entries)]


def has_many_names(address):
    return draw(address, "names") < MANY_NAMES


def make_lists(folder):
    hosts = truth(folder)
    with open(f"{folder}/listed.txt", "w", encoding="utf-8") as listed, open(f"{folder}/names.json", "w", encoding="utf-8") as names:
        for address in sorted(hosts):
            if not is_listed(address, hosts[address]):
                continue
            listed.write(f"{address}\n")
            for number in range(60 if has_many_names(address) else 3):
                names.write(json.dumps({"rrname": f"n{number}.example", "rrtype": "A", "rdata": address, "time_first": 1560000000,
                                        "time_last": 1570000000}) + "\n")


def findings_of(entries, listed):
    """What is wrong with a host, in the words of config/findings.json."""
    known = software()
    found = {"malicious-address"} if listed else set()
    for service, product, version, extra in entries:
        if service in SENSITIVE:
            found.add(f"exposed-{service}")
        if extra["password"]:
            found.add("ssh-password-login")
        if extra["tls"] is not None:
            found.add("certificate-untrusted")  # its issuer is nobody's authority
        elif service == "http":
            found.add("http-plain")
        if extra["tls"] in OLD_TLS:
            found.add("tls-below-1.2")
        if extra["open"]:
            found.add("open-redis")
        if product is not None and any(row[3] for row in known[product, version]):
            found.add("known-exploited-vulnerability")
    return found


# ---- What the tables say


# How each table is laid out (config/study.json): what a cell's share is of, how many lines are shown, in which order.
LAYOUT = {"T2": ("column", None), "T2-ssh": (None, None), "T3": ("row", None), "T4": ("column", 10), "F5": ("row", None),
          "F6": ("items", None), "F6-status": ("items", None), "S1": ("items", None), "S2": ("items", None), "E1": (None, None),
          "F7": ("column", None), "F7-old": (None, None), "F8": ("row", None), "F8-share": (None, None), "F8-names": (None, None),
          "O1": ("row", None), "P1": ("column", 20), "R1": ("column", 30)}
BY_VALUE = {"F6", "F7"}
BY_UNITS = {"T3", "O1"}  # their lines are shares themselves
NAMELESS = "(not known)"  # the one line of what is counted without being named


class Table:
    """Cells by (line, column), each [yes, no, unknown]; line None is that of all units."""

    def __init__(self):
        self.cells = collections.defaultdict(lambda: [0, 0, 0])
        self.numbers = collections.defaultdict(collections.Counter)

    def add(self, line, columns, truth_value):
        for column in columns:
            self.cells[line, column][0 if truth_value else 1 if truth_value is not None else 2] += 1

    def columns(self):
        return {column for _, column in self.cells}

    def get(self, line, column):
        return self.cells.get((line, column), [0, 0, 0])

    def items(self, column):
        return sum(cell[0] for (line, of), cell in self.cells.items() if line is not None and of == column)

    def lines(self, name):
        """All of them, as they are to be shown: the largest first, or by value."""
        def place(line):
            cell = self.get(line, "all")
            return (0 if name in BY_VALUE else -sum(cell) if name in BY_UNITS else -cell[0], line)
        return sorted({line for line, _ in self.cells if line is not None}, key=place)

    def share_of(self, name, line, column):
        """What a cell's share is of."""
        cell = self.get(line, column)
        return {"row": cell[0] + cell[1], "column": sum(self.get(None, column)), "items": self.items(column)}[LAYOUT[name][0]]


def tables_of(hosts, ground):
    known = software()
    tables = collections.defaultdict(Table)
    for address, entries in hosts.items():
        provider, place, _ = ground.of(address)
        both = ("all", provider)
        kinds = {service for service, *_ in entries}
        listed = is_listed(address, entries)
        named = [(product, version) for _, product, version, _ in entries if product is not None]
        rows = {row[0]: row for pair in named for row in known[pair]}
        tables["T2"].add(None, both, bool(kinds & SENSITIVE))
        for kind in kinds:
            tables["T2"].add(kind, both, kind in SENSITIVE)
        tables["T2-ssh"].add(None, both, "ssh" in kinds)
        for service, _, _, extra in entries:
            if service == "ssh":
                for line in (None, provider):
                    tables["T3"].add(line, ("all",), extra["password"])
            if extra["open"] is not None:
                for line in (None, service):
                    tables["O1"].add(line, ("all",), extra["open"])
        if named:
            group = ("all", "listed" if listed else "others")
            for name in ("T4", "F5", "F6", "F6-status", "S1", "S2"):
                tables[name].add(None, ("all",) if name == "F6" else both, bool(rows))
            tables["E1"].add(None, both, any(row[3] for row in rows.values()))
            tables["F8"].add(None, group, bool(rows))
            for name, columns in (("F8", group), ("F5", both)):
                for column in columns:
                    tables[name].numbers[column][len(rows)] += 1
            for cve, year, severity, _ in rows.values():
                tables["T4"].add(cve, both, True)
                tables["F5"].add(NAMELESS, both, True)
                tables["F6"].add(str(year), ("all", severity), True)
                tables["F6-status"].add("affected", both, True)
                tables["F8"].add(NAMELESS, group, True)
                tables["S1"].add(place, both, True)
                tables["S2"].add("provider" if place in MANAGED else "customer", both, True)
            for product in {product for product, _ in named}:
                tables["P1"].add(product, both, True)
            tables["P1"].add(None, both, True)
        tables["R1"].add(None, both, True)
        for finding in findings_of(entries, listed):
            tables["R1"].add(finding, both, True)
        tables["F8-share"].add(None, both, listed)
        if listed:
            tables["F8-names"].add(None, both, has_many_names(address))
        versions = {extra["tls"] for *_, extra in entries if extra["tls"] is not None}
        if versions:
            tables["F7"].add(None, both, True)
            tables["F7-old"].add(None, both, bool(versions & OLD_TLS))
            for version in versions:
                tables["F7"].add(version, both, True)
    return tables


# ---- The comparison


class Comparison:
    """What was compared, and what differed."""

    def __init__(self):
        self.values = 0
        self.wrong = []

    def same(self, where, said, wanted):
        self.values += 1
        close = isinstance(said, float) and isinstance(wanted, (int, float)) and math.isclose(said, wanted, rel_tol=1e-6, abs_tol=1e-300)
        if said != wanted and not close:
            self.wrong.append(f"{where}: the report says {said}, the truth is {wanted}")

    def cell(self, where, said, wanted, of):
        for key, value in zip(("yes", "no", "unknown"), wanted):
            self.same(f"{where} {key}", said.get(key), value)
        if of == 0:
            self.same(f"{where} share", said.get("share"), None)
            return
        low, high = study_statistics.interval(wanted[0], of)
        for key, value in (("of", of), ("share", wanted[0] / of), ("low", low), ("high", high)):
            self.same(f"{where} {key}", said.get(key), value)

    def table(self, name, ours, report):
        names = {"of whom it is so": "listed", "the others": "others"} if name == "F8" else {}
        columns = [names.get(column["value"], column["value"]) for column in report["columns"]]
        self.same(f"{name}: columns", sorted(columns), sorted(ours.columns()))
        lines = ours.lines(name)
        shown = lines[:LAYOUT[name][1]]
        self.same(f"{name}: lines", [line["value"] for line in report["lines"]], shown)
        self.same(f"{name}: lines left off", report["lines_left_off"], len(lines) - len(shown))
        for column, said in zip(columns, report["columns"]):
            units = ours.get(None, column)
            self.cell(f"{name} {column}", said, units, units[0] + units[1])
            self.same(f"{name} {column} items", said["items"], ours.items(column))
            counts = ours.numbers.get(column)
            self.same(f"{name} {column} numbers", said.get("numbers"), counts and [counts[i] for i in range(max(counts) + 1)])
        for line in report["lines"]:
            for column, said in zip(columns, line["cells"]):
                self.cell(f"{name} {line['value']} {column}", said, ours.get(line["value"], column), ours.share_of(name, line["value"], column))
        if name == "F8":
            for test, numbers in study_statistics.tests_of([ours.numbers[group] for group in ("listed", "others")]).items():
                for key, value in numbers.items():
                    self.same(f"{name} {test} {key}", report.get("comparison", {}).get(test, {}).get(key), value)


# ---- The study's shares


def expected_shares():
    """What the population is made to have: every combination of what a host may be, with how likely it is."""
    rows = {"ssh": {age: software()["openssh", SSH[age][1]] for age in AGES},
            "http": {age: software()[HTTP[age][2], HTTP[age][3]] for age in AGES}}
    sums = collections.Counter()
    ssh = {None: 1 - OPEN["22"], **{age: OPEN["22"] * share for age, share in aged(OLD_SSH).items()}}
    web = {port: {None: 1 - OPEN[port], **{age: OPEN[port] * share for age, share in aged(OLD_HTTP).items()}} for port in ("80", "443")}
    redis = {None: 1 - OPEN["6379"], False: OPEN["6379"] * (1 - OPEN_REDIS), True: OPEN["6379"] * OPEN_REDIS}
    for (a, pa), (b, pb), (c, pc), (d, pd) in itertools.product(ssh.items(), web["80"].items(), web["443"].items(), redis.items()):
        chance = pa * pb * pc * pd
        ages = {a, b, c} - {None}
        if not ages and d is None:
            continue
        listed = LISTED["ancient" if "ancient" in ages else "old" if "old" in ages else None]
        sums["exposed"] += chance
        sums["ssh"] += chance * (a is not None)
        sums["listed"] += chance * listed
        if not ages and not d:
            continue  # its software is not named
        found = (rows["ssh"][a] if a else []) + [row for age in {b, c} - {None} for row in rows["http"][age]]
        for group, part in (("all", 1), ("listed", listed), ("others", 1 - listed)):
            sums[group, "named"] += chance * part
            sums[group, "vulnerable"] += chance * part * bool(found)
            sums[group, "number"] += chance * part * len(found)
        for _, year, severity, _ in found:
            sums[severity] += chance
            sums["known for two years"] += chance * (year <= 2017)
    number = sums["all", "number"]
    expected = {"ssh": sums["ssh"] / sums["exposed"], "listed": sums["listed"] / sums["exposed"], "names": MANY_NAMES,
                "old TLS": sum(share for version, (_, share) in TLS.items() if version in OLD_TLS),
                "medium": sums["MEDIUM"] / number, "high": sums["HIGH"] / number, "known for two years": sums["known for two years"] / number}
    expected.update({f"{name} password": row[2] for name, row in PROVIDERS.items()})
    for group in ("all", "listed", "others"):
        expected[f"{group} vulnerable"] = sums[group, "vulnerable"] / sums[group, "named"]
        expected[f"{group} mean"] = sums[group, "number"] / sums[group, "vulnerable"]
    return expected


STUDY = {"ssh": 0.32, "all vulnerable": 0.24, "all mean": 11, "azure password": 0.47, "old TLS": 0.61, "medium": 0.70, "high": 0.17,
         "known for two years": 0.50, "listed": 0.07, "listed vulnerable": 0.60, "listed mean": 28, "names": 0.20}
BELOW = {"aws password": 0.05, "google password": 0.05}
CHANCE = 4.5  # standard deviations, which chance leaves once in 150,000


def headline(name, found, expected, deviation):
    """Compares what was found with what the world is made to have, and that with what was published, as far as it is told."""
    study = f", the study's {STUDY[name]:g}" if name in STUDY else f", the study's under {BELOW[name]:g}" if name in BELOW else ""
    line = f"{name}: {found:.4g} (deviation {deviation:.2g}), made to be {expected:.4g}{study}"
    print(line)
    wrong = []
    if abs(found - expected) > CHANCE * deviation + 1e-12:
        wrong.append(f"{line}: more than chance explains")
    # The last digit that was published, rounded: a percent, or one vulnerability.
    if name in STUDY and abs(expected - STUDY[name]) > (0.5 if STUDY[name] > 1 else 0.005):
        wrong.append(f"{line}: another world than the study's")
    if name in BELOW and found >= BELOW[name] + CHANCE * deviation:
        wrong.append(f"{line}: too many")
    return wrong


def shares_compare(report, hosts):
    tables = {table["id"]: table for table in report["tables"]}
    expected = expected_shares()
    cells = {"ssh": tables["T2-ssh"]["columns"][0], "all vulnerable": tables["F5"]["columns"][0], "old TLS": tables["F7-old"]["columns"][0],
             "listed": tables["F8-share"]["columns"][0], "names": tables["F8-names"]["columns"][0],
             "listed vulnerable": tables["F8"]["columns"][1], "others vulnerable": tables["F8"]["columns"][2]}
    cells.update({f"{line['value']} password": line["cells"][0] for line in tables["T3"]["lines"]})
    wrong = []
    for name, cell in cells.items():
        of = cell["yes"] + cell["no"]
        wrong += headline(name, cell["yes"] / of, expected[name], math.sqrt(expected[name] * (1 - expected[name]) / of))
    for name, column in zip(("all", "listed", "others"), tables["F8"]["columns"]):
        counts = {number: count for number, count in enumerate(column["numbers"]) if number > 0}
        of = sum(counts.values())
        mean = sum(number * count for number, count in counts.items()) / of
        variance = sum((number - mean) ** 2 * count for number, count in counts.items()) / (of - 1)
        wrong += headline(f"{name} mean", mean, expected[f"{name} mean"], math.sqrt(variance / of))
    # A share of vulnerabilities, which come by hosts and not one by one: the deviation is that of a ratio of sums.
    f6 = tables["F6"]
    severities = {column["value"]: column["items"] for column in f6["columns"]}
    found = {"medium": severities["MEDIUM"], "high": severities["HIGH"],
             "known for two years": sum(line["cells"][0]["yes"] for line in f6["lines"] if int(line["value"]) <= 2017)}
    counts = collections.Counter()
    for entries in hosts.values():
        rows = {row[0]: row for _, product, version, _ in entries if product is not None for row in software()[product, version]}.values()
        counts[len(rows), sum(row[2] == "MEDIUM" for row in rows), sum(row[2] == "HIGH" for row in rows), sum(row[1] <= 2017 for row in rows)] += 1
    for i, name in enumerate(found, 1):
        squares = sum((numbers[i] - expected[name] * numbers[0]) ** 2 * count for numbers, count in counts.items())
        wrong += headline(name, found[name] / severities["all"], expected[name], math.sqrt(squares) / severities["all"])
    return wrong


def compare(folder, name="report.json", region=None):
    with open(f"{folder}/{name}", encoding="utf-8") as text:
        report = json.load(text)
    ground = Ground(folder)
    hosts = truth(folder)
    if region is not None:
        hosts = {address: entries for address, entries in hosts.items() if ground.of(address)[2] == region}
    comparison = Comparison()
    comparison.same("hosts", report["hosts"], len(hosts))
    comparison.same("services", report["services"], sum(len(entries) for entries in hosts.values()))
    comparison.same("T1", report.get("targets"), ground.told())
    tables = tables_of(hosts, ground)
    reported = {table["id"]: table for table in report["tables"]}
    comparison.same("tables", sorted(reported), sorted(tables))
    for each in sorted(set(tables) & set(reported)):
        comparison.table(each, tables[each], reported[each])
    print(f"{region or 'everywhere'}: {len(tables)} tables, {comparison.values} values")
    wrong = comparison.wrong + (shares_compare(report, hosts) if region is None else [])
    for line in wrong[:20]:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], float(sys.argv[3]))
    elif sys.argv[1] == "list":
        make_lists(sys.argv[2])
    else:
        compare(*sys.argv[2:])
