# SPDX-License-Identifier: BSD-3-Clause
"""Web servers, in the same form as handshakes_tls: one process holds all configurations of a kind where it can."""

import json
from xml.sax.saxutils import quoteattr

import table as lab
from handshakes_tls import background, pair, statements

NGINX = """\
user www-data;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
access_log off;
default_type text/html;
client_body_temp_path {folder}/nginx;
proxy_temp_path {folder}/nginx;
fastcgi_temp_path {folder}/nginx;
uwsgi_temp_path {folder}/nginx;
scgi_temp_path {folder}/nginx;
{servers}}}
"""

APACHE = """\
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName lab.invalid
StartServers 1
User www-data
Group www-data
{modules}SSLSessionCache none
<Directory {folder}/apache>
Require all granted
DirectoryIndex index.html
</Directory>
{servers}"""

APACHE_MODULES = ["mpm_event", "authz_core", "dir", "ssl"]

HAPROXY = """\
global
    maxconn 500
    nbthread 1
    user nobody
    ssl-server-verify none
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
{frontends}"""

# What a Java of today no longer does unless it is told to.
JAVA_SECURITY = "jdk.tls.disabledAlgorithms=\njdk.tls.legacyAlgorithms=\njdk.certpath.disabledAlgorithms=\n"

TOMCAT_JARS = ["catalina", "coyote", "api", "util", "util-scan", "juli", "annotations-api", "servlet-api", "jsp-api", "el-api",
               "jaspic-api", "jni", "jasper", "jasper-el"]


def make_page(folder):
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text("<!doctype html><title>Lab</title>lab\n")


def nginx_server(row, folder):
    certificate, key = pair(row, folder)
    http2 = " http2" if "http2;" in row["says"] else ""
    says = row["says"].replace("http2;", "").replace("certificates/", f"{folder}/certificates/")
    answer = "" if "return" in says else "return 200 '<title>Lab</title>';"
    return (f"server {{ listen {row['ip']}:{row['port']} ssl{http2}; ssl_certificate {certificate}; ssl_certificate_key {key}; "
            f"{says} {answer} }}\n")


def nginx(rows, folder):
    (folder / "nginx").mkdir()
    servers = "".join(nginx_server(row, folder) for row in rows)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, servers=servers))
    return [background("nginx-start", f"nginx -p {folder} -c {folder}/nginx.conf -e {folder}/nginx.log")]


def apache_server(row, folder):
    certificate, key = pair(row, folder)
    says = "\n".join(statements(row)).replace("certificates/", f"{folder}/certificates/")
    return (f"Listen {row['ip']}:{row['port']} https\n<VirtualHost {row['ip']}:{row['port']}>\nDocumentRoot {folder}/apache\n"
            f"SSLEngine on\nSSLCertificateFile {certificate}\nSSLCertificateKeyFile {key}\n{says}\n</VirtualHost>\n")


def apache(rows, folder):
    make_page(folder / "apache")
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in APACHE_MODULES)
    servers = "".join(apache_server(row, folder) for row in rows)
    (folder / "apache.conf").write_text(APACHE.format(folder=folder, modules=modules, servers=servers))
    return [background("apache-start", f"/usr/sbin/apache2 -d {folder} -f {folder}/apache.conf -D FOREGROUND")]


def lighttpd(rows, folder):
    """A process for each library behind it: lighttpd takes one TLS module at a time."""
    name = rows[0]["kind"]
    make_page(folder / "lighttpd")
    text = (f"server.modules = (\"mod_{name.removeprefix('lighttpd-')}\")\nserver.document-root = \"{folder}/lighttpd\"\n"
            f"server.bind = \"{folder}/{name}.socket\"\nindex-file.names = (\"index.html\")\n"
            "mimetype.assign = (\".html\" => \"text/html\")\n")
    for row in rows:
        certificate, key = pair(row, folder)
        says = ", ".join(f"\"{key}\" => \"{value}\"" for key, _, value in (part.partition(" ") for part in statements(row)))
        text += (f"$SERVER[\"socket\"] == \"{row['ip']}:{row['port']}\" {{\nssl.engine = \"enable\"\n"
                 f"ssl.pemfile = \"{certificate}\"\nssl.privkey = \"{key}\"\n" +
                 (f"ssl.openssl.ssl-conf-cmd = ({says})\n" if says else "") + "}\n")
    (folder / f"{name}.conf").write_text(text)
    return [background(name, f"lighttpd -D -f {folder}/{name}.conf")]


