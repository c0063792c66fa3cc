"""The cluster as schedd sees it, with the job to explain in its queue, and what ``plan`` makes of that."""

from __future__ import annotations

from functools import cached_property

from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Crowd, Holding, Subject
from clusterctl.model.plan import Plan, Start, Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.scheduling.candidates import kept_from
from clusterctl.scheduling.explanation.ends import End, expected
from clusterctl.scheduling.roster import Roster
from clusterctl.scheduling.round import plan

ALONE = "the job to explain"  # the shape of a job that is not in the queue: no uuid, so nobody else's
UNLOOKED_AT = frozenset({"policy_disabled", "round_full"})  # waits of which no filter was asked


class Scene:
    """``group`` is the subject's, as it stands in ``snapshot.queue``; a job that is not ready is put there alone."""

    def __init__(self, snapshot: Snapshot, subject: Subject, circumstances: Circumstances) -> None:
        shape = subject.group.shape
        found = next((group for group in snapshot.queue if group.shape == shape), None) if subject.ready else None
        if found is None:
            found = replace(subject.group, shape=ALONE)
            snapshot = replace(snapshot, queue=(*snapshot.queue, found))
        self.snapshot = snapshot
        self.group: QueueGroup = found
        self.subject = subject
        self.circumstances = circumstances

    @property
    def job(self) -> tuple[float, int]:
        """When it was submitted, and its id: its turn among equals."""
        return self.subject.group.submitted[0], self.subject.group.ids[0]

    @cached_property
    def outcome(self) -> Plan:
        """What schedd would decide now."""
        return plan(self.snapshot)

    @cached_property
    def start(self) -> Start | None:
        """How the job starts, if it does."""
        return next((start for start in self.outcome.starts if start.job_id == self.job[1]), None)

    @cached_property
    def wait(self) -> Wait | None:
        """Why its group waits, if some of it does."""
        return next((wait for wait in self.outcome.waits if wait.shape == self.group.shape), None)

    @property
    def kept(self) -> int | None:
        """The id of the worker that is kept from it for another job."""
        said = self.start or self.wait
        return None if said is None else kept_from(said.refusals, self.outcome)

    @cached_property
    def roster(self) -> Roster:
        """The workers."""
        return Roster(self.snapshot)

    @cached_property
    def unbounded(self) -> Roster:
        """The workers, as if its tenant had no quota."""
        if self.group.tenant not in self.snapshot.quotas:
            return self.roster
        return Roster(replace(self.snapshot, quotas={}))

    @cached_property
    def workers(self) -> dict[int, WorkerPicture]:
        """The workers by id."""
        return {worker.id: worker for worker in self.snapshot.workers}

    @cached_property
    def crowds(self) -> dict[str, Crowd]:
        """How many jobs of each shape wait, and how many of them came before this one."""
        told = {crowd.shape: crowd for crowd in self.circumstances.crowds}
        return {group.shape: told.get(group.shape) or self._counted(group) for group in self.snapshot.queue}

    @cached_property
    def others(self) -> tuple[QueueGroup, ...]:
        """The queue without the job; of what is not submitted yet, without all its jobs."""
        left = [turn for turn in zip(self.group.submitted, self.group.ids, strict=True) if turn[1] != self.job[1]]
        if self.subject.job_id is None:
            left = []
        rest = replace(self.group, submitted=tuple(at for at, _ in left), ids=tuple(job for _, job in left))
        groups = (rest if group is self.group else group for group in self.snapshot.queue)
        return tuple(group for group in groups if group.ids)

    @cached_property
    def before(self) -> int:
        """How many jobs of its own group come before it."""
        return self.crowds[self.group.shape].before

    @cached_property
    def starting(self) -> tuple[Holding, ...]:
        """What the jobs will hold that the plan starts: nobody else can have it any more."""
        groups = {job: group for group in self.snapshot.queue for job in group.ids}
        return tuple(self._holding(start, groups[start.job_id]) for start in self.outcome.starts)

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        """What is held, once the plan is carried out."""
        return (*self.circumstances.holdings, *self.starting)

    @cached_property
    def ends(self) -> tuple[tuple[Holding, End], ...]:
        """When each of them is expected to end."""
        return tuple((holding, expected(holding, self.snapshot.at)) for holding in self.holdings)

    @cached_property
    def free(self) -> dict[int, Resources]:
        """What is free on each worker, once the plan is carried out."""
        free = {worker.id: worker.free for worker in self.snapshot.workers}
        for holding in self.starting:
            free[holding.worker_id] -= holding.request
        return free

    def _counted(self, group: QueueGroup) -> Crowd:
        """A crowd of which nothing but its group is known."""
        turns = zip(group.submitted, group.ids, strict=True)
        similar = self.circumstances.similar if group.shape == ALONE else None
        before = sum(turn < self.job for turn in turns)
        return Crowd(shape=group.shape, jobs=len(group.ids), before=before, similar=similar)

    def _holding(self, start: Start, group: QueueGroup) -> Holding:
        return Holding(
            job_id=start.job_id,
            worker_id=start.worker_id,
            worker=self.workers[start.worker_id].name,
            tenant=group.tenant,
            shape=group.shape,
            kind=group.kind,
            request=group.request,
            since=None,
            time_limit_s=group.time_limit_s,
            similar=self.crowds[group.shape].similar,
        )
