"""Reading the claim log: the newest rows, what concerns one job, and following without missing a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture, refusal
from clusterctl.model.plan import Wait
from clusterctl.model.spec import After
from clusterctl.model.states import Outcome
from clusterctl.store import claim_log, claims, history, jobs, log_marks, releases
from clusterctl.store.connection import Database
from tests.store.scene import Scene

ALL = ClaimChoice()
HOUR = ClaimChoice(since_s=3600)


def say(
    scene: Scene,
    *waits: tuple[int, str],
    repeats: int = 1,
    over: Mapping[str, int] | None = None,
    looked_at: float | None = None,
) -> None:
    """A round in which the shapes of these jobs waited for these reasons."""
    said = [Wait(shape=shape_of(scene, job), job_id=job, reason=reason, refusals={reason: 2}) for job, reason in waits]
    rows = [refusal(wait, f"in words: {wait.reason}", repeats) for wait in said]
    claims.log_said(scene.db, 7, rows, over, looked_at=looked_at)


def shape_of(scene: Scene, job: int) -> str:
    """What makes it interchangeable with others."""
    return str(scene.db.value("SELECT shape FROM jobs WHERE id = %s", job))


def told(rows: Sequence[ClaimPicture]) -> list[tuple[str, int | None, str | None]]:
    """Event, job and reason."""
    return [(row.event, row.job_id, row.reason) for row in rows]


def read(scene: Scene, wanted: ClaimChoice = ALL, limit: int = 100) -> list[tuple[str, int | None, str | None]]:
    """The same of what is chosen."""
    return told(claim_log.read(scene.db, wanted, limit))


def later(db: Database, hours: float) -> None:
    """From now on it is so much later for *db*."""
    db.run("SELECT set_config('clusterctl.now', (cluster_time() + %s * interval '1 h')::text, false)", hours)


def test_a_claim_its_refusal_before_and_its_release_after_are_told_in_order(scene: Scene) -> None:
    worker, (job,) = scene.worker(), scene.jobs()
    say(scene, (job, "fits_now"))
    scene.reserve(worker, [job])
    say(scene)
    (order,), token = scene.start(worker)
    scene.end(order, token, code=3)
    refused, claimed, released = claim_log.read(scene.db, HOUR, 10)
    assert told([refused, claimed, released]) == [
        ("ClaimSkipped", job, "fits_now"),
        ("Claimed", job, None),
        ("Released", job, "exited"),
    ]
    assert (refused.open, refused.reasons, refused.detail) == (
        False,
        {"fits_now": 2},
        {"reason": "no_fit", "text": "in words: fits_now"},
    )
    assert (claimed.policy, claimed.score, claimed.candidates, claimed.worker) == ("pack", 1.0, 1, "w1")
    assert released.detail.keys() == {"attempt", "exit_code", "ran_s"}
    assert (released.round, released.detail["exit_code"]) == (None, 3)
    assert claimed.allocation_id == released.allocation_id == order.allocation_id


def test_every_way_of_releasing_is_told_once(scene: Scene) -> None:
    worker, ids = scene.worker(), scene.jobs(4)
    scene.reserve(worker, ids)
    jobs.cancel(scene.db, ids[:1])
    (order, _, _), token = scene.start(worker)
    scene.end(order, token, Outcome.TIME_LIMIT)
    scene.end(order, token, Outcome.TIME_LIMIT)
    releases.lose(scene.db, scene.term, scene.silence(10_000))
    found = [row for row in claim_log.read(scene.db, ALL, 100) if row.event == "Released"]
    assert told(found) == [
        ("Released", ids[0], "cancelled"),
        ("Released", order.job_id, "time_limit"),
        *[("Released", job, "worker_lost") for job in ids[2:]],
    ]
    assert "was not heard for" in found[-1].detail["text"]
    assert "ran_s" not in found[0].detail


def test_what_is_measured_is_from_the_look_to_the_row(scene: Scene) -> None:
    (job,) = scene.jobs()
    looked_at = scene.db.value("SELECT extract(epoch FROM cluster_time() - interval '250 ms')::float8")
    say(scene, (job, "label"), looked_at=looked_at)
    claims.log_conflicts(scene.db, 1, [(job, scene.worker().worker_id)], looked_at)
    durations = [row.duration_ms for row in claim_log.read(scene.db, ALL, 10)]
    assert all(duration is not None and 250 <= duration < 60_000 for duration in durations), durations


def test_an_open_refusal_counts_who_waits_and_names_the_first_in_line(scene: Scene) -> None:
    first, second, _ = scene.jobs(3)
    say(scene, (first, "fits_now"))
    jobs.cancel(scene.db, [first])
    say(scene, (second, "fits_now"), repeats=36)
    (row,) = claim_log.read(scene.db, ALL, 10)
    assert (row.job_id, row.waiting, row.repeats, row.open) == (second, 2, 37, True)
    say(scene)
    (row,) = claim_log.read(scene.db, ALL, 10)
    assert (row.waiting, row.open) == (None, False)
    assert row.closed_at
    assert row.closed_at >= row.last_at


def test_the_last_unfolded_repeats_are_counted_when_a_refusal_is_over(scene: Scene) -> None:
    (job,) = scene.jobs()
    say(scene, (job, "fits_now"))
    say(scene, over={shape_of(scene, job): 7})  # said in seven more rounds, and not in this one
    (row,) = claim_log.read(scene.db, ALL, 10)
    assert row.repeats == 8


def test_what_stands_is_told_last_however_long_ago_it_was_first_said(scene: Scene) -> None:
    waits, runs = scene.jobs(cpus=99), scene.jobs()
    say(scene, (waits[0], "unsatisfiable"))
    later(scene.db, 48)
    scene.run(scene.worker(), runs)
    later(scene.db, 0.5)
    assert read(scene, HOUR) == [("Claimed", runs[0], None), ("ClaimSkipped", waits[0], "unsatisfiable")]
    assert read(scene, HOUR, 1) == [("ClaimSkipped", waits[0], "unsatisfiable")]


def test_a_refusal_is_as_old_as_its_end_and_all_else_as_its_beginning(scene: Scene) -> None:
    (waits,), (runs,) = scene.jobs(cpus=99), scene.jobs()
    say(scene, (waits, "unsatisfiable"))
    scene.run(scene.worker(), [runs])
    later(scene.db, 5)
    say(scene)
    later(scene.db, 0.5)
    assert read(scene, HOUR) == [("ClaimSkipped", waits, "unsatisfiable")]
    assert len(read(scene, ALL)) == 2
    history.prune_claims(scene.db, 3600)
    assert read(scene, ALL) == [("ClaimSkipped", waits, "unsatisfiable")]
    later(scene.db, 1)
    history.prune_claims(scene.db, 3600)
    assert read(scene, ALL) == []


def test_rows_are_chosen_by_event_and_by_worker(scene: Scene) -> None:
    one, other, (a, b, c) = scene.worker("w1"), scene.worker("w2"), scene.jobs(3)
    scene.finish(one, a)
    scene.run(other, [b])
    say(scene, (c, "fits_now"))
    assert read(scene, ClaimChoice(worker="w1")) == [("Claimed", a, None), ("Released", a, "exited")]
    assert read(scene, ClaimChoice(events=("Claimed",))) == [("Claimed", a, None), ("Claimed", b, None)]
    assert read(scene, ClaimChoice(worker="w2", events=("ClaimSkipped",))) == []
    assert read(scene, ClaimChoice(worker="nobody")) == []


def test_of_too_many_rows_the_newest_are_told_and_all_are_counted(scene: Scene) -> None:
    worker = scene.worker()
    for job in scene.jobs(4):
        scene.finish(worker, job)
    assert read(scene, HOUR, 3) == read(scene, HOUR)[-3:]
    assert claim_log.count(scene.db, HOUR) == 8
    assert claim_log.count(scene.db, ClaimChoice(job_id=2)) == 2


def test_why_a_job_waited_is_found_though_another_was_first_in_line(scene: Scene) -> None:
    head, behind = scene.jobs(2)
    say(scene, (head, "fits_now"))
    assert read(scene, ClaimChoice(job_id=behind)) == [("ClaimSkipped", head, "fits_now")]
    scene.reserve(scene.worker(), [behind])
    say(scene, (head, "label"))
    assert read(scene, ClaimChoice(job_id=behind)) == [("ClaimSkipped", head, "fits_now"), ("Claimed", behind, None)]
    assert read(scene, ClaimChoice(job_id=head)) == [
        ("ClaimSkipped", head, "fits_now"),
        ("ClaimSkipped", head, "label"),
    ]


def test_what_was_over_before_a_job_came_is_not_why_it_waited(scene: Scene) -> None:
    (early,) = scene.jobs()
    say(scene, (early, "fits_now"))
    later(scene.db, 1)
    say(scene, (early, "label"))
    later(scene.db, 1)
    (late,) = scene.jobs()
    assert shape_of(scene, early) == shape_of(scene, late)
    assert read(scene, ClaimChoice(job_id=late)) == [("ClaimSkipped", early, "label")]


def test_what_was_said_while_a_job_ran_is_not_why_it_waited(scene: Scene) -> None:
    runs, waits = scene.jobs(2, retries=1)
    worker = scene.worker()
    (order,), token = scene.run(worker, [runs])
    later(scene.db, 1)
    say(scene, (waits, "fits_now"))
    later(scene.db, 1)
    say(scene)
    later(scene.db, 1)
    scene.end(order, token, code=1)
    assert scene.state(runs) == "pending"
    assert [row[0] for row in read(scene, ClaimChoice(job_id=runs))] == ["Claimed", "Released"]
    later(scene.db, 1)
    say(scene, (waits, "label"))
    assert read(scene, ClaimChoice(job_id=runs))[-1] == ("ClaimSkipped", waits, "label")
    later(scene.db, 1)
    say(scene)
    later(scene.db, 1)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    scene.finish(worker, runs, code=1)
    later(scene.db, 1)
    say(scene, (waits, "fits_ever"))
    assert [row[2] for row in read(scene, ClaimChoice(job_id=runs))] == [None, "exited", "label", None, "exited"]


def test_a_job_that_waits_for_others_is_not_refused_by_what_its_shape_is_told(scene: Scene) -> None:
    (parent,) = scene.jobs()
    (child,) = scene.jobs(after=(After(parent),))
    say(scene, (parent, "fits_now"))
    assert read(scene, ClaimChoice(job_id=child)) == []
    later(scene.db, 1)
    say(scene)
    later(scene.db, 1)
    scene.finish(scene.worker(), parent)
    assert read(scene, ClaimChoice(job_id=child)) == []
    say(scene, (child, "label"))
    assert read(scene, ClaimChoice(job_id=child)) == [("ClaimSkipped", child, "label")]


def test_the_log_says_when_it_begins(scene: Scene) -> None:
    assert claim_log.begins_at(scene.db) is None
    claims.log_conflicts(scene.db, 1, [(1, 1)])
    later(scene.db, 1)
    claims.log_conflicts(scene.db, 1, [(1, 1)])
    begin, now = claim_log.begins_at(scene.db), scene.db.value("SELECT cluster_time()")
    assert begin
    assert now - begin >= timedelta(hours=1)


def test_of_a_service_is_told_what_concerns_its_replicas_also_to_who_follows(scene: Scene) -> None:
    worker, (batch,) = scene.worker(), scene.jobs()
    (alike,), (one, two) = scene.jobs(kind="service", indices=(0,)), scene.jobs(2, kind="service")
    wanted = ClaimChoice(service=one)
    mark = log_marks.begin(scene.db, "claims")
    say(scene, (alike, "service_claims"), (batch, "fits_now"))
    scene.reserve(worker, [two])
    concerning = [("ClaimSkipped", alike, "service_claims"), ("Claimed", two, None)]
    assert read(scene, wanted) == concerning
    assert claim_log.count(scene.db, wanted) == 2
    behind = log_marks.advance(scene.db, "claims", mark)
    assert told(claim_log.news(scene.db, wanted, mark, behind, [])) == concerning
    assert read(scene, ClaimChoice(service=batch)) == []


def test_what_was_over_before_a_service_came_does_not_concern_it(scene: Scene) -> None:
    (early,) = scene.jobs(kind="service", indices=(0,))
    say(scene, (early, "service_claims"))
    later(scene.db, 1)
    say(scene)
    later(scene.db, 1)
    (late,) = scene.jobs(kind="service", indices=(0,))
    assert read(scene, ClaimChoice(service=late)) == []
    assert read(scene, ClaimChoice(service=early)) == [("ClaimSkipped", early, "service_claims")]
