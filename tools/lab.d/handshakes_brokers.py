# SPDX-License-Identifier: BSD-3-Clause
"""Desktops, brokers, stores, and what only repeats the words of a server that Debian lacks, in the same form as
handshakes_services."""

import table as lab
from handshakes_services import configured, fill, material, statements
from handshakes_tls import background, pair

XRDP = """\
[Globals]
ini_version=1
fork=true
port=tcp://{ip}:{port}
crypt_level=high
certificate={crt}
key_file={key}
ssl_protocols=TLSv1.2, TLSv1.3
allow_channels=false
max_bpp=32
ls_width=350
ls_height=430
{says}
[Logging]
LogFile={folder}/{name}.log
LogLevel=INFO
EnableSyslog=false
[Xvnc]
name=Xvnc
lib=libvnc.so
username=ask
password=ask
ip=127.0.0.1
port=-1
"""

DANTE = """\
logoutput: {folder}/{name}.log
internal: {ip} port = {port}
external: {ip}
user.privileged: root
user.unprivileged: nobody
clientmethod: none
{says}
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 log: error connect disconnect }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 log: error connect disconnect }}
"""

KNOT = """\
server:
    rundir: {folder}/{name}
    listen: {ip}@{port}
{says}
log:
  - target: stdout
    any: info
database:
    storage: {folder}/{name}
"""

RSYNCD = """\
use chroot = false
address = {ip}
port = {port}
{says}
"""

RABBITMQ = """\
cluster_name = lab
log.console = true
log.console.level = info
log.file = false
ssl_options.certfile = {crt}
ssl_options.keyfile = {key}
ssl_options.cacertfile = {folder}/certificates/ca.crt
listeners.tcp = none
mqtt.listeners.tcp = none
"""

RABBITMQ_RUN = """\
export HOME={own} RABBITMQ_NODENAME=lab@localhost RABBITMQ_MNESIA_BASE={own}/mnesia RABBITMQ_LOG_BASE={own}
export RABBITMQ_CONFIG_FILE={own}/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE={own}/plugins RABBITMQ_DIST_PORT=25699
export ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_GENERATED_CONFIG_DIR={own}/config
exec /usr/lib/rabbitmq/bin/rabbitmq-server
"""

DOCKER_RUN = """\
mount -t cgroup2 none /sys/fs/cgroup
exec dockerd -H tcp://{ip}:{port} --tls=false --data-root {own}/data --exec-root {own}/exec --pidfile {own}/pid \\
    --storage-driver vfs --bridge none --iptables=false
"""


def x11vnc(rows, folder):
    """What it shows is a picture of nothing, without a display."""
    return [background(row["name"], "x11vnc -rawfb null -noipv6 -forever -shared -no6 -norc -listen", row["ip"], "-rfbport",
                       row["port"], material(row["says"], row, folder)) for row in rows]


def rabbitmq(rows, folder):
    """One node, whose listeners are the rows: `says` is what each belongs to."""
    own = folder / "rabbitmq"
    own.mkdir()
    crt, key = pair(rows[0], folder)
    listeners = "".join(f"{row['says']}.{index + 1} = {row['ip']}:{row['port']}\n" for index, row in enumerate(rows))
    text = RABBITMQ.format(folder=folder, crt=crt, key=key) + listeners
    wanted = {row["says"] for row in rows}
    text = "".join(line + "\n" for line in text.splitlines() if line.removesuffix(" = none") not in wanted)
    (own / "rabbitmq.conf").write_text(text)
    (own / "plugins").write_text("[rabbitmq_mqtt].\n")
    (own / "run").write_text(RABBITMQ_RUN.format(own=own))
    lines = [f"ln -s rabbitmq.log {row['name']}.log" for row in rows]
    return [*lines, background("rabbitmq", "bash", own / "run")]


def rtsp_gstreamer(rows, folder):
    return [background(row["name"], f"env GST_DEBUG=1,rtsp*:3 GST_REGISTRY={folder}/gstreamer.registry /usr/bin/python3",
                       lab.LAB / "handshakes/rtsp_gstreamer.py", row["ip"], row["port"], row["says"]) for row in rows]


def redis(rows, folder):
    lines = []
    for row in rows:
        (folder / row["name"]).mkdir()
        sentinel = row["says"].startswith("sentinel")
        common = f"bind {row['ip']}\nport {row['port']}\ndir {folder}/{row['name']}\nloglevel verbose\n"
        own = statements(row) if sentinel else "save \"\"\n" + statements(row)
        (folder / f"{row['name']}.conf").write_text(f"{common}{own}\n")
        lines.append(background(row["name"], "redis-server", folder / f"{row['name']}.conf", "--sentinel" if sentinel else ""))
    return lines


def memcached(rows, folder):
    (folder / "memcached.users").write_text("lab:lab\n")
    return [background(row["name"], "memcached -vv -u nobody -U 0 -m 8 -l", row["ip"], "-p", row["port"],
                       row["says"].replace("{users}", f"{folder}/memcached.users")) for row in rows]


def rsyncd(rows, folder):
    (folder / "rsync.secrets").write_text("lab:lab\n")
    lines = [f"chmod 600 {folder}/rsync.secrets"]
    for row in rows:
        path = folder / f"{row['name']}.conf"
        path.write_text(fill(RSYNCD, row, folder))
        lines.append(background(f"{row['name']}-start", f"rsync --daemon --no-detach --log-file={folder}/{row['name']}.log",
                                f"--config={path}"))
    return lines


def docker(rows, folder):
    """Its storage is copied, so that it needs nothing of the kernel's file systems, and it makes no network. It wants to see
    control groups, which `ip netns exec` has unmounted with the rest of /sys."""
    lines = []
    for row in rows:
        own = folder / row["name"]
        own.mkdir()
        (own / "run").write_text(DOCKER_RUN.format(own=own, ip=row["ip"], port=row["port"]))
        lines.append(background(row["name"], "unshare --mount --cgroup bash -e", own / "run"))
    return lines


def stub(rows, folder):
    lines = []
    for row in rows:
        tls = " ".join(pair(row, folder)) if row.get("tunnel") else ""
        lines.append(background(row["name"], "/usr/bin/python3", lab.LAB / "handshakes/stub.py", row["ip"], row["port"], row["says"], tls))
    return lines


KINDS = {
    "xrdp": configured(XRDP, "xrdp --nodaemon --config {conf}", ending="ini", log="{name}-start"),
    "x11vnc": x11vnc,
    "dante": configured(DANTE, "danted -f {conf}", log="{name}-start"),
    "knot": configured(KNOT, "knotd -c {conf}", separator=None),
    "rabbitmq": rabbitmq,
    "rtsp-gstreamer": rtsp_gstreamer,
    "redis-plain": redis,
    "memcached": memcached,
    "rsyncd": rsyncd,
    "docker": docker,
    "stub": stub,
}
