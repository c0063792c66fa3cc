"""How the plain planner looks at a worker: whether a job could be there, and how good it is by each policy."""

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


class Looks:
    """What is free, held and claimed by now, and what follows of it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.free: Free = {worker.id: worker.free for worker in snapshot.workers}
        tenants = {group.tenant for group in snapshot.queue} | set(snapshot.used)
        self.used = {tenant: snapshot.used.get(tenant, NOTHING) for tenant in tenants}
        self.running = {tenant: quota.holds for tenant, quota in snapshot.quotas.items()}
        self.there = {worker.id: dict(worker.held_by_tenant) for worker in snapshot.workers}
        self.services = Counter({worker.id: worker.services for worker in snapshot.workers})

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
        left = worker.capacity.cpu_milli - burden(cpu, 100), worker.capacity.memory_mb - burden(memory, 128)
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


def burden(used: float, by_agent: int) -> int:
    """What is used, but for what the agent itself may use."""
    return max(0, math.ceil(used) - by_agent)


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
