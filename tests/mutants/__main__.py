"""``python -m tests.mutants [NAME…]``: make each deliberate fault in a copy of the tree, and see that tests catch it.

Prints a line for each, and the score. Ends with 1 if a fault survives, or if its tests came to no end in time: that may
be the fault's doing or a slow machine's, so it proves nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS

TREE = Path(__file__).resolve().parents[2]
COPIED = ("agentd", "clusterctl", "schedd", "tests", "docs", "bench", "pyproject.toml")
SECONDS = 300  # that the tests of one fault may take


class Fate(StrEnum):
    """What became of a fault."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    NOT_KNOWN = "NOT KNOWN"


def main() -> int:
    """Try them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    names = parser.parse_args().names
    if unknown := set(names) - {fault.name for fault in FAULTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    chosen = [fault for fault in FAULTS if not names or fault.name in names]
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = copied_to(Path(directory) / "tree")
        say(f"the sound tree, {len({test for fault in chosen for test in fault.tests})} test files")
        soundly = {test for fault in chosen for test in fault.tests}
        if fate_under(copy, soundly, SECONDS * len(soundly)) is not Fate.SURVIVED:
            say("they do not pass without any fault: nothing can be learnt")
            return 1
        fates = Counter(fate_of(copy, fault) for fault in chosen)
    say(f"{fates[Fate.CAUGHT]} of {len(chosen)} faults were caught, of {fates[Fate.NOT_KNOWN]} it is not known")
    return 0 if fates[Fate.CAUGHT] == len(chosen) else 1


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


def fate_of(copy: Path, fault: Fault) -> Fate:
    """Make *fault*, run its tests, and take it back."""
    file = copy / fault.file
    sound = file.read_text()
    file.write_text(fault.made_in(sound))
    began = time.monotonic()
    try:
        fate = fate_under(copy, fault.tests)
    finally:
        file.write_text(sound)
    say(f"{fate:<9} {time.monotonic() - began:5.1f} s  {fault.name}")
    return fate


def say(line: str) -> None:
    """Tell how far we are."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def fate_under(copy: Path, tests: Iterable[str], within: float = SECONDS) -> Fate:
    """What *tests* make of the tree at *copy*; ``NOT_KNOWN`` if they take longer than *within* seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *sorted(tests)]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=within, check=False)
    except subprocess.TimeoutExpired:
        return Fate.NOT_KNOWN
    if done.returncode not in (0, 1):  # neither passed nor failed: the tests did not run
        sys.exit(done.stdout.decode(errors="replace")[-2000:] + done.stderr.decode(errors="replace")[-2000:])
    return Fate.SURVIVED if done.returncode == 0 else Fate.CAUGHT


if __name__ == "__main__":
    sys.exit(main())
