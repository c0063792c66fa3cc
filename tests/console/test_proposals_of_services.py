"""Deeds upon services: from this size and generation, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from clusterctl import operations
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.store import services
from tests.console.proposing import Desks, asides, changed, fates
from tests.store.conftest import Connect, connect
from tests.store.service import picture, running, serve
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until

__all__ = ["connect"]

Meddle = Callable[[Desks], object]


@pytest.fixture
def web(desks: Desks) -> int:
    """Three replicas, which run on ``w1``: service 1."""
    running(desks, 3)
    return 1


def size(desks: Desks) -> int:
    """How many replicas it wants."""
    return picture(desks).replicas.wanted


def to(count: int) -> Meddle:
    """The other lets it have so many."""
    return lambda desks: operations.scale(desks.bob, picture(desks), count)


def restarts(desks: Desks) -> None:
    """The other restarts it."""
    operations.restart(desks.bob, picture(desks))


def ends(desks: Desks) -> None:
    """The other cancels all of it, and its processes are gone."""
    operations.cancel(desks.bob, [1, 2, 3])
    for job in (1, 2, 3):
        desks.finish_running(job)


def test_more_and_fewer_replicas(desks: Desks, web: int) -> None:
    more = desks.propose("scale", service=web, replicas=5)
    assert (more.title, more.weight, more.risk) == ("Let service 1 (web) have 5 replicas?", "moderate", "none")
    assert changed(more) == [("service:1", "3 replicas", "5 replicas")]
    assert desks.carry_out(more) == {"service:1": "done"}
    fewer = desks.propose("scale", service=web, replicas=2)
    assert changed(fewer) == [
        ("service:1", "5 replicas", "2 replicas"),
        ("job:3", "running on w1, attempt 1", "cancelled"),
        ("job:4", "pending", "cancelled"),
        ("job:5", "pending", "cancelled"),
    ]
    assert fewer.command == ("clusterctl", "scale", "1", "2")
    assert desks.carry_out(fewer) == {"service:1": "done"}
    assert size(desks) == 2
    assert fewer.undo is not None
    assert desks.carry_out(operations.propose(desks.ada, fewer.undo)) == {"service:1": "done"}
    assert size(desks) == 5
    assert desks.done_by_ada() == [("scale", "service:1", "a test")] * 3
    assert (more.precondition, fewer.precondition) == (
        "nobody has scaled or restarted it since",
        "nobody has scaled or restarted it since, and the same replicas would go",
    )


@pytest.mark.parametrize(
    "meddle, fate",
    [(to(4), "changed"), (to(2), "changed"), (restarts, "changed"), (ends, "changed"), (to(5), "unchanged")],
    ids=["more", "fewer", "restarted", "ended", "as wished"],
)
def test_a_service_that_is_not_as_it_was_seen_is_not_scaled(desks: Desks, web: int, meddle: Meddle, fate: str) -> None:
    proposal = desks.propose("scale", service=web, replicas=5)
    meddle(desks)
    desks.too_late(proposal, fate)


def test_only_those_replicas_go_that_were_shown(desks: Desks, web: int) -> None:
    proposal = desks.propose("scale", service=web, replicas=2)
    assert changed(proposal)[1][0] == "job:3"
    operations.hold(desks.bob, [1])
    desks.finish_running(1)  # it has lost its worker, and would go first now
    assert desks.state(1) == "pending"
    desks.too_late(proposal)


def test_a_restart_that_is_just_being_asked_for_is_seen_at_the_end(desks: Desks, web: int, connect: Connect) -> None:
    """The row of a service is locked last: until then the answer may change."""
    proposal, other = desks.propose("scale", service=web, replicas=2), connect()
    with other.transaction():
        assert services.restart(other, web, 0)
        thread, answer = in_background(partial(operations.carry_out, desks.ada, proposal))
        until(lambda: waits_for_a_lock(desks.bob.db))
    thread.join(60)
    (told,) = answer
    assert isinstance(told, list)
    assert fates(told) == {"service:1": "changed"}
    assert size(desks) == 3
    desks.check()


@pytest.mark.parametrize("meddle", [restarts, ends])
def test_a_rolling_restart_is_asked_for_once(desks: Desks, web: int, meddle: Meddle) -> None:
    proposal = desks.propose("restart", service=web)
    assert changed(proposal) == [("service:1", "generation 0", "generation 1: 3 replicas started anew, in turn")]
    assert proposal.command == ("clusterctl", "restart", "1")
    meddle(desks)
    desks.too_late(proposal)
    if meddle is restarts:
        again = desks.propose("restart", service=web)
        assert desks.carry_out(again) == {"service:1": "done"}
        assert picture(desks).generation == 2


def test_no_replicas_at_all_means_to_hold_them_and_asks_for_the_number_of_the_service(desks: Desks, web: int) -> None:
    proposal = desks.propose("scale", service=web, replicas=0)
    assert (proposal.title, proposal.weight, proposal.typed) == ("Stop all of service 1 (web)?", "severe", "1")
    assert proposal.deed.verb == "hold"
    assert proposal.command == ("clusterctl", "hold", "service:1")
    assert desks.carry_out(proposal) == {f"job:{job}": "done" for job in (1, 2, 3)}
    assert desks.db.rows("SELECT DISTINCT stop_outcome FROM allocations") == [("held",)]
    assert desks.propose("scale", service=web, replicas=0).changes == ()


def test_what_cannot_or_need_not_be_done_is_said(desks: Desks, web: int) -> None:
    assert asides(desks.propose("scale", service=web, replicas=3)) == {"service:1": "it has 3 replicas already"}
    with pytest.raises(NotFound, match="no service 9"):
        desks.propose("restart", service=9)
    with pytest.raises(BadInput, match="at most"):
        desks.propose("scale", service=web, replicas=10_000_000)
    with pytest.raises(BadInput, match="how many"):
        desks.propose("scale", service=web)
    with pytest.raises(BadInput, match="no service is named"):
        desks.propose("restart")
    waiting = serve(desks, 1)[0]
    (why,) = asides(desks.propose("restart", service=waiting)).values()
    assert why == "no replica runs: there is nothing to restart"
    ends(desks)
    for verb in ("restart", "scale"):
        (why,) = asides(desks.propose(verb, service=web, replicas=1)).values()
        assert why == "service 1 has ended"


@pytest.mark.parametrize("verb", ["scale", "restart"])
def test_of_two_who_do_the_same_at_once_one_has_done_it(desks: Desks, web: int, verb: str) -> None:
    proposal = desks.propose(verb, service=web, replicas=5)
    told = at_once(*(partial(operations.carry_out, each, proposal) for each in (desks.ada, desks.bob)))
    both = sorted(fates(each)["service:1"] for each in told if isinstance(each, list))
    assert both in (["done", "unchanged"], ["changed", "done"]), told
    assert (size(desks), picture(desks).generation) == ((5, 0) if verb == "scale" else (3, 1))
    desks.check()
