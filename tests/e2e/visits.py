# SPDX-License-Identifier: BSD-3-Clause
"""Whether sonde's visit leaves anything in a server's log that its own client does not leave:
visits.py FOLDER TRUTH mark              how long the logs are before somebody comes
visits.py FOLDER TRUTH clients COMMAND   runs the clients of the servers behind COMMAND, keeps what the logs tell of them
visits.py FOLDER TRUTH compare           what they tell since the last mark that no client has caused and no row explains
Logs are FOLDER/NAME.log and NAME-errors.log; visits-*.json in the working folder keeps what is known between these."""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import time

ALARM = re.compile("error|warn|fatal|attack|malformed|illegal|abort|out of order|unexpected|(?<![.=])invalid|violat|suspicious|bad |"
                   "refus|denied|fail|too many|corrupt|panic|crash|exception", re.IGNORECASE)
# What is different at every visit: times, addresses, ports, processes, and names, which stand in quotation marks or brackets.
VARYING = re.compile("\"[^\"]*\"|'[^']*'|<[^<>]*>|0x[0-9a-f]+|[0-9a-f]{8,}|[0-9]+", re.IGNORECASE)
CLIENT_SECONDS = 20
QUIET_ROUNDS = 10
NOT_FOUND = (126, 127)


def logs(folder, row):
    return [path for path in (folder / f"{row['name']}.log", folder / f"{row['name']}-errors.log") if path.exists()]


def lines_of(path):
    return path.read_text(errors="replace").splitlines()


def lengths(folder, truth):
    return {str(path): len(lines_of(path)) for row in truth for path in logs(folder, row)}


def load(name):
    with open(f"visits-{name}.json", encoding="utf-8") as file:
        return json.load(file)


def save(name, value):
    with open(f"visits-{name}.json", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def settled(folder, truth):
    """The lengths of the logs once nobody writes any more; some write at their leisure."""
    before, quiet = lengths(folder, truth), 0
    for _ in range(10 * QUIET_ROUNDS):
        time.sleep(0.1)
        now = lengths(folder, truth)
        quiet = quiet + 1 if now == before else 0
        if quiet == QUIET_ROUNDS:
            break
        before = now
    return before


def new_lines(folder, truth):
    """{name: lines} of what the logs tell since they were marked."""
    mark = load("mark")
    settled(folder, truth)
    return {row["name"]: [line for path in logs(folder, row) for line in lines_of(path)[mark.get(str(path), 0):]] for row in truth}


def run_client(prefix, row):
    """Whether its client is there. What it says and how it ends does not matter: it may well be refused."""
    try:
        done = subprocess.run([*prefix, "bash", "-c", row["client"]], stdin=subprocess.DEVNULL, capture_output=True, timeout=CLIENT_SECONDS,
                              check=False)
        with open(f"client-{row['name']}.log", "wb") as file:
            file.write(done.stdout + done.stderr)
    except subprocess.TimeoutExpired:
        return f"{row['name']} {row['client']}: has not ended"
    return f"{row['name']} {row['client']}: is not installed" if done.returncode in NOT_FOUND else None


def clients(folder, truth, prefix):
    save("mark", lengths(folder, truth))
    rows = [row for row in truth if row["client"]]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        troubles = [trouble for trouble in pool.map(lambda row: run_client(prefix, row), rows) if trouble]
    save("clients", new_lines(folder, truth))
    print("\n".join([*troubles, f"{len(rows) - len(troubles)} clients have visited"]))
    return 0


def shape(line):
    return VARYING.sub("#", line)


def compare(folder, truth):
    """A line that sounds like more than a visit has to be one that the client causes too, or one that the row knows of."""
    ours, theirs, complaints = new_lines(folder, truth), load("clients"), []
    for row in truth:
        known = {shape(line) for line in theirs.get(row["name"], [])}
        allowed = re.compile(row["log"] or "^$")
        odd = {shape(line): line for line in ours[row["name"]] if ALARM.search(line) and not allowed.search(line)}
        complaints += [f"{row['name']}: {line}" for form, line in odd.items() if form not in known]
        if not logs(folder, row):
            complaints.append(f"{row['name']} has no log")
    print("\n".join([*complaints, f"{len(truth)} logs, {sum(map(len, ours.values()))} lines, {len(complaints)} tell of more than a visit"]))
    return 1 if complaints else 0


def main():
    folder, verb = pathlib.Path(sys.argv[1]), sys.argv[3]
    with open(sys.argv[2], encoding="utf-8") as file:
        truth = [row for row in map(json.loads, file) if row["part"] == "services"]
    if verb == "mark":
        save("mark", settled(folder, truth))
        return 0
    return clients(folder, truth, sys.argv[4:]) if verb == "clients" else compare(folder, truth)


sys.exit(main())
