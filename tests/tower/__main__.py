"""``python -m tests.tower``: strike a cluster of real processes for a while, and see that its promises were kept.

Progress goes to stderr with a table at the end, figures as JSON to stdout. Exit 1 if anything was broken; then the
directory with all evidence stays.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.tower.course import run
from tests.tower.report import table


def main() -> int:
    """Parse, run, tell; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tower", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="how long faults strike")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults and the jobs")
    parser.add_argument("--faults-every", type=float, default=5, metavar="S", help="seconds from one to the next")
    parser.add_argument("--patience", type=float, default=400, metavar="S", help="seconds for coming to rest")
    parser.add_argument("--keep", action="store_true", help="keep the directory in any case")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave through the door, so that nothing stays behind
    directory = Path(tempfile.mkdtemp(prefix=f"tower-{options.seed}-"))
    began = time.monotonic()
    verdict = run(
        directory,
        seconds=options.seconds,
        seed=options.seed,
        every=options.faults_every,
        patience=options.patience,
        tell=lambda sentence: print(f"{time.monotonic() - began:7.1f} s  {sentence}", file=sys.stderr, flush=True),
    )
    print(json.dumps(verdict.figures, indent=1, default=str))
    print(table(verdict.figures), file=sys.stderr)
    for violation in verdict.violations:
        print(f"BROKEN {violation.promise}: {violation.subject}: {violation.sentence}", file=sys.stderr)
    if verdict.violations or options.keep:
        print(f"all evidence is in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
