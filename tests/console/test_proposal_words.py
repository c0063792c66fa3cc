"""What a proposal of a deed upon jobs says: why, what will change, at what risk, and how it is taken back."""

from __future__ import annotations

import pytest

from clusterctl import operations
from clusterctl.model.errors import BadInput, Refused
from clusterctl.model.proposals import Deed, Outcome
from clusterctl.model.registration import Registered
from clusterctl.store import workers
from tests.console.proposing import FAILED, HELD, PENDING, RUNNING, SCHEDULED, Desks, asides, changed
from tests.store.service import picture, serve


def test_what_runs_on_a_silent_worker_is_left_and_it_is_said_what_helps(desks: Desks, five: Registered) -> None:
    desks.silence(20)
    proposal = desks.propose("requeue", SCHEDULED, RUNNING)
    assert [subject for subject, _, _ in changed(proposal)][:1] == [f"job:{SCHEDULED}"]
    assert "`clusterctl worker w1 --confirm-dead`" in asides(proposal)[f"job:{RUNNING}"]
    assert desks.carry_out(proposal) == {f"job:{SCHEDULED}": "done"}
    told = desks.propose("cancel", RUNNING)
    assert changed(told)[0][2] == "told to stop, then cancelled; the word waits until w1 is heard"


def test_of_many_jobs_the_first_are_listed_and_the_number_must_be_typed(desks: Desks) -> None:
    ids = desks.jobs(30)
    worker = desks.worker(cpus=2)
    desks.reserve(worker, ids[:2])
    proposal = desks.propose("cancel", *ids)
    assert (proposal.title, proposal.weight, proposal.typed) == ("Cancel 30 jobs?", "severe", "30")
    assert len(proposal.changes) == 10
    assert changed(proposal)[-1] == ("worker:w1", "reserved 2", "reserved 0")
    assert proposal.more == 21
    assert proposal.command == ("clusterctl", "cancel", "1-30")
    assert set(desks.carry_out(proposal).values()) == {"done"}


@pytest.mark.parametrize(
    "verb, job, weight, undo, risk",
    [
        (
            "cancel",
            RUNNING,
            "moderate",
            None,
            "its work so far is lost, unless it keeps it itself; it cannot be undone",
        ),
        ("cancel", PENDING, "moderate", None, "it cannot be undone"),
        ("hold", PENDING, "mild", "release", ""),
        ("release", HELD, "mild", "hold", ""),
        ("requeue", RUNNING, "moderate", None, "its work so far is lost, unless it keeps it itself; it begins anew"),
        ("requeue", FAILED, "moderate", None, "what it has written may be written once more"),
    ],
)
def test_a_proposal_says_what_may_be_lost_and_what_takes_it_back(
    desks: Desks, five: Registered, *, verb: str, job: int, weight: str, undo: str | None, risk: str
) -> None:
    proposal = desks.propose(verb, job)
    assert (proposal.weight, proposal.typed, proposal.risk) == (weight, "", risk)
    assert proposal.undo == (Deed(verb=undo, jobs=(job,)) if undo else None)  # type: ignore[arg-type]  # one of them
    assert proposal.precondition.startswith("it is still ")
    assert proposal.title == f"{verb.capitalize()} job {job} (job{job})?"
    before = desks.state(job)
    desks.carry_out(proposal)
    if proposal.undo:
        desks.carry_out(desks.propose(proposal.undo.verb, *proposal.undo.jobs))
        assert desks.state(job) == before


def test_a_replica_is_said_to_be_one_of_several_and_held_ones_are_stopped(desks: Desks, w1: Registered) -> None:
    ids = serve(desks, 3)
    desks.run(w1, ids)
    proposal = desks.propose("hold", ids[0])
    assert proposal.why == (f"of service {ids[0]}, 1 of 3 replicas",)
    assert (proposal.weight, proposal.undo) == ("moderate", None)
    assert proposal.by_hand == "`clusterctl release` (H) lets go what is held, once it has stopped"
    assert changed(proposal) == [
        (f"job:{ids[0]}", "running on w1, attempt 1", "told to stop, then held"),
        ("service:1", "3 replicas", "3, of which 1 is held until released: nothing stands in"),
    ]
    assert desks.carry_out(proposal) == {f"job:{ids[0]}": "done"}
    (first, *_) = workers.sync(desks.db, w1.worker_id, w1.incarnation, None).holdings
    assert first.stop == "held"


@pytest.mark.parametrize(
    "verb, count, after",
    [
        ("cancel", 1, "2 replicas from now on; only `clusterctl scale` makes others"),
        ("cancel", 3, "none: it ends"),
        ("hold", 3, "all held: it serves nothing until they are released"),
    ],
)
def test_it_is_said_what_becomes_of_the_service_of_a_replica(desks: Desks, verb: str, count: int, after: str) -> None:
    ids = serve(desks, 3)
    proposal = desks.propose(verb, *ids[:count])
    assert changed(proposal)[count:] == [("service:1", "3 replicas", after)]
    desks.carry_out(proposal)
    assert picture(desks).replicas.wanted == (3 - count if verb == "cancel" else 3)


def test_a_service_that_gets_another_replica_at_once_is_not_said_to_have_fewer(desks: Desks, w1: Registered) -> None:
    ids = serve(desks, 1, every_worker=True)
    proposal = desks.propose("cancel", *ids)
    assert [subject for subject, _, _ in changed(proposal)] == [f"job:{ids[0]}"]
    assert "another is made at once" in proposal.risk


def test_nothing_to_do_is_said_and_cannot_be_carried_out(desks: Desks, five: Registered) -> None:
    proposal = desks.propose("release", PENDING)
    assert (proposal.changes, proposal.command) == ((), ())
    assert asides(proposal) == {f"job:{PENDING}": "not held, nothing to release"}
    with pytest.raises(Refused, match="nothing to be done"):
        operations.carry_out(desks.ada, proposal)
    with pytest.raises(BadInput, match="no jobs are named"):
        operations.propose(desks.ada, Deed(verb="cancel"))


def test_what_became_of_each_is_an_outcome(desks: Desks, five: Registered) -> None:
    told = operations.carry_out(desks.ada, desks.propose("requeue", FAILED))
    assert told == [Outcome(subject="job:5", fate="done", sentence="submitted again, as job 6")]


def test_a_reservation_is_given_back_and_no_agent_can_start_it_any_more(desks: Desks, w1: Registered) -> None:
    desks.jobs(cpus=8, name="train")
    desks.reserve(w1, [1])
    desks.silence(20)
    proposal = desks.propose("requeue", 1)
    assert proposal.title == "Release allocation 1 of job 1 (train)?"
    assert changed(proposal) == [
        ("job:1", "scheduled on w1, attempt 1", "waits again"),
        ("allocation:1", "reserved", "released"),
        ("worker:w1", "reserved 8", "reserved 0"),
    ]
    assert proposal.why[0].startswith("reserved for ")
    assert proposal.why[1].startswith("w1 is silent, last heard ")
    assert desks.carry_out(proposal) == {"job:1": "done"}
    assert desks.db.row("SELECT reserved_milli, allocated_milli FROM workers") == (0, 0)
    row = desks.db.row("SELECT state, allocation_id, failures, losses, not_before, detail FROM jobs")
    assert row == ("pending", None, 0, 0, None, "taken back by ada: a test")
    assert desks.db.row("SELECT status, release_reason FROM allocations") == ("released", "requeued")
    assert desks.start(w1)[0] == []
    elsewhere = desks.worker("w2")
    assert len(desks.run(elsewhere, [1])[0]) == 1
    assert desks.start(w1)[0] == []
    desks.check()
