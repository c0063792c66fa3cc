"""What every job of the tower runs: ``python job.py LEDGER PLAN``, alone, with the standard library only.

It writes down that it lives, in one file per attempt in the directory LEDGER: a line when it starts, one every fifth of
a second, and one when it ends by itself. PLAN is JSON: ``seconds`` to live, ``lines`` to write to stdout meanwhile,
``fails`` (how many first attempts end with ``code``; later ones with 0), and ``mood``: ``plain``, ``stubborn`` (deaf to
SIGTERM) or ``parent`` (leaves a daemon behind, which writes beats too).

A line is ``KIND PID BOOTTIME JOB ATTEMPT ALLOCATION WORKER CPUS`` and for ``end`` the exit code, in one write(2).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

BEAT_S = 0.2
NO_ROOM = 74  # exit code when stdout takes no more
DAEMON_LIVES_S = 60.0  # far longer than anybody should let it


def main() -> int:
    """Live as planned; the exit code."""
    plan = json.loads(sys.argv[2])
    if plan["mood"] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_down("start")
    if plan["mood"] == "parent":
        leave_a_daemon()
    code = plan["code"] if int(os.environ["CLUSTERCTL_ATTEMPT"]) <= plan["fails"] else 0
    try:
        live(plan["seconds"], plan["lines"])
    except OSError:
        code = NO_ROOM
    write_down("end", code)
    return int(code)


def live(seconds: float, lines: int) -> None:
    """Write *lines* numbered lines, spread over *seconds*. Raises OSError when there is no room for them."""
    began, told = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        told = tell(told, int(lines * passed / seconds))
        write_down("beat")
        rest(min(BEAT_S, seconds - passed))
    tell(told, lines)


def tell(told: int, due: int) -> int:
    """Write the lines after *told* up to *due*, wholly; how many are told then."""
    text = "".join(f"line {number}\n" for number in range(told + 1, due + 1)).encode()
    while text:
        text = text[os.write(1, text) :]
    return max(told, due)


def leave_a_daemon() -> None:
    """Fork twice, as daemons do: its parent is gone, its session its own. It beats until somebody ends it."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork() == 0:
        until = time.monotonic() + DAEMON_LIVES_S
        while time.monotonic() < until:
            write_down("beat")
            rest(BEAT_S)
    os._exit(0)


def write_down(kind: str, *more: int) -> None:
    """One line in the ledger of this attempt."""
    job, attempt, allocation, worker, cpus = (
        os.environ[f"CLUSTERCTL_{name}"] for name in ("JOB_ID", "ATTEMPT", "ALLOCATION_ID", "WORKER", "CPUS")
    )
    at = time.clock_gettime(time.CLOCK_BOOTTIME)
    words = (kind, os.getpid(), f"{at:.6f}", job, attempt, allocation, worker, cpus, *more)
    ledger = os.open(f"{sys.argv[1]}/{job}-{attempt}-{allocation}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(ledger, (" ".join(map(str, words)) + "\n").encode())
    os.close(ledger)


def rest(seconds: float) -> None:
    """Let *seconds* pass."""
    threading.Event().wait(seconds)


if __name__ == "__main__":
    sys.exit(main())
