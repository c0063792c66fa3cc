"""Adopts all that comes of a daemon: run as a program before the daemon's own command line.

A daemon's children may leave it, and then belong to nobody whose CPU time tells of them. A subreaper (prctl(2))
adopts them, so that what the kernel accounts to it and its children is all of it. When it is told to end (SIGTERM), or
its parent is gone, it ends the daemon, and then kills what is left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from agentd.supervisor.tree import children_of, descendants, read_processes

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def main(argv: Sequence[str]) -> None:
    """Until the daemon ends; then kill its children until there are none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    daemon = subprocess.Popen(argv)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(daemon.pid, signal.SIGTERM))
    while os.waitpid(-1, 0)[0] != daemon.pid:
        pass
    with suppress(ChildProcessError):
        while True:
            for process in descendants(os.getpid(), children_of(read_processes())):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            os.waitpid(-1, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
