"""The real program, as somebody meets it who sits at a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress

from tests.house.tree import ROOT


def at_a_terminal(answer: bytes, *words: str, **environment: str) -> tuple[int, str]:
    """Run the program on a terminal of 80 columns, where somebody types *answer*; its exit code, and what was shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterctl", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment},
    )
    os.close(theirs)
    os.write(ours, answer)
    shown = b""
    with suppress(OSError):  # EIO: nobody holds the other end any more
        while data := os.read(ours, 1 << 16):
            shown += data
    os.close(ours)
    return process.wait(60), shown.decode(errors="surrogateescape")
