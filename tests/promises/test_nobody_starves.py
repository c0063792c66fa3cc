"""However many others come, who waits for room gets it: by the moment that was promised, or after a bounded wait."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.steering import QueueOrder, Steering
from clusterctl.scheduling import plan

LONGEST = 20  # seconds that a job may run
CROWD, BEGUN = 10, 50  # small jobs that always wait; the second at which the large one comes
CAPACITIES = {"a": Resources(4, 4), "b": Resources(6, 2)}


class Machines:
    """Two workers in virtual time. Whatever has a limit keeps to it; the planner is asked whenever something ends."""

    def __init__(self, steering: Steering) -> None:
        self.now = 0
        self.steering = steering
        self.waiting: dict[int, QueueGroup] = {}
        self.lasts: dict[int, int] = {}
        self.running: dict[int, tuple[QueueGroup, str, int]] = {}  # with the second at which it ends
        self.began: dict[int, int] = {}
        self.promised: dict[int, float] = {}

    def submit(self, request: Resources, lasts: int, limit: int | None, tenant: str = "ann", **facts: Any) -> int:
        job = len(self.lasts) + 1
        self.lasts[job] = lasts
        self.waiting[job] = QueueGroup(
            shape=str(job),
            request=request,
            tenant=tenant,
            time_limit_s=limit,
            ids=(job,),
            submitted=(float(self.now),),
            **facts,
        )
        return job

    def picture(self) -> Snapshot:
        held, used = dict.fromkeys(CAPACITIES, Resources()), dict[str, Resources]()
        for group, name, _ in self.running.values():
            held[name] += group.request
            used[group.tenant] = used.get(group.tenant, Resources()) + group.request
        workers = (
            WorkerPicture(id=ord(name), name=name, capacity=capacity, allocated=held[name])
            for name, capacity in CAPACITIES.items()
        )
        endings = (
            Ending(worker_id=ord(name), request=group.request, at=self.began[job] + group.time_limit_s)
            for job, (group, name, _) in self.running.items()
            if group.time_limit_s is not None
        )
        return Snapshot(
            at=self.now,
            workers=tuple(workers),
            queue=tuple(self.waiting.values()),
            used=used,
            endings=tuple(endings),
            steering=self.steering,
        )

    def schedule(self) -> None:
        outcome = plan(self.picture())
        for start in outcome.starts:
            group, name = self.waiting.pop(start.job_id), chr(start.worker_id)
            self.began[start.job_id] = self.now
            self.running[start.job_id] = group, name, self.now + self.lasts[start.job_id]
        # Only of the oldest: a job before it that could be promised nothing yet may be promised something later.
        if outcome.shadow is not None and outcome.shadow.at is not None and outcome.shadow.job_id == min(self.waiting):
            self.promised.setdefault(outcome.shadow.job_id, outcome.shadow.at)

    def pass_a_second(self) -> None:
        self.now += 1
        for job, (_, _, ends) in list(self.running.items()):
            if ends <= self.now:
                del self.running[job]
        self.schedule()


requests = st.builds(Resources, st.integers(1, 4), st.integers(0, 2))


class PromisesAreKept(RuleBasedStateMachine):
    """First come, first served; every job with a limit, which it keeps; some end sooner."""

    def __init__(self) -> None:
        super().__init__()
        self.machines = Machines(Steering(queue_order="fifo"))

    @rule(request=requests, limit=st.integers(1, LONGEST), part=st.floats(0.1, 1))
    def submit(self, request: Resources, limit: int, part: float) -> None:
        self.machines.submit(request, max(1, int(limit * part)), limit)
        self.machines.schedule()

    @rule(request=requests, lasts=st.integers(1, LONGEST))
    def submit_without_limit(self, request: Resources, lasts: int) -> None:
        self.machines.submit(request, lasts, None)
        self.machines.schedule()

    @rule(seconds=st.integers(1, 5))
    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.machines.pass_a_second()

    @invariant()
    def whoever_was_promised_a_moment_has_started_by_then(self) -> None:
        for job, at in self.machines.promised.items():
            assert self.machines.began.get(job, self.machines.now) <= at

    def teardown(self) -> None:
        """Once nobody comes any more, everybody has been served."""
        machines = self.machines
        for _ in range((len(machines.waiting) + 1) * LONGEST + 700):
            if not machines.waiting:
                break
            machines.pass_a_second()
            self.whoever_was_promised_a_moment_has_started_by_then()
        assert not machines.waiting


PromisesAreKept.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPromisesAreKept = PromisesAreKept.TestCase


def wait_of_a_large_job(order: QueueOrder, rival: str, limited: bool, rules: Mapping[str, Any]) -> int | None:
    """How long a job waits that needs a whole worker, while small ones always stand in line; None: for ever.

    The small ones last up to ten seconds, so that never all of a worker end together.
    """
    chance, machines, large = Random(1), Machines(replace(Steering(queue_order=order), **rules)), 0
    for second in range(1000):
        while len(machines.waiting) < CROWD:
            lasts = chance.randint(1, 10)
            machines.submit(Resources(1, 0), lasts, lasts if limited else None, tenant=rival)
        if second == BEGUN:
            large = machines.submit(CAPACITIES["b"], 5, 5 if limited else None, tenant="ann")
        machines.pass_a_second()
        if large in machines.began:
            return machines.began[large] - BEGUN
    return None


@pytest.mark.parametrize("rival", ["ann", "bob"])
@pytest.mark.parametrize("order", ["fifo", "priority", "drf"])
def test_a_large_job_among_small_ones_without_end_starts_as_soon_as_those_have_ended(
    order: QueueOrder, rival: str
) -> None:
    waited = wait_of_a_large_job(order, rival, True, {})
    assert waited is not None
    assert waited <= 2 * LONGEST
    assert wait_of_a_large_job(order, rival, True, {"backfill": "none"}) is None


@pytest.mark.parametrize("rival", ["ann", "bob"])
@pytest.mark.parametrize("order", ["fifo", "priority", "drf"])
def test_where_nothing_has_a_limit_it_starts_once_it_has_waited_long(order: QueueOrder, rival: str) -> None:
    waited = wait_of_a_large_job(order, rival, False, {"starve_after": 100.0})
    assert waited is not None
    assert 100 <= waited <= 100 + LONGEST


def wait_of_a_replica(*, displaced: bool) -> int | None:
    """How long one waits behind batch jobs of its priority that always stand in line; None: for ever."""
    chance, machines = Random(1), Machines(Steering(starve_after=100.0))
    for second in range(1000):
        while len(machines.waiting) < CROWD:
            lasts = chance.randint(1, 10)
            machines.submit(Resources(1, 0), lasts, lasts)
        if second == BEGUN:
            replica = machines.submit(Resources(2, 0), 10_000, None, "bob", kind="service", displaced=displaced)
        machines.pass_a_second()
        if second >= BEGUN and replica in machines.began:
            return machines.began[replica] - BEGUN
    return None


def test_a_replica_behind_a_stream_of_batch_jobs_starts_once_it_has_waited_long() -> None:
    waited = wait_of_a_replica(displaced=False)
    assert waited is not None
    assert 100 <= waited <= 100 + LONGEST


def test_a_replica_of_a_lost_worker_comes_before_batch_jobs() -> None:
    waited = wait_of_a_replica(displaced=True)
    assert waited is not None
    assert waited <= LONGEST


def test_a_poorer_tenant_whose_job_is_always_the_first_in_turn_takes_no_worker_from_a_large_one() -> None:
    """Its turn comes first, and it waits for room on another worker: one worker is kept, and not for it."""
    machines, large = Machines(Steering()), 0
    machines.submit(Resources(6, 2), 10_000, None, "cat", worker="b")
    machines.schedule()
    for second in range(1000):
        if not any(group.tenant == "bob" for group in machines.waiting.values()):
            machines.submit(Resources(6, 0), 5, 5, "bob", worker="b")
        if second % 5 == 0:
            machines.submit(Resources(1, 0), 20, 20, "ann", worker="a")
        if second == BEGUN:
            large = machines.submit(CAPACITIES["a"], 5, 5, "ann", worker="a")
        machines.pass_a_second()
        if large in machines.began:
            break
    assert large in machines.began
    assert machines.began[large] - BEGUN <= 2 * LONGEST
