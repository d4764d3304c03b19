# SPDX-License-Identifier: BSD-3-Clause
"""The study of 2019 as a world whose hosts speak, and what a report of it has to say.

usage: study.py make FOLDER SCALE     population.json, feeds (nvd.json, kev.json), plan.json without its device
       study.py list FOLDER           of truth.jsonl (simnet truth --records): listed.txt, names.json
       study.py compare FOLDER        report.json against truth.jsonl, cell by cell, and the study's shares

Nothing here looks at records. What each host shall be found to be follows from the population; which vulnerabilities it
has, from the feeds below; whose it is, from its network. The shares are the published ones; the rest is made up.
"""
import collections
import functools
import hashlib
import itertools
import json
import math
import sys

# name: addresses and share of hosts (of the study), share of SSH servers that take a password, /12 in 10.0.0.0/8
PROVIDERS = {"aws": (41797240, 0.22250272, 0.04, "10.16.0.0", "EC2", "us-east-1"),
             "azure": (14000000, 0.10714286, 0.47, "10.32.0.0", "AzureCloud", "westeurope"),
             "google": (7000000, 0.35714286, 0.03, "10.48.0.0", "Google Cloud", "us-central1")}
OPEN = {"22": 0.243, "80": 0.45, "443": 0.42, "6379": 0.004}
PORTS = [int(port) for port in OPEN]
# Software, by age: its SSH identification or Server header, the CPE's product and version, how many vulnerabilities.
AGES = ("new", "old", "ancient")
SSH = {"new": ("SSH-2.0-OpenSSH_9.9", "9.9", 0), "old": ("SSH-2.0-OpenSSH_7.9", "7.9", 8), "ancient": ("SSH-2.0-OpenSSH_5.3", "5.3", 40)}
HTTP = {"new": ("nginx/1.27.4", "f5:nginx", "nginx", "1.27.4", 0), "old": ("Apache/2.4.41", "apache:http_server", "http_server", "2.4.41", 8),
        "ancient": ("Apache/2.2.15", "apache:http_server", "http_server", "2.2.15", 40)}
OLD_SSH, OLD_HTTP, ANCIENT = 0.30, 0.138, 0.187  # shares: old or older; of those ancient
TLS = {"TLSv1": ("1.0", 0.40), "TLSv1.1": ("1.1", 0.21), "TLSv1.2": ("1.2", 0.24), "TLSv1.3": ("1.3", 0.15)}
OLD_TLS = {"TLSv1", "TLSv1.1"}
SENSITIVE = {"ssh", "redis"}
LISTED = {None: 0.0368, "old": 0.0807, "ancient": 0.585}  # share of hosts whose address is listed, by their oldest software
MANY_NAMES = 0.20  # of listed addresses
# Of the vulnerabilities of one version the years and severities: half are known for two years, 70 % medium, 17 % high.
SEVERITIES = ["MEDIUM"] * 70 + ["HIGH"] * 17 + ["LOW"] * 13
PAGE = "<!DOCTYPE html><html><head><title>A page</title></head><body></body></html>\n"


