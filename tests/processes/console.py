"""The real program, as somebody meets it who has configured nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

import clusterctl

CHECKOUT = Path(clusterctl.__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "clusterctl")


class Console:
    """Runs commands with an environment of PATH and HOME alone, and *more*."""

    def __init__(self, home: Path, **more: str) -> None:
        home.mkdir(exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), **more}

    def run(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
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
