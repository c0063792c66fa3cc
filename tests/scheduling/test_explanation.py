"""Why a job waits, in scenes: the steps, the position, and the states in which it is not even its turn."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from clusterctl.model.circumstances import UNBORN, Circumstances, Parent, Remark
from clusterctl.model.snapshot import QueueGroup
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling.explanation import explain_waiting, never_starts
from tests.scheduling.cluster import amount, cluster
from tests.scheduling.explained import changes, holding, seconds, steps, told, unborn

GIB = 1024


def test_each_step_tells_whom_it_removed_and_what_they_lack() -> None:
    picture = cluster().worker("big", cpus=8, allocated=amount(cpus=8)).worker("small", cpus=1)
    picture.worker("gone", cpus=8, live=LiveState.LOST).worker("shut", cpus=8, admin=AdminState.CLOSED)
    found = told(picture.queued("x", cpus=4), "x")
    assert steps(found) == [
        ("fits_ever", 1, ("small",)),
        ("live", 1, ("gone",)),
        ("admin_open", 1, ("shut",)),
        ("fits_now", 1, ("big",)),
    ]
    assert (found.workers, found.candidates) == (4, 0)
    assert found.steps[0].sentence == "smaller than 4 CPUs, even when empty"
    assert (found.reason, found.state) == ("fits_now", "pending")


def test_of_many_workers_a_step_names_the_first_three() -> None:
    picture = cluster()
    for number in range(9):
        picture.worker(f"w{number}", cpus=1)
    found = told(picture.queued("x", cpus=2), "x")
    assert steps(found) == [("fits_ever", 9, ("w0", "w1", "w2"))]


def test_labels_and_names_of_workers_are_told_as_they_are() -> None:
    picture = cluster().worker("a").queued("x", labels={"zone": "n\x1b[31m", "disk": "ssd"})
    assert told(picture, "x").steps[0].sentence == "without the labels disk=ssd zone=n\x1b[31m"
    picture.queued("y", worker="b")
    assert told(picture, "y").steps[0].sentence == "not the worker b that it asks for"


def test_a_job_that_starts_is_told_so_with_its_worker_and_score() -> None:
    found = told(cluster().worker("a", cpus=8).worker("b", cpus=2).queued("x", cpus=2), "x")
    assert found.headline == "starts in the next round, on b"
    assert found.best is not None
    assert (found.best.worker, found.best.policy, found.candidates, found.reason) == ("b", "pack", 2, None)
    assert found.best.score is not None
    assert (seconds(found), found.changes, found.blockers) == (0.0, (), ())


def test_what_others_are_given_first_counts_as_full() -> None:
    picture = cluster().worker("a", cpus=4).queued("first", cpus=3).queued("x", cpus=2)
    found = told(picture, "x")
    assert [(step.filter, step.sentence) for step in found.steps] == [
        ("fits_now", "given to jobs whose turn comes first")
    ]
    assert [blocker.job_id for blocker in found.blockers] == [1]
    assert found.position is not None
    assert (found.position.before, found.position.of) == (1, 2)


def test_a_held_job_tells_who_holds_it_and_what_releasing_it_would_do() -> None:
    picture = cluster().worker("a").queued("x")
    remark = Remark(actor="ann", reason="wait for the data", at=-5.0)
    group = picture.queue.pop()
    held = replace(unborn(group), job_id=1, held=True, remark=remark)
    found = explain_waiting(picture.snapshot(), held, Circumstances())
    assert (found.state, found.reason) == ("held", "held")
    assert found.headline == "held by ann since 1969-12-31 23:59:55Z: wait for the data"
    assert changes(found) == [("clusterctl release 1", "a")]
    assert seconds(found) is None


def test_a_job_that_comes_after_others_waits_for_their_ends() -> None:
    picture = cluster().worker("a", allocated=amount(cpus=1)).queued("x")
    child = replace(unborn(picture.queue.pop()), job_id=1)
    parents = (Parent(job_id=90, condition="ok", state="running"), Parent(job_id=91, condition="any", state="pending"))
    held = (holding(picture, "a", job=90, limit=100),)
    both = replace(child, parents=parents, unmet=2)
    found = explain_waiting(picture.snapshot(), both, Circumstances(holdings=held))
    assert found.headline == "it comes after 2 jobs that have not ended: jobs 90-91"
    assert [(blocker.job_id, blocker.worker) for blocker in found.blockers] == [(90, "a"), (91, None)]
    assert seconds(found) is None
    one = replace(child, parents=parents[:1], unmet=1)
    assert seconds(explain_waiting(picture.snapshot(), one, Circumstances(holdings=held))) == 100


def test_a_job_that_rests_starts_when_it_has_rested() -> None:
    picture = cluster().worker("a").queued("x")
    tired = replace(unborn(picture.queue.pop()), job_id=1, not_before=4.0, last_end="exit code 3")
    found = explain_waiting(picture.snapshot(), tired, Circumstances())
    assert found.headline == "rests until 00:00:04Z, in 4 s, after a failed attempt: exit code 3"
    assert (found.reason, seconds(found)) == ("not_before", 4.0)


def array(jobs: int, cpus: float = 1, at: float = 9.0, **wishes: Any) -> QueueGroup:
    numbers = tuple(range(UNBORN, UNBORN + jobs))
    return QueueGroup(shape="", request=amount(cpus), ids=numbers, submitted=(at,) * jobs, **wishes)


def test_of_what_is_not_submitted_it_is_told_how_much_would_start() -> None:
    picture = cluster().worker("a", cpus=2).worker("b", cpus=1)
    assert explain_waiting(picture.snapshot(), unborn(array(1)), Circumstances()).headline == "would start now, on b"
    found = explain_waiting(picture.snapshot(), unborn(array(5)), Circumstances())
    assert found.headline == "3 of 5 would start now, on b, a"
    found = explain_waiting(picture.snapshot(), unborn(array(1, cpus=2), held=True), Circumstances())
    assert found.headline == "would wait: held until it is released"
    assert changes(found) == [("without --hold", "a")]


def test_what_is_not_submitted_stands_behind_what_is() -> None:
    picture = cluster().worker("a", cpus=1).queued("first")
    found = explain_waiting(picture.snapshot(), unborn(array(1)), Circumstances())
    assert found.headline.startswith("would wait: ")
    assert found.position is not None
    assert (found.position.before, found.position.of) == (1, 2)


def test_only_what_no_end_of_a_job_can_help_is_warned_of() -> None:
    picture = cluster().worker("a", cpus=2, allocated=amount(cpus=2))
    assert never_starts(picture.snapshot(), array(1)) == ""
    assert never_starts(picture.snapshot(), array(1, cpus=3)).startswith("needs 3 CPUs; no worker")
    assert never_starts(picture.snapshot(), array(1, labels={"a": "b"})) == "no worker carries the labels a=b"
    assert never_starts(picture.snapshot(), array(1, worker="z")) == "there is no worker z"
    assert never_starts(cluster().snapshot(), array(1)) == "no worker is up"
