"""What the machine is, and the limits that no program on it can pass.

The serial spawn limit, and how long `fdatasync` of one more 8 KiB page takes on the file system where the stacks of
these benchmarks live: a durable commit cannot be faster.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from pathlib import Path
from time import perf_counter

from bench import spawn_limit
from bench.quantiles import quantiles

PAGE = bytes(8192)


def measure(quick: bool) -> dict[str, object]:
    """The machine, and its limits."""
    return {
        "machine": describe(),
        "spawn": spawn_limit.measure(quick),
        "fdatasync_ms": fdatasync_ms(100 if quick else 500),
    }


def describe() -> dict[str, object]:
    """What a reader needs to compare with another machine."""
    return {
        "processor": processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def processor() -> str:
    """As the kernel calls it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def fdatasync_ms(count: int) -> dict[str, float]:
    """Quantiles over *count* pages, appended to one file."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(count):
            os.write(file.fileno(), PAGE)
            begun = perf_counter()
            os.fdatasync(file.fileno())
            taken.append(1000 * (perf_counter() - begun))
    return quantiles(taken)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
