"""The planner once more, as plainly as it can be said: job by job, worker by worker. It keeps the quick one honest."""

from __future__ import annotations

import math
from collections import Counter
from typing import Literal

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling.slo import CORRECTED_WEIGHTS, Case, slo_parts

Free = dict[int, Resources]  # by worker id
Kind = Literal["cpu_milli", "memory_mb", "gpus"]
KINDS: tuple[Kind, ...] = ("cpu_milli", "memory_mb", "gpus")
NOTHING = Resources()


def decide(snapshot: Snapshot) -> tuple[list[tuple[int, int]], dict[int, Free]]:
    """(job, worker) for each start, in turn; and for each group that waited, by its position, what was free then."""
    world = World(snapshot)
    world.run()
    return world.starts, world.waited


class World:
    """What there is while a round goes on."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.free: Free = {worker.id: worker.free for worker in snapshot.workers}
        self.used = {tenant: snapshot.used.get(tenant, NOTHING) for tenant in self.tenants()}
        self.running = {tenant: quota.holds for tenant, quota in snapshot.quotas.items()}
        self.there = {worker.id: dict(worker.held_by_tenant) for worker in snapshot.workers}
        self.services = Counter({worker.id: worker.services for worker in snapshot.workers})
        self.claims: Counter[int] = Counter()
        self.endings = [(each.worker_id, max(snapshot.at, each.at), each.request) for each in snapshot.endings]
        self.kept: WorkerPicture | None = None
        self.kept_until: float | None = None
        self.extra = NOTHING
        self.tries = 4 if snapshot.steering.backfill == "easy" else 0
        self.taken = [0] * len(snapshot.queue)
        self.starts: list[tuple[int, int]] = []
        self.waited: dict[int, Free] = {}
        self.reasons: dict[int, str] = {}

    def tenants(self) -> set[str]:
        return {group.tenant for group in self.snapshot.queue} | set(self.snapshot.used)

    def run(self) -> None:
        queue = self.snapshot.queue
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
        allowed = [worker for worker in fitting if self.may_use(worker, group)]
        if not allowed:
            if fitting:
                return "backfill"
            return "fits_now" if self.waits_for_room(group, taken) else "other"
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
        order, service = self.snapshot.steering.queue_order, group.kind == "service"
        priority = 0 if order == "fifo" else -group.priority
        share = self.share(group.tenant) if order == "drf" and not service else 0.0
        return priority, service, share, not group.displaced, group.submitted[taken], group.ids[taken]

    def share(self, tenant: str) -> float:
        up = [worker.capacity for worker in self.snapshot.workers if worker.live_state == LiveState.UP]
        counted = self.used[tenant] + self.snapshot.recent.get(tenant, NOTHING)
        totals = {kind: sum(getattr(capacity, kind) for capacity in up) for kind in KINDS}
        weight = self.snapshot.weights.get(tenant, 1.0)
        return max((getattr(counted, kind) / (total * weight) for kind, total in totals.items() if total), default=0.0)

    # --- Who can have it

    def within_quota(self, group: QueueGroup) -> bool:
        quota = self.snapshot.quotas.get(group.tenant)
        if quota is None:
            return True
        cpu_milli = self.used[group.tenant].cpu_milli + group.request.cpu_milli
        return (quota.cpu_milli is None or cpu_milli <= quota.cpu_milli) and (
            quota.running is None or self.running[group.tenant] + 1 <= quota.running
        )

    def could_have_begun(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        """Whether the worker could have the job when the round began."""
        return self.suits(worker, group) and group.request <= self.room(worker, group, worker.free)

    def suits(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        """Whether it could have the job if nobody held anything."""
        known = not self.measures(group) or group.worker is not None or self.is_measured(worker)
        return known and takes(worker, group)

    def fits(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        return group.request <= self.room(worker, group, self.free[worker.id])

    def room(self, worker: WorkerPicture, group: QueueGroup, free: Resources) -> Resources:
        if not (self.measures(group) and self.is_measured(worker)):
            return free
        cpu, memory = self.use(worker, group, free)
        left = worker.capacity.cpu_milli - math.ceil(cpu), worker.capacity.memory_mb - math.ceil(memory)
        return Resources(min(free.cpu_milli, left[0]), min(free.memory_mb, left[1]), free.gpus)

    def use(self, worker: WorkerPicture, group: QueueGroup, free: Resources) -> tuple[float, float]:
        """Thousandths of CPUs and MiB."""
        given = worker.free - free
        if worker.measured is None or not self.measures(group) or not self.is_measured(worker):
            held = worker.reserved + worker.allocated + given
            return held.cpu_milli, held.memory_mb
        more = worker.charged + given
        cpu = min(worker.measured.cpu_milli, worker.capacity.cpu_milli)
        return cpu + more.cpu_milli, worker.measured.memory_mb + more.memory_mb

    def is_measured(self, worker: WorkerPicture) -> bool:
        measured = worker.measured
        return (
            measured is not None
            and abs(self.snapshot.at - measured.at) <= self.snapshot.steering.measure_ttl
            and math.isfinite(measured.cpu_milli)
            and measured.cpu_milli >= 0
            and 0 <= measured.memory_mb <= worker.capacity.memory_mb
        )

    # --- By which policy

    def policy(self, group: QueueGroup) -> str:
        steering = self.snapshot.steering
        policy = steering.batch_placement if group.kind == "batch" else steering.service_placement
        blind = policy == "resource_usage" and steering.use_measures == "auto" and not self.anybody_is_measured()
        return "service_count" if blind and group.kind == "service" else policy

    def measures(self, group: QueueGroup) -> bool:
        goes_by_measures = self.policy(group) in ("resource_usage", "slo")
        return goes_by_measures and self.snapshot.steering.use_measures == "auto" and self.anybody_is_measured()

    def anybody_is_measured(self) -> bool:
        return any(self.is_measured(worker) for worker in self.snapshot.workers if is_active(worker))

    def rank(self, worker: WorkerPicture, group: QueueGroup) -> tuple[float | str, ...]:
        """The least is the best."""
        free, policy = self.free[worker.id], self.policy(group)
        left = free - group.request
        if policy in ("pack", "spread"):
            sign = 1 if policy == "pack" else -1
            return sign * left.gpus, sign * left.cpu_milli, sign * left.memory_mb, worker.name
        if policy == "service_count":
            return self.services[worker.id], worker.name
        if policy == "resource_usage":
            return self.usage(worker, group), worker.name
        if policy == "slo":
            return -self.points(worker, group), worker.name
        return (worker.name,)

    def usage(self, worker: WorkerPicture, group: QueueGroup) -> int:
        cpu, memory = self.use(worker, group, self.free[worker.id])
        all_cpu, rules = worker.capacity.cpu_milli, self.snapshot.steering
        percent = min(100.0, cpu / all_cpu * 100) if all_cpu else 100.0
        weights = rules.usage_cpu_weight + rules.usage_memory_weight
        return grains(percent * rules.usage_cpu_weight / weights + memory / 1024 * rules.usage_memory_weight / weights)

    def points(self, worker: WorkerPicture, group: QueueGroup) -> int:
        cpu, memory = self.use(worker, group, self.free[worker.id])
        has = worker.capacity
        shares = [
            max((getattr(held, kind) / getattr(has, kind) for kind in KINDS if getattr(has, kind)), default=0.0)
            for held in self.there[worker.id].values()
        ]
        even = sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)) if any(shares) else 1.0
        told = worker.reports.p99_ms, worker.reports.violation_rate, max(shares, default=0.0), even
        case = Case(50, has.cpu_milli or 1, cpu, has.memory_mb or 1, memory, *told)
        return grains(sum(slo_parts(case, CORRECTED_WEIGHTS).values()))

    # --- What is kept for whom

    def waits_for_room(self, group: QueueGroup, taken: int) -> bool:
        """Whether only room is missing; then a worker may be kept for it."""
        suitable = [worker for worker in self.snapshot.workers if self.suits(worker, group)]
        if not suitable or not any(self.is_light_enough(worker, group) for worker in suitable):
            return False
        if group.kind == "batch" and self.kept is None and self.tries:
            self.tries -= 1
            self.keep(sorted(suitable, key=lambda worker: worker.name), group, group.submitted[taken])
        return True

    def is_light_enough(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        """Whether its load, when the round began, had left room."""
        if not (self.measures(group) and self.is_measured(worker)):
            return True
        cpu, memory = self.use(worker, group, worker.free)
        has, wants = worker.capacity, group.request
        return wants.cpu_milli <= has.cpu_milli - math.ceil(cpu) and wants.memory_mb <= has.memory_mb - math.ceil(
            memory
        )

    def keep(self, suitable: list[WorkerPicture], group: QueueGroup, submitted: float) -> None:
        promises = [(self.when(worker, group), worker.name, worker) for worker in suitable]
        at, _, worker = min(promises, key=lambda promise: promise[:2])
        if at < math.inf:
            self.kept, self.kept_until = worker, at
            self.extra = self.free_at(worker, at) - group.request
        elif self.snapshot.at - submitted >= self.snapshot.steering.starve_after:
            self.kept = min(suitable, key=lambda worker: (self.lack(worker, group), worker.name))
            left = self.free[self.kept.id] - group.request
            self.extra = Resources(max(0, left.cpu_milli), max(0, left.memory_mb), max(0, left.gpus))

    def when(self, worker: WorkerPicture, group: QueueGroup) -> float:
        moments = sorted({at for id, at, _ in self.endings if id == worker.id})
        return next((at for at in moments if group.request <= self.free_at(worker, at)), math.inf)

    def free_at(self, worker: WorkerPicture, moment: float) -> Resources:
        ended = (request for id, at, request in self.endings if id == worker.id and at <= moment)
        return sum(ended, start=self.free[worker.id])

    def lack(self, worker: WorkerPicture, group: QueueGroup) -> float:
        free, wants = self.free[worker.id], group.request
        missing: list[float] = [
            (getattr(wants, kind) - getattr(free, kind)) / max(1, getattr(wants, kind))
            for kind in KINDS
            if getattr(free, kind) < getattr(wants, kind)
        ]
        return sum(missing)

    def may_use(self, worker: WorkerPicture, group: QueueGroup) -> bool:
        return worker is not self.kept or self.in_time(group) or group.request <= self.extra

    def in_time(self, group: QueueGroup) -> bool:
        limited = group.time_limit_s is not None and self.kept_until is not None
        return limited and self.over(group) <= (self.kept_until or 0.0)

    def over(self, group: QueueGroup) -> float:
        return self.snapshot.at + (group.time_limit_s or 0) + self.snapshot.grace_s


def takes(worker: WorkerPicture, group: QueueGroup) -> bool:
    """Whether the worker takes work, and is what the job asks for."""
    return (
        is_active(worker)
        and group.worker in (None, worker.name)
        and group.labels.items() <= worker.labels.items()
        and group.request <= worker.capacity
    )


def is_active(worker: WorkerPicture) -> bool:
    return worker.live_state == LiveState.UP and worker.admin_state == AdminState.OPEN and not worker.trouble


def willing(worker: WorkerPicture, group: QueueGroup, free: Free) -> bool:
    """Whether it would have the job, by what is held alone."""
    return takes(worker, group) and group.request <= free[worker.id]


def grains(score: float) -> int:
    return math.floor(score * 2**20 + 0.5)
