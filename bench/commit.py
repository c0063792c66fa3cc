"""How fast claims are committed, on a durable Postgres of our own.

`claims_per_s`: how many jobs a second one schedd can give to workers, if that were all it did. 500 claims a
transaction, as in its rounds, over 100 workers in turn; with all that belongs to a claim: the jobs' and the workers'
locks, the check that each still fits, the allocation, the counters, the claim log, the leader's term. Here each commit
waits for the disk; a real schedd's does not (`as_schedd_per_s`), for what is forgotten of it is decided again. Planning
is no part of it, see placement; nor is the start, which the agent commits.

By size of batch: microseconds of wall time for each job in submit, reserve, start and end, as one leader and one agent
of one worker spend it, and jobs a second through all four, one step after the other. Reserve does not wait for the
disk, all others do (see the promises). The median of a few runs: a disk has moods.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from clusterctl.embedded import postgres, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Stack
from clusterctl.embedded.roster import Roster
from clusterctl.model.orders import End
from clusterctl.model.plan import Start
from clusterctl.model.registration import Registered, Registration
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.model.states import Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, leader, releases, submissions, workers
from clusterctl.store.connection import Database
from clusterctl.store.migrations import migrate
from schedd.round import BATCH

BATCHES = (1, 10, 100, 500)
WORKERS = 100  # among which the claims are spread
EVERYTHING = 10**8  # of CPUs in thousandths, and of MiB: never in the way


def measure(quick: bool) -> dict[str, object]:
    """Claims a second; then by size of batch: microseconds a job for each step, and jobs a second for all of them."""
    runs, batches = (1, 40) if quick else (3, 100)
    claims, count = (5_000, 3) if quick else (20_000, 5)
    with durable_postgres() as url:
        sizes = {f"batch_{size}": one_size(url, size, min(batches * size, 20_000), runs) for size in BATCHES}
        durable, lazy = ([claims_per_s(url, claims, commit) for _ in range(count)] for commit in ("on", "off"))
    return {
        "claims_per_s": median(durable),
        "runs_claims_per_s": durable,
        "as_schedd_per_s": median(lazy),
        "runs_as_schedd_per_s": lazy,
        "claims_per_transaction": BATCH,
        "workers": WORKERS,
        **sizes,
    }


def claims_per_s(url: str, claims: int, commit: str) -> int:
    """Of one leader, with ``synchronous_commit`` as *commit*."""
    with Database(url, name="user") as user, schedd(url, commit) as leading, Database(url, name="agent") as agent:
        term = leader.take(leading, leader.observe(leading), "bench") or 0
        crew = [workers.register(agent, machine(number)) for number in range(1, WORKERS + 1)]
        ids = submissions.submit(user, submission(claims)).ids
        starts = [start(crew[number % WORKERS], job) for number, job in enumerate(ids)]
        begun = perf_counter()
        for first in range(0, claims, BATCH):
            batch = starts[first : first + BATCH]
            assert len(allocations.reserve(leading, term, 1, batch, Timers())) == len(batch)
        return round(claims / (perf_counter() - begun))


def one_size(url: str, size: int, jobs: int, runs: int) -> dict[str, float]:
    """The medians of *runs* over *jobs* jobs in batches of *size*."""
    found = [one_run(url, size, jobs) for _ in range(runs)]
    steps = {step: round(median(run[step] for run in found), 1) for step in found[0]}
    return {**steps, "jobs_per_s": round(1e6 / sum(steps.values()))}


def one_run(url: str, size: int, jobs: int) -> dict[str, float]:
    """Microseconds a job, by step. Submitted in one array, as many jobs are."""
    with Database(url, name="user") as user, schedd(url) as leading, Database(url, name="agent") as agent:
        term = leader.take(leading, leader.observe(leading), "bench") or 0
        worker = workers.register(agent, machine())
        seconds: dict[str, float] = {}
        with timed(seconds, "submit_us"):
            ids = submissions.submit(user, submission(jobs)).ids
        with timed(seconds, "reserve_us"):
            for first in range(0, jobs, size):
                starts = [start(worker, job) for job in ids[first : first + size]]
                assert len(allocations.reserve(leading, term, 1, starts, Timers())) == len(starts)
        token, orders = str(uuid.uuid4()), []
        with timed(seconds, "start_us"):
            while won := allocations.start(agent, worker.worker_id, worker.incarnation, token, size):
                orders += won
        with timed(seconds, "end_us"):
            for first in range(0, jobs, size):
                ends = [end(order.allocation_id, token) for order in orders[first : first + size]]
                assert len(releases.end(agent, "bench", ends)) == len(ends)
        return {step: each / jobs * 1e6 for step, each in seconds.items()}


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Keep how long the inside took."""
    begun = perf_counter()
    yield
    seconds[step] = perf_counter() - begun


@contextmanager
def durable_postgres() -> Iterator[str]:
    """The URL of a fresh, migrated database on a server of our own, which waits for the disk as a real one does."""
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as path:
        directory = StateDirectory.create(Path(path))
        try:
            with directory.locked():
                roster = Roster(directory, Stack())
                stack.run_servers(roster, connections=100, durable=True)
            url = postgres.url(directory.sockets())
            migrate(url)
            yield url
        finally:
            stack.down(directory.root)


def schedd(url: str, commit: str = "off") -> Database:
    """A connection as the scheduler opens it, but for the ``synchronous_commit``, perhaps."""
    return Database(url, name="schedd", synchronous_commit=commit)


def machine(number: int = 0) -> Registration:
    """A worker that is never full."""
    return Registration(
        name=f"bench{number}",
        agent_id=str(uuid.UUID(int=number + 1)),
        machine_id="bench",
        boot_id="bench",
        hostname="bench",
        version="bench",
        spool="/",
        capacity=Resources(EVERYTHING, EVERYTHING, 0),
    )


def submission(jobs: int) -> Submission:
    """An array of small jobs."""
    return Submission(spec=Spec(command=("true",)), request=Resources(1000, 64), indices=tuple(range(jobs)))


def start(worker: Registered, job: int) -> Start:
    """A decision."""
    return Start(job_id=job, worker_id=worker.worker_id, policy="pack", score=1.0, candidates=1)


def end(allocation: int, token: str) -> End:
    """A report of success."""
    return End(allocation_id=allocation, start_token=token, outcome=Outcome.EXITED, exit_code=0)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
