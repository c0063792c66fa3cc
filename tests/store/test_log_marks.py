"""Following the claim log without missing a row, though several write to it at once."""

from __future__ import annotations

from contextlib import suppress

from clusterctl.model.claim_log import ClaimChoice
from clusterctl.model.log_marks import Mark
from clusterctl.store import claim_log, claims, log_marks
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.test_claim_log import ALL, later, say, told


class Follower:
    """Somebody who follows the log."""

    def __init__(self, db: Database, wanted: ClaimChoice = ALL) -> None:
        self.db = db
        self.wanted = wanted
        self.mark = log_marks.begin(db, "claims")
        self.standing: set[int] = set()

    def news(self) -> list[tuple[str, int | None, str | None]]:
        """What it is told now."""
        behind = log_marks.advance(self.db, "claims", self.mark)
        found = claim_log.news(self.db, self.wanted, self.mark, behind, sorted(self.standing))
        self.mark = behind
        self.standing = {row.id for row in found if row.open} | self.standing - {row.id for row in found}
        return told(found)


def test_a_follower_is_told_each_row_once_and_a_refusal_when_it_begins_and_ends(scene: Scene) -> None:
    scene.finish(scene.worker(), scene.jobs()[0])
    follower, (job,) = Follower(scene.db), scene.jobs()
    assert follower.news() == []
    say(scene, (job, "fits_now"))
    assert follower.news() == [("ClaimSkipped", job, "fits_now")]
    say(scene, (job, "fits_now"))
    assert follower.news() == []
    say(scene, (job, "label"))
    assert follower.news() == [("ClaimSkipped", job, "fits_now"), ("ClaimSkipped", job, "label")]
    say(scene)
    assert follower.news() == [("ClaimSkipped", job, "label")]
    assert follower.news() == []


def test_a_follower_is_told_what_commits_after_a_row_with_a_higher_number(scene: Scene, connect: Connect) -> None:
    early, late = connect(), connect()
    follower = Follower(scene.db)
    with early.transaction():
        claims.log_conflicts(early, 1, [(1, 1)])
        claims.log_conflicts(late, 1, [(2, 1)])
        assert follower.news() == [("ClaimSkipped", 2, "claim_conflict")]
        assert follower.news() == []
    assert follower.news() == [("ClaimSkipped", 1, "claim_conflict")]
    assert follower.news() == []
    assert follower.mark.missing == ()


def test_a_row_that_commits_between_mark_and_look_is_told_once(scene: Scene, connect: Connect) -> None:
    early = connect()
    with early.transaction():
        claims.log_conflicts(early, 1, [(1, 1)])
        claims.log_conflicts(scene.db, 1, [(2, 1)])
        before = Mark(0)
        behind = log_marks.advance(scene.db, "claims", before)
    assert told(claim_log.news(scene.db, ALL, before, behind, [])) == [("ClaimSkipped", 2, "claim_conflict")]
    then = log_marks.advance(scene.db, "claims", behind)
    assert told(claim_log.news(scene.db, ALL, behind, then, [])) == [("ClaimSkipped", 1, "claim_conflict")]


def test_who_begins_to_follow_hears_of_rows_that_were_being_written_then(scene: Scene, connect: Connect) -> None:
    early = connect()
    with early.transaction():
        claims.log_conflicts(early, 1, [(1, 1)])
        claims.log_conflicts(scene.db, 1, [(2, 1)])
        follower = Follower(scene.db)
    assert follower.news() == [("ClaimSkipped", 1, "claim_conflict")]


def test_a_number_that_never_appears_is_forgotten(scene: Scene, connect: Connect) -> None:
    other = connect()
    with suppress(ZeroDivisionError), other.transaction():
        claims.log_conflicts(other, 1, [(1, 1)])
        raise ZeroDivisionError
    claims.log_conflicts(scene.db, 1, [(2, 1)])
    follower = Follower(scene.db)
    assert [number for number, _ in follower.mark.missing] == [1]
    later(scene.db, 0.1)
    assert follower.news() == []
    assert follower.mark == Mark(2)


def test_a_follower_of_a_log_that_begins_anew_follows_on(scene: Scene) -> None:
    claims.log_conflicts(scene.db, 1, [(job, 1) for job in range(1, 20)])
    follower = Follower(scene.db)
    scene.db.run("TRUNCATE claims RESTART IDENTITY")
    assert follower.news() == []
    claims.log_conflicts(scene.db, 1, [(5, 1)])
    assert follower.news() == [("ClaimSkipped", 5, "claim_conflict")]


def test_a_follower_hears_only_of_what_was_chosen(scene: Scene) -> None:
    head, behind = scene.jobs(2)
    other = scene.jobs(cpus=2)[0]
    follower = Follower(scene.db, ClaimChoice(job_id=behind))
    say(scene, (head, "fits_now"), (other, "fits_now"))
    assert follower.news() == [("ClaimSkipped", head, "fits_now")]
    scene.reserve(scene.worker(), [head, other])
    assert follower.news() == []
    scene.reserve(scene.worker(), [behind])
    assert follower.news() == [("Claimed", behind, None)]
