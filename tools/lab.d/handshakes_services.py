# SPDX-License-Identifier: BSD-3-Clause
"""Servers of other protocols, in the same form as handshakes_tls. `says` is what their configurations differ in."""

import table as lab
from handshakes_tls import background, pair

# These have no option for the address that they listen on.
ANYWHERE = ("xvfb",)

VSFTPD = """\
listen=YES
listen_address={ip}
listen_port={port}
background=NO
seccomp_sandbox=NO
secure_chroot_dir={folder}/empty
pam_service_name=other
vsftpd_log_file={folder}/{name}.log
xferlog_enable=YES
dual_log_enable=YES
log_ftp_protocol=YES
{says}
"""

SLAPD = """\
include /etc/ldap/schema/core.schema
pidfile {folder}/{name}.pid
modulepath /usr/lib/ldap
moduleload back_mdb
{says}
database mdb
suffix "dc=lab,dc=invalid"
directory {folder}/{name}
"""

NAMED = """\
options {{
  directory "{folder}/{name}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ {ip}; }};
  listen-on-v6 {{ none; }};
  dnssec-validation no;
  {says}
}};
controls {{ }};
"""

UNBOUND = """\
server:
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  username: ""
  use-syslog: no
  interface: {ip}@{port}
  {says}
remote-control:
  control-enable: no
"""

PROSODY = """\
run_as_root = true
interfaces = {{"{ip}"}}
c2s_ports = {{{port}}}
data_path = "{folder}/{name}"
log = {{info = "*console"}}
pidfile = "{folder}/{name}.pid"
modules_enabled = {{"saslauth", "tls"}}
modules_disabled = {{"s2s"}}
ssl = {{key = "{key}", certificate = "{crt}"}}
{says}
VirtualHost "{ip}"
"""

CLICKHOUSE = """\
<yandex><logger><level>information</level><log>{folder}/{name}.log</log><errorlog>{folder}/{name}-errors.log</errorlog></logger>
<http_port>{port}</http_port><listen_host>{ip}</listen_host><path>{folder}/{name}/</path><tmp_path>{folder}/{name}/tmp/</tmp_path>
<users_config>{folder}/{name}-users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>5368709</mark_cache_size></yandex>
"""

CLICKHOUSE_USERS = """\
<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password>{says}</password>
<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>
"""

SMBD = """\
[global]
  server role = standalone server
  interfaces = {ip}/32
  bind interfaces only = yes
  smb ports = {port}
  private dir = {folder}/{name}
  lock directory = {folder}/{name}
  state directory = {folder}/{name}
  cache directory = {folder}/{name}
  pid directory = {folder}/{name}
  ncalrpc dir = {folder}/{name}
  log file = {folder}/{name}.log
  load printers = no
  disable spoolss = yes
  {says}
"""


def statements(row, separator="\n"):
    """What a row says, a statement a line; None leaves it as it is."""
    if separator is None:
        return row["says"]
    return separator.join(part.strip() for part in row["says"].split(";") if part.strip())


def material(says, row, folder):
    """What a configuration says, with the paths of its certificate, its key and the folder in it."""
    crt, key = pair(row, folder)
    return says.replace("{crt}", crt).replace("{key}", key).replace("{folder}", str(folder))


def fill(template, row, folder, separator="\n"):
    crt, key = pair(row, folder)
    return template.format(folder=folder, name=row["name"], ip=row["ip"], port=row["port"], crt=crt, key=key,
                           says=material(statements(row, separator), row, folder))


def configured(template, *command, ending="conf", separator="\n", log="{name}"):
    """A kind whose servers are told everything by a file: {conf} in the command is its path. What they print is kept in `log`,
    which is another one where they write NAME.log themselves."""
    def write(rows, folder):
        lines = []
        for row in rows:
            path = folder / f"{row['name']}.{ending}"
            path.write_text(fill(template, row, folder, separator))
            (folder / row["name"]).mkdir()
            lines.append(background(log.format(name=row["name"]), *[part.format(conf=path) for part in command]))
        return lines
    return write


def vsftpd(rows, folder):
    (folder / "empty").mkdir(exist_ok=True)
    return configured(VSFTPD, "vsftpd", "{conf}")(rows, folder)


