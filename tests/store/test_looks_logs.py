"""The claim log and the audit as the console lists them: the newest first, and no row changes its place."""

from __future__ import annotations

import pytest

from clusterctl.model.audit import AuditChoice
from clusterctl.model.claim_log import ClaimChoice
from clusterctl.store import (
    audit,
    audit_log,
    claim_log,
)
from clusterctl.store.console import audit as acts
from clusterctl.store.console import claims as decisions
from tests.store.onlooker import Onlooker, filter_of, say, set_clock
from tests.store.scene import Scene


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it."""
    return Onlooker(scene.db)


def test_claims_are_listed_newest_first_and_none_changes_its_place(scene: Scene, onlooker: Onlooker) -> None:
    worker = scene.worker(cpus=64)
    say(scene, scene.jobs(1, cpus=40)[0])
    scene.finish(worker, scene.jobs()[0])
    before = onlooker.keys("claims")
    assert before == tuple(sorted(before, reverse=True))
    assert len(before) == 3
    say(scene, *[row.job_id for row in claim_log.read(scene.db, ClaimChoice(), 9) if row.open and row.job_id])  # again
    scene.run(worker, scene.jobs())
    assert onlooker.keys("claims") == (max(before) + 1, *before)
    page = onlooker.page("claims")
    assert page.rows == {row.id: row for row in claim_log.read(scene.db, ClaimChoice(), 100)}
    assert page.rows[before[-1]].repeats == 2


def test_what_still_stands_is_listed_however_long_ago_it_was_said(
    scene: Scene, onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "REACH", 2)
    worker = scene.worker(cpus=64)
    say(scene, scene.jobs(1, cpus=40)[0])
    (stands,) = onlooker.keys("claims")
    for _ in range(2):
        scene.finish(worker, scene.jobs()[0])
    newest = scene.db.value("SELECT max(id) FROM claims")
    assert onlooker.keys("claims") == (newest, newest - 1, stands)
    assert onlooker.keys("claims", "event:ClaimSkipped") == (stands,)
    assert onlooker.keys("claims", sort=("id",)) == (stands, newest - 1, newest)


@pytest.mark.parametrize("text", ["event:Released", "worker:w1 reason:exited", "open:yes", "waiting>0", "job_id:1"])
def test_a_filter_of_claims_means_what_it_means_for_the_claim_log(scene: Scene, onlooker: Onlooker, text: str) -> None:
    worker = scene.worker()
    scene.finish(worker, scene.jobs()[0])
    say(scene, scene.jobs(1, cpus=40)[0])
    expected = claim_log.read(scene.db, ClaimChoice(filter=filter_of("claims", text)), 100)
    assert expected
    assert sorted(onlooker.keys("claims", text)) == sorted(row.id for row in expected)


def test_the_overview_has_the_newest_claims_and_does_not_count_the_others(scene: Scene, onlooker: Onlooker) -> None:
    worker = scene.worker(cpus=64)
    scene.run(worker, scene.jobs(decisions.NEWEST - 1))
    first = onlooker.look("overview").claims
    assert first
    assert (len(first.keys), first.beyond) == (decisions.NEWEST - 1, False)
    scene.run(worker, scene.jobs(5))
    seen = onlooker.look("overview", rows=1).claims
    assert seen
    newest = scene.db.value("SELECT max(id) FROM claims")
    assert list(seen.keys) == list(range(newest, newest - decisions.NEWEST, -1))
    assert set(seen.rows) == set(seen.keys)
    assert (seen.total, seen.beyond) == (decisions.NEWEST, True)


@pytest.fixture
def noted(scene: Scene) -> Scene:
    """What some did, each at a moment of its own."""
    for minute, (actor, verb, subjects, reason) in enumerate(
        [
            ("ada", "cancel", [f"job:{number}" for number in range(7, 30)], "too many"),
            ("eve", "drain", ["worker:w1"], ""),
            ("ada", "hold", ["job:3", "job:5"], ""),
            ("eve", "mend reserved_expired", ["allocation:9"], "stuck"),
        ]
    ):
        set_clock(scene.db, minute)
        audit.note(scene.db, actor, verb, subjects, reason)
    return scene


def test_the_audit_is_folded_and_its_newest_act_stands_first(noted: Scene, onlooker: Onlooker) -> None:
    page = onlooker.page("audit")
    expected = audit_log.read(noted.db, AuditChoice(folded=True), 100)[::-1]
    assert list(page.keys) == [act.id for act in expected]
    assert page.rows == {act.id: act for act in expected}
    assert page.rows[page.keys[-1]].subject == "job:7-29"


def test_a_window_of_the_audit_has_whole_acts(noted: Scene, onlooker: Onlooker) -> None:
    page = onlooker.page("audit", first=3, rows=1, also=(24,))
    assert {key: row.subjects for key, row in page.rows.items()} == {23: 23, 24: 1}


@pytest.mark.parametrize("text", ["actor:ada", "verb:drain", "subject:job:5", "reason:any age<1d", "stuck"])
def test_a_filter_of_the_audit_means_what_it_means_for_the_audit(noted: Scene, onlooker: Onlooker, text: str) -> None:
    wanted = AuditChoice(folded=True, filter=filter_of("audit", text))
    expected = [act.id for act in audit_log.read(noted.db, wanted, 100)[::-1]]
    assert expected
    assert list(onlooker.keys("audit", text)) == expected


def test_the_audit_can_be_ordered(noted: Scene, onlooker: Onlooker) -> None:
    assert onlooker.keys("audit", sort=("-subjects", "verb")) == (23, 26, 24, 27)
    assert onlooker.keys("audit", sort=("actor", "at")) == (23, 26, 24, 27)
    for name in acts.ORDERS:
        assert len(onlooker.keys("audit", sort=(name, f"-{name}"))) == 4


def test_of_too_many_acts_it_is_said_that_there_are_more(
    noted: Scene, onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_ACTS", 3)
    page = onlooker.page("audit")
    assert (page.keys, page.total, page.beyond) == ((27, 26, 24), 3, True)
    monkeypatch.setattr(acts, "MOST_ACTS", 100)
    monkeypatch.setattr(acts, "MOST_ENTRIES", 10)  # in the middle of an act
    page = onlooker.page("audit")
    assert (page.keys, page.beyond) == ((27, 26, 24, 23), True)
    assert page.rows[23].subjects == 23
