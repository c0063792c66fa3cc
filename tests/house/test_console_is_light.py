"""The command line answers before the heavy libraries would have loaded."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    *("textual", "httpx", "fastapi", "plotext", "textual_serve", "rich", "psycopg", "redis", "psutil"),
    *("asyncio", "hashlib", "platformdirs"),  # not large, but each takes as long as a command of ours
}


def run_and_watch(*arguments: str) -> tuple[str, set[str]]:
    """Run this Python with *arguments*, to success; its stdout, and the top-level modules that it imported.

    ``-X importtime`` writes a line per import to stderr as it happens, so that no way of exiting hides any.
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    lines = done.stderr.splitlines()
    told = [line for line in lines if not line.startswith("import time:")]
    assert done.returncode == 0, "\n".join(told)
    names = (line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:"))
    return done.stdout, {name.split(".")[0] for name in names}


def test_submit_help_loads_nothing_heavy() -> None:
    text, loaded = run_and_watch("-m", "clusterctl", "submit", "--help")
    assert "--cpus" in text
    assert not loaded & HEAVY


def test_a_heavy_import_is_seen() -> None:
    _, loaded = run_and_watch("-c", "import httpx, os; os._exit(0)")
    assert "httpx" in loaded & HEAVY
