"""What is left when the tower has come to rest: the submitter's journal, the jobs' ledgers and output, and the rows.

Shares no code with the cluster: plain SQL, plain files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

INVARIANTS = Path(__file__).parents[2] / "clusterctl" / "store" / "invariants.sql"
JOBS = """
SELECT j.id, j.state, j.reason, j.detail, j.attempt, j.retries, j.failures, j.losses, j.on_worker_loss, j.exit_code,
       j.live, s.key
  FROM jobs j JOIN submissions s ON s.id = j.submission_id ORDER BY j.id
"""
ALLOCATIONS = """
SELECT a.id, a.job_id, a.attempt, w.name AS worker, a.status, a.cpu_milli, a.allocated_at IS NOT NULL AS was_started,
       a.release_reason, a.exit_code, a.signal, a.detail, a.term
  FROM allocations a JOIN workers w ON w.id = a.worker_id ORDER BY a.job_id, a.attempt
"""
HELD = "SELECT name, reserved_milli + allocated_milli AS milli FROM workers"

Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What one attempt wrote down: all its processes, by the machine's own clock, in seconds."""

    job: int
    attempt: int
    allocation: int
    worker: str
    cpu_milli: int
    starts: int
    began: float
    last: float  # sign of life
    exits: tuple[int, ...]  # as the program itself knew them
    output: bytes | None = None  # None: there is no such file


@dataclass(frozen=True)
class Evidence:
    """All of it. ``journal`` are its entries in order; ``capacity`` is each worker's, in thousandths of CPUs."""

    journal: tuple[Row, ...] = ()
    jobs: Mapping[int, Row] = field(default_factory=dict)
    allocations: Mapping[int, Row] = field(default_factory=dict)
    runs: Mapping[int, Run] = field(default_factory=dict)  # by allocation
    capacity: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    broken_laws: tuple[str, ...] = ()
    left_running: tuple[int, ...] = ()
    deaths: tuple[str, ...] = ()  # daemons that ended though nobody had asked them to
    tracebacks: tuple[str, ...] = ()
    takeovers: tuple[float, ...] = ()  # seconds from harm to the next term where nothing else was wrong; inf: none came

    @cached_property
    def plans(self) -> dict[int, Row]:
        """What was intended, by number."""
        return {entry["plan"]["number"]: entry["plan"] for entry in self.journal if entry["kind"] == "intent"}

    @cached_property
    def acknowledged(self) -> dict[int, int]:
        """The number of the plan of each acknowledged job."""
        return {id: entry["number"] for entry in self.journal if entry["kind"] == "ack" for id in entry["ids"]}

    @cached_property
    def attempts(self) -> Mapping[int, list[Row]]:
        """The allocations of each job, first attempt first."""
        found: dict[int, list[Row]] = {job: [] for job in self.jobs}
        for row in sorted(self.allocations.values(), key=lambda row: row["attempt"]):
            found.setdefault(row["job_id"], []).append(row)
        return found

    @cached_property
    def runs_of(self) -> Mapping[int, list[Run]]:
        """What ran of each job that ran, in the order in which it began."""
        found: dict[int, list[Run]] = {}
        for run in sorted(self.runs.values(), key=lambda run: run.began):
            found.setdefault(run.job, []).append(run)
        return found


def gather(url: str, directory: Path, machines: Mapping[str, tuple[int, Path]]) -> Evidence:
    """Collect what is written. *machines*: each worker's CPUs in thousandths, and its spool. Raises psycopg.Error."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # one picture
        jobs = connection.execute(JOBS).fetchall()
        allocations = connection.execute(ALLOCATIONS).fetchall()
        held = connection.execute(HELD).fetchall()
        broken = connection.execute(INVARIANTS.read_bytes()).fetchall()
    spools = {name: spool for name, (_, spool) in machines.items()}
    return Evidence(
        journal=tuple(read_journal(directory / "journal")),
        jobs={row["id"]: row for row in jobs},
        allocations={row["id"]: row for row in allocations},
        runs={run.allocation: run for run in read_ledgers(directory / "ledger", spools)},
        capacity={name: cpu_milli for name, (cpu_milli, _) in machines.items()},
        held={row["name"]: row["milli"] for row in held},
        broken_laws=tuple(" ".join(map(str, row.values())) for row in broken),
        tracebacks=tuple(read_tracebacks(directory)),
    )


def read_journal(path: Path) -> Iterator[Row]:
    """Every entry."""
    for line in path.read_bytes().splitlines():
        yield json.loads(line)


def read_ledgers(directory: Path, spools: Mapping[str, Path]) -> Iterator[Run]:
    """What each attempt wrote down, with its output."""
    for path in directory.iterdir():
        if text := path.read_text():  # empty: killed before its first word
            yield read_ledger(text, spools)


def read_ledger(text: str, spools: Mapping[str, Path]) -> Run:
    """One attempt's ledger: lines of ``KIND PID BOOTTIME JOB ATTEMPT ALLOCATION WORKER CPUS [EXIT]``."""
    lines = [line.split(" ") for line in text.splitlines()]
    job, attempt, allocation, worker, cpus = lines[0][3:8]
    moments = [float(line[2]) for line in lines]
    return Run(
        job=int(job),
        attempt=int(attempt),
        allocation=int(allocation),
        worker=worker,
        cpu_milli=round(float(cpus) * 1000),
        starts=sum(line[0] == "start" for line in lines),
        began=min(moments),
        last=max(moments),
        exits=tuple(int(line[8]) for line in lines if line[0] == "end"),
        output=read_output(spools[worker], int(job), int(attempt)),
    )


def read_output(spool: Path, job: int, attempt: int) -> bytes | None:
    """What it wrote to stdout, where the documentation says that it is."""
    try:
        return (spool / "output" / str(job // 1000) / f"{job}-{attempt}.out").read_bytes()
    except FileNotFoundError:
        return None


def read_tracebacks(directory: Path) -> Iterator[str]:
    """The last line of every traceback in the logs of the daemons."""
    for log in sorted(directory.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if line.strip().startswith("Traceback"):
                follows = [each for each in lines[number + 1 :] if each.strip()]
                end = next((each for each in follows if not each.startswith((" " * 6, "  File"))), "")
                yield f"{log.name}:{number + 1}: {end.strip()}"
