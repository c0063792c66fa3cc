"""A service: holds some memory, works a little, and says every quarter of a second that it lives, until it is stopped.

    python -I -S replica.py LEDGER BUSY MEMORY_MB

A line of ``LEDGER/JOB.csv`` is: attempt, worker, pid, CLOCK_MONOTONIC in seconds.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BEAT_S = 0.25

ledger, busy, memory_mb = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
held = bytearray(memory_mb << 20)
page = os.sysconf("SC_PAGE_SIZE")
held[::page] = b"\1" * len(range(0, len(held), page))  # resident, not only asked for
who = ",".join(os.environ[f"CLUSTERCTL_{name}"] for name in ("ATTEMPT", "WORKER"))
path = ledger / f"{os.environ['CLUSTERCTL_JOB_ID']}.csv"

while True:
    with path.open("a") as file:
        file.write(f"{who},{os.getpid()},{time.monotonic():.3f}\n")
    until = time.process_time() + BEAT_S * busy
    while time.process_time() < until:
        pass
    time.sleep(BEAT_S * (1 - busy))
