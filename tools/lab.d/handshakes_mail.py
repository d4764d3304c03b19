# SPDX-License-Identifier: BSD-3-Clause
"""Servers of mail and of files, in the same form as handshakes_services. Three of them exclude another one of their kind that is
installed, so that tools/setup lays their files alone, in a folder where nothing looks for them."""

import shutil

import table as lab
from handshakes_services import configured, fill
from handshakes_tls import background, pair

EXIM = """\
primary_hostname = lab.invalid
log_file_path = {folder}/{name}-%s.log
log_selector = +smtp_connection +smtp_no_mail +smtp_protocol_error +smtp_syntax_error
spool_directory = {folder}/{name}
local_interfaces = {ip}
daemon_smtp_ports = {port}
host_lookup =
rfc1413_query_timeout = 0s
message_logs = false
{says}
"""

# Its user and group are looked up by name before anything else is read.
EXIM_RUN = """\
cp /etc/passwd /etc/group {own}/
echo Debian-exim:x:65534:65534::/nonexistent:/usr/sbin/nologin >>{own}/passwd
echo Debian-exim:x:65534: >>{own}/group
mount --bind {own}/passwd /etc/passwd
mount --bind {own}/group /etc/group
chown Debian-exim {own}/key
exec {exim} -C {own}.conf -bdf -q30m
"""

PROFTPD = """\
ServerType standalone
ServerName lab
DefaultAddress {ip}
SocketBindTight on
Port {port}
UseIPv6 off
UseReverseDNS off
User nobody
Group nogroup
ModulePath {modules}
PidFile {folder}/{name}/pid
ScoreboardFile {folder}/{name}/scoreboard
DelayEngine off
WtmpLog off
TransferLog none
SystemLog {folder}/{name}.log
RequireValidShell off
AuthUserFile {folder}/{name}/users
AuthOrder mod_auth_file.c
{says}
"""

DOVECOT = """\
base_dir = {folder}/{name}/run
log_path = {folder}/{name}.log
protocols = {protocol}
ssl_cert = <{crt}
ssl_key = <{key}
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
    address = {ip}
    port = {port}
  }}
  inet_listener {protocol}s {{
    port = 0
  }}
}}
{says}
"""


def exim(rows, folder):
    binary = lab.laid_beside("exim4-daemon-light") / "usr/sbin/exim4"
    lines = []
    for row in rows:
        own = folder / row["name"]
        own.mkdir()
        _, key = pair(row, folder)
        shutil.copyfile(key, own / "key")  # which it reads as its user
        (folder / f"{row['name']}.conf").write_text(fill(EXIM, row, folder).replace(key, str(own / "key")))
        (own / "run").write_text(EXIM_RUN.format(own=own, exim=binary))
        (folder / f"{row['name']}-main.log").touch()
        lines += [f"ln -s {row['name']}-main.log {own}.log", f"chown -R 65534:65534 {own} {own}-main.log",
                  background(f"{row['name']}-start", "unshare --mount bash -e", own / "run")]
    return lines


def pure_ftpd(rows, folder):
    """It logs to syslog alone."""
    binary = lab.laid_beside("pure-ftpd") / "usr/sbin/pure-ftpd"
    return [background(row["name"], "unshare --mount /usr/bin/python3", lab.LAB / "handshakes/logged.py", folder / f"{row['name']}.dev",
                       binary, f"-S {row['ip']},{row['port']} -4 -H -g {folder}/{row['name']}.pid",
                       fill("{says}", row, folder, separator=" ")) for row in rows]


def proftpd(rows, folder):
    beside = lab.laid_beside("proftpd-core")
    (folder / "proftpd-modules").mkdir()
    for package in ("proftpd-core", "proftpd-mod-crypto"):
        for module in (lab.laid_beside(package) / "usr/lib/proftpd").glob("*.so"):
            (folder / "proftpd-modules" / module.name).symlink_to(module)
    lines = []
    for row in rows:
        own = folder / row["name"]
        own.mkdir()
        (own / "users").touch(mode=0o600)
        template = PROFTPD.replace("{modules}", f"{folder}/proftpd-modules")
        (folder / f"{row['name']}.conf").write_text(fill(template, row, folder))
        lines += [f"chown nobody {own}/users",
                  background(f"{row['name']}-start", beside / "usr/sbin/proftpd", "-n -c", folder / f"{row['name']}.conf")]
    return lines


def dovecot(rows, folder):
    lines = []
    for row in rows:
        protocol, _, says = row["says"].partition(";")
        template = DOVECOT.replace("{protocol}", protocol)
        lines += configured(template, "dovecot -F -c", "{conf}", log="{name}-start")([{**row, "says": says}], folder)
    return lines


KINDS = {"exim": exim, "pure-ftpd": pure_ftpd, "proftpd": proftpd, "dovecot-plain": dovecot}
