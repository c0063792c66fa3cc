"""Services that are claimed by measured load, lose a worker, and get it back: what is submitted, and what must hold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.demo import ledger
from clusterctl.demo.verdicts import Verdict
from clusterctl.demo.workload import program
from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.errors import Refused
from clusterctl.model.pictures import JobPicture
from clusterctl.model.resources import Resources
from clusterctl.model.selection import Selection
from clusterctl.model.spec import Spec, Submission

SERVICES = 21
WORKERS, WORKER_CPUS, WORKER_MEMORY = 2, "2", "1G"  # one of them has room for all
REQUEST = Resources(cpu_milli=50, memory_mb=32)
BUSY, HOLDS_MB = "0.02", "8"
# Everything that takes its time in a real cluster takes little here; the proportions are those of the defaults.
HURRY = {
    "beat_every": "1s",
    "sample_every": "1s",
    "silent_after": "3s",
    "heartbeat_ttl": "6s",
    "lease": "6s",
    "term_grace": "1s",
    "lease_margin": "2s",
    "service_placement": "resource_usage",
}
LEASE_S, FENCE_S = 6, 6 + 1 + 2  # the latter: lease, grace and margin
LOOK_EVERY = 0.25  # seconds
PATIENCE = 180.0  # seconds
ROUNDS_TO_WAIT = 5.0  # seconds in which a scheduler that would tear something away has had several rounds


Goal = Callable[[list[JobPicture]], bool]


class Failover:
    """One run. The replicas keep their ledger in *directory*."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self.cluster = cluster
        self.directory = directory
        self.ids: tuple[int, ...] = ()

    def submit(self) -> None:
        """Hand the services in, all at once."""
        wanted = [self._service(number) for number in range(1, SERVICES + 1)]
        submitted = operations.submit_many(self.cluster, wanted)
        self.ids = tuple(id for each in submitted for id in each.ids)

    def _service(self, number: int) -> Submission:
        command = program("replica", str(self.directory), BUSY, HOLDS_MB)
        return Submission(
            spec=Spec(command=command, cwd=str(self.directory)),
            request=REQUEST,
            kind="service",
            name=f"service-{number:02d}",
            indices=(0,),
            lease_s=LEASE_S,
        )

    def look(self) -> list[JobPicture]:
        """The replicas now."""
        return list(views.queue(self.cluster, Selection(ranges=((self.ids[0], self.ids[-1]),))).jobs)

    def watch(self, holds: Goal, what: str) -> Iterator[list[JobPicture]]:
        """Look until it *holds*. Raises Refused if *what* does not come about."""
        deadline = time.monotonic() + PATIENCE
        while True:
            yield (now := self.look())
            if holds(now):
                return
            if time.monotonic() > deadline:
                raise Refused(f"after {PATIENCE:.0f} s: {what} has not come about", "is this machine very busy?")
            time.sleep(LOOK_EVERY)

    def claims(self) -> list[ClaimPicture]:
        """Every claim and every release of the replicas, oldest first."""
        wanted = ClaimChoice(events=("Claimed", "Released"))
        return sorted(views.claim_log(self.cluster, wanted, 10_000).claims, key=lambda claim: claim.id)


def all_run(jobs: list[JobPicture]) -> bool:
    """Whether all do."""
    return all(job.state == "running" for job in jobs)


def all_on(worker: str) -> Goal:
    """Whether all run there."""
    return lambda jobs: all_run(jobs) and {job.worker for job in jobs} == {worker}


def shares(jobs: list[JobPicture]) -> dict[str, int]:
    """How many run on each worker."""
    return dict(sorted(Counter(job.worker for job in jobs if job.worker and job.state == "running").items()))


def judge_settling(jobs: list[JobPicture]) -> Verdict:
    """Half and half, as evenly as an odd number allows."""
    found = shares(jobs)
    told = ", ".join(f"{count} on {worker}" for worker, count in found.items())
    return Verdict(sorted(found.values()) == [SERVICES // 2, SERVICES - SERVICES // 2], f"settled by load: {told}")


def judge_claims(claims: list[ClaimPicture]) -> Verdict:
    """At most one for each worker and round, and only what nobody held."""
    claimed = [claim for claim in claims if claim.event == "Claimed"]
    most = max(Counter((claim.round, claim.worker) for claim in claimed).values(), default=0)
    held: set[int | None] = set()
    torn = 0
    for claim in claims:
        if claim.event == "Released":
            held.discard(claim.job_id)
        else:
            torn += claim.job_id in held
            held.add(claim.job_id)
    sentence = f"{len(claimed)} claims: at most {most} for each worker and round, {torn} of what another held"
    return Verdict(most == 1 and torn == 0, sentence)


def judge_fence(killed_at: float, runs: list[ledger.Run], lost: str) -> Verdict:
    """None came up elsewhere before the fence was over; its seconds count from the last beat, before the kill."""
    there = {run.job_id for run in runs if run.worker == lost}
    moved = [run for run in runs if run.job_id in there and run.worker != lost]
    first = min((run.first - killed_at for run in moved), default=0.0)
    slack = 1.0 + LOOK_EVERY  # the last beat may have been a beat's length before the kill
    sentence = f"the first of {len(moved)} came up elsewhere {first:.1f} s after the kill; the fence is {FENCE_S} s"
    return Verdict(bool(moved) and first > FENCE_S - slack, sentence)


def judge_ledger(runs: list[ledger.Run]) -> Verdict:
    """No replica ran twice at once, by what they have written themselves."""
    twice = ledger.overlaps(runs)
    jobs = len(list(groupby(runs, key=lambda run: run.job_id)))
    sentence = f"ledger: {len(runs)} runs of {jobs} services, {len(twice)} of them twice at once"
    return Verdict(not twice and jobs == SERVICES, sentence)


def judge_return(before: list[JobPicture], after: list[JobPicture]) -> Verdict:
    """The worker that came back took nothing from the one that lived."""
    moved = sum(
        (former.worker, former.attempt) != (later.worker, later.attempt)
        for former, later in zip(before, after, strict=True)
    )
    return Verdict(moved == 0, f"the worker came back: {moved} replicas were moved")
