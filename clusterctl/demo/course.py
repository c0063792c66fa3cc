"""How the workload goes: handed in, watched until it has ended, and what is news between two looks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.demo.workload import Group
from clusterctl.model.errors import Refused
from clusterctl.model.pictures import AttemptPicture, JobPicture
from clusterctl.model.selection import Selection
from clusterctl.model.states import TERMINAL, JobState

LOOK_EVERY = 0.15  # seconds
PATIENCE = 120.0  # seconds; a machine with two busy cores needs fifteen


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a group stands. *why*: what was said of one that can never start, while it waited."""

    group: Group
    jobs: tuple[JobPicture, ...]
    why: str = ""

    @property
    def counts(self) -> dict[JobState, int]:
        """How many of its jobs are in which state, in the order of a job's life."""
        found = Counter(job.state for job in self.jobs)
        return {state: found[state] for state in JobState if found[state]}

    @property
    def has_ended(self) -> bool:
        """Whether all of its jobs have."""
        return all(job.state in TERMINAL for job in self.jobs)


class Course:
    """One run of *groups* on a cluster. The jobs' files lie in *directory*."""

    def __init__(self, cluster: Cluster, groups: Sequence[Group], directory: Path) -> None:
        self.cluster = cluster
        self.groups = groups
        self.directory = directory
        self.ids: dict[str, tuple[int, ...]] = {}
        self.whys: dict[str, str] = {}

    def submit(self, group: Group) -> None:
        """Hand in one group; the one that it comes after must have been."""
        parents = self.ids[group.after] if group.after else ()
        submission = group.submission(self.directory, parents)
        self.ids[group.name] = operations.submit(self.cluster, submission).ids

    def look(self) -> list[Standing]:
        """How all that was handed in stands now."""
        ranges = tuple((ids[0], ids[-1]) for ids in self.ids.values())
        found = {job.id: job for job in views.queue(self.cluster, Selection(ranges=ranges)).jobs}
        return [
            Standing(
                group=group, jobs=tuple(found[id] for id in self.ids[group.name]), why=self.whys.get(group.name, "")
            )
            for group in self.groups
            if group.name in self.ids
        ]

    def watch(self) -> Iterator[list[Standing]]:
        """Look until all have ended; what lingers is asked why, and cancelled once it is alone. Raises Refused."""
        deadline = time.monotonic() + PATIENCE
        while True:
            standings = self.look()
            yield standings
            if all(standing.has_ended for standing in standings):
                return
            if time.monotonic() > deadline:
                late = ", ".join(standing.group.name for standing in standings if not standing.has_ended)
                raise Refused(f"after {PATIENCE:.0f} s these have not ended: {late}", "is this machine very busy?")
            self._dismiss(standings)
            time.sleep(LOOK_EVERY)

    def _dismiss(self, standings: Sequence[Standing]) -> None:
        """Cancel what lingers, once all else has ended and it is known why it waits."""
        lingering = [standing for standing in standings if standing.group.lingers and not standing.has_ended]
        for standing in lingering:
            if standing.jobs[0].reason and standing.jobs[0].detail:
                self.whys[standing.group.name] = f"{standing.jobs[0].reason}: {standing.jobs[0].detail}"
        alone = all(standing.has_ended or standing.group.lingers for standing in standings)
        if alone and all(standing.group.name in self.whys for standing in lingering):
            ids = [job.id for standing in lingering for job in standing.jobs]
            operations.cancel(self.cluster, ids, reason="it can never start, and the demo is over")

    def attempts(self, standing: Standing) -> list[AttemptPicture]:
        """All tries at the jobs of a group."""
        return [attempt for job in standing.jobs for attempt in views.job(self.cluster, job.id).attempts]


def news(before: Sequence[Standing], now: Sequence[Standing]) -> Iterator[str]:
    """What has changed between two looks, a sentence each."""
    known = {standing.group.name: standing for standing in before}
    for standing in now:
        former, name = known.get(standing.group.name), standing.group.name
        tries = max((job.attempt for job in former.jobs), default=0) if former else 0
        for job in standing.jobs:
            if job.attempt > max(tries, 1):
                yield f"{name}: attempt {job.attempt - 1} failed, tried again on {job.worker or 'another worker'}"
        if standing.why and not (former and former.why):
            yield f"{name}: waits as {standing.why}"
        if standing.has_ended and not (former and former.has_ended):
            yield f"{name}: {in_words(standing.counts)}"


def in_words(counts: dict[JobState, int]) -> str:
    """``2 running, 10 completed``."""
    return ", ".join(f"{count} {state}" for state, count in counts.items())