def draw(*what):
    """A number from 0 to 1 that belongs to these words."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:7], "big") / 2**56


def aged(old):
    return {"new": 1 - old, "old": old * (1 - ANCIENT), "ancient": old * ANCIENT}


def vulnerabilities(vendor_product, version, count):
    """CVEs of one version, as (id, year, severity of CVSS 2, known to be exploited)."""
    rows = []
    for i in range(count):
        year = 2018 + i // 2 % 2 if i % 2 == 0 else 2009 + i % 9
        severity = SEVERITIES[i * 37 % 100]
        number = 10000 + int(hashlib.sha256(f"{vendor_product} {version}".encode()).hexdigest()[:3], 16) * 100 + i
        rows.append((f"CVE-{year}-{number}", year, severity, i == 7))
    return rows


@functools.cache
def software():
    """Every version that is there: (product, version) -> its vulnerabilities."""
    found = {("openssh", version): vulnerabilities("openbsd:openssh", version, count) for _, version, count in SSH.values()}
    found.update({(name, version): vulnerabilities(product, version, count) for _, product, name, version, count in HTTP.values()})
    return found


# ---- The world


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
    return found


def spoken(port, passwords):
    if port == "22":
        return {f"ssh-{age}-{name}": share * part for age, share in aged(OLD_SSH).items()
                for name, part in (("password", passwords), ("key", 1 - passwords))}
    if port == "80":
        return {f"http-{age}": share for age, share in aged(OLD_HTTP).items()}
    if port == "443":
        return {f"https-{number}-{age}": share * part for number, part in TLS.values() for age, share in aged(OLD_HTTP).items()}
    return {"redis": 1.0}


def population(scale):
    networks = []
    for name, (addresses, alive, passwords, base, *_) in PROVIDERS.items():
        count = max(256, round(addresses * scale))
        first = int.from_bytes(bytes(int(part) for part in base.split(".")), "big")
        prefixes = []
        while count > 0:
            size = 1 << (count.bit_length() - 1)
            prefixes.append(f"{'.'.join(str(first >> shift & 255) for shift in (24, 16, 8, 0))}/{32 - (size.bit_length() - 1)}")
            first += size
            count -= size
        networks.append({"name": name, "prefixes": prefixes, "alive": alive, "rtt_min_ms": 1, "rtt_typical_ms": 4, "rtt_max_ms": 20,
                         "ports": {port: {"open": share, "closed": 0.02, "speaks": spoken(port, passwords)} for port, share in OPEN.items()}})
    return {"schema": "simnet-population-1", "name": "study-2019-speaking", "key": "study-2019-speaking", "base": "10.64.0.0",
            "about": ["Made by tests/e2e/study.py."], "ports": PORTS, "services": services(), "networks": networks}


def nvd():
    entries = []
    for (name, version), rows in software().items():
        product = "openbsd:openssh" if name == "openssh" else next(row[1] for row in HTTP.values() if row[2] == name)
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
    ranges = {name: {"createDate": "2019-06-28-00-00-00", "prefixes": [
        {"ip_prefix": prefix, "service": PROVIDERS[name][4], "region": PROVIDERS[name][5]} for network in world["networks"]
        if network["name"] == name for prefix in network["prefixes"]]} for name in PROVIDERS}
    plan = {"ranges": {name: f"{name}.json" for name in PROVIDERS}, "targets": [{"provider": name} for name in PROVIDERS],
            "allow_reserved": ["10.0.0.0/8"], "services": PORTS}
    for name, what in [("population", world), ("nvd", nvd()), ("kev", kev), ("plan", plan), *ranges.items()]:
        with open(f"{folder}/{name}.json", "w", encoding="utf-8") as out:
            json.dump(what, out)


# ---- What is there


def of_record(entry):
    """What one of truth's records comes to: (service, product, version, extras)."""
    extra = {"password": None, "tls": None}
    if entry.get("service") == "ssh":
        identification = entry["ssh"]["identification"]
        extra["password"] = "password" in entry["ssh"]["methods"]
        return "ssh", "openssh", next(version for said, version, _ in SSH.values() if said == identification), extra
    if entry.get("service") == "http":
        name, version = next((row[2], row[3]) for row in HTTP.values() if row[0] == entry["http"]["server"])
        if entry.get("tunnel") == "tls":
            extra["tls"] = entry["tls"]["version"]
        return "http", name, version, extra
    return entry["service"], None, None, extra


