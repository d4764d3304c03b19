# SPDX-License-Identifier: BSD-3-Clause
"""Many configurations of TLS and SSH servers (handshakes.json) and of others (services.json), each alone on an address, and what a perfect scan of them
finds: handshakes.py write|missing|locals|redirects|settle|truth|skipped FOLDER."""

import base64
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import certificates
import handshakes_brokers
import handshakes_mail
import handshakes_services
import handshakes_ssh
import handshakes_tls
import handshakes_web
import table as lab

SCANNER = "10.97.0.2"
GATEWAY = "10.97.0.1"
KINDS = {**handshakes_tls.KINDS, **handshakes_web.KINDS, **handshakes_ssh.KINDS, **handshakes_services.KINDS,
         **handshakes_mail.KINDS, **handshakes_brokers.KINDS}
ANYWHERE = handshakes_tls.ANYWHERE + handshakes_services.ANYWHERE
DH_GROUPS = {"dh2048": "ffdhe2048", "dh4096": "ffdhe4096", "dh8192": "ffdhe8192"}

# The second Oakley group (RFC 2409, 6.2): 1,024 bits, and on the way for many servers ever since.
OAKLEY_2 = ("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
            "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
            "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff")

# What cannot be told where to listen listens on a port of its own, to which its address's port is redirected.
FIRST_REDIRECT = 20000


@functools.lru_cache(None)
def load():
    """The table, in which each configuration knows its address, its port, and where its server really listens."""
    with open(lab.LAB / "handshakes.json", encoding="utf-8") as file:
        table = json.load(file)
    with open(lab.LAB / "services.json", encoding="utf-8") as file:
        services = json.load(file)
    table["kinds"] |= services["kinds"]
    table |= {"services": services["services"], "tls_log": services["tls_log"]}
    for part, network, port in (("tls", 0, 443), ("ssh", 100, 22), ("services", 200, 0)):
        for index, row in enumerate(table[part]):
            row["part"] = part
            row["ip"] = f"10.100.{network + index // 200}.{index % 200 + 1}"
            row["port"] = row.get("port", port)
            row["listen"] = [row["ip"], row["port"]]
            if row["kind"] in ANYWHERE:
                row["listen"] = ["*", FIRST_REDIRECT + 200 * ["tls", "ssh", "services"].index(part) + index]
            if part == "services":
                row["key"] = "rsa"
            elif part == "tls":
                row["key"] = row.get("certificate") or table["kinds"][row["kind"]].get("certificate")
                row.setdefault("inside", table["kinds"][row["kind"]].get("inside"))
            else:
                row.setdefault("host_key", "ed25519")
    return table


def configurations(table):
    return table["tls"] + table["ssh"] + table["services"]


def missing_packages(table):
    used = {row["kind"] for row in configurations(table)}
    return sorted({table["kinds"][name]["package"] for name in used if not lab.package_version(table["kinds"][name]["package"])})


