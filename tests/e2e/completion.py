# SPDX-License-Identifier: BSD-3-Clause
"""completion.py SHELL...: types the beginning of a line and a tab into each shell at a terminal, and looks at what it makes of it.
Expects completion.SHELL and sonde in the working folder."""

import os
import pty
import re
import select
import sys
import time

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source ./completion.bash"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D; source ./completion.zsh"),
    "fish": (["fish", "--no-config", "-i"], "source ./completion.fish"),
}
# What is typed, and what the line then holds.
TYPED = [
    ("sonde sc", "sonde scan"),
    ("sonde scan --dry-r", "--dry-run"),
    ("sonde scan -s memcac", "memcached"),
    ("sonde explain ssh-password-lo", "ssh-password-login"),
    ("sonde help findi", "findings"),
    ("sonde scan folder/pl", "folder/plan.json"),
    ("sonde scan -iL folder/pl", "folder/plan.json"),
]


class Terminal:
    def __init__(self, words):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", PS1="ready> ", HOME=os.getcwd(), COLUMNS="200")
            os.execvp(words[0], words)

    def read(self, seconds):
        """What came in so many seconds."""
        came = ""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and select.select([self.fd], [], [], left)[0]:
            try:
                came += os.read(self.fd, 65536).decode("utf-8", "replace")
            except OSError:
                break
        self.text += came
        # Without the sequences that move a cursor or choose a colour.
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()=>][0-9A-Za-z]?|\][^\x07]*\x07)", "", came.replace("\0", ""))

    def wait(self, wanted, seconds=20):
        came = ""
        end = time.monotonic() + seconds
        while wanted not in came.replace("\r", "").replace("\n", "") and time.monotonic() < end:
            came += self.read(0.1)
        return wanted in came.replace("\r", "").replace("\n", ""), came

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def check(shell):
    words, source = SHELLS[shell]
    terminal = Terminal(words)
    terminal.read(1)
    # The mark is in two parts, so that the line that was typed is not taken for what it prints.
    terminal.type(source + "; echo load''ed\r")
    there, came = terminal.wait("loaded")
    if not there:
        sys.exit(f"FAILED: {shell} did not load its script: {came!r}")
    for typed, wanted in TYPED:
        terminal.read(0.1)
        terminal.type(typed + "\t")
        rest = wanted[len(typed):] if wanted.startswith(typed) else wanted[-4:]
        there, came = terminal.wait(rest)
        if not there:
            sys.exit(f"FAILED: {shell}: {typed!r} and a tab gave {came!r}, expected {wanted!r}")
        terminal.type("\x03")
        terminal.read(0.2)
    terminal.type("exit\r")
    terminal.read(1)
    terminal.close()


for name in sys.argv[1:]:
    check(name)
