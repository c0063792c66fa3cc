"""Deeds upon workers: to this registration of them, as they were allowed to be, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from clusterctl import operations
from clusterctl.model.errors import BadInput
from clusterctl.model.proposals import Deed
from clusterctl.model.registration import Registered
from clusterctl.model.states import AdminState
from clusterctl.store import administration
from tests.console.proposing import Desks, asides, changed, fates
from tests.store.conftest import Connect, connect
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until

__all__ = ["connect"]

Meddle = Callable[[Desks], object]


@pytest.fixture
def two(desks: Desks) -> Registered:
    """``w1``, on which job 1 runs and job 2 is about to, and ``w2``."""
    first, _ = desks.worker(), desks.worker("w2")
    desks.run(first, desks.jobs())
    desks.reserve(first, desks.jobs(cpus=3))
    return first


def admin(desks: Desks, name: str = "w1") -> str:
    """What an operator lets it do."""
    return str(desks.db.value("SELECT admin_state FROM workers WHERE name = %s", name))


def by_bob(state: AdminState, **wishes: float) -> Meddle:
    """The other lets ``w1`` be in that state."""
    return lambda desks: operations.administer(desks.bob, ["w1"], state, **wishes)  # type: ignore[arg-type]  # all are floats


def registers_anew(desks: Desks) -> None:
    """Its agent was started again."""
    desks.worker()


def test_a_worker_is_drained_and_let_go_again(desks: Desks, two: Registered) -> None:
    proposal = desks.propose("drain", workers=["w1", "w3"])
    assert (proposal.title, proposal.weight, proposal.typed) == ("Drain w1?", "mild", "")
    assert changed(proposal) == [
        ("worker:w1", "open, holds 2 jobs", "draining: what it has ends, it is given nothing new")
    ]
    assert asides(proposal) == {"worker:w3": "there is no such worker"}
    assert desks.carry_out(proposal) == {"worker:w1": "done"}
    assert admin(desks) == "draining"
    assert desks.done_by_ada() == [("drain", "worker:w1", "a test")]
    assert proposal.undo == Deed(verb="resume", workers=("w1",))
    back = desks.propose("resume", workers=["w1"])
    assert back.why == ("w1: a test",)
    assert desks.carry_out(back) == {"worker:w1": "done"}
    assert (admin(desks), back.undo) == ("open", Deed(verb="drain", workers=("w1",)))


def test_what_needs_nothing_is_said(desks: Desks, two: Registered) -> None:
    proposal = desks.propose("resume", workers=["w1", "w2"])
    assert asides(proposal) == {"worker:w1": "it is open already", "worker:w2": "it is open already"}
    assert proposal.changes == ()
    with pytest.raises(BadInput, match="no workers are named"):
        operations.propose(desks.ada, Deed(verb="drain"))


def test_to_drain_the_last_that_takes_jobs_asks_for_its_name(desks: Desks, two: Registered) -> None:
    both = desks.propose("drain", workers=["w1", "w2"])
    assert (both.weight, both.typed) == ("severe", "2")
    operations.administer(desks.bob, ["w2"], AdminState.DRAINING)
    last = desks.propose("drain", workers=["w1"], deadline_s=3600)
    assert (last.weight, last.typed) == ("severe", "w1")
    assert last.risk.startswith("no worker is left that takes new jobs")
    assert last.command == ("clusterctl", "drain", "w1", "--deadline", "1h")
    assert desks.carry_out(last) == {"worker:w1": "done"}
    assert desks.db.value("SELECT drain_by > cluster_time() FROM workers WHERE name = 'w1'") is True


@pytest.mark.parametrize(
    "verb, meddle, fate, sentence",
    [
        ("drain", registers_anew, "changed", "it has registered anew"),
        ("drain", by_bob(AdminState.CLOSED), "changed", "it was open; it is closed now"),
        ("drain", by_bob(AdminState.DRAINING), "unchanged", "it is draining already"),
    ],
)
def test_a_worker_that_is_not_as_it_was_seen_is_left(
    desks: Desks, two: Registered, *, verb: str, meddle: Meddle, fate: str, sentence: str
) -> None:
    proposal = desks.propose(verb, workers=["w1"])
    meddle(desks)
    assert desks.too_late(proposal, fate) == [sentence]


def test_a_deadline_that_another_has_set_is_not_written_over(desks: Desks, two: Registered) -> None:
    operations.administer(desks.bob, ["w1"], AdminState.DRAINING)
    sooner = desks.propose("drain", workers=["w1"], deadline_s=60)
    resume = desks.propose("resume", workers=["w1"])
    operations.administer(desks.bob, ["w1"], AdminState.DRAINING, deadline_s=7200)
    desks.too_late(sooner, "unchanged")
    desks.too_late(resume)
    assert desks.propose("resume", workers=["w1"]).undo is None


def test_who_drains_while_another_just_does_waits_and_sees_it(desks: Desks, two: Registered, connect: Connect) -> None:
    """The check is made again behind the lock."""
    proposal, other = desks.propose("drain", workers=["w1"]), connect()
    with other.transaction():
        administration.administer(other, ["w1"], AdminState.CLOSED, "")
        thread, answer = in_background(partial(operations.carry_out, desks.ada, proposal))
        until(lambda: waits_for_a_lock(desks.bob.db))
    thread.join(60)
    (told,) = answer
    assert isinstance(told, list)
    assert fates(told) == {"worker:w1": "changed"}
    assert admin(desks) == "closed"


def test_of_many_workers_the_number_must_be_typed(desks: Desks) -> None:
    names = [f"w{number:02}" for number in range(12)]
    for name in [*names, "x"]:
        desks.worker(name)
    proposal = desks.propose("drain", workers=names)
    assert (proposal.title, proposal.weight, proposal.typed) == ("Drain 12 workers?", "severe", "12")
    assert (len(proposal.changes), proposal.more) == (10, 2)
    assert set(desks.carry_out(proposal).values()) == {"done"}


def test_a_dead_worker_gives_up_what_it_holds_with_the_evidence_shown_first(desks: Desks, two: Registered) -> None:
    desks.silence(20)
    proposal = desks.propose("confirm_dead", workers=["w1"])
    assert (proposal.title, proposal.weight) == ("Confirm dead: w1?", "moderate")
    assert proposal.why[0].startswith("w1 is silent, last heard ")
    assert proposal.why[1].startswith("w1: what it runs is given up by itself in ")
    assert changed(proposal) == [
        ("worker:w1", "silent", "lost"),
        ("worker:w1", "reserved 3, allocated 1", "reserved 0, allocated 0"),
        ("job:1", "allocated on w1", "waits to run elsewhere"),
        ("job:2", "reserved on w1", "waits to run elsewhere"),
    ]
    assert "twice at once" in proposal.risk
    assert proposal.command == ("clusterctl", "worker", "w1", "--confirm-dead")
    assert desks.carry_out(proposal) == {"worker:w1": "done"}
    assert desks.states([1, 2]) == ["pending", "pending"]
    assert desks.too_late(proposal, "unchanged") == ["it is lost already"]


def test_a_worker_that_was_heard_since_is_not_dead(desks: Desks, two: Registered) -> None:
    desks.silence(20)
    proposal = desks.propose("confirm_dead", workers=["w1"])
    desks.beat(two)
    (said,) = desks.too_late(proposal)
    assert said.startswith("worker w1 may live: ")
    desks.silence(20)  # once more, by another beat
    desks.too_late(proposal)
    desks.worker()
    desks.silence(20)
    desks.too_late(proposal)


def test_a_living_worker_cannot_be_confirmed_dead_and_several_ask_for_the_number(desks: Desks, two: Registered) -> None:
    assert asides(desks.propose("confirm_dead", workers=["w1"])) == {"worker:w1": "worker w1 is up"}
    desks.silence(20)
    proposal = desks.propose("confirm_dead", workers=["w1", "w2"])
    assert (proposal.weight, proposal.typed, proposal.command) == ("severe", "2", ())
    assert desks.propose("confirm_dead", workers=["w2"]).risk == "none: nothing that it holds has begun"
    assert [words[2] for words in proposal.commands] == ["w1", "w2"]
    desks.worker("w2")
    assert desks.carry_out(proposal) == {"worker:w1": "done", "worker:w2": "changed"}
    assert (desks.live_state("w1"), desks.live_state("w2")) == ("lost", "up")


def test_a_worker_that_is_gone_is_forgotten(desks: Desks, two: Registered) -> None:
    desks.silence(20)
    proposal = desks.propose("forget", workers=["w1", "w2"])
    (why,) = asides(proposal).values()
    assert why.startswith("worker w1 still holds 2 of its jobs; they are lost in time")
    assert (proposal.title, proposal.weight) == ("Forget w2?", "moderate")
    assert desks.carry_out(proposal) == {"worker:w2": "done"}
    assert desks.live_state("w2") == "none"
    assert desks.too_late(proposal, "unchanged") == ["it is forgotten already"]
    desks.worker("w2")
    desks.too_late(proposal)


def test_a_worker_that_was_forgotten_meanwhile_is_not_let_anything(desks: Desks) -> None:
    desks.worker()
    desks.silence(20)
    drain, forget = desks.propose("drain", workers=["w1"]), desks.propose("forget", workers=["w1"])
    operations.carry_out(desks.bob, forget)
    assert desks.too_late(drain) == ["it has been forgotten"]


@pytest.mark.parametrize("verb", ["drain", "confirm_dead", "forget"])
def test_of_two_who_do_the_same_at_once_one_has_done_it(desks: Desks, verb: str) -> None:
    desks.worker()
    if verb != "drain":
        desks.silence(20)
    if verb == "confirm_dead":
        desks.db.run("UPDATE workers SET live_state = 'up'")
        desks.run(desks.worker(), desks.jobs(3))
        desks.silence(20)
    proposal = desks.propose(verb, workers=["w1"])
    told = at_once(*(partial(operations.carry_out, each, proposal) for each in (desks.ada, desks.bob)))
    both = [fates(each)["worker:w1"] for each in told if isinstance(each, list)]
    assert both.count("done") == 1, told
    assert set(both) <= {"done", "changed", "unchanged"}
    assert desks.db.value("SELECT count(*) FROM audit WHERE verb = %s AND subject = 'worker:w1'", verb) == 1
    desks.check()
