"""Which deeds fit what, and why others do not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl.model.findings import Fix
from clusterctl.model.proposals import Deed
from clusterctl.tui.deeds import Meant, Offer, offered, offers
from clusterctl.tui.dialogs.gate import Circumstances, why_not
from clusterctl.tui.dialogs.question import answered
from clusterctl.tui.engine.connection import ConnectionState
from tests.console.top.stage import a_claim, a_finding, a_job, a_running_job, a_worker

DEAD = Fix(
    kind="confirm_dead",
    command="clusterctl worker w1 --confirm-dead",
    available=False,
    change="if you know that it runs nothing",
)


def of_jobs(*jobs: Any, **other: Any) -> Meant:
    """These jobs are meant."""
    return Meant(subjects=tuple(f"job:{job.id}" for job in jobs), jobs={job.id: job for job in jobs}, **other)


def of_workers(*workers: Any, **other: Any) -> Meant:
    """These workers are meant."""
    names = tuple(f"worker:{worker.name}" for worker in workers)
    return Meant(subjects=names, workers={worker.name: worker for worker in workers}, **other)


def possible(meant: Meant) -> list[str]:
    """The labels of what can be done."""
    return [offer.label for offer in offers(meant) if not offer.why_not]


def refused(meant: Meant, label: str) -> str:
    """Why it cannot be done."""
    (offer,) = (each for each in offers(meant) if each.label == label)
    return offer.why_not


def test_a_waiting_job_can_be_cancelled_and_held_and_nothing_else() -> None:
    meant = of_jobs(a_job(7))
    assert possible(meant) == ["Cancel job 7", "Hold job 7", "Forget what is old …"]
    assert refused(meant, "Requeue job 7") == "not begun: waiting already"


def test_a_job_that_holds_a_reservation_can_give_it_back() -> None:
    meant = of_jobs(a_running_job(7, "w1", state="scheduled"))
    assert offered(meant, "R") == Offer(
        "Give back the reservation of job 7", "R", Deed(verb="requeue", jobs=(7,)), about="job 7"
    )


@pytest.mark.parametrize("state, verb", [("pending", "hold"), ("held", "release")])
def test_one_key_holds_and_releases(state: str, verb: str) -> None:
    assert offered(of_jobs(a_job(7, state=state)), "H").deed == Deed(verb=verb, jobs=(7,))  # type: ignore[arg-type]  # a word of it


@pytest.mark.parametrize("state, verb", [("open", "drain"), ("draining", "resume"), ("closed", "resume")])
def test_one_key_drains_and_resumes(state: str, verb: str) -> None:
    worker = a_worker("w1", admin_state=state)
    assert offered(of_workers(worker), "P").deed == Deed(verb=verb, workers=("w1",))  # type: ignore[arg-type]  # a word of it


def test_what_fits_one_of_many_is_offered_for_all_of_them() -> None:
    meant = of_jobs(a_job(7), a_running_job(8, "w1"))
    assert offered(meant, "R") == Offer(
        "Requeue 2 jobs", "R", Deed(verb="requeue", jobs=(7, 8)), things=2, about="2 jobs"
    )


def test_what_is_not_known_of_a_job_never_stands_in_the_way() -> None:
    assert offered(Meant(subjects=("job:7",)), "K").why_not == ""
    assert offered(of_jobs(a_job(7, state="of another version")), "K").why_not == ""


def test_only_a_silent_worker_can_be_confirmed_dead_and_that_is_its_suggested_fix() -> None:
    silent = a_worker("w1", live_state="silent")
    assert offered(of_workers(silent), "F").deed == Deed(verb="confirm_dead", workers=("w1",))
    well = of_workers(a_worker("w1"))
    assert refused(well, "Confirm that worker w1 is dead") == "only of a silent worker"
    assert offered(well, "F").why_not == "nothing is known to be wrong with it"


def test_only_what_is_gone_is_forgotten() -> None:
    assert "Forget worker w1" in possible(of_workers(a_worker("w1", live_state="lost", jobs=0)))
    for other in (a_worker("w1", live_state="lost", jobs=2), a_worker("w1", jobs=0)):
        assert refused(of_workers(other), "Forget worker w1") == "only what is not up, and holds nothing"


def test_the_suggested_fix_of_a_finding_is_its_mend() -> None:
    finding = a_finding("reserved_expired", "allocation:9", concerns=("allocation:9", "job:7", "worker:w1"))
    meant = Meant(subjects=("allocation:9",), findings=(finding,), known=(finding,))
    assert offered(meant, "F").deed == Deed(verb="mend", findings=(finding,))
    assert offered(meant, "K").deed == Deed(verb="cancel", jobs=(7,))  # the job that it is about
    assert offered(meant, "P").deed == Deed(verb="drain", workers=("w1",))


def test_the_suggested_fix_of_a_job_is_the_mend_of_what_was_found_about_it() -> None:
    finding = a_finding("reserved_expired", "allocation:9", concerns=("allocation:9", "job:7"))
    other = a_finding("reserved_expired", "allocation:8", concerns=("allocation:8", "job:6"))
    assert offered(of_jobs(a_job(7), known=(finding, other)), "F").deed == Deed(verb="mend", findings=(finding,))


def test_what_only_a_person_can_vouch_for_is_proposed_as_that() -> None:
    finding = a_finding("dead_worker_jobs", "job:7", concerns=("job:7", "worker:w1"), fix=DEAD)
    assert offered(of_jobs(a_job(7), known=(finding,)), "F").deed == Deed(verb="confirm_dead", workers=("w1",))


def test_what_is_left_to_a_person_says_what_that_person_may_do() -> None:
    by_hand = Fix(command="timedatectl", available=False, change="see why its clock is wrong")
    finding = a_finding("clock_skew", "worker:w1", fix=by_hand)
    why = offered(Meant(subjects=("worker:w1",), findings=(finding,)), "F").why_not
    assert why == "left to a person: timedatectl, see why its clock is wrong"


def test_a_claim_stands_for_the_job_that_it_is_about() -> None:
    meant = Meant(subjects=("claim:3",), claims={3: a_claim(3, job_id=7)})
    assert offered(meant, "K").deed == Deed(verb="cancel", jobs=(7,))


def test_all_that_is_stuck_is_mended_together_and_nothing_else_with_it() -> None:
    stuck = a_finding("reserved_expired", "allocation:9")
    by_hand = a_finding("dead_worker_jobs", "job:7", fix=DEAD)
    loose = a_finding("clock_skew", "worker:w1", stuck=False)
    (offer,) = (each for each in offers(Meant(known=(stuck, by_hand, loose))) if each.label == "Mend all that is stuck")
    assert offer.deed == Deed(verb="mend", findings=(stuck,))


def test_the_replicas_of_a_service_are_meant_by_its_number() -> None:
    meant = Meant(subjects=("service:3",))
    cancel = offered(meant, "K")
    assert (cancel.label, cancel.services) == ("Cancel all replicas of service 3", (3,))
    assert offered(meant, "S") == Offer(
        "Scale service 3 …", "S", Deed(verb="scale", service=3), asks="replicas", about="service 3"
    )


def test_several_services_are_not_scaled_at_once() -> None:
    assert offered(Meant(subjects=("service:3", "service:4")), "S").why_not == "one service at a time"


def test_a_key_that_means_nothing_here_says_so() -> None:
    assert offered(Meant(), "K").why_not == "nothing here that it could be done to"


@pytest.mark.parametrize("connection", ["connecting", "stale", "retrying"])
def test_nothing_is_done_upon_what_is_not_seen_now(connection: ConnectionState) -> None:
    assert why_not(Circumstances(connection=connection))


def test_nothing_is_done_by_a_console_that_only_looks_nor_while_the_view_is_paused() -> None:
    assert "--read-only" in why_not(Circumstances(read_only=True))
    assert "paused" in why_not(Circumstances(paused=True))
    assert why_not(Circumstances()) == ""


def test_while_the_filter_is_not_valid_nothing_is_done_to_many() -> None:
    now = Circumstances(filter_trouble="no field colour")
    assert "no field colour" in why_not(now, 2)
    assert why_not(now, 1) == ""


@pytest.mark.parametrize(
    "asks, text, expected",
    [
        ("replicas", " 3 ", {"replicas": 3}),
        ("deadline", "1h30m", {"deadline_s": 5400.0}),
        ("prune", "claims 7d", {"what": ("claims",), "older_than_s": 604_800.0}),
        ("prune", "jobs, claims 7d", {"what": ("jobs", "claims"), "older_than_s": 604_800.0}),
    ],
)
def test_what_is_answered_completes_the_deed(asks: Any, text: str, expected: dict[str, Any]) -> None:
    assert answered(Deed(verb="scale"), asks, text) == Deed(verb="scale", **expected)


@pytest.mark.parametrize(
    "asks, text",
    [
        ("replicas", ""),
        ("replicas", "-1"),
        ("replicas", "²"),
        ("replicas", "9" * 30),
        ("deadline", "soon"),
        ("deadline", ""),
        ("prune", "7d"),
        ("prune", ""),
        ("prune", "wine 7d"),
        ("prune", "jobs"),
    ],
)
def test_an_answer_that_makes_no_sense_is_told_so(asks: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"such|write|none|say|no number"):
        answered(Deed(verb="scale"), asks, text)


def test_what_is_vouched_for_is_told_by_the_kind_of_the_mend_not_by_its_command() -> None:
    about = a_finding("dead_worker_jobs", "worker:w1", fix=replace(DEAD, command="in other words"))
    assert offered(Meant(findings=(about,)), "F").deed == Deed(verb="confirm_dead", workers=("w1",))
    unkind = a_finding("dead_worker_jobs", "worker:w1", fix=replace(DEAD, kind=""))
    assert offered(Meant(findings=(unkind,)), "F").deed is None
