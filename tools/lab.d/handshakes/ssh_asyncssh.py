# SPDX-License-Identifier: BSD-3-Clause
"""Servers on asyncssh: ssh_asyncssh.py LIST. The first thing that a configuration says is its methods, what follows are lists of
algorithms. Each has a process of its own: a key exchange in a large group would keep all others waiting."""

import asyncio
import json
import os
import sys

import asyncssh


def server_of(methods):
    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return "none" not in methods

        def password_auth_supported(self):
            return "password" in methods

        def public_key_auth_supported(self):
            return "publickey" in methods

        def kbdint_auth_supported(self):
            return "keyboard-interactive" in methods

        def get_kbdint_challenge(self, username, lang, submethods):
            return "", "", "", [("Password: ", False)]

    return Server


async def listen(row):
    methods, *lists = row["says"]
    algorithms = {}
    for item in lists:
        name, _, value = item.partition(" ")
        if name.endswith("_algs"):
            algorithms[name] = [value]
    # Of this type only asyncssh itself can make a key.
    key = asyncssh.generate_private_key("ssh-ed448") if row["key"].endswith("-ed448") else row["key"]
    await asyncssh.listen(row["ip"], row["port"], server_host_keys=[key], server_factory=server_of(methods.split()),
                          login_timeout=60, **algorithms)
    await asyncio.Event().wait()


with open(sys.argv[1], encoding="utf-8") as file:
    for configuration in json.load(file):
        if os.fork() == 0:
            asyncio.run(listen(configuration))
