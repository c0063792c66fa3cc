"""What a hand at psql, or a bug of ours, cannot do: every statement here is refused, and nothing has changed."""

# ruff: noqa: S608  # statements made by hand are the matter of this file

from __future__ import annotations

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.plan import Start
from clusterctl.model.timers import Timers
from clusterctl.store import allocations
from tests.store.refusal import (
    CHECK,
    COUNTERS,
    DISAGREEMENT,
    ILLEGAL_STEP,
    NOT_ACCEPTING,
    OLD_INCARNATION,
    STALE_LEADER,
    UNIQUE,
    refused,
)
from tests.store.scene import Scene, new_token, starts

PLACE_BY_HAND = """
    WITH taken AS (
        UPDATE jobs SET state = 'scheduled', attempt = attempt + 1, allocation_id = 900 + id WHERE state = 'pending'
        RETURNING *
    )
    INSERT INTO allocations (id, job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by,
                             lease_s, lost_after_s, grace_s, margin_s)
    SELECT allocation_id, id, attempt, {worker}, tenant, cpu_milli, memory_mb, gpus, {term}, now(), {lease}, 990, 30, 60
      FROM taken
"""


@pytest.fixture(autouse=True)
def nothing_has_changed(scene: Scene) -> None:
    """One worker of 8 CPUs; job 1 runs, job 2 is reserved, job 3 of 7 CPUs waits, job 4 is held, job 5 completed."""
    worker = scene.worker()
    first, second = scene.jobs(), scene.jobs()
    scene.jobs(cpus=7)
    scene.jobs(hold=True)
    (fifth,) = scene.jobs()
    scene.finish(worker, fifth)
    scene.run(worker, first)
    scene.reserve(worker, second)
    assert scene.states(range(1, 6)) == ["running", "scheduled", "pending", "held", "completed"]
    scene.check()


