"""What a scheduler at work leaves in the claim log."""

from __future__ import annotations

from collections import Counter

import pytest

from clusterctl import views
from clusterctl.cluster import Cluster as Place
from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import NotFound
from clusterctl.store import claim_log, jobs, leader, rounds
from schedd import round
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def log(cluster: Cluster, job: int | None = None, event: str = "") -> list[ClaimPicture]:
    """The rows, of one job or of all, of one event or of all; oldest first."""
    events = (event,) if event else ()
    return claim_log.read(cluster.db, ClaimChoice(job_id=job, events=events), 1000)


def story(cluster: Cluster, claim_id: int) -> ClaimStory:
    """One row, as the operator asks for it."""
    with Place(cluster.settings) as place:
        return views.claim(place, claim_id)


def test_a_claim_says_how_it_was_decided_and_what_each_filter_removed(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("small", cpus=1)
    cluster.worker("full", cpus=4)
    cluster.job(seconds=100, cpus=4, worker="full")
    cluster.pass_time(1)
    cluster.worker("big", cpus=16)
    cluster.worker("bigger", cpus=32)
    job = cluster.job(cpus=2)
    cluster.pass_time(1)
    (claim,) = log(cluster, job)
    assert (claim.event, claim.worker, claim.policy, claim.candidates) == ("Claimed", "big", "pack", 2)
    assert claim.reasons == {"fits_ever": 1, "fits_now": 1}
    assert claim.score is not None
    assert claim.round
    assert claim.duration_ms == 0  # no time passes in this world while a round decides
    assert claim.allocation_id == cluster.job_row(job, "allocation_id")[0]


def test_what_a_start_carries_is_not_changed_by_the_wait_behind_it(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=1)
    ids = cluster.jobs(2)
    cluster.schedd()
    claimed, refused = log(cluster, event="Claimed"), log(cluster, event="ClaimSkipped")
    assert [(claim.job_id, claim.reasons) for claim in claimed] == [(ids[0], {})]
    assert [(claim.job_id, claim.reasons) for claim in refused] == [(ids[1], {"fits_now": 1})]


def test_a_refusal_that_is_over_has_counted_every_round_that_said_it(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(seconds=34.5, cpus=4)
    waits = cluster.job(cpus=4, seconds=1)
    cluster.pass_time(30)
    (refusal,) = log(cluster, waits)
    assert (refusal.open, refusal.waiting) == (True, 1)
    cluster.pass_time(20)
    refusal = log(cluster, waits)[0]
    assert refusal.closed_at
    stood = (refusal.closed_at - refusal.at).total_seconds()
    assert 30 <= stood <= 40
    assert refusal.repeats >= stood  # once a second at least; more where somebody rang


def test_each_job_of_a_shape_learns_why_it_waited(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=1)
    ids = cluster.jobs(3, seconds=20)
    cluster.pass_time(90)
    assert cluster.states(ids) == ["completed"] * 3
    assert [[row.event for row in log(cluster, job)] for job in ids] == [
        ["Claimed", "Released"],
        ["ClaimSkipped", "Claimed", "Released"],
        ["ClaimSkipped", "Claimed", "Released"],
    ]


def test_a_lost_worker_and_a_retry_are_read_from_the_log_alone(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(start_timeout=20.0)
    cluster.schedd()
    worker = cluster.worker("w1", cpus=4)
    assert worker.life
    worker.life.stopped = True
    job = cluster.job(seconds=1, code=2, retries=1)
    cluster.pass_time(30)
    worker.life.stopped = False
    cluster.pass_time(60)
    assert cluster.state(job) == "failed"
    released = log(cluster, job, "Released")
    assert [(row.reason, row.detail["attempt"]) for row in released] == [
        ("start_timeout", 1),
        ("exited", 2),
        ("exited", 3),
    ]
    assert [row.detail.get("exit_code") for row in released] == [None, 2, 2]
    assert released[-1].detail["ran_s"] == pytest.approx(1, abs=1)
    assert len(log(cluster, job, "Claimed")) == 3


def test_a_decision_that_met_a_changed_world_is_a_conflict_with_its_worker(cluster: Cluster) -> None:
    """A job is cancelled after the look, and before its batch is committed."""
    cluster.worker("w1", cpus=2 * round.BATCH)
    ids = cluster.jobs(round.BATCH + 1)
    term = leader.take(cluster.db, leader.observe(cluster.db), "s1")
    assert term
    outcome = round.run(
        cluster.db,
        cluster.settings,
        term,
        7,
        wake=lambda _: jobs.cancel(cluster.db, ids[-1:]),
        may_go_on=lambda: True,
    )
    assert [job for job, _ in outcome.conflicts] == ids[-1:]
    (conflict,) = log(cluster, ids[-1])
    assert (conflict.event, conflict.reason, conflict.worker) == ("ClaimSkipped", "claim_conflict", "w1")
    assert (conflict.round, conflict.open, conflict.repeats, conflict.duration_ms) == (7, False, 1, 0)
    assert "changed" in conflict.detail["text"]
    assert conflict.detail["reason"] == "claim_conflict"
    assert len(log(cluster, event="Claimed")) == round.BATCH


def test_the_log_of_a_service_says_who_may_claim_who_tries_and_who_gets_it(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(service_placement="service_count")
    cluster.schedd()
    cluster.worker("w1", cpus=32)
    cluster.worker("w2", cpus=32)
    ids = cluster.jobs(21, seconds=1e6, kind="service")
    cluster.pass_time(30)
    claimed, attempts = log(cluster, event="Claimed"), log(cluster, event="ClaimAttempt")
    assert [claim.job_id for claim in claimed] == ids
    assert sorted(Counter(claim.worker for claim in claimed).values()) == [10, 11]
    assert max(Counter((claim.round, claim.worker) for claim in claimed).values()) == 1
    assert [claim.detail for claim in claimed] == [{"job_id": each.job_id, "claimant": each.worker} for each in claimed]
    assert [(each.job_id, each.worker, each.round) for each in attempts] == [
        (each.job_id, each.worker, each.round) for each in claimed
    ]
    assert all(before.id < after.id for before, after in zip(attempts, claimed, strict=True))
    assert attempts[0].detail.keys() == {"job_id", "claimant", "usage"}
    (verdict,) = log(cluster, event="ClaimEligibility")
    assert (verdict.reason, verdict.policy, verdict.candidates, verdict.open) == ("eligible", "service_count", 2, False)
    assert verdict.repeats == len({claim.round for claim in claimed})
    (waited,) = log(cluster, event="ClaimSkipped")
    assert (waited.reason, waited.detail["reason"], waited.open) == ("service_claims", "not_eligible", False)


def test_the_rounds_of_a_service_are_kept_with_who_claimed_what(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(service_placement="service_count", round_every=0.2)
    cluster.schedd()
    cluster.worker("w1", cpus=32)
    cluster.worker("w2", cpus=32)
    ids = cluster.jobs(9, seconds=1e6, kind="service")
    cluster.pass_time(10)
    told = rounds.recent(cluster.db, 100)
    assert [row.job_id for row in told] == ids
    assert {(row.kind, row.jobs) for row in told} == {("service", 1)}
    assert all(row.usage.keys() == {"w1", "w2"} for row in told)


def test_the_table_of_candidates_is_as_the_round_saw_them(make_cluster: ClusterMaker) -> None:
    """Long after it: then the one worker was full, and a job had been given before."""
    cluster = make_cluster(batch_placement="spread")
    cluster.worker("full", cpus=2)
    cluster.schedd()
    cluster.job(seconds=5, cpus=2, worker="full")
    cluster.pass_time(2)
    cluster.worker("big", cpus=16)
    cluster.worker("small", cpus=4)
    cluster.pass_time(0)
    first, second = cluster.jobs(2, cpus=2)
    cluster.pass_time(60)
    found = story(cluster, log(cluster, second, "Claimed")[0].id)
    big, full, small = found.candidate_table
    assert (full.worker, full.removed_by, full.score) == ("full", "fits_now", None)
    assert (big.removed_by, small.removed_by) == ("", "")
    assert (big.parts["cpus"], small.parts["cpus"]) == (12, 2), "14 were free behind the first, and 4"
    assert found.given_before == 1
    assert found.claim.score == big.score
    assert cluster.states([first, second]) == ["completed"] * 2


def test_a_worker_that_the_round_kept_for_another_job_could_not_have_had_it(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(seconds=1e6, cpus=3, time_limit_s=600)
    cluster.pass_time(2)
    cluster.worker("w2", cpus=2)
    cluster.job(cpus=4)
    cluster.pass_time(2)
    job, waits = cluster.job(seconds=1e6, cpus=1), cluster.job(cpus=1, worker="w1")
    cluster.pass_time(2)
    (claimed,), (refused,) = log(cluster, job, "Claimed"), log(cluster, waits, "ClaimSkipped")
    for claim, verdicts in (
        (claimed, {"w1": "backfill", "w2": ""}),
        (refused, {"w1": "backfill", "w2": "named_worker"}),
    ):
        assert claim.reasons["backfill"] == 1
        found = story(cluster, claim.id)
        assert {each.worker: each.removed_by for each in found.candidate_table} == verdicts
    assert (claimed.worker, claimed.candidates) == ("w2", 1)
    cluster.pass_time(700)
    (refused,) = [each for each in log(cluster, waits, "ClaimSkipped") if each.reason == "backfill"]
    assert not refused.open
    assert story(cluster, refused.id).candidate_table[0].removed_by == "backfill"


def test_the_table_of_a_refusal_that_stands_is_of_now(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=2)
    job = cluster.job(cpus=4)
    cluster.pass_time(5)
    cluster.worker("w2", cpus=3)
    (refusal,) = log(cluster, job)
    found = story(cluster, refusal.id)
    removed = [(each.worker, each.removed_by) for each in found.candidate_table]
    assert removed == [("w1", "fits_ever"), ("w2", "fits_ever")]
    assert found.seen_at


def test_where_there_is_no_table_it_is_said_why(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=2)
    job = cluster.job(seconds=1)
    cluster.pass_time(20)
    (claimed,), (released,) = log(cluster, job, "Claimed"), log(cluster, job, "Released")
    assert story(cluster, released.id).candidate_table == ()
    cluster.db.run("DELETE FROM rounds")
    assert f"round {claimed.round} saw is not kept" in story(cluster, claimed.id).untold
    cluster.db.run("DELETE FROM jobs")
    assert "forgotten" in story(cluster, claimed.id).untold
    with pytest.raises(NotFound, match="no claim 999"):
        story(cluster, 999)


def test_a_claim_by_another_policy_than_the_one_that_is_set_says_so(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(measure_ttl=0.5)
    cluster.schedd()
    cluster.worker("w1")
    job = cluster.jobs(2, seconds=1e6, kind="service")[0]
    cluster.pass_time(1)
    (claimed,) = log(cluster, job, "Claimed")
    assert claimed.policy == "service_count"
    assert "no worker has a fresh measure" in claimed.detail["fallback"]
    (verdict,) = log(cluster, event="ClaimEligibility")
    assert verdict.detail["fallback"] == claimed.detail["fallback"]


def test_numbers_of_rounds_go_on_under_another_leader(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=100)
    cluster.schedd("s1")
    cluster.jobs(3)
    cluster.pass_time(3)
    cluster.kill_schedd("s1", seen=True)
    cluster.schedd("s2")
    cluster.jobs(3)
    cluster.pass_time(3)
    numbers = [claim.round for claim in log(cluster, event="Claimed")]
    assert len(set(numbers)) == 2
    assert max(filter(None, numbers[:3])) < min(filter(None, numbers[3:]))
    terms = cluster.db.rows("SELECT term, count(*) FROM rounds WHERE claims > 0 GROUP BY term ORDER BY term")
    assert terms == [(1, 1), (2, 1)]
