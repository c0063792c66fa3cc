"""Jobs come and end, workers come, fall silent and are drained; the planner is asked now and then."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling import plan, refusals

amounts = st.builds(Resources, st.integers(0, 4), st.integers(0, 4), st.integers(0, 1))
zones = st.sampled_from([{}, {"zone": "n"}, {"zone": "s"}])


class PlannerLife(RuleBasedStateMachine):
    """Every job is a group of its own: what the planner is told, not what SQL makes of a queue, is tried here."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.workers: dict[str, WorkerPicture] = {}
        self.waiting: dict[int, QueueGroup] = {}
        self.running: dict[int, tuple[QueueGroup, str]] = {}

    def picture(self) -> Snapshot:
        held = dict.fromkeys(self.workers, Resources())
        used: dict[str, Resources] = {}
        for job, name in self.running.values():
            held[name] += job.request
            used[job.tenant] = used.get(job.tenant, Resources()) + job.request
        workers = tuple(replace(worker, allocated=held[name]) for name, worker in self.workers.items())
        return Snapshot(at=self.now, workers=workers, queue=tuple(self.waiting.values()), used=used)

    @rule(
        request=amounts,
        tenant=st.sampled_from(["ann", "bob"]),
        priority=st.integers(0, 2),
        labels=zones,
        worker=st.sampled_from([None, None, "a"]),
    )
    def submit(
        self, request: Resources, tenant: str, priority: int, labels: dict[str, str], worker: str | None
    ) -> None:
        self.now += 1
        self.waiting[self.now] = QueueGroup(
            shape=str(self.now),
            request=request,
            tenant=tenant,
            priority=priority,
            labels=labels,
            worker=worker,
            ids=(self.now,),
            submitted=(float(self.now),),
        )

    @rule(name=st.sampled_from("abc"), capacity=amounts, labels=zones)
    def a_worker_joins(self, name: str, capacity: Resources, labels: dict[str, str]) -> None:
        worker = WorkerPicture(id=ord(name), name=name, capacity=capacity, labels=labels)
        self.workers.setdefault(name, worker)

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
                self.waiting[id] = job

    @rule()
    def schedule(self) -> None:
        outcome = plan(self.picture())
        names = {worker.id: name for name, worker in self.workers.items()}
        for start in outcome.starts:
            self.running[start.job_id] = self.waiting.pop(start.job_id), names[start.worker_id]
        self.nobody_is_forgotten(outcome)
        self.no_room_is_left_unused(outcome)

    def nobody_is_forgotten(self, outcome: Plan) -> None:
        assert {wait.job_id for wait in outcome.waits} == self.waiting.keys()
        assert all(wait.reason for wait in outcome.waits)

    def no_room_is_left_unused(self, outcome: Plan) -> None:
        """Asked one by one and once more, those who wait are told the same: no, and why."""
        now = self.picture()
        for wait in outcome.waits:
            table = refusals(self.waiting[wait.job_id], now)
            assert (table.candidates, table.reason, table.removed) == ((), wait.reason, wait.refusals)
        assert plan(now).starts == ()

    @invariant()
    def no_worker_is_overbooked(self) -> None:
        assert all(Resources() <= worker.free for worker in self.picture().workers)

    @invariant()
    def a_job_is_either_waiting_or_running(self) -> None:
        assert not self.waiting.keys() & self.running.keys()


PlannerLife.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestPlannerLife = PlannerLife.TestCase