@pytest.mark.parametrize(
    "statement, code",
    [
        pytest.param("UPDATE workers SET reserved_milli = 0", COUNTERS, id="counters changed by hand"),
        pytest.param("UPDATE workers SET cpu_milli = 1000", CHECK, id="capacity cut below what is held"),
        pytest.param("UPDATE workers SET incarnation = incarnation - 1", ILLEGAL_STEP, id="incarnation set back"),
        pytest.param(
            "INSERT INTO workers (name, agent_id, cpu_milli, memory_mb, allocated_milli)"
            " VALUES ('new', gen_random_uuid(), 8000, 8000, 500)",
            COUNTERS,
            id="worker born with a load",
        ),
        pytest.param("UPDATE workers SET name = E'w\\n1'", CHECK, id="worker with a newline in its name"),
        pytest.param("UPDATE jobs SET state = 'running' WHERE id = 4", ILLEGAL_STEP, id="held job running"),
        pytest.param("UPDATE jobs SET state = 'scheduled' WHERE id = 3", CHECK, id="scheduled without allocation"),
        pytest.param(
            "UPDATE jobs SET state = 'scheduled', allocation_id = 77 WHERE id = 3",
            DISAGREEMENT,
            id="scheduled on an allocation that is not there",
        ),
        pytest.param(
            "UPDATE jobs SET state = 'scheduled', allocation_id = (SELECT id FROM allocations WHERE job_id = 2)"
            " WHERE id = 3",
            DISAGREEMENT,
            id="scheduled on another's allocation",
        ),
        pytest.param("UPDATE jobs SET state = 'running' WHERE id = 2", DISAGREEMENT, id="running while only reserved"),
        pytest.param(
            "UPDATE jobs SET state = 'pending', allocation_id = NULL WHERE id = 1",
            DISAGREEMENT,
            id="sent back while it runs",
        ),
        pytest.param(
            "UPDATE jobs SET state = 'cancelled', allocation_id = NULL, finished_at = now() WHERE id = 2",
            DISAGREEMENT,
            id="cancelled while its reservation stands",
        ),
        pytest.param(
            "UPDATE jobs SET state = 'pending', finished_at = NULL WHERE id = 5", ILLEGAL_STEP, id="dead job revived"
        ),
        pytest.param("UPDATE jobs SET attempt = 0 WHERE id = 1", ILLEGAL_STEP, id="attempts counted back"),
        pytest.param("UPDATE jobs SET submission_id = 2 WHERE id = 1", ILLEGAL_STEP, id="job given another spec"),
        pytest.param("DELETE FROM jobs WHERE id = 1", ILLEGAL_STEP, id="running job deleted"),
        pytest.param("DELETE FROM jobs WHERE id = 3", ILLEGAL_STEP, id="waiting job deleted"),
        pytest.param("DELETE FROM allocations WHERE job_id = 1", ILLEGAL_STEP, id="allocated deleted"),
        pytest.param("DELETE FROM allocations WHERE job_id = 2", ILLEGAL_STEP, id="reserved deleted"),
        pytest.param(
            "INSERT INTO jobs (id, submission_id, cpu_milli, state, allocation_id) VALUES (9, 1, 1000, 'running', 1)",
            ILLEGAL_STEP,
            id="job born running",
        ),
        pytest.param(
            "INSERT INTO jobs (id, submission_id, cpu_milli, attempt) VALUES (9, 1, 1000, 1)",
            ILLEGAL_STEP,
            id="job born with attempts",
        ),
        pytest.param(
            "UPDATE allocations SET start_token = gen_random_uuid() WHERE job_id = 1",
            ILLEGAL_STEP,
            id="token overwritten",
        ),
        pytest.param("UPDATE allocations SET start_token = NULL WHERE job_id = 1", ILLEGAL_STEP, id="token taken away"),
        pytest.param(
            "UPDATE allocations SET start_token = gen_random_uuid() WHERE job_id = 2",
            ILLEGAL_STEP,
            id="token given before the start",
        ),
        pytest.param(
            "UPDATE allocations SET incarnation = 9 WHERE job_id = 1", ILLEGAL_STEP, id="handed to another incarnation"
        ),
        pytest.param(
            "UPDATE allocations SET status = 'reserved' WHERE job_id = 1", ILLEGAL_STEP, id="started and then reserved"
        ),
        pytest.param(
            "UPDATE allocations SET status = 'allocated', released_at = NULL, release_reason = NULL WHERE job_id = 5",
            ILLEGAL_STEP,
            id="released revived",
        ),
        pytest.param("UPDATE allocations SET exit_code = 1 WHERE job_id = 5", ILLEGAL_STEP, id="history written anew"),
        pytest.param("UPDATE allocations SET cpu_milli = 1 WHERE job_id = 1", ILLEGAL_STEP, id="share changed"),
        pytest.param("UPDATE allocations SET lost_after_s = 1 WHERE job_id = 1", ILLEGAL_STEP, id="timers changed"),
        pytest.param("UPDATE allocations SET term = term + 1", ILLEGAL_STEP, id="decision laid on another leader"),
        pytest.param(
            "UPDATE allocations SET status = 'released', released_at = now(), release_reason = 'exited'"
            " WHERE job_id = 1",
            DISAGREEMENT,
            id="released while the job runs",
        ),
        pytest.param(
            "UPDATE allocations SET status = 'allocated', start_token = gen_random_uuid(), incarnation = 1,"
            " allocated_at = now() WHERE job_id = 2",
            DISAGREEMENT,
            id="started while the job is scheduled",
        ),
        pytest.param(
            "UPDATE allocations SET status = 'allocated', incarnation = 1, allocated_at = now() WHERE job_id = 2",
            CHECK,
            id="started without a token",
        ),
        pytest.param(
            "UPDATE allocations SET status = 'released', released_at = now() WHERE job_id = 2",
            CHECK,
            id="released without a reason",
        ),
        pytest.param(
            "INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by,"
            " grace_s, margin_s) SELECT job_id, attempt + 1, worker_id, tenant, cpu_milli, memory_mb, gpus, term,"
            " now(), 30, 60 FROM allocations WHERE job_id = 1",
            UNIQUE,
            id="second live allocation",
        ),
        pytest.param(
            "INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by,"
            " grace_s, margin_s) SELECT 3, 1, worker_id, tenant, 1000, 0, 0, term, now(), 30, 60 FROM allocations"
            " WHERE job_id = 1",
            DISAGREEMENT,
            id="reserved without its job",
        ),
        pytest.param("UPDATE leader SET term = NULL", "23502", id="no term"),
        pytest.param("INSERT INTO leader (one, term) VALUES (false, 9)", CHECK, id="second leader's row"),
    ],
)
def test_the_database_refuses(scene: Scene, statement: str, code: str) -> None:
    with refused(code):
        scene.db.script(statement)
    assert scene.states(range(1, 6)) == ["running", "scheduled", "pending", "held", "completed"]
    scene.check()


