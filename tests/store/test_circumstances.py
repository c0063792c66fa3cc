"""What ``explain`` reads besides the leader's look."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from clusterctl.model.circumstances import Parent
from clusterctl.model.resources import Resources
from clusterctl.model.spec import After, AfterCondition
from clusterctl.model.states import Outcome
from clusterctl.scheduling.explanation.parents import is_met
from clusterctl.store import audit, circumstances
from tests.store.scene import Scene, read_queue


def test_a_job_is_read_with_all_that_placement_looks_at(scene: Scene) -> None:
    worker = scene.worker("w1")
    jobs = scene.jobs(5, cpus=2, name="x", array_limit=3, labels={"a": "b"}, worker="w9", time_limit_s=60, priority=7)
    scene.db.run("UPDATE jobs SET labels = '{}', requested_worker = NULL WHERE id = %s", jobs[0])
    scene.run(worker, jobs[:1])
    found = circumstances.subject(scene.db, jobs[1])
    assert (found.job_id, found.name, found.ready, found.held, found.array_limit) == (jobs[1], "x", True, False, 3)
    group = found.group
    assert (group.request, group.ids, group.slots) == (Resources(2000, 64, 0), (jobs[1],), 2)
    assert (group.labels, group.worker, group.time_limit_s, group.priority) == ({"a": "b"}, "w9", 60, 7)


def test_who_holds_what_is_read_in_the_order_of_their_limits(scene: Scene) -> None:
    worker = scene.worker("w1")
    (long,) = scene.jobs(time_limit_s=900)
    (endless,) = scene.jobs()
    (short,) = scene.jobs(cpus=2, time_limit_s=60)
    scene.run(worker, [long, endless])
    scene.reserve(worker, [short])
    held = circumstances.holdings(scene.db)
    assert [each.job_id for each in held] == [short, long, endless]
    assert (held[0].worker, held[0].since, held[0].request) == ("w1", None, Resources(2000, 64, 0))
    assert held[1].since is not None
    assert [each.job_id for each in circumstances.holdings(scene.db, [long])] == [long]


def test_crowds_tell_how_many_came_before(scene: Scene) -> None:
    scene.worker("w1")
    first = scene.jobs(3)
    (middle,) = scene.jobs(cpus=2)
    scene.jobs(4)
    scene.jobs(hold=True)
    group = circumstances.subject(scene.db, middle).group
    crowds = circumstances.crowds(scene.db, group.submitted[0], middle)
    assert sorted((crowd.jobs, crowd.before) for crowd in crowds) == [(1, 0), (7, len(first))]


def test_the_last_remark_of_a_verb_is_read(scene: Scene) -> None:
    (job,) = scene.jobs()
    audit.note(scene.db, "ann", "hold", [f"job:{job}"], "first")
    audit.note(scene.db, "bob", "hold", [f"job:{job}", f"job:{job}9"], "then")
    audit.note(scene.db, "eve", "cancel", [f"job:{job}"], "other")
    found = circumstances.remark(scene.db, job, "hold")
    assert found is not None
    assert (found.actor, found.reason) == ("bob", "then")
    assert circumstances.remark(scene.db, job, "release") is None


def test_a_job_is_read_as_the_group_that_it_stands_in(scene: Scene) -> None:
    worker = scene.worker("w1")
    ids = scene.jobs(5, cpus=2, array_limit=3, time_limit_s=60, priority=7, tenant="a")
    scene.run(worker, ids[:1])
    (group,) = read_queue(scene.db, 100)
    first = replace(group, ids=group.ids[:1], submitted=group.submitted[:1], more=False)
    assert circumstances.subject(scene.db, ids[1]).group == first
    assert first.slots == 2


@pytest.mark.parametrize("condition", ["ok", "any", "notok"])
@pytest.mark.parametrize("end", [(Outcome.EXITED, 0), (Outcome.EXITED, 3), (Outcome.TIME_LIMIT, None)])
def test_a_parent_is_judged_as_the_database_judges_it(
    scene: Scene, condition: AfterCondition, end: tuple[Outcome, int | None]
) -> None:
    worker = scene.worker("w1")
    (parent,) = scene.jobs()
    before = Parent(job_id=parent, condition=condition, state=scene.state(parent))
    assert is_met(before) is None
    scene.finish(worker, parent, *end)
    (child,) = scene.jobs(after=(After(parent, condition),))
    after = Parent(job_id=parent, condition=condition, state=scene.state(parent))
    assert (scene.state(child) == "pending") == is_met(after)
