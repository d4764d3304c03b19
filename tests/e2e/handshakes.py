# SPDX-License-Identifier: BSD-3-Clause
"""Confusion matrices of a scan of handshakes.json, what the configurations say in rows and what the records say in columns:
handshakes.py TRUTH RECORDS [UNLEARNT], and handshakes.py TRUTH --nmap XML... for nmap's opinion. Fails unless all is on the
diagonal; of at most UNLEARNT configurations something may not have been learnt, which is never the same as wrong."""

import collections
import json
import re
import sys
import xml.etree.ElementTree

VERSIONS = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
VERSION_FIELDS = {"offered": "versions", "refused": "versions_refused", "unknown": "versions_unknown"}
METHODS = ["publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "gssapi-keyex", "none"]
UNLEARNT = (" is unknown, ", " is absent, ", "methods are not known", "methods inside are None", "inside is ''", "inside is 'tls'",
            "is not there, although", "nothing says ")
NMAP_VERSIONS = {"SSLv3": "SSLv3", "TLSv1.0": "TLSv1", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Matrix:
    """Counts of what is true against what was said, for each of a list of names."""

    def __init__(self, title, names, truths, answers):
        self.title, self.names, self.truths, self.answers = title, names, truths, answers
        self.counts = collections.Counter()

    def add(self, name, truth, answer):
        self.counts[name, truth, answer] += 1

    def lines(self):
        yield f"{self.title:<22}{'truth':<13}" + "".join(f"{answer:>13}" for answer in self.answers)
        for name in self.names:
            for truth in self.truths:
                cells = [self.counts[name, truth, answer] for answer in self.answers]
                if any(cells):
                    yield f"{name:<22}{truth:<13}" + "".join(f"{cell or '.':>13}" for cell in cells)


def check_versions(matrix, row, tls):
    """Lines for each version of which the record says something else, or nothing."""
    for version in VERSIONS:
        truth = "offered" if version in row["offered"] else "refused"
        said = [name for name, field in VERSION_FIELDS.items() if version in tls.get(field, [])]
        answer = said[0] if len(said) == 1 else "both" if said else "absent"
        matrix.add(version, truth, answer)
        if answer != truth:
            yield f"{version} is {answer}, {truth} is right"


def check_claims(row, record, tls):
    """What a configuration says beyond its versions."""
    for answer in tls.get("matrix", []):
        if answer["status"] != "offered":
            continue
        for claim, field in (("cipher", "cipher"), ("group", "group"), ("dh_bits", "key_exchange_bits")):
            if row.get(claim) not in (None, answer.get(field)):
                yield f"{answer['version']} has {field} {answer.get(field)}, {row[claim]} is right"
    if row.get("preference") not in (None, tls.get("preference")):
        yield f"preference is {tls.get('preference')}, {row['preference']} is right"
    if row.get("sha256") and row["offered"] and tls.get("sha256") not in [*row["sha256"], None]:
        yield "the certificate is another one"
    if row.get("sha256") and tls.get("handshake_complete") and "sha256" not in tls:
        yield "there is no certificate"
    if row["offered"] and row.get("inside") is not None:
        service = record.get("service") or ""
        right = [row["inside"]] if row["inside"] else ["", "tls"]
        if service not in right + (["", "tls"] if row.get("legacy") else []):
            yield f"inside is {service!r}, {row['inside']!r} is right"


def check_tls(matrix, row, record):
    tls = record.get("tls", {})
    yield from check_versions(matrix, row, tls)
    yield from check_claims(row, record, tls)
    if "methods" in row and sorted(record.get("ssh", {}).get("methods", [])) != sorted(row["methods"]):
        yield f"methods inside are {record.get('ssh', {}).get('methods')}, {row['methods']} is right"


def check_ssh(matrix, row, record):
    """Methods that are not known are wrong, but for what a scanner may not speak to the end: then what is in the clear counts."""
    ssh = record.get("ssh", {})
    let_in = ssh.get("no_authentication")
    known = "methods" in ssh or let_in
    wrong = []
    for method in METHODS:
        truth = "offered" if method in row["methods"] else "refused"
        there = let_in is True if method == "none" else method in ssh.get("methods", [])
        answer = ("offered" if there else "refused") if known else "unknown"
        matrix.add(method, truth if known or not row.get("legacy") else f"({truth})", answer)
        if answer not in (truth, "unknown" if row.get("legacy") else truth):
            wrong.append(method)
    if wrong:
        said = ["none"] if let_in else ssh.get("methods", "not known")
        yield f"methods are {said}, {row['methods']} is right"
    strangers = set(ssh.get("methods", [])) - set(METHODS)
    if strangers:
        yield f"methods {sorted(strangers)} are invented"
    for field in ("software", "kex_algorithms", "host_key_algorithms", "ciphers", "macs"):
        if not ssh.get(field):
            yield f"{field} is not there, although it is said in the clear"


def value_at(record, path):
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def fits(said, right):
    """Whether what is said is what is right: in lists the order does not matter, {"like": ...} is an expression."""
    if isinstance(right, dict):
        text = " ".join(said) if isinstance(said, list) else "" if said is None else str(said)
        return re.search(right["like"], text) is not None
    if isinstance(right, list):
        return isinstance(said, list) and sorted(said) == sorted(right)
    return type(said) is type(right) and said == right


def check_service(row, record):
    """What the configuration says of a service that is neither, null being what may not be claimed; and of the protocol and the
    product nothing else may be said."""
    expect = {"service": None, "open": None, **row["expect"]}
    for path, right in expect.items():
        said = value_at(record, path)
        if not fits(said, right):
            yield f"{path} is {'absent' if said is None else json.dumps(said)}, {json.dumps(right)} is right"
    for part in (record.get("service"), "product"):
        for field, said in (record.get(part) or {}).items() if part else ():
            if f"{part}.{field}" not in expect and part != "tls":
                yield f"{part}.{field} is {json.dumps(said)}, of which the table says nothing"


def is_unlearnt(line):
    """A line that tells of something missing, and of nothing that is there and wrong."""
    return any(mark in line for mark in UNLEARNT)


def compare(truth, records, most_unlearnt):
    """Prints the matrices; returns the lines of what is off them."""
    found = {(record["ip"], record["port"]): record for record in records}
    versions = Matrix("TLS versions", VERSIONS, ["offered", "refused"], ["offered", "refused", "unknown", "absent", "both"])
    methods = Matrix("SSH methods", METHODS, ["offered", "refused", "(offered)", "(refused)"], ["offered", "refused", "unknown"])
    complaints, unlearnt = [], 0
    for row in truth:
        record = found.pop((row["ip"], row["port"]), None)
        if record is None:
            complaints.append(f"{row['name']} has no record")
            continue
        before = len(complaints)
        checks = {"tls": lambda: check_tls(versions, row, record), "ssh": lambda: check_ssh(methods, row, record),
                  "services": lambda: check_service(row, record)}
        lines = [*checks[row["part"]]()]
        lines += [f"nothing says {finding}" for finding in row.get("weak", []) if finding not in record["findings"]]
        complaints += [f"{row['name']} [{row['says']}] {line} ({record['outcome']})" for line in lines]
        if lines and all(map(is_unlearnt, lines)) and unlearnt < most_unlearnt:
            unlearnt += 1
            print(f"not learnt, which is allowed: {row['name']}: {'; '.join(lines)}")
            del complaints[before:]
    complaints += [f"{ip}:{port} is invented" for ip, port in found]
    for matrix in (versions, methods):
        print("\n".join([*matrix.lines(), ""]))
    return complaints


# Who has no opinion now and then, on a busy machine, is no second opinion against ours.
NMAP_SILENT_MOST = 5


def nmap_answer(port):
    """What nmap's scripts found on a port, None when they could not find out."""
    said, failed = set(), False
    for script in port.iter("script"):
        if script.get("id") == "ssl-enum-ciphers":
            said |= {NMAP_VERSIONS[table.get("key")] for table in script.findall("table") if table.get("key") in NMAP_VERSIONS}
        elif script.get("id") == "sslv2":
            said.add("SSLv2")
        elif script.get("id") == "ssh-auth-methods":
            names = {element.text for element in script.iter("elem")}
            failed = not names or "false" in names
            said |= {"none" if name == "none_auth" else name for name in names}
    return None if failed else said


def compare_nmap(truth, paths):
    """Where nmap sees something else, the row says why; what it says of nobody who is right is a complaint."""
    answers = {}
    for path in paths:
        for host in xml.etree.ElementTree.parse(path).getroot().iter("host"):
            ip = host.find("address").get("addr")
            answers |= {(ip, int(port.get("portid"))): nmap_answer(port) for port in host.iter("port")}
    complaints, silent, agreed, explained = [], [], 0, collections.Counter()
    for row in truth:
        if row["part"] == "services":
            continue
        right = set(row["offered"] if row["part"] == "tls" else row["methods"])
        answer = answers.get((row["ip"], row["port"]), set())
        if answer == right:
            agreed += 1
            if "nmap" in row:
                print(f"note: nmap sees {row['name']} as it is, although: {row['nmap']}")
        elif "nmap" in row:
            explained[row["nmap"]] += 1
        elif answer is None:
            silent.append(row["name"])
        else:
            complaints.append(f"nmap says {sorted(answer)} of {row['name']} [{row['says']}], {sorted(right)} is right")
    print(f"nmap agrees on {agreed} of {sum(row['part'] != 'services' for row in truth)}; it sees otherwise, because")
    print("\n".join(f"{count:>5}  {reason}" for reason, count in explained.most_common()))
    if silent:
        print(f"{len(silent):>5}  it could not find out: {' '.join(silent)}")
    if len(silent) > NMAP_SILENT_MOST:
        complaints.append(f"nmap could not find out of {len(silent)}")
    return complaints


def main():
    truth = read(sys.argv[1])
    if sys.argv[2] == "--nmap":
        complaints = compare_nmap(truth, sys.argv[3:])
    else:
        complaints = compare(truth, read(sys.argv[2]), int((sys.argv + ["0"])[3]))
    parts = collections.Counter(row["part"] for row in truth)
    print("\n".join(complaints))
    print(f"{parts['tls']} TLS and {parts['ssh']} SSH configurations, {parts['services']} of other services, "
          f"{len(complaints)} deviations")
    return 1 if complaints or not truth else 0


sys.exit(main())
