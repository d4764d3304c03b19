# SPDX-License-Identifier: BSD-3-Clause
"""Configurations of the lab's servers, each complete in the lab's own folder, and the script that starts them."""

import subprocess

import table as lab

SSHD = """\
Protocol 2
HostKey {key}
PidFile {folder}/{name}.pid
PubkeyAuthentication {publickey}
PasswordAuthentication {password}
KbdInteractiveAuthentication {kbdint}
AuthorizedKeysFile none
PermitRootLogin no
UsePAM no
UseDNS no
StrictModes no
LoginGraceTime 30
MaxStartups 1000:30:2000
LogLevel QUIET
"""

# What a server of ten years ago had; nothing else, so that a client must still know it.
SSHD_LEGACY = """\
KexAlgorithms diffie-hellman-group14-sha1
HostKeyAlgorithms ssh-rsa
Ciphers aes128-cbc
MACs hmac-sha1
"""

NGINX = """\
user www-data;
worker_processes 1;
worker_rlimit_nofile 200000;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    default_type text/html;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    ssl_session_tickets off;
{servers}}}
"""

APACHE = """\
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
LogLevel warn
ServerName lab.invalid
ServerTokens OS
StartServers 1
MaxRequestWorkers 50
User www-data
Group www-data
{modules}
SSLSessionCache none
<Directory {folder}>
Require all granted
DirectoryIndex index.html
</Directory>
{servers}"""

RSYNC = """\
pid file = {folder}/{name}.pid
log file = {folder}/{name}.log
motd file = {folder}/{server}.motd
address = {ip}
port = {port}
use chroot = false
list = {list}
"""

APACHE_MODULES = ["mpm_event", "authz_core", "mime", "dir", "alias", "ssl"]

ODD_TITLE = b"odd \x1b[31mred\x07 \xff\xfe </title <b>&lt;script&gt; caf\xc3\xa9"


def page(title):
    head = f"<title>{title}</title>" if title else ""
    return f"<!doctype html><html><head>{head}</head><body>lab</body></html>"


def yes(condition):
    return "yes" if condition else "no"


def make_host_keys(folder):
    for kind, bits in {"ed25519": [], "ecdsa": ["-b", "256"], "rsa": ["-b", "2048"]}.items():
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "lab", "-f", str(folder / f"ssh-{kind}")],
                       check=True, stdin=subprocess.DEVNULL)
        subprocess.run(["dropbearconvert", "openssh", "dropbear", str(folder / f"ssh-{kind}"),
                        str(folder / f"dropbear-{kind}")], check=True, capture_output=True)


def openssh(table, folder):
    starts = []
    for name, sockets in lab.endpoints(table, "openssh").items():
        server = table["servers"][name]
        methods = server["methods"]
        text = SSHD.format(name=name, folder=folder, key=folder / f"ssh-{server['host_key']}",
                           publickey=yes("publickey" in methods), password=yes("password" in methods),
                           kbdint=yes("keyboard-interactive" in methods))
        text += SSHD_LEGACY if server.get("legacy") else ""
        text += f"DebianBanner {yes(not server.get('no_comment'))}\n"
        text += "".join(f"ListenAddress {ip}:{port}\n" for ip, port in sockets)
        (folder / f"{name}.conf").write_text(text)
        starts.append(f"/usr/sbin/sshd -f {folder}/{name}.conf -E {folder}/{name}.log")
    return starts


def dropbear(table, folder):
    starts = []
    for name, sockets in lab.endpoints(table, "dropbear").items():
        server = table["servers"][name]
        listen = " ".join(f"-p {ip}:{port}" for ip, port in sockets)
        password = "" if "password" in server["methods"] else "-s "
        starts.append(f"dropbear {password}-r {folder}/dropbear-{server['host_key']} -P {folder}/{name}.pid {listen}")
    return starts


def nginx_answer(server):
    if server.get("odd"):
        return f'return 200 "<title>{ODD_TITLE.decode("latin-1")}</title>";'
    if "location" in server:
        return f"return {server['status']} {server['location']};"
    if server["status"] == 200:
        return f"return 200 '{page(server['title'])}';"
    return f"return {server['status']};"


def nginx_tls(server, certificates):
    if "tls" not in server:
        return ""
    versions = " ".join(f"TLSv{version}" for version in server["tls"])
    certificate = certificates / server["certificate"]
    return (f"ssl_protocols {versions}; ssl_ciphers 'ALL:@SECLEVEL=0'; "
            f"ssl_certificate {certificate}.crt; ssl_certificate_key {certificate}.key; ")


def nginx_server(server, sockets, certificates):
    tls = " ssl" if "tls" in server else ""
    listens = "".join(f"listen {ip}:{port}{tls} backlog=4096; " for ip, port in sockets)
    return f"    server {{ {listens}{nginx_tls(server, certificates)}{nginx_answer(server)} }}\n"


def nginx(table, folder, certificates):
    (folder / "temp").mkdir()
    blocks = "".join(nginx_server(table["servers"][name], sockets, certificates)
                     for name, sockets in lab.endpoints(table, "nginx").items())
    text = NGINX.format(folder=folder, connections=8192, servers=blocks)
    (folder / "nginx.conf").write_text(text, encoding="latin-1")
    return [f"nginx -p {folder} -c {folder}/nginx.conf -e {folder}/nginx.log"]