def write_material(table, folder):
    """Keys, certificates, groups and banners: what more than one server uses."""
    handshakes_ssh.make_keys(folder)
    handshakes_ssh.make_banners(folder)
    (folder / "certificates").mkdir()
    certificates.write(table, folder / "certificates")
    for name in table["certificates"]:
        pair = [(folder / "certificates" / f"{name}.{end}").read_text() for end in ("key", "crt")]
        (folder / "certificates" / f"{name}.pem").write_text("".join(pair))
    for name, group in DH_GROUPS.items():
        certificates.openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}", "-out",
                             str(folder / f"{name}.pem"))
    certificates.openssl("dhparam", "-out", str(folder / "dh512.pem"), "512")
    # A sequence of the prime and the generator, 2.
    der = bytes.fromhex("3081870281810" + "0" + OAKLEY_2 + "020102")
    text = base64.encodebytes(der).decode()
    (folder / "dh1024.pem").write_text(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n")


def write(table, folder):
    """Every configuration of an installed server below folder, and `start`, which starts them all and does not wait."""
    write_material(table, folder)
    lines = []
    for name, kind in table["kinds"].items():
        rows = [row for row in configurations(table) if row["kind"] == name]
        if rows and lab.package_version(kind["package"]):
            lines += KINDS[name](rows, folder)
    # /tmp is everybody's, and files there are named after process ids, which other namespaces have too.
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    (folder / "start").write_text(f"set -e\nulimit -n 8192\nexport TMPDIR={folder}/tmp\n" + "\n".join(lines) + "\n")
    plan = {"device": {"vdev": "net_af_packet0,iface=sonde2", "lcores": [0]},
            "source": {"address": SCANNER, "gateway": GATEWAY}, "targets": [row["ip"] for row in configurations(table)],
            "allow_reserved": ["10.0.0.0/8"], "services": sorted({row["port"] for row in configurations(table)}),
            "rate": "20 kpps", "network_rate": "20 kpps", "attempts": 1, "patience": "15 s", "seed": 1, "contact": "lab@sonde.invalid",
            "output": str(folder / "out")}
    (folder / "plan.json").write_text(json.dumps(plan, indent=1) + "\n")


def print_missing(table, _folder):
    print(*missing_packages(table), sep="\n", end="\n" if missing_packages(table) else "")


def print_locals(table, _folder):
    for row in configurations(table):
        # Some servers of other protocols listen on addresses of interfaces alone.
        own = row["part"] == "services"
        print(f"address add {row['ip']}/32 dev lo" if own else f"route add local {row['ip']}/32 dev lo")


def print_redirects(table, _folder):
    print("*nat")
    for row in configurations(table):
        if row["listen"][0] == "*":
            print(f"-A PREROUTING -d {row['ip']} -p tcp --dport {row['port']} -j REDIRECT --to-ports {row['listen'][1]}")
    print("COMMIT")


def listening():
    """(address, port) of every listening socket; the address of all of them is *."""
    text = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    sockets = [line.split()[3].rsplit(":", 1) for line in text.splitlines()]
    plain = [(address.strip("[]").removeprefix("::ffff:"), int(port)) for address, port in sockets]
    return {("*" if address in ("0.0.0.0", "::") else address, port) for address, port in plain}


def absent(table):
    """{name: reason} of the configurations that do not run."""
    there, gone, reasons = listening(), missing_packages(table), {}
    for row in configurations(table):
        package = table["kinds"][row["kind"]]["package"]
        if package in gone:
            reasons[row["name"]] = f"the package {package} is not installed"
        elif tuple(row["listen"]) not in there:
            reasons[row["name"]] = "it does not listen"
    return reasons


def settle(table, folder):
    """Succeeds when all that is installed listens. `absent.json` says who does not, and why."""
    reasons = absent(table)
    (folder / "absent.json").write_text(json.dumps(reasons, indent=1))
    sys.exit(1 if "it does not listen" in reasons.values() else 0)


def running(table, folder):
    reasons = json.loads((folder / "absent.json").read_text())
    return [row for row in configurations(table) if row["name"] not in reasons]


def upstream(version):
    """The upstream part of a package's version, without what Debian has put behind it."""
    return re.split(r"[+~]|-[^-]*$", version.split(":", 1)[-1])[0]


def filled(value, row, package):
    """What is expected, with what is not known before in it: {version}, upstream's, {revision}, Debian's, and {package}, both, are
    of the kind's own package, {version:PACKAGE} is of another one, {ip} the server's address."""
    if isinstance(value, list):
        return [filled(each, row, package) for each in value]
    if isinstance(value, dict):
        return {name: filled(each, row, package) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    whole = lab.package_version(package)
    value = value.replace("{package}", whole).replace("{revision}", whole.rpartition("-")[2]).replace("{ip}", row["ip"])
    return re.sub(r"\{version(?::([^}]*))?\}", lambda found: upstream(lab.package_version(found[1] or package)), value)


def client_command(table, row, folder):
    """How the protocol's own client visits; {ip:NAME} is the address of another configuration."""
    command = row.get("client", table["kinds"][row["kind"]].get("client", ""))
    addresses = {each["name"]: each["ip"] for each in table["services"]}
    command = re.sub(r"\{ip:([^}]*)\}", lambda found: addresses[found[1]], command)
    return handshakes_services.material(command, row, folder).replace("{ip}", row["ip"]).replace("{port}", str(row["port"]))


def print_truth(table, folder):
    claims = ("part", "name", "kind", "says", "ip", "port", "offered", "cipher", "group", "dh_bits", "preference", "inside",
              "methods", "legacy", "weak", "nmap", "why", "expect")
    for row in running(table, folder):
        claim = {key: row[key] for key in claims if key in row}
        for key in ("offered", "methods", "weak"):
            if key in row:
                claim[key] = row[key].replace(",", " ").split()
        if row["part"] == "services":
            kind = table["kinds"][row["kind"]]
            claim["log"] = kind.get("log", "").replace("{tls}", table["tls_log"])
            claim["client"] = client_command(table, row, folder)
            claim["expect"] = filled(row["expect"], row, kind["package"])
        if row["part"] == "tls" and row.get("certificate", "rsa"):
            names = row.get("certificate_any", row["key"]).split()
            claim["sha256"] = [certificates.fingerprint(folder / "certificates", name) for name in names]
        print(json.dumps(claim))


def print_skipped(_table, folder):
    """Who does not run, and what the log of its server says last."""
    for name, reason in json.loads((folder / "absent.json").read_text()).items():
        log = folder / f"{name}.log"
        last = log.read_text(errors="replace").strip().splitlines()[-12:] if log.exists() else []
        print(f"skipped {name}: {reason}", *last, sep="\n  ")


COMMANDS = {"write": write, "missing": print_missing, "locals": print_locals, "redirects": print_redirects, "settle": settle,
            "truth": print_truth, "skipped": print_skipped}

try:
    COMMANDS[sys.argv[1]](load(), pathlib.Path(sys.argv[2]))
except KeyboardInterrupt:
    sys.exit(130)
