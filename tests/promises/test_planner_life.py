"""Jobs and services come and end, workers come, fall silent and are drained; the planner is asked now and then."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Quota, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Placement, Steering
from clusterctl.scheduling import plan, refusals

amounts = st.builds(Resources, st.integers(0, 4), st.integers(0, 4), st.integers(0, 1))
zones = st.sampled_from([{}, {"zone": "n"}, {"zone": "s"}])
asks = {
    "shape": st.just(""),
    "request": amounts,
    "tenant": st.sampled_from(["ann", "bob"]),
    "priority": st.integers(0, 2),
    "labels": zones,
    "worker": st.sampled_from([None, None, "a"]),
    "ids": st.just(()),
    "submitted": st.just(()),
}
groups = st.one_of(
    st.builds(QueueGroup, **asks, time_limit_s=st.sampled_from([None, 2, 10])),
    st.builds(QueueGroup, **asks, kind=st.just("service")),
)
placements: list[Placement] = ["pack", "spread", "service_count", "resource_usage", "slo", "first_fit"]


class PlannerLife(RuleBasedStateMachine):
    """Every job is a group of its own: what the planner is told, not what SQL makes of a queue, is tried here."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.steering = Steering()
        self.workers: dict[str, WorkerPicture] = {}
        self.waiting: dict[int, QueueGroup] = {}
        self.running: dict[int, tuple[QueueGroup, str]] = {}
        self.began: dict[int, int] = {}
        self.quotas: dict[str, Quota] = {}

    @initialize(batch=st.sampled_from(placements), service=st.sampled_from(placements))
    def rules_are_set(self, batch: Placement, service: Placement) -> None:
        self.steering = Steering(batch_placement=batch, service_placement=service)

    def picture(self) -> Snapshot:
        held = dict.fromkeys(self.workers, Resources())
        used: dict[str, Resources] = {}
        holds = dict.fromkeys(self.quotas, 0)
        for job, name in self.running.values():
            held[name] += job.request
            used[job.tenant] = used.get(job.tenant, Resources()) + job.request
            if job.tenant in holds:
                holds[job.tenant] += 1
        endings = (
            Ending(worker_id=self.workers[name].id, request=job.request, at=self.began[id] + job.time_limit_s)
            for id, (job, name) in self.running.items()
            if job.time_limit_s is not None
        )
        return Snapshot(
            at=self.now,
            workers=tuple(self.as_measured(worker, held[name]) for name, worker in self.workers.items()),
            queue=tuple(self.waiting.values()),
            used=used,
            quotas={tenant: replace(quota, holds=holds[tenant]) for tenant, quota in self.quotas.items()},
            endings=tuple(endings),
            steering=self.steering,
        )

    def as_measured(self, worker: WorkerPicture, held: Resources) -> WorkerPicture:
        """Its jobs use just what they hold."""
        used = Measured(cpu_milli=held.cpu_milli, memory_mb=held.memory_mb, at=self.now)
        return replace(worker, allocated=held, measured=used)

    @rule(group=groups)
    def submit(self, group: QueueGroup) -> None:
        self.now += 1
        self.waiting[self.now] = replace(group, shape=str(self.now), ids=(self.now,), submitted=(float(self.now),))

    @rule(name=st.sampled_from("abc"), capacity=amounts, labels=zones)
    def a_worker_joins(self, name: str, capacity: Resources, labels: dict[str, str]) -> None:
        worker = WorkerPicture(id=ord(name), name=name, capacity=capacity, labels=labels)
        self.workers.setdefault(name, worker)

    @rule(
        tenant=st.sampled_from(["ann", "bob"]), cpus=st.none() | st.integers(0, 6), jobs=st.none() | st.integers(0, 3)
    )
    def a_quota_is_set(self, tenant: str, cpus: int | None, jobs: int | None) -> None:
        self.quotas[tenant] = Quota(cpu_milli=cpus, running=jobs)

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), live=st.sampled_from(LiveState), admin=st.sampled_from(AdminState))
    def a_worker_changes(self, data: st.DataObject, live: LiveState, admin: AdminState) -> None:
        name = data.draw(st.sampled_from(sorted(self.workers)))
        self.workers[name] = replace(self.workers[name], live_state=live, admin_state=admin)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_job_ends(self, data: st.DataObject) -> None:
        del self.running[data.draw(st.sampled_from(sorted(self.running)))]

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_is_forgotten_and_its_jobs_return(self, data: st.DataObject) -> None:
        lost = data.draw(st.sampled_from(sorted(self.workers)))
        del self.workers[lost]
        for id, (job, name) in list(self.running.items()):
            if name == lost:
                del self.running[id]
                self.waiting[id] = replace(job, displaced=job.kind == "service")

    @rule()
    def schedule(self) -> None:
        before = self.picture()
        outcome = plan(before)
        names = {worker.id: name for name, worker in self.workers.items()}
        for start in outcome.starts:
            self.running[start.job_id] = self.waiting.pop(start.job_id), names[start.worker_id]
            self.began[start.job_id] = self.now
        self.nobody_is_forgotten(outcome)
        self.no_room_is_left_unused(outcome)
        self.no_quota_is_broken(before, outcome)

    def nobody_is_forgotten(self, outcome: Plan) -> None:
        assert {wait.job_id for wait in outcome.waits} == self.waiting.keys()
        assert all(wait.reason for wait in outcome.waits)

    def no_room_is_left_unused(self, outcome: Plan) -> None:
        """Asked one by one and once more, those who wait are told the same: no, and why."""
        now = self.picture()
        for wait in outcome.waits:
            table = refusals(self.waiting[wait.job_id], now)
            if wait.reason == "backfill":
                assert outcome.shadow is not None
                assert table.candidates == (chr(outcome.shadow.worker_id),)
            elif wait.reason != "service_claims" and table.reason != "tenant_quota":  # by now it may be used up
                assert (table.candidates, table.reason, table.removed) == ((), wait.reason, wait.refusals)
        again = plan(now)
        later = self.claims_put_off(outcome) | self.let_go(outcome, again)
        assert not {start.job_id for start in again.starts} - later

    def claims_put_off(self, outcome: Plan) -> set[int]:
        """The services that a later round may claim."""
        return {wait.job_id for wait in outcome.waits if self.waiting[wait.job_id].kind == "service"}

    def let_go(self, former: Plan, later: Plan) -> set[int]:
        """Those that a worker was kept from, if it is no longer kept for the same job."""
        heads = [each.shadow.job_id if each.shadow else None for each in (former, later)]
        return {wait.job_id for wait in former.waits if wait.reason == "backfill"} if heads[0] != heads[1] else set()

    def no_quota_is_broken(self, before: Snapshot, outcome: Plan) -> None:
        now = self.picture()
        started = {self.running[start.job_id][0].tenant for start in outcome.starts}
        for tenant in started & now.quotas.keys():
            quota = now.quotas[tenant]
            assert quota.running is None or quota.holds <= quota.running
            assert quota.cpu_milli is None or now.used[tenant].cpu_milli <= quota.cpu_milli

    @invariant()
    def no_worker_is_overbooked(self) -> None:
        assert all(Resources() <= worker.free for worker in self.picture().workers)

    @invariant()
    def a_job_is_either_waiting_or_running(self) -> None:
        assert not self.waiting.keys() & self.running.keys()


PlannerLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPlannerLife = PlannerLife.TestCase