def apache_tls(server, certificates):
    if "tls" not in server:
        return ""
    versions = " ".join(f"+TLSv{version}" for version in server["tls"])
    certificate = certificates / server["certificate"]
    return (f"SSLEngine on\nSSLProtocol -all {versions}\nSSLCipherSuite ALL:@SECLEVEL=0\n"
            f"SSLCertificateFile {certificate}.crt\nSSLCertificateKeyFile {certificate}.key\n")


def apache_server(name, server, sockets, folder, certificates):
    listens = "".join(f"Listen {ip}:{port} {'https' if 'tls' in server else 'http'}\n" for ip, port in sockets)
    where = " ".join(f"{ip}:{port}" for ip, port in sockets)
    redirect = f"Redirect {server['status']} / {server['location']}\n" if "location" in server else ""
    (folder / name).mkdir()
    (folder / name / "index.html").write_text(page(server["title"]))
    return (f"{listens}<VirtualHost {where}>\nServerName lab.invalid\nDocumentRoot {folder}/{name}\n{redirect}"
            f"{apache_tls(server, certificates)}</VirtualHost>\n")


def apache(table, folder, certificates):
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in APACHE_MODULES)
    blocks = "".join(apache_server(name, table["servers"][name], sockets, folder, certificates)
                     for name, sockets in lab.endpoints(table, "apache").items())
    (folder / "mime.types").write_text("text/html html\n")
    text = APACHE.format(folder=folder, modules=modules + f"TypesConfig {folder}/mime.types", servers=blocks)
    (folder / "apache.conf").write_text(text)
    return [f"/usr/sbin/apache2 -d {folder} -f {folder}/apache.conf -k start"]


def redis(table, folder):
    """Without a password a server lets anybody in only when it is told to; in protected mode it refuses who comes from afar."""
    starts = []
    for name, sockets in lab.endpoints(table, "redis").items():
        server = table["servers"][name]
        for ip, port in sockets:
            own = folder / f"{name}-{ip}"
            own.mkdir(mode=0o755)
            text = (f"bind {ip}\nport {port}\ndaemonize yes\ndir {own}\nsave \"\"\nlogfile {own}/log\npidfile {own}/pid\n"
                    f"protected-mode {yes(server.get('protected'))}\n")
            text += f"requirepass \"{server['password']}\"\n" if "password" in server else ""
            (own / "conf").write_text(text)
            starts.append(f"redis-server {own}/conf >/dev/null")
    return starts


def memcached(table, folder):
    starts = []
    for name, sockets in lab.endpoints(table, "memcached").items():
        server = table["servers"][name]
        for ip, port in sockets:
            locked = ""
            if "password" in server:
                (folder / f"{name}.users").write_text(server["password"] + "\n")
                locked = f"-Y {folder}/{name}.users "
            starts.append(f"memcached -d -u nobody -U 0 -m 8 {locked}-l {ip} -p {port}")
    return starts


def rsync(table, folder):
    """A daemon for each socket: it binds one address."""
    starts = []
    for server, sockets in lab.endpoints(table, "rsync").items():
        row = table["servers"][server]
        (folder / f"{server}.motd").write_text("".join(f"{line}\n" for line in row.get("motd", [])))
        for ip, port in sockets:
            name = f"{server}-{ip}-{port}"
            text = RSYNC.format(folder=folder, name=name, server=server, ip=ip, port=port, list=yes(not row.get("hidden")))
            text += "".join(f"[{module}]\npath = {folder}/{module}\n" for module in row["modules"])
            (folder / f"{name}.conf").write_text(text)
            starts.append(f"rsync --daemon --config={folder}/{name}.conf")
    return starts


def wide(folder, certificates):
    """One nginx for a whole /16: a P-256 key on 443, an RSA-2048 key on 8443."""
    (folder / "temp").mkdir(parents=True)
    blocks = ""
    for port, certificate in {443: "chain-ec", 8443: "chain-rsa"}.items():
        server = {"status": 200, "title": "Wide", "tls": ["1.2", "1.3"], "certificate": certificate}
        blocks += (f"    server {{ listen {port} ssl backlog=65535; {nginx_tls(server, certificates)}"
                   f"{nginx_answer(server)} }}\n")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, connections=70000, servers=blocks))
    return [f"nginx -p {folder} -c {folder}/nginx.conf -e {folder}/nginx.log"]


def write(table, folder):
    """Writes every configuration below folder and returns nothing; start-world and start-wide start them."""
    make_host_keys(folder)
    certificates = folder / "certificates"
    world = openssh(table, folder) + dropbear(table, folder) + nginx(table, folder, certificates)
    world += apache(table, folder, certificates) + redis(table, folder) + memcached(table, folder) + rsync(table, folder)
    world.append(f"setsid /usr/bin/python3 {lab.LAB}/silent.py 127.0.0.1 {lab.SILENT_PORT} </dev/null >{folder}/silent.log 2>&1 &")
    for name, starts in {"world": world, "wide": wide(folder / "wide", certificates)}.items():
        (folder / f"start-{name}").write_text("set -e\n" + "\n".join(starts) + "\n")
