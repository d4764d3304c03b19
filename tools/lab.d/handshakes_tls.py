# SPDX-License-Identifier: BSD-3-Clause
"""TLS servers that are no web servers: each function writes the configurations of one kind below folder, in which they are
started too, and returns the lines of shell that start them without waiting."""

import subprocess

import table as lab

# These have no option for the address that they listen on.
ANYWHERE = ("gnutls", "nss", "botan")

# Plain servers behind TLS terminators, on loopback only.
PLAIN_HTTP = 8081
PLAIN_SSH = 2201
PLAIN_REDIS = 6390
PLAIN_SMTP = 2525

STUNNEL = """\
foreground = yes
pid =
syslog = no
output = {folder}/{name}.log
[{name}]
accept = {ip}:{port}
cert = {folder}/certificates/{key}.pem
{says}
"""

DOVECOT = """\
base_dir = {folder}/{name}
log_path = {folder}/{name}.log
protocols = {protocol}
ssl = required
ssl_cert = <certificates/{key}.crt
ssl_key = <certificates/{key}.key
disable_plaintext_auth = yes
login_greeting = lab ready
mail_location = maildir:{folder}/{name}/mail
passdb {{
  driver = static
  args = password=none
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service {protocol}-login {{
  chroot =
  inet_listener {protocol} {{
    port = 0
  }}
  inet_listener {protocol}s {{
    address = {ip}
    port = {port}
    ssl = yes
  }}
}}
{says}
"""

POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/postfix-queue
data_directory = {folder}/postfix-data
myhostname = lab.invalid
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
inet_protocols = ipv4
smtpd_tls_security_level = may
smtpd_tls_mandatory_protocols = >=TLSv1.2
"""

POSTFIX_SERVICES = """\
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
cleanup unix n - n - 0 cleanup
postlog unix-dgram n - n - 1 postlogd
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_tls_security_level=none
"""

REDIS = """\
bind {ip}
port {plain}
protected-mode no
save ""
dir {folder}
"""


def background(log, *command):
    """A line of shell that starts a command in a session of its own."""
    return f"setsid {' '.join(map(str, command))} </dev/null >{log}.log 2>&1 &"


def pair(row, folder):
    return f"{folder}/certificates/{row['key']}.crt", f"{folder}/certificates/{row['key']}.key"


def fields(row, folder):
    return {"folder": folder, **{name: row[name] for name in ("name", "ip", "port", "key")}}


def statements(row):
    """The parts of what a configuration says, separated by semicolons."""
    return [part.strip() for part in row["says"].split(";") if part.strip()]


def openssl(rows, folder):
    starts = []
    for row in rows:
        certificate, key = pair(row, folder)
        own = [] if "-nocert" in row["says"] else ["-cert", certificate, "-key", key]
        starts.append(background(row["name"], f"openssl s_server -www -quiet -accept {row['ip']}:{row['port']}", *own, row["says"]))
    return starts


def gnutls(rows, folder):
    starts = []
    for row in rows:
        certificate, key = pair(row, folder)
        starts.append(background(row["name"], "gnutls-serv --http -q --disable-client-cert -p", row["listen"][1], "--x509certfile",
                                 certificate, "--x509keyfile", key, "--priority", row["says"]))
    return starts


def nss(rows, folder):
    store = folder / "nss"
    store.mkdir()
    run = {"check": True, "stdin": subprocess.DEVNULL, "capture_output": True}
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], **run)
    for name in sorted({row["key"] for row in rows}):
        certificate, key = (folder / "certificates" / f"{name}.{end}" for end in ("crt", "key"))
        subprocess.run(["openssl", "pkcs12", "-export", "-name", name, "-in", certificate, "-inkey", key, "-out",
                        store / f"{name}.p12", "-passout", "pass:"], **run)
        subprocess.run(["pk12util", "-i", store / f"{name}.p12", "-d", f"sql:{store}", "-W", ""], **run)
    return [background(row["name"], f"selfserv -d sql:{store} -p {row['listen'][1]} -n {row['key']} -w ''", row["says"])
            for row in rows]


def botan(rows, folder):
    return [background(row["name"], "botan tls_server", *pair(row, folder), f"--port={row['listen'][1]}",
                       f"--policy={row['says']}") for row in rows]


def stunnel(rows, folder):
    starts = plain_servers(folder)
    for row in rows:
        says = "\n".join(statements(row))
        (folder / f"{row['name']}.conf").write_text(STUNNEL.format(**fields(row, folder), says=says))
        starts.append(background(row["name"], "stunnel4", f"{folder}/{row['name']}.conf"))
    return starts


def plain_servers(folder):
    """What stands behind those that only take TLS off: an SSH, a redis and a web server. The mail server is postfix's."""
    (folder / "plain-ssh.conf").write_text(
        f"ListenAddress 127.0.0.1:{PLAIN_SSH}\nHostKey {folder}/ssh-ed25519\nPidFile none\nUsePAM no\nStrictModes no\n"
        "KbdInteractiveAuthentication no\nAuthorizedKeysFile none\nMaxStartups 500:30:1000\n")
    (folder / "plain-redis.conf").write_text(REDIS.format(ip="127.0.0.1", plain=PLAIN_REDIS, folder=folder))
    starts = [background("plain-ssh", "/usr/sbin/sshd -D -e -f", f"{folder}/plain-ssh.conf"),
              background("plain-redis", "redis-server", f"{folder}/plain-redis.conf"),
              background("plain-http", "/usr/bin/python3 -m http.server -b 127.0.0.1", PLAIN_HTTP)]
    return starts


