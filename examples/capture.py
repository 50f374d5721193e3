#!/usr/bin/env python3
"""Runs a rollout of the toy fleet on a terminal of its own and prints what stands on the screen while
the second stage runs: the sample in docs/rollouts.md.

    GUARD_BIN=target/release examples/capture.py
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROWS, COLUMNS = 10, 100
HERE = os.path.dirname(os.path.abspath(__file__))
# Each server takes a tenth of a second, so that there is something to see; the 35th can't be removed.
SLOW = """#!/bin/sh
if [ "$1" = remove ]; then sleep 0.1; fi
if [ "$*" = "remove web-35" ]; then echo "fleetctl: web-35 does not answer" >&2; exit 1; fi
exec {here}/fleetctl "$@"
"""
SEQUENCE = re.compile(rb"\x1b\[([0-9;?]*)([A-Za-z])")


class Screen:
    """As much of a terminal as three lines at the bottom need."""

    def __init__(self):
        self.lines, self.row, self.column = [""], 0, 0

    def feed(self, data):
        at = 0
        while at < len(data):
            found = SEQUENCE.match(data, at)
            if found:
                self.move(found.group(1).decode(), found.group(2).decode())
                at = found.end()
                continue
            end = at + 1
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
            self.put(data[at:end].decode("utf-8", "replace"))
            at = end

    def move(self, numbers, letter):
        number = int(numbers) if numbers.isdigit() else None
        if letter == "A":
            self.row = max(0, self.row - (number or 1))
        elif letter == "B":
            self.row = min(len(self.lines) - 1, self.row + (number or 1))
        elif letter == "G":
            self.column = (number or 1) - 1
        elif letter == "K":
            line = self.lines[self.row]
            self.lines[self.row] = "" if number == 2 else line[: self.column]
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]

    def put(self, sign):
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.down()
        elif sign >= " ":
            if self.column == COLUMNS:
                self.column = 0
                self.down()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines[-ROWS:]).rstrip()


def main():
    scratch = tempfile.mkdtemp()
    try:
        print(capture(scratch))
    finally:
        shutil.rmtree(scratch)


def capture(scratch):
    fleet, programs = os.path.join(scratch, "fleet"), os.path.join(scratch, "bin")
    tools = os.path.join(scratch, "config/guard/tools")
    for folder in (fleet, programs, tools):
        os.makedirs(folder)
    for number in range(1, 61):
        open(os.path.join(fleet, f"web-{number}"), "w").close()
    program = os.path.join(programs, "fleetctl")
    with open(program, "w") as file:
        file.write(SLOW.format(here=HERE))
    os.chmod(program, 0o755)
    with open(os.path.join(HERE, "fleetctl.toml")) as file:
        facts = file.read().split("[[action.test]]")[0] + "max_args = 1\n"
    with open(os.path.join(tools, "fleetctl.toml"), "w") as file:
        file.write(facts)
    with open(os.path.join(scratch, "config/guard/guard.toml"), "w") as file:
        file.write("[rollout]\nmax_failures = 2\n[limits.stop.member]\napprove = 1000\n")
    found = os.environ.get("GUARD_BIN")
    path = [os.path.abspath(found)] if found else []
    env = {
        **os.environ,
        "PATH": ":".join([*path, programs, os.environ["PATH"]]),
        "XDG_CONFIG_HOME": os.path.join(scratch, "config"),
        "XDG_STATE_HOME": os.path.join(scratch, "state"),
        "FLEET_DIR": fleet,
        "TERM": "xterm",
    }
    words = ["guard", "--no-input", "--expect", "60", "--stages", "1,50%,100%", "fleetctl", "remove", "web-*"]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    ran = subprocess.Popen(words, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    screen, until = Screen(), time.monotonic() + 60
    try:
        while time.monotonic() < until and "last failure" not in screen.text():
            ready, _, _ = select.select([ours], [], [], 1)
            if ready:
                screen.feed(os.read(ours, 65536))
        return screen.text()
    except OSError:
        return screen.text()
    finally:
        ran.terminate()
        ran.wait()


if __name__ == "__main__":
    sys.exit(main())
