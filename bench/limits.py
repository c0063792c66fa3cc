"""What the machine is, and the limits that no program on it can pass.

The serial spawn limit. How long `fdatasync` of one more 8 KiB page takes on the file system where the stacks of these
benchmarks live: a durable commit cannot be faster. And how long it takes there to make one more file in a directory,
for every job gets one for its output. (Mind the last: ext4 without a journal passes over every file that was deleted in
the last minutes, and can take a millisecond where a large directory has just been removed.)
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
        "create_file_ms": create_file_ms(),
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


def create_file_ms(count: int = 200) -> float:
    """The mean over *count* empty files in one new directory."""
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as directory:
        begun = perf_counter()
        for number in range(count):
            os.close(os.open(f"{directory}/{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return round(1000 * (perf_counter() - begun) / count, 3)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
