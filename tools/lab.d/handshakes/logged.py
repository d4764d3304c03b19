# SPDX-License-Identifier: BSD-3-Clause
"""Prints what a server logs that knows syslog alone: gives it, in the mount namespace that this is started in, a /dev of its
own in which /dev/log is ours: logged.py FOLDER COMMAND..."""

import os
import pathlib
import socket
import subprocess
import sys
import threading

DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def make_devices(folder):
    """What a daemon needs of /dev, mounted over it, and the socket that is /dev/log."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "none", folder)
    for name in DEVICES:
        (folder / name).touch()
        mount("--bind", f"/dev/{name}", folder / name)
    (folder / "pts").mkdir()
    mount("--rbind", "/dev/pts", folder / "pts")
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(folder / "log"))
    os.chmod(folder / "log", 0o666)
    mount("--rbind", folder, "/dev")
    return log


def print_messages(log):
    while message := log.recv(8192):
        print(message.decode(errors="replace").rstrip("\n\0"), flush=True)


LOG = make_devices(pathlib.Path(sys.argv[1]))
threading.Thread(target=print_messages, args=(LOG,), daemon=True).start()
sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
