# SPDX-License-Identifier: BSD-3-Clause
"""SSH servers, in the same form as handshakes_tls."""

import json
import subprocess

import table as lab
from handshakes_tls import background, statements

KEYS = {"ed25519": ["ed25519"], "ecdsa": ["ecdsa", "-b", "256"], "ecdsa384": ["ecdsa", "-b", "384"],
        "ecdsa521": ["ecdsa", "-b", "521"], "rsa": ["rsa", "-b", "2048"], "rsa3072": ["rsa", "-b", "3072"], "dsa": ["dsa"]}

SSHD = """\
ListenAddress {ip}:{port}
HostKey {folder}/ssh-{host_key}
PidFile none
AuthorizedKeysFile none
UsePAM no
UseDNS no
StrictModes no
LoginGraceTime 60
MaxStartups 500:30:1000
{says}
"""


def make_keys(folder):
    """Host keys in OpenSSH's form, which nearly all read."""
    for name, arguments in KEYS.items():
        path = folder / f"ssh-{name}"
        subprocess.run(["ssh-keygen", "-q", "-t", *arguments, "-N", "", "-C", "lab", "-f", path], check=True,
                       stdin=subprocess.DEVNULL)

def make_banners(folder):
    line = "Authorised use of this system of the lab only; all that is done here is written down.\n"
    (folder / "banner.txt").write_text(line)
    for size in (40000, 250000):
        (folder / f"banner-{size}.txt").write_text((line * (size // len(line) + 1))[:size - 1] + "\n")


def fields(row, folder, **more):
    return {"folder": folder, **{key: row[key] for key in ("name", "ip", "port", "host_key")}, **more}


def openssh(rows, folder):
    starts = []
    for row in rows:
        says = "\n".join(statements(row)).replace("Banner banner", f"Banner {folder}/banner")
        says = says.replace("HostKey ssh-", f"HostKey {folder}/ssh-")
        (folder / f"{row['name']}.conf").write_text(SSHD.format(**fields(row, folder, says=says)))
        starts.append(background(row["name"], f"/usr/sbin/sshd -D -e -f {folder}/{row['name']}.conf"))
    return starts


def dropbear(rows, folder):
    for name in sorted({row["host_key"] for row in rows}):
        subprocess.run(["dropbearconvert", "openssh", "dropbear", folder / f"ssh-{name}", folder / f"dropbear-{name}"],
                       check=True, capture_output=True)
    return [background(row["name"], f"dropbear -F -E -r {folder}/dropbear-{row['host_key']} -P {folder}/{row['name']}.pid "
                       f"-p {row['ip']}:{row['port']} {row['says']}") for row in rows]


def tinyssh(rows, folder):
    """It serves the one connection that it is given, as inetd would."""
    subprocess.run(["tinysshd-makekey", folder / "tinyssh"], check=True, capture_output=True)
    return [background(row["name"], f"/usr/bin/python3 {lab.LAB}/handshakes/inetd.py {row['ip']} {row['port']} tinysshd",
                       row["says"], folder / "tinyssh") for row in rows]


def libssh(rows, folder):
    return [background(row["name"], f"/usr/bin/python3 {lab.LAB}/handshakes/ssh_libssh.py {row['ip']} {row['port']} "
                       f"{folder}/ssh-{row['host_key']} {row['says']}") for row in rows]


def with_list(rows, folder):
    """One process of ours on a library, which reads a list of what to listen for."""
    kind = rows[0]["kind"]
    configurations = [{"ip": row["ip"], "port": row["port"], "key": f"{folder}/ssh-{row['host_key']}", "says": statements(row)}
                      for row in rows]
    (folder / f"{kind}.json").write_text(json.dumps(configurations, indent=1))
    return [background(kind, f"/usr/bin/python3 -W ignore {lab.LAB}/handshakes/ssh_{kind}.py {folder}/{kind}.json")]


def erlang_ssh(rows, folder):
    """All daemons in one virtual machine; each finds its host key in a folder of its own, in a name that says its type."""
    terms = ""
    for row in rows:
        own = folder / row["name"]
        own.mkdir()
        (own / f"ssh_host_{row['host_key']}_key").write_bytes((folder / f"ssh-{row['host_key']}").read_bytes())
        says = f", {row['says']}" if row["says"] else ""
        terms += f"{{\"{row['ip']}\", {row['port']}, [{{system_dir, \"{own}\"}}, {{user_dir, \"{own}\"}}{says}]}}.\n"
    (folder / "erlang-ssh.terms").write_text(terms)
    return [background("erlang-ssh", f"env HOME={folder} escript", lab.LAB / "handshakes/ssh_erlang.escript",
                       folder / "erlang-ssh.terms")]


def lsh(rows, folder):
    seed = folder / "lsh-seed"
    environment = {"LSH_YARROW_SEED_FILE": str(seed), "HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    subprocess.run(["lsh-make-seed", "--sloppy", "-q", "-o", seed], check=True, capture_output=True, env=environment,
                   stdin=subprocess.DEVNULL)
    key = subprocess.run(["lsh-keygen", "-q", "--server", "-a", "rsa", "-l", "2048"], check=True, capture_output=True,
                         env=environment).stdout
    subprocess.run(["lsh-writekey", "-q", "--server", "-o", folder / "lsh-key"], input=key, check=True, capture_output=True,
                   env=environment)
    starts = []
    for row in rows:
        own = folder / f"{row['name']}.seed"
        own.write_bytes(seed.read_bytes())
        own.chmod(0o600)
        starts.append(background(row["name"], f"env LSH_YARROW_SEED_FILE={own} HOME={folder} lshd --interface={row['ip']} -p "
                                 f"{row['port']} -h {folder}/lsh-key --no-tcpip-forward --no-syslog --no-pid-file {row['says']}"))
    return starts


KINDS = {"openssh": openssh, "dropbear": dropbear, "tinyssh": tinyssh, "libssh": libssh, "asyncssh": with_list,
         "paramiko": with_list, "conch": with_list, "erlang-ssh": erlang_ssh, "lsh": lsh}
