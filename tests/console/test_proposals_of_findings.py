"""Mends and prunes: of what was found and shown, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import get_args

import pytest
from msgspec.structs import replace

from clusterctl import operations
from clusterctl.model.errors import BadInput
from clusterctl.model.findings import Finding, Fix
from clusterctl.model.proposals import Deed, Proposal
from clusterctl.model.registration import Registered
from clusterctl.model.retention import Kind
from clusterctl.store import jobs, releases
from tests.console.proposing import Desks, asides, changed, crossed, fates
from tests.store.scene import Scene
from tests.store.threads import at_once

HOUR = 3600.0
DAY = 86_400.0


@pytest.fixture
def late(desks: Desks) -> Registered:
    """``w1``, which has not started in time what is reserved there for jobs 1 and 2, three CPUs each."""
    worker = desks.worker()
    desks.reserve(worker, desks.jobs(2, cpus=3))
    desks.silence(70)
    desks.later(70)
    return worker


def mend(desks: Desks, findings: Iterable[Finding]) -> Proposal:
    """Proposed; nothing has changed by that."""
    before = desks.rows()
    proposal = operations.propose(desks.ada, Deed(verb="mend", findings=tuple(findings)))
    assert desks.rows() == before
    return crossed(proposal)


def test_a_stuck_reservation_is_understood_and_mended(desks: Desks, late: Registered) -> None:
    first, _ = desks.findings("reserved_expired")
    proposal = mend(desks, [first])
    assert (proposal.title, proposal.weight) == ("Release allocation 1?", "moderate")
    assert proposal.why[0].startswith("3 CPUs of w1 held for job 1, which w1 (not heard for ")
    assert proposal.why[-1].startswith("w1 is silent, last heard 1m")
    assert changed(proposal) == [
        ("allocation:1", "reserved", "released"),
        ("job:1", "scheduled on w1", "waits again; it spends no retry"),
        ("worker:w1", "reserved 6", "reserved 3"),
    ]
    assert proposal.risk.startswith("none: ")
    assert proposal.command == ("clusterctl", "doctor", "--fix-stuck", "reserved_expired", "allocation:1")
    assert desks.carry_out(proposal) == {"allocation:1": "done"}
    assert desks.states([1, 2]) == ["pending", "scheduled"]
    assert desks.done_by_ada() == [("mend reserved_expired", "allocation:1", "a test")]


def test_several_are_one_command_for_each_kind(desks: Desks, late: Registered) -> None:
    both = desks.findings("reserved_expired")
    proposal = mend(desks, both)
    assert proposal.title == "Release 2 reservations?"
    assert proposal.command[3:] == ("reserved_expired", "allocation:1", "allocation:2")
    assert changed(proposal)[-1] == ("worker:w1", "reserved 6", "reserved 0")
    assert len(desks.start(late)[0]) == 2
    desks.too_late(proposal)


@pytest.mark.parametrize("meddle", ["start", "requeue", "mend"])
def test_a_finding_that_another_has_dealt_with_is_left(desks: Desks, late: Registered, meddle: str) -> None:
    (first, _) = desks.findings("reserved_expired")
    proposal = mend(desks, [first])
    if meddle == "start":
        desks.start(late, most=1)
    elif meddle == "requeue":
        operations.requeue(desks.bob, [1])
    else:
        operations.carry_out(desks.bob, proposal)
    desks.too_late(proposal)


def test_of_two_who_mend_the_same_at_once_one_has_done_it(desks: Desks, late: Registered) -> None:
    proposal = mend(desks, desks.findings("reserved_expired"))
    told = at_once(*(partial(operations.carry_out, each, proposal) for each in (desks.ada, desks.bob)))
    both = [fates(each) for each in told if isinstance(each, list)]
    assert len(both) == 2, told
    for subject in ("allocation:1", "allocation:2"):
        assert sorted(each[subject] for each in both) == ["changed", "done"]
    desks.check()


def test_what_runs_on_a_silent_worker_is_proposed_as_its_death(desks: Desks) -> None:
    worker = desks.worker()
    desks.run(worker, desks.jobs())
    desks.reserve(worker, desks.jobs())
    desks.silence(70)
    desks.later(70)
    dead, stuck = desks.findings("dead_worker_jobs"), desks.findings("reserved_expired")
    proposal = mend(desks, dead)
    assert (proposal.title, proposal.deed.verb, proposal.deed.workers) == ("Confirm dead: w1?", "confirm_dead", ("w1",))
    both = mend(desks, [*dead, *stuck])
    assert asides(both)["worker:w1"].startswith("left to a person: `clusterctl worker w1 --confirm-dead`")
    assert desks.carry_out(both) == {"allocation:2": "done"}
    assert desks.carry_out(mend(desks, dead)) == {"worker:w1": "done"}


def test_what_only_a_person_can_mend_is_said(desks: Desks, late: Registered) -> None:
    first, _ = desks.findings("reserved_expired")
    proposal = mend(desks, [replace(first, fix=Fix(command="", available=False))])
    assert proposal.changes == ()
    assert asides(proposal) == {"allocation:1": "left to a person: nobody knows what would be right"}
    with pytest.raises(BadInput, match="no findings are named"):
        mend(desks, [])


def old_jobs(scene: Scene, count: int, days: float) -> list[int]:
    """Jobs that were cancelled so long ago."""
    ids = scene.jobs(count)
    jobs.cancel(scene.db, ids)
    scene.db.run("UPDATE jobs SET finished_at = now() - %s * interval '1 day' WHERE id = ANY (%s)", days, ids)
    return ids


def there(desks: Desks) -> list[int]:
    """The jobs that are kept."""
    return [row[0] for row in desks.db.rows("SELECT id FROM jobs ORDER BY id")]


def test_what_is_forgotten_is_what_was_shown_and_nothing_that_became_old_since(desks: Desks) -> None:
    old_jobs(desks, 3, days=9)
    young = old_jobs(desks, 2, days=6)
    proposal = desks.propose("prune", what=["jobs"], older_than_s=7 * DAY)
    assert (proposal.title, proposal.weight, proposal.typed) == ("Forget 3 jobs?", "severe", "3")
    assert changed(proposal) == [("jobs", "3 older than 7d", "forgotten")]
    assert proposal.command == ("clusterctl", "prune", "--jobs", "--older-than", "7d")
    desks.later(2 * DAY)
    assert desks.carry_out(proposal) == {"jobs": "done"}
    assert there(desks) == young
    assert desks.too_late(proposal, "unchanged") == ["they were gone already"]
    assert desks.done_by_ada() == [("prune", "jobs", "a test")]
    again = desks.propose("prune", what=["jobs"], older_than_s=7 * DAY)
    desks.carry_out(again)
    assert there(desks) == []


def test_of_what_another_has_begun_to_forget_the_rest_goes(desks: Desks) -> None:
    old_jobs(desks, 3, days=9)
    rest = old_jobs(desks, 2, days=8)
    proposal = desks.propose("prune", what=["jobs"], older_than_s=7 * DAY)
    operations.carry_out(
        desks.bob, operations.propose(desks.bob, Deed(verb="prune", what=("jobs",), older_than_s=8.5 * DAY))
    )
    assert there(desks) == rest
    (told,) = operations.carry_out(desks.ada, proposal)
    assert (told.fate, told.sentence) == ("done", "forgot 2; 3 were gone already")


def test_of_two_who_prune_at_once_each_row_goes_once(desks: Desks) -> None:
    old_jobs(desks, 200, days=9)
    proposal = desks.propose("prune", what=["jobs"], older_than_s=7 * DAY)
    told = at_once(*(partial(operations.carry_out, each, proposal) for each in (desks.ada, desks.bob)))
    assert all(isinstance(each, list) for each in told), told
    assert "done" in {each[0].fate for each in told if isinstance(each, list)}
    assert there(desks) == []


def test_without_a_word_all_kinds_go_by_the_settings_and_a_plan_needs_a_kind_that_there_is(desks: Desks) -> None:
    assert desks.propose("prune").title == "Nothing is that old"
    old_jobs(desks, 2, days=31)
    worker = desks.worker()
    desks.finish(worker, desks.jobs()[0])
    desks.db.run("UPDATE claims SET at = at - interval '9 days', closed_at = closed_at - interval '9 days'")
    proposal = desks.propose("prune")
    assert {each.subject for each in proposal.changes} <= set(get_args(Kind)) - {"audit"}
    assert {"jobs", "claims"} <= {each.subject for each in proposal.changes}
    assert "--older-than" not in proposal.command
    assert set(desks.carry_out(proposal).values()) == {"done"}
    for word in ("spool", "everything"):
        with pytest.raises(BadInput):
            desks.propose("prune", what=[word])
    with pytest.raises(BadInput, match="an age"):
        desks.propose("prune", older_than_s=-1.0)


def test_a_reservation_may_be_mended_only_when_it_is_late(desks: Desks) -> None:
    """The law that the mend rests on, as the proposal finds it: in time, nothing is found and nothing is released."""
    desks.reserve(desks.worker(), desks.jobs())
    assert desks.findings("reserved_expired") == []
    assert releases.release_reserved(desks.db, [1]) == []