def truth(folder):
    hosts = collections.defaultdict(list)
    with open(f"{folder}/truth.jsonl", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            hosts[entry["ip"]].append(of_record(entry))
    return hosts


def provider_of(address):
    return next(name for name, row in PROVIDERS.items() if int(address.split(".")[1]) & ~15 == int(row[3].split(".")[1]))


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
        if product is not None and any(row[3] for row in known[product, version]):
            found.add("known-exploited-vulnerability")
    return found


# ---- What the tables say


class Table:
    """Cells by (line, column), each [yes, no, unknown]; line None is that of all units."""

    def __init__(self):
        self.cells = collections.defaultdict(lambda: [0, 0, 0])
        self.items = collections.Counter()
        self.numbers = collections.defaultdict(collections.Counter)

    def add(self, line, columns, truth_value):
        for column in columns:
            self.cells[line, column][0 if truth_value else 1 if truth_value is not None else 2] += 1


def tables_of(hosts):
    known = software()
    tables = collections.defaultdict(Table)
    for address, entries in hosts.items():
        provider = provider_of(address)
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
            if service == "redis":
                for line in (None, "redis"):
                    tables["O1"].add(line, ("all",), False)
        if named:
            for name in ("T4", "F5", "F6", "F6-status", "S1", "S2"):
                tables[name].add(None, ("all",) if name == "F6" else both, bool(rows))
            tables["E1"].add(None, both, any(row[3] for row in rows.values()))
            tables["F8"].add(None, ("all", "listed" if listed else "others"), bool(rows))
            tables["F8"].numbers["all"][len(rows)] += 1
            tables["F8"].numbers["listed" if listed else "others"][len(rows)] += 1
            for column in both:
                tables["F5"].numbers[column][len(rows)] += 1
            for cve, year, severity, _ in rows.values():
                tables["T4"].add(cve, both, True)
                tables["F6"].add(str(year), ("all", severity), True)
                tables["F6-status"].add("affected", both, True)
                tables["S1"].add(PROVIDERS[provider][4], both, True)
                tables["S2"].add("customer", both, True)
            for product in {product for product, _ in named}:
                tables["P1"].add(product, both, True)
            tables["P1"].add(None, both, True)
        tables["R1"].add(None, both, True)
        for finding in findings_of(entries, listed) or {"(none)"}:
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


def told(table):
    names = {"of whom it is so": "listed", "the others": "others"} if table["id"] == "F8" else {}
    columns = [names.get(column["value"], column["value"]) for column in table["columns"]]
    cells = {}
    numbers = {}
    for column, name in zip(table["columns"], columns):
        cells[None, name] = [column[key] for key in ("yes", "no", "unknown")]
        if "numbers" in column:
            numbers[name] = {number: count for number, count in enumerate(column["numbers"]) if count}
    for line in table["lines"]:
        for cell, name in zip(line["cells"], columns):
            cells[line["value"], name] = [cell[key] for key in ("yes", "no", "unknown")]
    return cells, numbers


def compare_table(name, ours, report):
    cells, numbers = told(report)
    # A table shows its first lines only; those that it shows have to be right, and no other may be larger.
    shown = {line for line, _ in cells}
    wanted = {key: cell for key, cell in ours.cells.items()}
    wrong = []
    for key in set(cells) | set(wanted):
        if key[0] not in shown and report["lines_left_off"] > 0:
            least = min(cells[line, "all"][0] for line in shown if line is not None)
            if wanted[key][0] > least and key[1] == "all":
                wrong.append(f"{name} {key}: {wanted[key]} is left off, and {least} is there")
            continue
        # Columns of rows' own values have no units; a line of units has columns of values, and no column for nothing.
        if name == "F6" and key[0] is None and key[1] != "all":
            continue
        # With `rows` missing, what is counted stands in one line without a value.
        if name in ("F5", "F8", "T2-ssh", "E1", "F7-old", "F8-share", "F8-names") and key[0] is not None:
            continue
        if cells.get(key, [0, 0, 0]) != wanted.get(key, [0, 0, 0]):
            wrong.append(f"{name} {key}: the report says {cells.get(key)}, the truth is {wanted.get(key)}")
    for column, counts in ours.numbers.items():
        if numbers.get(column) != dict(counts):
            wrong.append(f"{name} {column}: other numbers of vulnerabilities")
    return wrong


# ---- The study's shares


def expected_shares():
    """What the population is made to have: every combination of what a host may be, with how likely it is."""
    counts = {age: {"ssh": SSH[age][2], "http": HTTP[age][4]} for age in AGES}
    sums = collections.Counter()
    hosts = {name: row[0] * row[1] for name, row in PROVIDERS.items()}
    everybody = sum(hosts.values())
    ssh = {None: 1 - OPEN["22"], **{age: OPEN["22"] * share for age, share in aged(OLD_SSH).items()}}
    web = {port: {None: 1 - OPEN[port], **{age: OPEN[port] * share for age, share in aged(OLD_HTTP).items()}} for port in ("80", "443")}
    for (a, pa), (b, pb), (c, pc) in itertools.product(ssh.items(), web["80"].items(), web["443"].items()):
        chance = pa * pb * pc
        ages = {a, b, c} - {None}
        if not ages:
            continue
        sums["exposed"] += chance
        sums["ssh"] += chance * (a is not None)
        number = (counts[a]["ssh"] if a else 0) + sum(counts[age]["http"] for age in {b, c} - {None})
        oldest_age = "ancient" if "ancient" in ages else "old" if "old" in ages else None
        listed = LISTED[oldest_age]
        sums["vulnerable"] += chance * (number > 0)
        sums["listed"] += chance * listed
        sums["listed vulnerable"] += chance * listed * (number > 0)
        sums["others vulnerable"] += chance * (1 - listed) * (number > 0)
        sums["listed number"] += chance * listed * number
        sums["others number"] += chance * (1 - listed) * number
    return {"ssh": sums["ssh"] / sums["exposed"], "vulnerable": sums["vulnerable"] / sums["exposed"],
            "azure password": PROVIDERS["azure"][2], "aws password": PROVIDERS["aws"][2], "google password": PROVIDERS["google"][2],
            "old TLS": sum(share for version, (_, share) in TLS.items() if version in OLD_TLS),
            "listed": sums["listed"] / sums["exposed"], "listed vulnerable": sums["listed vulnerable"] / sums["listed"],
            "others vulnerable": sums["others vulnerable"] / (sums["exposed"] - sums["listed"]),
            "listed mean": sums["listed number"] / sums["listed vulnerable"],
            "others mean": sums["others number"] / sums["others vulnerable"], "names": MANY_NAMES, "hosts": everybody}


STUDY = {"ssh": 0.32, "vulnerable": 0.24, "azure password": 0.47, "old TLS": 0.61, "listed": 0.07, "listed vulnerable": 0.60,
         "names": 0.20}


def share_check(name, yes, of, expected):
    # 4.5 standard deviations of a binomial share, which chance leaves once in 150,000.
    slack = 4.5 * math.sqrt(expected * (1 - expected) / max(of, 1))
    line = f"{name}: {100 * yes / max(of, 1):.1f} % of {of}, made to be {100 * expected:.1f} %" + (
        f", the study's {100 * STUDY[name]:.0f} %" if name in STUDY else "")
    print(line)
    return [] if abs(yes / max(of, 1) - expected) <= slack else [f"{line}: more than chance explains"]


def shares_compare(report):
    tables = {table["id"]: told(table)[0] for table in report["tables"]}
    numbers = told(next(table for table in report["tables"] if table["id"] == "F8"))[1]
    expected = expected_shares()
    wrong = [f"{name} is made to be {expected[name]:.3f}, the study has {share}" for name, share in STUDY.items()
             if abs(expected[name] - share) > 0.015]

    def check(name, cell):
        return share_check(name, cell[0], cell[0] + cell[1], expected[name])

    wrong += check("ssh", tables["T2-ssh"][None, "all"]) + check("vulnerable", tables["F5"][None, "all"])
    for provider in PROVIDERS:
        wrong += check(f"{provider} password", tables["T3"][provider, "all"])
    wrong += check("old TLS", tables["F7-old"][None, "all"]) + check("listed", tables["F8-share"][None, "all"])
    wrong += check("listed vulnerable", tables["F8"][None, "listed"]) + check("others vulnerable", tables["F8"][None, "others"])
    wrong += check("names", tables["F8-names"][None, "all"])
    for column in ("listed", "others"):
        with_any = {number: count for number, count in numbers[column].items() if number}
        of = sum(with_any.values())
        mean = sum(number * count for number, count in with_any.items()) / max(of, 1)
        deviation = math.sqrt(sum((number - mean) ** 2 * count for number, count in with_any.items()) / max(of - 1, 1) / max(of, 1))
        print(f"{column}: {mean:.1f} vulnerabilities each of {of}, made to be {expected[column + ' mean']:.1f}, "
              f"the study's {28 if column == 'listed' else 11}")
        if abs(mean - expected[column + " mean"]) > 4.5 * deviation:
            wrong.append(f"{column}: the mean is further off than chance explains")
    lines = {key: cell[0] for key, cell in tables["F6"].items() if key[0] is not None}
    every = sum(count for key, count in lines.items() if key[1] == "all")
    for name, study, count in [
            ("of medium severity", 0.70, sum(count for key, count in lines.items() if key[1] == "MEDIUM")),
            ("of high severity", 0.17, sum(count for key, count in lines.items() if key[1] == "HIGH")),
            ("known for two years", 0.50, sum(count for key, count in lines.items() if key[1] == "all" and int(key[0]) <= 2017))]:
        print(f"{name}: {100 * count / every:.1f} % of {every} vulnerabilities, the study's {100 * study:.0f} %")
        if abs(count / every - study) > 0.05:
            wrong.append(f"{name}: {count} of {every}")
    return wrong


def compare(folder):
    with open(f"{folder}/report.json", encoding="utf-8") as text:
        report = json.load(text)
    ours = tables_of(truth(folder))
    wrong = []
    reported = {table["id"]: table for table in report["tables"]}
    for name, table in ours.items():
        wrong += compare_table(name, table, reported[name])
    checked = sum(len(table.cells) for table in ours.values())
    print(f"{len(ours)} tables, {checked} cells")
    with open(f"{folder}/population.json", encoding="utf-8") as text:
        sizes = {network["name"]: sum(2 ** (32 - int(prefix.split("/")[1])) for prefix in network["prefixes"])
                 for network in json.load(text)["networks"]}
    ground = {"addresses": sum(sizes.values()), "providers": {
        name: {"addresses": size, "services": {PROVIDERS[name][4]: {"addresses": size, "counted_once": size}}} for name, size in sizes.items()}}
    if report.get("targets") != ground:
        wrong.append(f"T1: the report says {report.get('targets')}, the truth is {ground}")
    wrong += [f"{name} is in one of both only" for name in set(reported) ^ set(ours)]
    wrong += shares_compare(report)
    for line in wrong[:20]:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], float(sys.argv[3]))
    elif sys.argv[1] == "list":
        make_lists(sys.argv[2])
    else:
        compare(sys.argv[2])
