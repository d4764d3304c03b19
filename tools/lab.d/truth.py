# SPDX-License-Identifier: BSD-3-Clause
"""What a perfect scan of the lab's plan finds: one object per open ip and port, in the shape of sonde's records. A field
that a row does not have is not claimed, null claims that there is nothing to learn, and false that it was learnt to be so;
an outcome that is a list names every outcome that is right."""

import base64
import hashlib
import re

import certificates
import table as lab

TLS_NAMES = {"1": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
# By what the provider's list calls it: a pool of computers is its customers' to mend, AMAZON alone says nothing.
RESPONSIBLE = {"EC2": "customer", "AzureCloud": "customer", "Google Cloud": "customer", "AMAZON": None, "": None}
KEY_NAMES = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}


def upstream(package):
    """The upstream part of an installed package's version: "9.2p1" of "1:9.2p1-2+deb12u10"."""
    return re.sub("^[0-9]+:|-[^-]*$", "", lab.package_version(package))


def revision(package):
    return lab.package_version(package).rsplit("-", 1)[-1]


def openssh_product(server):
    version, update = re.fullmatch(r"([0-9.]+)(p[0-9]+)?", upstream("openssh-server")).groups()
    product = {"vendor": "openbsd", "name": "openssh", "version": version, "update": update}
    software = f"OpenSSH_{version}{update or ''}"
    comment = None if server.get("no_comment") else f"Debian-{revision('openssh-server')}"
    return product, software, comment


def dropbear_product():
    version = upstream("dropbear-bin")
    return {"name": "dropbear_ssh", "version": version, "update": None}, f"dropbear_{version}", None


def ssh_part(server, folder):
    if server["kind"] == "openssh":
        product, software, comment = openssh_product(server)
    else:
        product, software, comment = dropbear_product()
    public = (folder / f"ssh-{server['host_key']}.pub").read_text().split()
    digest = hashlib.sha256(base64.b64decode(public[1])).digest()
    ssh = {"software": software, "comment": comment, "methods": server["methods"], "no_authentication": False,
           "host_key_type": KEY_NAMES[server["host_key"]], "host_key_verified": True,
           "host_key_sha256": base64.b64encode(digest).decode().rstrip("=")}
    findings = (["exposed-ssh"] + (["ssh-password-login"] if "password" in server["methods"] else []) +
                (["ssh-keyboard-interactive-login"] if "keyboard-interactive" in server["methods"] else []))
    # Debian's dropbear still exchanges keys in group 14 with SHA-1 too.
    findings += ["ssh-kex-sha1"] if server["kind"] == "dropbear" or server.get("legacy") else []
    findings += ["ssh-host-key-sha1", "ssh-cipher-cbc"] if server.get("legacy") else []
    return {"service": "ssh", "tunnel": None, "banner": None, "outcome": "complete", "product": product, "ssh": ssh, "findings": findings}


def store_part(server, findings, product, facts):
    """A store without a login of its own: open to anybody, or locked and then silent about itself."""
    kind = server["kind"]
    row = {"service": kind, "tunnel": None, "banner": None, "outcome": "complete", "open": not facts.get("refusal"), kind: facts,
           "findings": findings + ([] if facts.get("refusal") else [f"open-{kind}"])}
    return row if facts.get("refusal") else {**row, "product": product}


def redis_part(server):
    version = upstream("redis-server")
    facts = {"version": version, "mode": "standalone", "refusal": None}
    if "password" in server:
        facts = {"refusal": "NOAUTH Authentication required.", "version": None}
    elif server.get("protected"):
        return {"service": "redis", "outcome": "complete", "open": False, "redis": {"version": None},
                "findings": ["exposed-redis"]}  # what it says of its protected mode is eight lines long
    return store_part(server, ["exposed-redis"], {"vendor": "redis", "name": "redis", "version": version}, facts)


def memcached_part(server):
    version = upstream("memcached")
    facts = {"version": version, "refusal": None}
    if "password" in server:
        facts = {"refusal": "CLIENT_ERROR unauthenticated", "version": None}
    return store_part(server, ["exposed-memcached"], {"vendor": "memcached", "name": "memcached", "version": version}, facts)


