"""What is kept of a job's waiting, as ``explain --history`` reads it."""

from __future__ import annotations

from typing import Any

import pytest

from clusterctl.model.spec import After
from clusterctl.model.states import Outcome
from clusterctl.store import audit, pasts
from clusterctl.store.connection import Database
from tests.store.scene import Scene


def refused(db: Database, shape: Any, reason: str, *, since: int, until: int | None) -> None:
    """A "no" of the claim log, by hand: seconds from now."""
    db.run(
        """
        INSERT INTO claims (event, shape, reason, at, last_at, closed_at, open, detail)
        SELECT 'ClaimSkipped', %(shape)s, %(reason)s, t.since, coalesce(t.until, t.since), t.until, t.until IS NULL,
               jsonb_build_object('text', 'because')
          FROM (SELECT cluster_time() + %(since)s * interval '1 s' AS since,
                       cluster_time() + %(until)s * interval '1 s' AS until) t
        """,
        shape=shape,
        reason=reason,
        since=since,
        until=until,
    )


def shape_of(db: Database, job: int) -> Any:
    return db.value("SELECT shape FROM jobs WHERE id = %s", job)


def test_refusals_are_those_of_its_shape_while_it_lived(scene: Scene) -> None:
    (job,), (other,) = scene.jobs(), scene.jobs(cpus=2)
    shape = shape_of(scene.db, job)
    refused(scene.db, shape, "label", since=-90, until=-80)
    refused(scene.db, shape, "fits_now", since=-60, until=5)
    refused(scene.db, shape, "live", since=5, until=None)
    refused(scene.db, shape_of(scene.db, other), "other", since=-5, until=None)
    found = pasts.refusals(scene.db, job)
    assert [(each.reason, each.text, each.closed_at is None) for each in found] == [
        ("fits_now", "because", False),
        ("live", "because", True),
    ]


@pytest.mark.parametrize("displaced", [False, True])
@pytest.mark.parametrize("avoids", [False, True])
def test_a_replica_is_told_what_was_said_to_it_under_any_shape_that_it_had(
    scene: Scene, displaced: bool, avoids: bool
) -> None:
    worker = scene.worker("w1")
    (job,) = scene.jobs(labels={"a": "b's"}, tenant="ann", priority=7, time_limit_s=None)
    scene.db.run("INSERT INTO services (id, submission_id) SELECT id, submission_id FROM jobs WHERE id = %s", job)
    scene.db.run("UPDATE jobs SET kind = 'service', array_id = id, requested_worker = 'it''s' WHERE id = %s", job)
    (order,), token = scene.run(worker, [job])
    scene.end(order, token, Outcome.CRASH_LOOP, None)
    then = (displaced, worker.worker_id if avoids else None, job)
    scene.db.run("UPDATE jobs SET displaced = %s, avoid_worker_id = %s WHERE id = %s", *then)
    refused(scene.db, shape_of(scene.db, job), "then", since=-1, until=9)
    scene.db.run("UPDATE jobs SET displaced = false, avoid_worker_id = NULL WHERE id = %s", job)
    refused(scene.db, shape_of(scene.db, job), "now", since=9, until=None)
    assert [each.reason for each in pasts.refusals(scene.db, job)] == ["then", "now"]


def test_a_life_knows_when_the_last_of_its_parents_has_ended(scene: Scene) -> None:
    worker = scene.worker("w1")
    first, second = scene.jobs(2)
    (job,) = scene.jobs(after=(After(first, "ok"), After(second, "any"), After(second, "ok")))
    assert (pasts.life(scene.db, job).unmet, pasts.life(scene.db, job).met_at) == (True, None)
    for parent in (first, second):
        scene.finish(worker, parent)
    found = pasts.life(scene.db, job)
    assert (found.unmet, found.parents, found.state, found.finished_at) == (False, [first, second], "pending", None)
    ended = "SELECT extract(epoch FROM finished_at)::float8 FROM jobs WHERE id = %s"
    assert found.met_at == scene.db.value(ended, second)
    assert pasts.life(scene.db, first).met_at is None


def test_a_try_keeps_until_when_its_job_then_rests(scene: Scene) -> None:
    worker = scene.worker("w1")
    (job,) = scene.jobs(retries=3)
    for _ in range(2):
        scene.finish(worker, job, code=3)
        rests = scene.db.value("SELECT extract(epoch FROM not_before)::float8 FROM jobs WHERE id = %s", job)
        assert pasts.tries(scene.db, job)[-1].retry_at == rests
        assert rests is not None
        scene.db.run("UPDATE jobs SET not_before = NULL WHERE id = %s", job)
    (order,), token = scene.run(worker, [job])
    scene.end(order, token, Outcome.REQUEUED, None)
    found = pasts.tries(scene.db, job)
    assert [(each.attempt, each.exit_code, each.retry_at is None) for each in found] == [
        (1, 3, False),
        (2, 3, False),
        (3, None, True),
    ]


def test_deeds_are_the_holds_and_releases_of_this_job_in_turn(scene: Scene) -> None:
    (job,) = scene.jobs()
    audit.note(scene.db, "ann", "hold", [f"job:{job}"], "first")
    audit.note(scene.db, "bob", "cancel", [f"job:{job}"], "")
    audit.note(scene.db, "eve", "release", [f"job:{job}", f"job:{job}9"], "")
    assert [(each.actor, each.verb, each.reason) for each in pasts.deeds(scene.db, job)] == [
        ("ann", "hold", "first"),
        ("eve", "release", ""),
    ]
