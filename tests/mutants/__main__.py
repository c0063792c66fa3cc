"""``python -m tests.mutants [NAME…]``: make each deliberate fault in a copy of the tree, and see that tests catch it.

Prints a line for each, and the score. Ends with 1 if a fault survives.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.faults import FAULTS, Fault

TREE = Path(__file__).resolve().parents[2]
COPIED = ("agentd", "clusterctl", "schedd", "tests", "docs", "bench", "pyproject.toml")
SECONDS = 300  # that the tests of one fault may take: a fault that makes them hang is caught too


def main() -> int:
    """Try them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    names = parser.parse_args().names
    chosen = [fault for fault in FAULTS if not names or fault.name in names]
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = copied_to(Path(directory) / "tree")
        say(f"the sound tree, {len({test for fault in chosen for test in fault.tests})} test files")
        if not passes(copy, {test for fault in chosen for test in fault.tests}):
            say("they fail without any fault: nothing can be learnt")
            return 1
        survivors = [fault for fault in chosen if not is_caught(copy, fault)]
    say(f"{len(chosen) - len(survivors)} of {len(chosen)} faults were caught")
    return 1 if survivors else 0


def copied_to(copy: Path) -> Path:
    """The tree, without what running it leaves behind."""
    litter = shutil.ignore_patterns("__pycache__", "*.pyc", ".hypothesis")
    for name in COPIED:
        source = TREE / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=litter)
        else:
            shutil.copy(source, copy / name)
    return copy


def is_caught(copy: Path, fault: Fault) -> bool:
    """Make *fault*, run its tests, and take it back."""
    file = copy / fault.file
    sound = file.read_text()
    file.write_text(fault.made_in(sound))
    began = time.monotonic()
    try:
        caught = not passes(copy, fault.tests)
    finally:
        file.write_text(sound)
    say(f"{'caught  ' if caught else 'SURVIVED'} {time.monotonic() - began:5.1f} s  {fault.name}")
    return caught


def say(line: str) -> None:
    """Tell how far we are."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def passes(copy: Path, tests: Iterable[str]) -> bool:
    """Whether *tests* pass in the tree at *copy*."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *sorted(tests)]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1):  # neither passed nor failed: the tests did not run
        sys.exit(done.stdout.decode(errors="replace")[-2000:] + done.stderr.decode(errors="replace")[-2000:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
