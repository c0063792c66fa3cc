"""Submitting: once per key, contiguous numbers, nothing half."""

from __future__ import annotations

from functools import partial
from itertools import chain

import pytest
from msgspec.structs import replace

from clusterctl.model.errors import NotFound, Outage, Refused
from clusterctl.model.selection import Selection
from clusterctl.model.spec import After, Submitted
from clusterctl.store import choice, jobs, submissions
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import SPEC, Scene, submission
from tests.store.threads import at_once
from tests.until import until


def test_a_key_from_eight_threads_makes_one_submission(scene: Scene, connect: Connect) -> None:
    wanted = submission(3, key="k")
    answers = at_once(*(partial(submissions.submit, connect(), wanted) for _ in range(8)))
    assert all(isinstance(answer, Submitted) for answer in answers), answers
    made = [answer for answer in answers if isinstance(answer, Submitted)]
    (ids,) = {answer.ids for answer in made}  # which, is for the one to say who was first
    assert len(ids) == 3
    assert {answer.array_id for answer in made} == {ids[0]}
    assert sorted(answer.existing for answer in made) == [False] + [True] * 7
    assert scene.db.value("SELECT count(*) FROM jobs") == 3


def test_a_key_for_something_else_is_refused_and_makes_nothing(scene: Scene) -> None:
    scene.jobs(key="k")
    for other in (
        submission(key="k", cpus=2),
        submission(2, key="k"),
        submission(key="k", spec=replace(SPEC, cwd="/tmp")),
    ):
        with pytest.raises(Refused, match="used for another submission"):
            submissions.submit(scene.db, other)
    assert scene.db.value("SELECT count(*) FROM jobs") == 1


def test_a_key_is_known_when_its_jobs_have_ended(scene: Scene) -> None:
    (job,) = scene.jobs(key="k")
    scene.finish(scene.worker(), job)
    assert submissions.submit(scene.db, submission(key="k")) == Submitted(ids=(job,), existing=True)


def test_an_empty_key_is_a_key_and_no_key_is_none(scene: Scene) -> None:
    assert scene.jobs(key="") == [1]
    with pytest.raises(NotFound):
        scene.jobs(after=(After(77),))
    assert scene.jobs(key="") == [1]
    assert scene.jobs() != scene.jobs()


def test_ids_are_contiguous_whoever_else_submits(scene: Scene, connect: Connect) -> None:
    def submit_some(db: Database) -> list[tuple[int, ...]]:
        return [submissions.submit(db, submission(size)).ids for size in (1, 40, 2, 300, 1, 7)]

    answers = at_once(*(partial(submit_some, connect()) for _ in range(8)))
    made = [ids for answer in answers if not isinstance(answer, Exception) for ids in answer]
    assert len(made) == 48
    assert all(ids == tuple(range(ids[0], ids[0] + len(ids))) for ids in made)
    every = sorted(chain.from_iterable(made))
    assert len(every) == len(set(every)) == 8 * 351
    scene.check()


def test_a_submitter_that_is_interrupted_leaves_the_numbers_to_others(scene: Scene, connect: Connect) -> None:
    holder, hasty = connect(), connect(statement_timeout="2s")
    holder.run("SELECT pg_advisory_lock(4846810020240131)")
    with pytest.raises(Outage):
        submissions.submit(hasty, submission())
    holder.run("SELECT pg_advisory_unlock(4846810020240131)")
    assert submissions.submit(hasty, submission()).ids
    assert submissions.submit(scene.db, submission()).ids
    assert scene.db.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_submitting_waits_for_the_disk_even_on_a_connection_that_does_not(connect: Connect) -> None:
    hasty = connect(synchronous_commit="off")
    with hasty.transaction():
        submissions.submit(hasty, submission())
        assert hasty.value("SHOW synchronous_commit") == "on"
    assert hasty.value("SHOW synchronous_commit") == "off"


def test_a_submission_with_a_missing_parent_makes_nothing_and_names_it(scene: Scene) -> None:
    (parent,) = scene.jobs()
    with pytest.raises(NotFound, match="404"):
        scene.jobs(3, after=(After(parent), After(404)))
    assert scene.db.row("SELECT count(*), max(id) FROM submissions") == (1, 1)
    scene.check()


def test_a_submission_and_its_jobs_are_there_together_or_not_at_all(scene: Scene, connect: Connect) -> None:
    writer = connect()
    try:
        with writer.transaction():
            submissions.submit(writer, submission(5, key="k"))
            assert scene.db.value("SELECT count(*) FROM jobs") == 0
            scene.db.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s",
                writer.connection().info.backend_pid,
            )
            until(
                lambda: scene.db.value("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == 0
            )
    except Outage:
        pass
    assert scene.db.row("SELECT count(*) FROM submissions") == (0,)
    assert scene.jobs(5, key="k")


def test_what_was_submitted_is_what_is_read(scene: Scene) -> None:
    spec = replace(
        SPEC, command=("echo", "%s %d $$ 'x' \\ \x1b[31m ü 🦆"), env={"A": "%(b)s"}, script="#!/bin/sh\necho\n"
    )
    wanted = submission(spec=spec, name="n'a%me", tenant="t-1", user="ü", labels={"a": "b%"}, priority=7, retries=2)
    (job,) = submissions.submit(scene.db, wanted).ids
    (read,) = jobs.read(scene.db, Selection(ranges=((job, job),)), 10)
    assert (read.command, read.name, read.tenant, read.user) == (spec.command, "n'a%me", "t-1", "ü")
    assert (read.priority, read.max_attempts, read.cpus) == (7, 3, 1.0)
    (order,), _ = scene.run(scene.worker(), [job])
    assert order.spec == spec


def test_jobs_of_one_tenant_are_found_behind_many_of_another(scene: Scene) -> None:
    scene.jobs(50, tenant="many")
    mine = scene.jobs(tenant="few")
    assert [job.id for job in jobs.read(scene.db, Selection(tenant="few"), 10)] == mine


def test_what_runs_is_listed_before_what_waits_and_what_has_ended_last(scene: Scene) -> None:
    worker, (ended, *waiting) = scene.worker(), scene.jobs(4)
    scene.finish(worker, ended)
    running = waiting.pop()
    scene.run(worker, [running])
    assert [job.id for job in jobs.read(scene.db, Selection(), 10)] == [running, *waiting, ended]
    assert [job.id for job in jobs.read(scene.db, Selection(), 2)] == [running, waiting[0]]


def test_ranges_may_overlap_and_the_newest_win(scene: Scene) -> None:
    scene.jobs(10)
    found = jobs.read(scene.db, Selection(ranges=((2, 5), (4, 8), (8, 8), (100, 200))), 4)
    assert [job.id for job in found] == [5, 6, 7, 8]
    twice = Selection(ranges=((2, 5), (4, 8)))
    assert choice.ids(scene.db, twice, 100) == [2, 3, 4, 5, 6, 7, 8]
    assert choice.count(scene.db, twice) == 7


def test_an_array_is_read_whole_also_when_its_first_job_is_forgotten(scene: Scene) -> None:
    scene.jobs()
    ids = scene.jobs(4)
    scene.jobs()
    assert [job.id for job in jobs.read(scene.db, Selection(array_id=ids[0]), 10)] == ids
    jobs.cancel(scene.db, ids[:1])
    scene.db.run("DELETE FROM jobs WHERE id = %s", ids[0])
    assert [job.id for job in jobs.read(scene.db, Selection(array_id=ids[0]), 10)] == ids[1:]
