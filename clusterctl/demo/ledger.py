"""What the replicas themselves have written down: who ran where, from when to when. It knows nothing of Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path

import msgspec


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a replica, from its first beat to its last, in seconds of CLOCK_MONOTONIC."""

    job_id: int
    attempt: int
    worker: str
    pid: int
    first: float
    last: float


def read(directory: Path) -> list[Run]:
    """All runs, by job and by their beginning."""
    return sorted(
        (run for path in directory.glob("*.csv") for run in read_file(path)), key=lambda run: (run.job_id, run.first)
    )


def read_file(path: Path) -> Iterator[Run]:
    """The runs of one job. Its last line may be cut: it is written by a process that may be killed."""
    beats = [line.split(",") for line in path.read_text().split("\n")[:-1]]
    for (attempt, worker, pid), beaten in groupby(beats, key=lambda beat: (beat[0], beat[1], beat[2])):
        moments = [float(beat[3]) for beat in beaten]
        yield Run(
            job_id=int(path.stem),
            attempt=int(attempt),
            worker=worker,
            pid=int(pid),
            first=moments[0],
            last=moments[-1],
        )


def overlaps(runs: Iterable[Run]) -> list[tuple[Run, Run]]:
    """Those of one job that lived at the same time; *runs* by job and beginning."""
    return [
        (former, later)
        for former, later in pairwise(runs)
        if former.job_id == later.job_id and later.first <= former.last
    ]
