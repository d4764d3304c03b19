# SPDX-License-Identifier: BSD-3-Clause
"""Compares a scan's records with the lab's truth: compare.py TRUTH RECORDS. Each open port recorded once, nothing invented,
and every claim of the truth found in its record."""

import datetime
import json
import sys
import unicodedata


def read(path):
    with open(path, encoding="utf-8", errors="strict") as file:
        return [json.loads(line) for line in file]


def key(row):
    return row["ip"], row["port"]


def expired(record):
    """Whether the certificate's validity had ended when the record was made."""
    tls = record.get("tls", {})
    if "not_after" not in tls:
        return None
    parse = datetime.datetime.fromisoformat
    return parse(tls["not_after"]) < parse(record["time"])


def differences(claim, found, path):
    """Lines for each claim that the record does not bear out. What is claimed to be null has to be absent, what is claimed
    to be false has to be there. Lists of outcomes are alternatives; findings have no order."""
    if isinstance(claim, dict):
        for name, value in claim.items():
            yield from differences(value, found.get(name) if isinstance(found, dict) else None, f"{path}.{name}")
    elif path.endswith(".outcome") and isinstance(claim, list):
        if found not in claim:
            yield f"{path} is {found!r}, one of {claim!r} is right"
    elif path.endswith(".findings"):
        if found is None or sorted(claim) != sorted(found):
            yield f"{path} is {found!r}, truth says {claim!r}"
    elif claim != found or type(claim) is not type(found):  # 0 is not false
        yield f"{path} is {found!r}, truth says {claim!r}"


def unprintable(value):
    """Control characters in any string of a record."""
    if isinstance(value, dict):
        return any(unprintable(item) for item in value.values())
    if isinstance(value, list):
        return any(unprintable(item) for item in value)
    return isinstance(value, str) and any(unicodedata.category(character) in ("Cc", "Cs") for character in value)


def check_record(truth, record):
    name = f"{record['ip']}:{record['port']}"
    if "tls" in record:
        record["tls"]["expired"] = expired(record)
    lines = list(differences(truth, record, name))
    if unprintable(record):
        lines.append(f"{name} holds a control character")
    return lines


def main():
    truth = {key(row): row for row in read(sys.argv[1])}
    records = read(sys.argv[2])
    complaints, seen = [], set()
    for record in records:
        where = key(record)
        if where in seen:
            complaints.append(f"{where} is recorded twice")
        elif where not in truth:
            complaints.append(f"{where} is invented: {json.dumps(record)}")
        else:
            complaints += check_record(truth[where], record)
        seen.add(where)
    complaints += [f"{where} is missing" for where in truth if where not in seen]
    print("\n".join([*complaints, f"{len(truth)} open ports, {len(records)} records, {len(complaints)} differences"]))
    return 1 if complaints or not truth else 0


sys.exit(main())