def postgresql(rows, folder):
    """It does not run as root."""
    lines = []
    for row in rows:
        data = folder / row["name"]
        crt, key = pair(row, folder)
        data.mkdir()
        version = lab.package_version("postgresql-15").split(".")[0]
        binaries = f"/usr/lib/postgresql/{version}/bin"
        script = (f"{binaries}/initdb -A trust -N -D {data}/data >{data}/initdb.log\n"
                  f"printf 'host all all 0.0.0.0/0 {row['method']}\\n' >{data}/data/pg_hba.conf\n"
                  f"exec {binaries}/postgres -D {data}/data -h {row['ip']} -p {row['port']} -k {data} {row['says']}\n")
        (data / "run").write_text(script.replace("{crt}", f"{data}/crt").replace("{key}", f"{data}/key"))
        lines += [f"install -m 600 {crt} {data}/crt", f"install -m 600 {key} {data}/key",
                  f"chown -R postgres {data}",
                  background(row["name"], "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "bash", data / "run")]
    return lines


def mariadb(rows, folder):
    lines = []
    for row in rows:
        data = folder / row["name"]
        crt, key = pair(row, folder)
        data.mkdir()
        # A MariaDB that starts removes the temporary tables that it finds, which may be those of another one that starts.
        (data / "tmp").mkdir()
        script = (f"export TMPDIR={data}/tmp\n"
                  f"mariadb-install-db --no-defaults --datadir={data}/data --user=root "
                  f"--auth-root-authentication-method=normal >{data}/install.log\n"
                  f"exec mariadbd --no-defaults --datadir={data}/data --user=root --bind-address={row['ip']} --port={row['port']} "
                  f"--socket={data}/socket --skip-name-resolve {row['says']}\n")
        (data / "run").write_text(script.replace("{crt}", crt).replace("{key}", key))
        lines.append(background(row["name"], "bash", data / "run"))
    return lines


def slapd(rows, folder):
    lines = []
    for row in rows:
        configured(SLAPD, "true")([row], folder)
        if "entries" in row:
            (folder / f"{row['name']}.ldif").write_text(row["entries"])
            lines.append(f"slapadd -f {folder}/{row['name']}.conf -l {folder}/{row['name']}.ldif")
        lines.append(background(row["name"], "slapd", "-h", f"ldap://{row['ip']}:{row['port']}/", "-f",
                                folder / f"{row['name']}.conf", "-d", "stats"))
    return lines


def xvnc(rows, folder):
    lines = []
    for index, row in enumerate(rows):
        lines.append(background(row["name"], "Xvnc", f":{70 + index}", "-interface", row["ip"], "-rfbport", row["port"],
                                "-geometry", "64x64", "-nolisten", "unix", "-nolock", row["says"]))
    return lines


def xvfb(rows, _folder):
    """It listens on a port that goes with its number, on every address."""
    return [background(row["name"], "Xvfb", f":{row['listen'][1] - 6000}", "-listen", "tcp", "-nolisten", "unix", "-nolock", "-screen", "0",
                       "64x64x24", row["says"]) for row in rows]


def named(rows, folder):
    """One of them has a root zone of its own, so that it can answer without asking anybody."""
    (folder / "root.zone").write_text("$TTL 3600\n. SOA ns.lab.invalid. nobody.lab.invalid. 1 3600 900 86400 300\n. NS ns.lab.invalid.\n"
                                      "ns.lab.invalid. A 127.0.0.1\n")
    return configured(NAMED, "named -g -c {conf}", separator=None)(rows, folder)


def mosquitto(rows, folder):
    lines = []
    for row in rows:
        path = folder / f"{row['name']}.conf"
        path.write_text(f"user root\nlistener {row['port']} {row['ip']}\n{fill('{says}', row, folder)}\n")
        lines.append(background(row["name"], "mosquitto", "-c", path))
    return lines


def etcd(rows, folder):
    lines = []
    for row in rows:
        scheme = "https" if "--cert-file" in row["says"] else "http"
        client, peer = f"{scheme}://{row['ip']}:{row['port']}", f"http://{row['ip']}:2380"
        lines.append(background(row["name"], "etcd", "--data-dir", folder / row["name"], "--listen-client-urls", client,
                                "--advertise-client-urls", client, "--listen-peer-urls", peer,
                                "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
                                material(row["says"], row, folder)))
    return lines


def clickhouse(rows, folder):
    lines = []
    for row in rows:
        (folder / row["name"]).mkdir()
        (folder / f"{row['name']}.xml").write_text(fill(CLICKHOUSE, row, folder))
        (folder / f"{row['name']}-users.xml").write_text(fill(CLICKHOUSE_USERS, row, folder))
        lines.append(background(f"{row['name']}.out", "clickhouse-server", f"--config-file={folder}/{row['name']}.xml"))
    return lines


def zookeeper(rows, folder):
    lines = []
    jars = ":".join(f"/usr/share/java/{jar}.jar" for jar in (
        "zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-jdk14", "netty-all", "snappy-java", "metrics-core", "commons-cli",
        "jackson-annotations", "jackson-core", "jackson-databind"))
    for row in rows:
        path = folder / f"{row['name']}.cfg"
        path.write_text(f"tickTime=2000\ndataDir={folder}/{row['name']}\nclientPort={row['port']}\nclientPortAddress={row['ip']}\n"
                        f"admin.enableServer=false\n{statements(row)}\n")
        lines.append(background(row["name"], "java", "-Xmx64m", "-cp", jars,
                                "org.apache.zookeeper.server.quorum.QuorumPeerMain", path))
    return lines


def microsocks(rows, _folder):
    return [background(row["name"], "microsocks", "-i", row["ip"], "-p", row["port"], row["says"]) for row in rows]


def telnetd(rows, _folder):
    return [background(row["name"], "/usr/bin/python3", lab.LAB / "handshakes/inetd.py", row["ip"], row["port"],
                       "/usr/sbin/telnetd", row["says"]) for row in rows]


KINDS = {
    "vsftpd": vsftpd,
    "postgresql": postgresql,
    "mariadb": mariadb,
    "slapd": slapd,
    "xvnc": xvnc,
    "xvfb": xvfb,
    "mosquitto": mosquitto,
    "etcd": etcd,
    "named": named,
    "unbound": configured(UNBOUND, "unbound", "-d", "-c", "{conf}", separator="\n  "),
    "prosody": configured(PROSODY, "prosody", "-F", "--config", "{conf}", ending="cfg.lua"),
    "clickhouse": clickhouse,
    "zookeeper": zookeeper,
    "microsocks": microsocks,
    "telnetd": telnetd,
    "smbd": configured(SMBD, "smbd", "-F", "--no-process-group", "-s", "{conf}", separator="\n  "),
}