def place_by_hand(scene: Scene, *, term: int | None = None, lease: str = "900") -> None:
    """Take job 3 as the leader does, but without its look at what is free."""
    scene.db.script(PLACE_BY_HAND.format(worker=1, term=scene.term if term is None else term, lease=lease))


def test_a_worker_cannot_be_overbooked_by_insert(scene: Scene) -> None:
    with refused(CHECK, "cpus_not_oversubscribed"):
        place_by_hand(scene)
    scene.check()


@pytest.mark.parametrize("column", ["memory_mb", "gpus"])
def test_memory_and_gpus_cannot_be_overbooked_either(scene: Scene, column: str) -> None:
    (job,) = scene.jobs(cpus=1)
    scene.db.script(
        f"UPDATE jobs SET cpu_milli = 1, {column} = 1000000 WHERE id = 3"
        f"; UPDATE jobs SET state = 'held' WHERE id = {job}"
    )
    with refused(CHECK, f"{column.removesuffix('_mb')}_not_oversubscribed"):
        place_by_hand(scene)
    scene.check()


def test_a_placement_by_hand_that_fits_passes_so_the_refusals_mean_something(scene: Scene) -> None:
    scene.db.script("UPDATE jobs SET cpu_milli = 1000 WHERE id = 3")
    place_by_hand(scene)
    assert scene.state(3) == "scheduled"
    scene.check()


def test_timers_under_which_a_second_copy_could_run_beside_the_first_are_refused(scene: Scene) -> None:
    scene.db.script("UPDATE jobs SET cpu_milli = 1000 WHERE id = 3")
    with refused(CHECK, "lost_only_after_the_fence"):
        place_by_hand(scene, lease="901")


@pytest.mark.parametrize("term", [0, 1_000])
def test_a_placement_under_a_term_that_is_not_the_leaders_is_refused(scene: Scene, term: int) -> None:
    scene.db.script("UPDATE jobs SET cpu_milli = 1000 WHERE id = 3")
    with refused(STALE_LEADER):
        place_by_hand(scene, term=term)


@pytest.mark.parametrize(
    "change", ["admin_state = 'draining'", "admin_state = 'closed'", "live_state = 'silent'", "trouble = 'no room'"]
)
def test_a_worker_that_does_not_accept_gets_no_job_by_any_way(scene: Scene, change: str) -> None:
    scene.db.script(f"UPDATE jobs SET cpu_milli = 1000 WHERE id = 3; UPDATE workers SET {change}")
    with refused(NOT_ACCEPTING):
        place_by_hand(scene)
    plan = [Start(job_id=3, worker_id=1, policy="pack", score=1.0, candidates=1)]
    assert allocations.reserve(scene.db, scene.term, 1, plan, Timers()) == []


def test_an_old_incarnation_starts_nothing(scene: Scene) -> None:
    old = 1
    new = scene.worker()
    assert new.incarnation > old
    with refused(OLD_INCARNATION):
        allocations.start(scene.db, new.worker_id, old, new_token(), 10)
    assert scene.state(2) == "scheduled"
    assert len(scene.start(new)[0]) == 1


def test_a_lost_worker_holds_nothing_and_gets_nothing(scene: Scene) -> None:
    with refused(CHECK, "lost_holds_nothing"):
        scene.db.script("UPDATE workers SET live_state = 'lost'")
    empty = scene.worker("w2")
    scene.db.script("UPDATE workers SET live_state = 'lost' WHERE name = 'w2'")
    assert scene.reserve(empty, scene.jobs()) == []


def test_a_plan_that_asks_too_much_of_a_worker_is_granted_as_far_as_it_fits(scene: Scene) -> None:
    worker = scene.worker("w2", cpus=4)
    jobs = scene.jobs(6)
    granted = scene.reserve(worker, jobs)
    assert [each.job_id for each in granted] == jobs[:4]
    assert scene.states(jobs[4:]) == ["pending"] * 2
    scene.check()


def test_a_plan_that_names_a_job_twice_places_it_once(scene: Scene) -> None:
    worker = scene.worker("w2", cpus=4)
    (job,) = scene.jobs()
    assert (
        len(allocations.reserve(scene.db, scene.term, 1, [*starts(worker, [job]), *starts(worker, [job])], Timers()))
        == 1
    )
    scene.check()


def test_overbooking_is_told_as_an_old_picture_and_a_bad_name_as_a_bug(scene: Scene) -> None:
    with pytest.raises(Moved):
        scene.db.run(PLACE_BY_HAND.format(worker=1, term=scene.term, lease=900))
    with refused(CHECK):
        scene.worker("no such name!")
