"""A cluster and its queue in a few words: ``cluster().worker("a", cpus=4).queued("sim", cpus=2, jobs=3).plan()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from clusterctl.model.plan import Plan, Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup, QueueOrder, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
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
    ) -> Picture:
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
            )
        )
        return self

    def holds(self, tenant: str, *, cpus: float = 0, memory_mb: int = 0, gpus: int = 0) -> Picture:
        self.held[tenant] = amount(cpus, memory_mb, gpus)
        return self

    def weighs(self, tenant: str, weight: float) -> Picture:
        self.weights[tenant] = weight
        return self

    def snapshot(self) -> Snapshot:
        return Snapshot(
            at=0.0,
            workers=tuple(self.workers),
            queue=tuple(self.queue),
            used=self.held,
            weights=self.weights,
            queue_order=self.order,
            batch_placement=self.policy,
            max_starts=self.max_starts,
        )

    def plan(self) -> Plan:
        return plan(self.snapshot())

    def started(self) -> list[str]:
        """The shapes of the jobs that start, in turn."""
        shape_of = {job: group.shape for group in self.queue for job in group.ids}
        return [shape_of[start.job_id] for start in self.plan().starts]

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
