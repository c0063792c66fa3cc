"""What is submitted: groups of jobs, and what is to come of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from clusterctl.demo import checks, programs
from clusterctl.model.resources import Resources
from clusterctl.model.spec import After, Spec, Submission
from clusterctl.model.states import JobState

WORKERS, WORKER_CPUS, WORKER_MEMORY = 3, "2", "512M"  # on which the workload is at home
SMALL = Resources(cpu_milli=1000, memory_mb=64)
TOO_BIG = Resources(cpu_milli=64_000, memory_mb=64)
TIME_LIMIT = 2  # seconds
STEPS = range(12)  # the sweep's parameter: 4^0 … 4^11 trapezoids
BLOCK = 20_000  # numbers
ANAS, BENS = range(16), range(16, 24)  # blocks


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs that are told of together.

    *ends* is the state in which all of them are to end, *attempts* how many tries each takes. *check* reads their
    files (in the directory that it is given), and returns what they say or raises `checks.Wrong`. A group that
    *lingers* can never start: it is cancelled once all others have ended.
    """

    name: str
    what: str
    tenant: str
    command: tuple[str, ...]
    check: Callable[[Path], str]
    request: Resources = SMALL
    indices: tuple[int, ...] | None = None
    after: str = ""  # the group that must have ended well
    retries: int = 0
    time_limit_s: int | None = None
    ends: JobState = JobState.COMPLETED
    attempts: int = 1
    lingers: bool = False

    def submission(self, directory: Path, parents: Sequence[int]) -> Submission:
        """What one would type as ``clusterctl submit``."""
        return Submission(
            spec=Spec(command=self.command, cwd=str(directory)),
            request=self.request,
            name=self.name,
            tenant=self.tenant,
            indices=self.indices,
            after=tuple(After(parent) for parent in parents),
            retries=self.retries,
            time_limit_s=self.time_limit_s,
        )


def program(name: str, *args: str) -> tuple[str, ...]:
    """The command that runs one of `programs`: this interpreter, without site packages, for a quick start."""
    return (sys.executable, "-I", "-S", str(Path(*programs.__path__) / f"{name}.py"), *args)


GROUPS = (
    Group(
        name="too-big",
        what="wants 64 CPUs, and no worker has so many",
        tenant="ben",
        command=program("perfect"),
        request=TOO_BIG,
        check=checks.nothing,
        ends=JobState.CANCELLED,
        attempts=0,
        lingers=True,
    ),
    Group(
        name="sweep",
        what="the area of a quarter circle by 4^0 to 4^11 trapezoids",
        tenant="ana",
        command=program("area"),
        indices=tuple(STEPS),
        check=checks.areas,
    ),
    Group(
        name="collect",
        what="after the sweep: one table of its files",
        tenant="ana",
        command=program("collect"),
        after="sweep",
        check=checks.table,
    ),
    Group(
        name="extrapolate",
        what="after the table: pi from all its rows",
        tenant="ana",
        command=program("extrapolate"),
        after="collect",
        check=checks.pi,
    ),
    Group(
        name="crash",
        what="1,000 digits of e; dies halfway, and is tried again",
        tenant="ben",
        command=program("digits"),
        retries=2,
        attempts=2,
        check=checks.e,
    ),
    Group(
        name="endless",
        what=f"odd perfect numbers, for {TIME_LIMIT} s at most",
        tenant="ben",
        command=program("perfect"),
        time_limit_s=TIME_LIMIT,
        ends=JobState.TIMEOUT,
        check=lambda _: f"stopped at its time limit of {TIME_LIMIT} s, and has found none",
    ),
    Group(
        name="search-ana",
        what=f"Collatz chains in {len(ANAS)} blocks; ana comes first",
        tenant="ana",
        command=program("collatz", str(BLOCK)),
        indices=tuple(ANAS),
        check=lambda directory: checks.champion(directory, ANAS, BLOCK, longest=(230_631, 442)),
    ),
    Group(
        name="search-ben",
        what=f"Collatz chains in {len(BENS)} blocks; ben comes second",
        tenant="ben",
        command=program("collatz", str(BLOCK)),
        indices=tuple(BENS),
        check=lambda directory: checks.champion(directory, BENS, BLOCK, longest=(410_011, 448)),
    ),
)
RIVALS = ("search-ana", "search-ben")  # of two tenants, at the same time, for the same workers