def hitch(rows, folder):
    starts = []
    for row in rows:
        says = "\n".join(statements(row))
        (folder / f"{row['name']}.conf").write_text(
            f"frontend = \"[{row['ip']}]:{row['port']}\"\nbackend = \"[127.0.0.1]:{PLAIN_HTTP}\"\nuser = \"nobody\"\n"
            f"pem-file = \"{folder}/certificates/{row['key']}.pem\"\ndaemon = off\nworkers = 1\n{says}\n")
        starts.append(background(row["name"], "hitch --config", f"{folder}/{row['name']}.conf"))
    return starts


def dovecot(rows, folder):
    starts = []
    for row in rows:
        protocol, *says = statements(row)
        (folder / row["name"]).mkdir()
        text = DOVECOT.format(**fields(row, folder), protocol=protocol, says="\n".join(says))
        (folder / f"{row['name']}.conf").write_text(text)
        starts.append(background(f"{row['name']}.start", "dovecot -F -c", f"{folder}/{row['name']}.conf"))
    return starts


def postfix(rows, folder):
    """One master for all, and for the plain one: each line of master.cf has its own options."""
    own = folder / "postfix"
    own.mkdir()
    (own / "main.cf").write_text(POSTFIX.format(folder=folder))
    services = POSTFIX_SERVICES.format(port=PLAIN_SMTP)
    for row in rows:
        certificate, key = pair(row, folder)
        options = [f"smtpd_tls_cert_file={certificate}", f"smtpd_tls_key_file={key}", *statements(row)]
        options += ["smtpd_tls_wrappermode=yes"] if row["part"] == "tls" else []
        services += f"{row['ip']}:{row['port']} inet n - n - - smtpd\n" + "".join(f"  -o {{{option}}}\n" for option in options)
    (own / "master.cf").write_text(services)
    logs = [f"ln -s postfix.log {row['name']}.log" for row in rows if row["part"] == "services"]
    return [*logs, f"install -d -o postfix {folder}/postfix-data", f"install -d {folder}/postfix-queue",
            background("postfix-start", f"postfix -c {own} start-fg")]


def redis(rows, folder):
    starts = []
    for row in rows:
        certificate, key = pair(row, folder)
        says = "\n".join(f"{name} \"{value}\"" for name, _, value in (part.partition(" ") for part in statements(row)))
        wants = "" if "tls-auth-clients" in says else "tls-auth-clients no\n"
        (folder / f"{row['name']}.conf").write_text(
            REDIS.format(ip=row["ip"], plain=0, folder=folder) + f"tls-port {row['port']}\ntls-cert-file {certificate}\n"
            f"tls-key-file {key}\ntls-ca-cert-file {folder}/certificates/ca.crt\n{wants}{says}\n")
        starts.append(background(row["name"], "redis-server", f"{folder}/{row['name']}.conf"))
    return starts


def erlang(rows, folder):
    """All listeners in one virtual machine, from a list of Erlang terms."""
    terms = []
    for row in rows:
        certificate, key = pair(row, folder)
        says = f", {row['says']}" if row["says"] else ""
        terms.append(f"{{\"{row['ip']}\", {row['port']}, [{{certfile, \"{certificate}\"}}, {{keyfile, \"{key}\"}}{says}]}}")
    (folder / "erlang.terms").write_text("[" + ",\n".join(terms) + "].\n")
    return [background("erlang", f"env HOME={folder} escript", lab.LAB / "handshakes/tls_erlang.escript", folder / "erlang.terms")]


def sslv2_stub(rows, folder):
    return [background(row["name"], "/usr/bin/python3", lab.LAB / "handshakes/sslv2_stub.py", row["ip"], row["port"],
                       f"{folder}/certificates/{row['key']}.crt", row["says"].split()[0]) for row in rows]


KINDS = {"openssl": openssl, "gnutls": gnutls, "nss": nss, "botan": botan, "stunnel": stunnel, "hitch": hitch,
         "dovecot": dovecot, "postfix": postfix, "redis": redis, "erlang": erlang, "sslv2-stub": sslv2_stub}
