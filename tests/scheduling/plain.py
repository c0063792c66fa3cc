"""The planner once more, as plainly as it can be said: job by job, worker by worker. It keeps the quick one honest."""

from __future__ import annotations

import math
from collections import Counter

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import LiveState
from tests.scheduling.plain_looks import KINDS, NOTHING, Free, Looks, burden


def decide(snapshot: Snapshot) -> tuple[list[tuple[int, int]], dict[int, Free]]:
    """(job, worker) for each start, in turn; and for each group that waited, by its position, what was free then."""
    world = World(snapshot)
    world.run()
    return world.starts, world.waited


class World(Looks):
    """What there is while a round goes on."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.claims: Counter[int] = Counter()
        self.endings = [
            (each.worker_id, max(snapshot.at, each.at), each.request)
            for each in snapshot.endings
            if each.at >= snapshot.at - 60
        ]
        self.kept: WorkerPicture | None = None
        self.kept_until: float | None = None
        self.head: tuple[float, ...] | None = None  # of whom a worker is kept for by its age: where it stands
        self.extra = NOTHING
        self.looks = 4 * len(snapshot.workers) if snapshot.steering.backfill == "easy" else 0
        self.taken = [0] * len(snapshot.queue)
        self.starts: list[tuple[int, int]] = []
        self.waited: dict[int, Free] = {}
        self.reasons: dict[int, str] = {}

    def run(self) -> None:
        queue = self.snapshot.queue
        self.keep_by_age()
        while len(self.starts) < self.snapshot.max_starts:
            standing = [
                at for at, group in enumerate(queue) if at not in self.waited and self.taken[at] < len(group.ids)
            ]
            if not standing:
                break
            at = min(standing, key=self.turn)
            why = self.serve(queue[at], self.taken[at])
            if why:
                self.waited[at], self.reasons[at] = dict(self.free), why
            else:
                self.taken[at] += 1

    def serve(self, group: QueueGroup, taken: int) -> str:
        """Start the job, or say in one word why not; any word stands for what does not depend on the round."""
        if self.policy(group) == "none":
            return "policy_disabled"
        if taken == group.slots:
            return "array_limit"
        if not self.within_quota(group):
            return "tenant_quota"
        everyone = [worker for worker in self.snapshot.workers if self.could_have_begun(worker, group)]
        others = [worker for worker in everyone if worker.id != group.avoid]
        fitting = [worker for worker in others or everyone if self.fits(worker, group)]
        allowed = [worker for worker in fitting if self.may_use(worker, group, taken)]
        if not allowed:
            if fitting:
                return "backfill"
            return "fits_now" if self.waits_for_room(group, taken, group.avoid if others else None) else "other"
        best = min(allowed, key=lambda worker: self.rank(worker, group))
        if group.kind == "service" and self.claims[best.id] >= self.snapshot.steering.service_claims_per_round:
            return "service_claims"
        self.give(best, group, group.ids[taken])
        return ""

    def give(self, worker: WorkerPicture, group: QueueGroup, job: int) -> None:
        in_time = self.in_time(group)
        self.starts.append((job, worker.id))
        self.free[worker.id] -= group.request
        self.used[group.tenant] += group.request
        self.there[worker.id][group.tenant] = self.there[worker.id].get(group.tenant, NOTHING) + group.request
        if group.tenant in self.running:
            self.running[group.tenant] += 1
        if group.kind == "service":
            self.services[worker.id] += 1
            self.claims[worker.id] += 1
        if worker is self.kept and not in_time:
            self.extra -= group.request
        if group.time_limit_s is not None:
            self.endings.append((worker.id, self.over(group), group.request))

    # --- Whose turn it is

    def turn(self, at: int) -> tuple[float, ...]:
        group, taken = self.snapshot.queue[at], self.taken[at]
        share = self.share(group.tenant) if self.order == "drf" and group.kind == "batch" else 0.0
        return *self.level(group), share, not group.displaced, group.submitted[taken], group.ids[taken]

    @property
    def order(self) -> str:
        return self.snapshot.steering.queue_order

    def level(self, group: QueueGroup) -> tuple[int, int]:
        """The lowest is served first."""
        kind = 1 if group.kind == "batch" else 0 if group.displaced or self.overdue(group.submitted[0]) else 2
        return (0 if self.order == "fifo" else -group.priority), kind

    def overdue(self, submitted: float) -> bool:
        return self.snapshot.at - submitted >= self.snapshot.steering.starve_after

    def share(self, tenant: str) -> float:
        up = [worker.capacity for worker in self.snapshot.workers if worker.live_state == LiveState.UP]
        counted = self.used[tenant] + self.snapshot.recent.get(tenant, NOTHING)
        totals = {kind: sum(getattr(capacity, kind) for capacity in up) for kind in KINDS}
        weight = self.snapshot.weights.get(tenant, 1.0)
        return max((getattr(counted, kind) / (total * weight) for kind, total in totals.items() if total), default=0.0)

    # --- What is kept for whom

    def keep_by_age(self) -> None:
        batch = [group for group in self.snapshot.queue if group.kind == "batch"]
        if self.order != "drf" or len({group.tenant for group in batch}) < 2:
            return
        first = min(self.level(group) for group in batch)
        ages = sorted((group.submitted[0], group.ids[0], group) for group in batch if self.level(group) == first)
        for submitted, job, group in ages[:8]:
            if self.policy(group) == "none" or group.slots == 0 or not self.within_quota(group):
                continue
            everyone = [worker for worker in self.snapshot.workers if self.could_have_begun(worker, group)]
            if not everyone and self.waits_for_room(group, 0):
                self.head = (*first, submitted, job) if self.kept else None
                return

    def waits_for_room(self, group: QueueGroup, taken: int, avoided: int | None = None) -> bool:
        """Whether only room is missing; then a worker may be kept for it."""
        suitable = [worker for worker in self.snapshot.workers if self.suits(worker, group)]
        if not suitable or not any(self.is_light_enough(worker, group) for worker in suitable):
            return False
        heads = group.kind == "batch" or group.displaced or self.overdue(group.submitted[taken])
        able = [worker for worker in suitable if worker.id != avoided]
        if heads and self.kept is None and self.looks > 0 and able:
            self.looks -= len(able)
            self.keep(sorted(able, key=lambda worker: worker.name), group, group.submitted[taken])
        return True

    def is_light_enough(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        """Whether its load, when the round began, had left room."""
        if not (self.measures(group) and self.is_measured(worker)):
            return True
        cpu, memory = self.use(worker, group, worker.free)
        has, wants = worker.capacity, group.request
        return wants.cpu_milli <= has.cpu_milli - burden(cpu, 100) and wants.memory_mb <= has.memory_mb - burden(
            memory, 128
        )

    def keep(self, suitable: list[WorkerPicture], group: QueueGroup, submitted: float) -> None:
        promises = [(self.when(worker, group), worker.name, worker) for worker in suitable]
        at, _, worker = min(promises, key=lambda promise: promise[:2])
        if at < math.inf:
            self.kept, self.kept_until = worker, at
            self.extra = self.free_at(worker, at) - group.request
        elif self.overdue(submitted) and (able := [each for each in suitable if self.ever(each, group)]):
            self.kept = min(able, key=lambda worker: (self.lack(worker, group), worker.name))
            left = self.free[self.kept.id] - group.request
            self.extra = Resources(max(0, left.cpu_milli), max(0, left.memory_mb), max(0, left.gpus))

    def when(self, worker: WorkerPicture, group: QueueGroup) -> float:
        moments = sorted({at for id, at, _ in self.endings if id == worker.id})
        return next((at for at in moments if group.request <= self.free_at(worker, at)), math.inf)

    def free_at(self, worker: WorkerPicture, moment: float) -> Resources:
        ended = (request for id, at, request in self.endings if id == worker.id and at <= moment)
        return sum(ended, start=self.free[worker.id])

    def ever(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        return group.request <= worker.capacity - worker.enduring

    def lack(self, worker: WorkerPicture, group: QueueGroup) -> float:
        free, wants = self.free[worker.id], group.request
        missing: list[float] = [
            (getattr(wants, kind) - getattr(free, kind)) / max(1, getattr(wants, kind))
            for kind in KINDS
            if getattr(free, kind) < getattr(wants, kind)
        ]
        return sum(missing)

    def may_use(self, worker: WorkerPicture, group: QueueGroup, taken: int) -> bool:
        mine = *self.level(group), group.submitted[taken], group.ids[taken]
        elder = self.head is not None and mine < self.head
        return worker is not self.kept or self.in_time(group) or elder or group.request <= self.extra

    def in_time(self, group: QueueGroup) -> bool:
        limited = group.time_limit_s is not None and self.kept_until is not None
        return limited and self.over(group) <= (self.kept_until or 0.0)

    def over(self, group: QueueGroup) -> float:
        return self.snapshot.at + (group.time_limit_s or 0) + self.snapshot.grace_s
