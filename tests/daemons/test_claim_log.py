"""What a scheduler at work leaves in the claim log."""

from __future__ import annotations

import pytest

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.store import claim_log, jobs, leader
from schedd import round
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def log(cluster: Cluster, job: int | None = None, event: str = "") -> list[ClaimPicture]:
    """The rows, of one job or of all, of one event or of all; oldest first."""
    events = (event,) if event else ()
    return claim_log.read(cluster.db, ClaimChoice(job_id=job, events=events), 1000)


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
    assert len(log(cluster, event="Claimed")) == round.BATCH
