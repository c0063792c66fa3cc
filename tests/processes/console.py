"""The real program, as somebody meets it who has configured nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

import clusterctl
from tests.held_up import HeldUp

CHECKOUT = Path(clusterctl.__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "clusterctl")


class Console:
    """Runs commands with an environment of PATH and HOME alone, and *more*."""

    def __init__(self, home: Path, **more: str) -> None:
        home.mkdir(exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), **more}

    def run(self, *words: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*PROGRAM, *words],
            env=self.env,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def time(self, *words: str) -> tuple[subprocess.CompletedProcess[str], float]:
        """Run a command to its end; also the seconds that it took, without those in which the machine did other work.

        That is asked of what is left of the process, so it writes to files and not to pipes, whose end would be waited
        for after it is gone.
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            ours, began = HeldUp(), time.monotonic()
            process = subprocess.Popen(
                [*PROGRAM, *words], env=self.env, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            its = HeldUp([process.pid])
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            took = time.monotonic() - began - ours.seconds - its.seconds
            code = process.wait()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, code, out.read(), err.read()), took

    def start(self, *words: str, output: Path) -> subprocess.Popen[bytes]:
        """Start a command that goes on; what it says is in *output*."""
        with output.open("wb") as file:
            return subprocess.Popen(
                [*PROGRAM, *words],
                env=self.env,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def about(directory: Path) -> list[list[str]]:
    """The commands of all living processes that name *directory*, or work in it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        words: list[str] = process.info["cmdline"] or []
        here = (process.info["cwd"] or "").startswith(str(directory))
        if process.info["status"] != psutil.STATUS_ZOMBIE and (here or str(directory) in " ".join(words)):
            found.append(words)
    return found
