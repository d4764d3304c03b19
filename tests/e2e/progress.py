# SPDX-License-Identifier: BSD-3-Clause
"""progress.py COMMAND...: runs it at a terminal of 40 columns and looks at what it draws there. Prints that."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

COLUMNS = 40


def run(words):
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        os.environ["TERM"] = "vt100"
        os.execvp(words[0], words)
    drawn = b""
    while True:
        try:
            came = os.read(fd, 65536)
        except OSError:
            break
        if not came:
            break
        drawn += came
    _, status = os.waitpid(pid, 0)
    return drawn.decode(), os.waitstatus_to_exitcode(status)


def expect(what, text):
    if not what:
        sys.exit(f"FAILED: {text}")


text, code = run(sys.argv[1:])
sys.stdout.write(text)
expect(code == 0, f"status {code}")
# What was drawn and then renewed: from a carriage return that no newline follows to the erasing of the rest.
renewed = re.findall(r"\r([^\r\n]*)\x1b\[K", text)
lines = [line for line in renewed if line]
expect(len(lines) >= 3, f"few renewals: {renewed}")
expect(all(len(line) < COLUMNS for line in lines), f"wider than the terminal: {[line for line in lines if len(line) >= COLUMNS]}")
expect(any(re.search(r"% sweeping, 0:00:0\d left", line) for line in lines), f"no sweep: {lines}")
expect(any("cooling" in line for line in lines), f"no cooldown: {lines}")
# A line that ends was never written behind a progress that stood there.
for line in text.split("\r\n"):
    last = line.split("\x1b[K")[-1].split("\r")[-1]
    expect(not re.search(r"% (sweeping|cooling).*sonde: ", last), f"a message in the progress: {line!r}")
# One line of the terminal for all of them: the sweep's renewals lie in one piece without a newline.
between = text[text.index(lines[0]):text.index(lines[-1]) if lines[-1] != lines[0] else None]
expect(between.count("\n") <= 3, f"the progress does not stay in its line: {between!r}")
