"""How many jobs of a tenant may wait: kept by the database, whoever submits and however many at once."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.errors import Refused
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Quota
from clusterctl.model.spec import After
from clusterctl.model.steering import Steering
from clusterctl.model.tenants import Grant
from clusterctl.store import grants, resubmissions, snapshot, submissions
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene, submission
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until


def grant(db: Database, tenant: str = "sim", **bounds: int) -> None:
    """Let a tenant have so much, as an operator does."""
    with db.transaction():
        grants.lock(db, tenant)
        grants.put(db, tenant, Grant(**bounds))


def jobs_of(scene: Scene) -> int:
    """How many there are at all."""
    return int(scene.db.value("SELECT count(*) FROM jobs"))


def test_what_would_be_too_many_is_refused_and_nothing_of_it_is_made(scene: Scene) -> None:
    grant(scene.db, max_pending=5)
    scene.jobs(4, tenant="sim")
    with pytest.raises(Refused, match="tenant sim may have 5 waiting jobs: 4 wait, and this would add 2"):
        scene.jobs(2, tenant="sim")
    assert (jobs_of(scene), scene.db.value("SELECT count(*) FROM submissions")) == (4, 1)
    scene.jobs(1, tenant="sim")
    scene.check()


def test_held_jobs_wait_too_and_what_is_placed_does_not(scene: Scene) -> None:
    grant(scene.db, max_pending=3)
    scene.jobs(2, tenant="sim", hold=True)
    (job,) = scene.jobs(tenant="sim")
    with pytest.raises(Refused, match="3 wait"):
        scene.jobs(tenant="sim")
    scene.reserve(scene.worker(), [job])
    scene.jobs(tenant="sim")


def test_it_bounds_nobody_else(scene: Scene) -> None:
    grant(scene.db, max_pending=0)
    grant(scene.db, "bob", max_running=1)
    scene.jobs(20, tenant="bob")
    scene.jobs(20)
    with pytest.raises(Refused, match="0 wait, and this would add 1"):
        scene.jobs(tenant="sim")


def test_of_many_submitted_together_none_is_made_if_one_is_too_many(scene: Scene) -> None:
    grant(scene.db, max_pending=3)
    wanted = [submission(2, tenant="sim"), submission(1, tenant="bob"), submission(2, tenant="sim")]
    with pytest.raises(Refused, match="would add 4"):
        submissions.submit_many(scene.db, wanted)
    assert jobs_of(scene) == 0
    submissions.submit_many(scene.db, wanted[:2])
    assert jobs_of(scene) == 3


def test_what_was_taken_in_before_is_answered_again_though_the_quota_is_full(scene: Scene) -> None:
    grant(scene.db, max_pending=2)
    asked = submission(2, tenant="sim", key="once")
    first = submissions.submit(scene.db, asked)
    again = submissions.submit(scene.db, asked)
    assert (again.ids, again.existing) == (first.ids, True)


def test_what_can_never_start_does_not_wait(scene: Scene) -> None:
    (parent,) = scene.jobs()
    scene.finish(scene.worker(), parent, code=1)
    grant(scene.db, max_pending=0)
    (child,) = submissions.submit(scene.db, submission(tenant="sim", after=(After(parent),))).ids
    assert scene.state(child) == "cancelled"


def test_submitting_again_what_has_ended_is_a_submit_too(scene: Scene) -> None:
    (job,) = scene.jobs(tenant="sim")
    scene.finish(scene.worker(), job)
    grant(scene.db, max_pending=0)
    with pytest.raises(Refused):
        resubmissions.resubmit(scene.db, [job], "ada", "key")


def test_two_submits_at_once_cannot_both_take_the_last_place(scene: Scene, connect: Connect) -> None:
    grant(scene.db, max_pending=10)
    scene.jobs(5, tenant="sim")
    asked = [partial(submissions.submit, connect(), submission(5, tenant="sim")) for _ in range(4)]
    answers = at_once(*asked)
    assert sum(isinstance(each, Refused) for each in answers) == 3
    assert jobs_of(scene) == 10


def test_a_submit_waits_for_another_and_then_sees_its_jobs(scene: Scene, connect: Connect) -> None:
    grant(scene.db, max_pending=5)
    first, second = connect(), connect()
    with first.transaction():
        submissions.submit(first, submission(3, tenant="sim"))
        thread, answer = in_background(partial(submissions.submit, second, submission(3, tenant="sim")))
        until(lambda: waits_for_a_lock(scene.db), what="the second waits")
    thread.join(60)
    assert isinstance(answer[0], Refused)
    assert jobs_of(scene) == 3


def test_what_waits_again_after_an_attempt_is_not_asked(scene: Scene) -> None:
    worker, (job,) = scene.worker(), scene.jobs(tenant="sim", retries=1)
    grant(scene.db, max_pending=0)
    scene.finish(worker, job, code=1)
    assert scene.state(job) == "pending"


def test_replicas_that_the_leader_makes_for_each_worker_are_let_in(scene: Scene) -> None:
    grant(scene.db, max_pending=0)
    with pytest.raises(Refused):
        scene.jobs(tenant="sim", kind="service", indices=(0,))
    scene.jobs(tenant="sim", kind="service", indices=(0,), every_worker=True)
    scene.check()


def test_the_planner_is_told_of_bounds_and_of_how_many_hold_something(scene: Scene) -> None:
    grant(scene.db, max_cpu_milli=4000, max_running=3)
    grant(scene.db, "bob", max_pending=7)
    worker = scene.worker()
    scene.run(worker, scene.jobs(tenant="sim", cpus=2))
    scene.reserve(worker, scene.jobs(tenant="sim"))
    scene.jobs(tenant="sim")
    scene.jobs(tenant="bob")
    seen = snapshot.look(scene.db, Steering(), max_starts=10)
    assert seen.quotas == {"sim": Quota(cpu_milli=4000, running=3, holds=2)}
    assert seen.used["sim"] == Resources(3000, 128, 0)


def test_a_quota_is_told_also_where_its_tenant_is_alone(scene: Scene) -> None:
    grant(scene.db, max_running=1)
    scene.run(scene.worker(), scene.jobs(tenant="sim"))
    scene.jobs(tenant="sim")
    seen = snapshot.look(scene.db, Steering(), max_starts=10)
    assert (seen.quotas["sim"].holds, seen.used["sim"].cpu_milli) == (1, 1000)


def test_no_more_of_a_tenant_is_read_than_it_may_hold_and_the_next(scene: Scene) -> None:
    grant(scene.db, max_running=2)
    grant(scene.db, "bob", max_cpu_milli=3500)
    worker = scene.worker(cpus=20)
    scene.run(worker, scene.jobs(tenant="sim"))
    scene.reserve(worker, scene.jobs(tenant="bob"))
    waiting = {
        "sim": scene.jobs(9, tenant="sim"),
        "bob": scene.jobs(9, tenant="bob"),
        "eve": scene.jobs(9, tenant="eve"),
    }
    seen = {group.tenant: group for group in snapshot.look(scene.db, Steering(), max_starts=100).queue}
    assert {name: len(group.ids) for name, group in seen.items()} == {"sim": 2, "bob": 3, "eve": 9}
    assert {name: group.more for name, group in seen.items()} == {"sim": True, "bob": True, "eve": False}
    assert all(group.ids == tuple(waiting[name][: len(group.ids)]) for name, group in seen.items())


def test_of_a_tenant_that_may_hold_no_more_only_the_first_is_read(scene: Scene) -> None:
    grant(scene.db, max_running=1)
    scene.run(scene.worker(cpus=20), scene.jobs(tenant="sim"))
    first, *_ = scene.jobs(9, tenant="sim")
    (group,) = snapshot.look(scene.db, Steering(), max_starts=100).queue
    assert group.ids == (first,)