def haproxy(rows, folder):
    frontends = ""
    for row in rows:
        says = row["says"].replace("certificates/", f"{folder}/certificates/")
        frontends += (f"frontend {row['name']}\n    bind {row['ip']}:{row['port']} ssl crt {folder}/certificates/{row['key']}.pem "
                      f"{says}\n    http-request return status 200 content-type text/html string \"<title>Lab</title>\"\n")
    (folder / "haproxy.conf").write_text(HAPROXY.format(frontends=frontends))
    return [background("haproxy", f"haproxy -db -f {folder}/haproxy.conf")]


def caddy(rows, folder):
    text = "{\nadmin off\nauto_https off\n}\n"
    for row in rows:
        says = f"{{\n{row['says']}\n}}" if row["says"] else ""
        text += (f"https://:{row['port']} {{\nbind {row['ip']}\ntls {' '.join(pair(row, folder))} {says}\n"
                 "header Content-Type text/html\nrespond \"<title>Lab</title>\"\n}\n")
    (folder / "Caddyfile").write_text(text)
    return [background("caddy", f"env HOME={folder} XDG_DATA_HOME={folder} XDG_CONFIG_HOME={folder}",
                       f"caddy run --adapter caddyfile --config {folder}/Caddyfile")]


def tomcat_connector(row, folder):
    certificate, key = pair(row, folder)
    says = " ".join(f"{name}={quoteattr(value)}" for name, _, value in (part.partition("=") for part in row["says"].split()))
    kind = {"ec": "EC", "dsa": "DSA"}.get(row["key"], "RSA")
    return (f"<Connector address=\"{row['ip']}\" port=\"{row['port']}\" maxThreads=\"5\" minSpareThreads=\"1\" SSLEnabled=\"true\" "
            f"scheme=\"https\" secure=\"true\"><SSLHostConfig {says}><Certificate certificateFile=\"{certificate}\" "
            f"certificateKeyFile=\"{key}\" type=\"{kind}\"/></SSLHostConfig></Connector>\n")


def tomcat(rows, folder):
    """JSSE, which alone still speaks SSLv3, RC4, DES and the export ciphers, behind Tomcat's connectors."""
    base = folder / "tomcat"
    for name in ("conf", "temp", "logs", "work", "webapps/ROOT"):
        (base / name).mkdir(parents=True)
    connectors = "".join(tomcat_connector(row, folder) for row in rows)
    (base / "conf/server.xml").write_text(
        f"<Server port=\"-1\"><Service name=\"Catalina\">\n{connectors}<Engine name=\"Catalina\" defaultHost=\"localhost\">"
        "<Host name=\"localhost\" appBase=\"webapps\"/></Engine></Service></Server>\n")
    (base / "security").write_text(JAVA_SECURITY)
    path = ":".join(f"/usr/share/java/tomcat10-{name}.jar" for name in TOMCAT_JARS)
    return [background("tomcat", f"env -C {base} java -Xmx256m -XX:TieredStopAtLevel=1 -Djava.security.properties={base}/security "
                       f"-Djava.io.tmpdir={base}/temp -Dcatalina.home={base} -Dcatalina.base={base} -cp {path} "
                       "org.apache.catalina.startup.Bootstrap start")]


def with_list(program, rows, folder):
    """One process that reads a list of what to listen for."""
    kind = rows[0]["kind"]
    configurations = []
    for row in rows:
        certificate, key = pair(row, folder)
        says = dict(part.split(" ", 1) for part in statements(row))
        configurations.append({"ip": row["ip"], "port": row["port"], "cert": certificate, "key": key, "says": says})
    (folder / f"{kind}.json").write_text(json.dumps(configurations, indent=1))
    return [background(kind, f"{program} {folder}/{kind}.json")]


def node(rows, folder):
    return with_list(f"node {lab.LAB}/handshakes/tls_node.js", rows, folder)


def python(rows, folder):
    return with_list(f"/usr/bin/python3 {lab.LAB}/handshakes/tls_python.py", rows, folder)


def gunicorn(rows, folder):
    starts = []
    for row in rows:
        certificate, key = pair(row, folder)
        starts.append(background(row["name"], f"/usr/bin/python3 /usr/bin/gunicorn --pythonpath {lab.LAB}/handshakes -b "
                                 f"{row['ip']}:{row['port']} --certfile {certificate} --keyfile {key} {row['says']} wsgi_page:page"))
    return starts


KINDS = {"nginx": nginx, "apache": apache, "haproxy": haproxy, "caddy": caddy, "tomcat": tomcat, "node": node, "python": python,
         "gunicorn": gunicorn}
KINDS |= {f"lighttpd-{name}": lighttpd for name in ("openssl", "gnutls", "mbedtls", "wolfssl", "nss")}