def http_part(server):
    if server["kind"] == "nginx":
        version = upstream("nginx")
        product, banner = {"vendor": "f5", "name": "nginx", "version": version}, f"nginx/{version}"
    else:
        version = upstream("apache2")
        product = {"vendor": "apache", "name": "http_server", "version": version}
        banner = f"Apache/{version} (Debian)"
    http = {"status": server["status"], "server": banner, "location": server.get("location")}
    if "title" in server:  # one is of bytes that this table cannot hold
        http["title"] = server["title"] or None
    plain = "tls" not in server and not server.get("location", "").startswith("https:")
    return {"service": "http", "tunnel": None, "banner": None, "outcome": "complete", "product": product, "http": http,
            "findings": ["http-plain"] if plain else []}


def rsync_part(server):
    hidden = server.get("hidden")
    part = {"modules": [] if hidden else server["modules"], "motd": server.get("motd"), "refusal": None}
    return {"service": "rsync", "tunnel": None, "banner": None, "outcome": "complete", "open": None if hidden else True,
            "product": None, "rsync": part, "findings": ["exposed-rsync"] + ([] if hidden else ["open-rsync"])}


def tls_part(table, server, folder):
    name = server["certificate"]
    row = table["certificates"][name]
    kind, _, size = row["key"].partition(":")
    best = server["tls"][-1]
    tls = {"version": TLS_NAMES[best], "handshake_complete": True, "alert": None, "self_signed": row["issuer"] == "self", "expired": bool(row.get("expired")),
           "key_type": kind, "sha256": certificates.fingerprint(folder / "certificates", name),
           "key_bits": int(size.removeprefix("P-") or 256), "sans": [row["name"]], "subject": f"CN={row['name']},O=Sonde Lab"}
    findings = []
    tls["versions"] = [TLS_NAMES[version] for version in server["tls"]]
    tls["trusted"] = row["issuer"] == "ca" and not tls["expired"]  # the plan names the lab's authority
    if {"1", "1.1"} & set(server["tls"]):
        findings.append("tls-below-1.2")
    if tls["expired"]:
        findings.append("certificate-expired")
    if tls["self_signed"]:
        findings.append("certificate-self-signed")
    return tls, findings


def service_row(table, name, folder):
    server = table["servers"][name]
    if server["kind"] in ("openssh", "dropbear"):
        return ssh_part(server, folder)
    if server["kind"] in ("redis", "memcached"):
        return redis_part(server) if server["kind"] == "redis" else memcached_part(server)
    if server["kind"] == "rsync":
        return rsync_part(server)
    row = http_part(server)
    if "tls" in server:
        row["tunnel"] = "tls"
        row["tls"], row["findings"] = tls_part(table, server, folder)
    return row


def host_rows(table, host, folder):
    """[(port, row)] of everything open on one host."""
    if host.get("answer") == "silent":
        quiet = {"service": None, "tunnel": None, "outcome": ["not_recognised", "timeout"], "findings": [],
                 "suspect": ["accepts-any-port"]}
        return [(port, quiet) for port in table["plan_ports"]]
    return [(int(port), service_row(table, name, folder)) for port, name in host.get("ports", {}).items()]


def rows(table, folder):
    for host in table["hosts"]:
        whose = lab.attribution(table, host["ip"])
        for port, row in host_rows(table, host, folder):
            owner = {key: whose[key] or None for key in ("provider", "cloud_service", "region")}
            owner["responsible"] = RESPONSIBLE.get(whose["cloud_service"], "provider")
            yield {"ip": host["ip"], "port": port, "transport": "tcp", **owner, **row}


def text_line(row):
    methods = ",".join(row.get("ssh", {}).get("methods", []))
    tls = row.get("tls", {}).get("version", "")
    return (f"{row['ip']:<14}{row['port']:<7}{row['provider'] or '-':<8}{row['service'] or '-':<6}{tls:<9}{methods:<42}"
            f"{','.join(row['findings'])}")
