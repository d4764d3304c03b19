# SPDX-License-Identifier: BSD-3-Clause
"""Servers on paramiko, which ships none: ssh_paramiko.py LIST. What a configuration says is what get_allowed_auths returns."""

import json
import socketserver
import sys
import threading

import paramiko


def policy_of(methods):
    class Policy(paramiko.ServerInterface):
        def get_allowed_auths(self, username):
            return methods

        def check_auth_none(self, username):
            return paramiko.AUTH_SUCCESSFUL if methods == "none" else paramiko.AUTH_FAILED

        def enable_auth_gssapi(self):
            return "gssapi" in methods

    return Policy()


def handler_of(row):
    class Connection(socketserver.BaseRequestHandler):
        def handle(self):
            transport = paramiko.Transport(self.request)
            transport.add_server_key(paramiko_key(row["key"]))
            try:
                transport.start_server(server=policy_of(row["says"][0]))
                transport.join(60)
            except (paramiko.SSHException, EOFError, OSError):
                pass
            finally:
                transport.close()

    return Connection


def paramiko_key(path):
    kinds = {"ed25519": paramiko.Ed25519Key, "ecdsa": paramiko.ECDSAKey, "rsa": paramiko.RSAKey}
    return kinds[path.rsplit("-", 1)[1]].from_private_key_file(path)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with open(sys.argv[1], encoding="utf-8") as file:
    for configuration in json.load(file):
        server = Server((configuration["ip"], configuration["port"]), handler_of(configuration))
        threading.Thread(target=server.serve_forever).start()
