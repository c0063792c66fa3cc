"""A cluster and its queue in a few words: ``cluster().worker("a", cpus=4).queued("sim", cpus=2, jobs=3).plan()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec.structs import replace

from clusterctl.model.plan import Plan, Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Quota, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Policy, QueueOrder, Steering
from clusterctl.scheduling import plan

NOTHING = Resources()


def amount(cpus: float = 0, memory_mb: int = 0, gpus: int = 0) -> Resources:
    return Resources(int(cpus * 1000), memory_mb, gpus)


def cluster(policy: Policy | Literal["none"] = "pack", order: QueueOrder = "drf", max_starts: int = 5000) -> Picture:
    return Picture(policy, order, max_starts)


class Picture:
    """Grows word by word. Job ids count from 1, in the order in which the jobs are told."""

    def __init__(self, policy: Policy | Literal["none"], order: QueueOrder, max_starts: int) -> None:
        self.policy, self.order, self.max_starts = policy, order, max_starts
        self.workers: list[WorkerPicture] = []
        self.queue: list[QueueGroup] = []
        self.held: dict[str, Resources] = {}
        self.weights: dict[str, float] = {}
        self.recent: dict[str, Resources] = {}
        self.quotas: dict[str, Quota] = {}
        self.endings: list[Ending] = []
        self.rules: dict[str, Any] = {}
        self.grace_s = 0.0
        self.jobs = 0

    def worker(
        self,
        name: str,
        *,
        cpus: float = 4,
        memory_mb: int = 1000,
        gpus: int = 0,
        reserved: Resources = NOTHING,
        allocated: Resources = NOTHING,
        admin: AdminState = AdminState.OPEN,
        live: LiveState = LiveState.UP,
        labels: Mapping[str, str] = {},
        trouble: str = "",
        services: int = 0,
        enduring: Resources = NOTHING,
        uses: tuple[float, float] | None = None,
        ago: float = 0.0,
        charged: Resources = NOTHING,
    ) -> Picture:
        """*uses*: the CPUs and MiB that were measured, so many seconds *ago*."""
        self.workers.append(
            WorkerPicture(
                id=100 + len(self.workers),
                name=name,
                capacity=amount(cpus, memory_mb, gpus),
                reserved=reserved,
                allocated=allocated,
                admin_state=admin,
                live_state=live,
                labels=labels,
                trouble=trouble,
                services=services,
                enduring=enduring,
                measured=None if uses is None else Measured(cpu_milli=uses[0] * 1000, memory_mb=uses[1], at=-ago),
                charged=charged,
            )
        )
        return self

    def queued(
        self,
        shape: str,
        *,
        jobs: int = 1,
        cpus: float = 1,
        memory_mb: int = 0,
        gpus: int = 0,
        tenant: str = "default",
        priority: int = 50,
        labels: Mapping[str, str] = {},
        worker: str | None = None,
        slots: int | None = None,
        more: bool = False,
        at: float | None = None,
        limit: int | None = None,
    ) -> Picture:
        """Jobs of one shape, submitted all together at second *at*: by default, after all told before."""
        ids = tuple(range(self.jobs + 1, self.jobs + jobs + 1))
        moment = float(ids[0]) if at is None else at
        self.jobs += jobs
        self.queue.append(
            QueueGroup(
                shape=shape,
                request=amount(cpus, memory_mb, gpus),
                tenant=tenant,
                priority=priority,
                labels=labels,
                worker=worker,
                slots=slots,
                more=more,
                ids=ids,
                submitted=(moment,) * jobs,
                time_limit_s=limit,
            )
        )
        return self

    def service(self, shape: str, *, displaced: bool = False, avoid: str | None = None, **asks: Any) -> Picture:
        """The same of replicas."""
        self.queued(shape, **asks)
        ids = {worker.name: worker.id for worker in self.workers}
        group = self.queue.pop()
        where = None if avoid is None else ids[avoid]
        self.queue.append(replace(group, kind="service", displaced=displaced, avoid=where))
        return self

    def holds(self, tenant: str, *, cpus: float = 0, memory_mb: int = 0, gpus: int = 0) -> Picture:
        self.held[tenant] = amount(cpus, memory_mb, gpus)
        return self

    def weighs(self, tenant: str, weight: float) -> Picture:
        self.weights[tenant] = weight
        return self

    def held_lately(self, tenant: str, *, cpus: float = 0, memory_mb: int = 0) -> Picture:
        self.recent[tenant] = amount(cpus, memory_mb)
        return self

    def quota(self, tenant: str, *, cpus: float | None = None, running: int | None = None, jobs: int = 0) -> Picture:
        """*jobs* hold something now."""
        self.quotas[tenant] = Quota(cpu_milli=None if cpus is None else int(cpus * 1000), running=running, holds=jobs)
        return self

    def ends(self, worker: str, at: float, *, cpus: float = 1, memory_mb: int = 0, gpus: int = 0) -> Picture:
        """What holds so much on *worker* is over at second *at*."""
        (found,) = (each for each in self.workers if each.name == worker)
        self.endings.append(Ending(worker_id=found.id, request=amount(cpus, memory_mb, gpus), at=at))
        return self

    def graced(self, seconds: float) -> Picture:
        """Whatever reaches its limit may go on for so long."""
        self.grace_s = seconds
        return self

    def ruled(self, **rules: Any) -> Picture:
        """With these settings."""
        self.rules.update(rules)
        return self

    def snapshot(self) -> Snapshot:
        steering = Steering(queue_order=self.order, batch_placement=self.policy)
        return Snapshot(
            at=0.0,
            workers=tuple(self.workers),
            queue=tuple(self.queue),
            used=self.held,
            weights=self.weights,
            recent=self.recent,
            quotas=self.quotas,
            endings=tuple(self.endings),
            grace_s=self.grace_s,
            steering=replace(steering, **self.rules),
            max_starts=self.max_starts,
        )

    def plan(self) -> Plan:
        return plan(self.snapshot())

    def started(self) -> list[str]:
        """The shapes of the jobs that start, in turn."""
        shape_of = {job: group.shape for group in self.queue for job in group.ids}
        return [shape_of[start.job_id] for start in self.plan().starts]

    def given(self) -> list[tuple[str, str]]:
        """(shape, worker) of the jobs that start, in turn."""
        return list(zip(self.started(), self.chosen(), strict=True))

    def chosen(self) -> list[str]:
        """The workers that the starting jobs are given to, in turn."""
        names = {worker.id: worker.name for worker in self.workers}
        return [names[start.worker_id] for start in self.plan().starts]

    def waiting(self) -> dict[str, str]:
        """Why each waiting shape waits."""
        return {wait.shape: wait.reason for wait in self.plan().waits}

    def wait(self, shape: str) -> Wait:
        (found,) = (wait for wait in self.plan().waits if wait.shape == shape)
        return found
