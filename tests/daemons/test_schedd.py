"""The scheduler at work: what it places, what it does as time passes, and what it writes down."""

from __future__ import annotations

import pytest

from clusterctl.model.spec import After
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def test_a_job_is_placed_run_and_completed(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1", cpus=4)
    job = cluster.job(seconds=30, cpus=4)
    cluster.pass_time(6)
    assert cluster.state(job) == "running"
    assert cluster.held_milli("w1") == 4000
    cluster.pass_time(31)
    assert cluster.state(job) == "completed"
    assert cluster.held_milli("w1") == 0
    assert worker.machine.ran == [job]


def test_as_many_run_at_once_as_fit_and_in_the_end_all_have_run(cluster: Cluster) -> None:
    cluster.schedd()
    workers = [cluster.worker("w1", cpus=16), cluster.worker("w2", cpus=16)]
    jobs = cluster.jobs(10, seconds=20, cpus=8)
    cluster.pass_time(6)
    assert cluster.states(jobs) == ["running"] * 4 + ["pending"] * 6
    cluster.pass_time(90)
    assert cluster.states(jobs) == ["completed"] * 10
    assert sorted(workers[0].machine.ran + workers[1].machine.ran) == jobs


def test_a_reservation_that_nobody_starts_gives_its_cpus_back_and_spends_no_retry(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    assert worker.life
    worker.life.stopped = True
    job = cluster.job(cpus=4)
    cluster.pass_time(2)
    assert (cluster.state(job), cluster.held_milli("w1")) == ("scheduled", 4000)
    cluster.pass_time(60)
    assert (cluster.state(job), cluster.held_milli("w1")) == ("pending", 0)
    assert cluster.attempts(job) == ["start_timeout"]
    assert cluster.job_row(job, "failures, losses") == (0, 0)
    worker.life.stopped = False
    cluster.pass_time(20)
    assert cluster.state(job) == "completed"
    assert worker.machine.ran == [job]


def test_a_job_that_fails_is_tried_again_after_growing_pauses_as_often_as_it_may(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    job = cluster.job(seconds=0, code=3, retries=2)
    starts: list[float] = []
    while cluster.state(job) != "failed" and cluster.clock.seconds() < 100:
        cluster.pass_time(0.5)
        if len(worker.machine.ran) > len(starts):
            starts.append(cluster.clock.seconds())
    first, second, third = starts
    assert second - first >= 1
    assert third - second >= 2
    assert cluster.job_row(job, "exit_code, failures, attempt") == (3, 3, 3)


def test_a_dependency_waits_for_its_parent_and_dies_with_it(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1", cpus=8)
    good, bad = cluster.job(seconds=10), cluster.job(seconds=10, code=1)
    follows, never, anyway = (
        cluster.job(after=(After(good),)),
        cluster.job(after=(After(bad),)),
        cluster.job(after=(After(bad, "any"),)),
    )
    cluster.pass_time(8)
    assert cluster.states([good, follows, never, anyway]) == ["running", "pending", "pending", "pending"]
    cluster.pass_time(40)
    assert cluster.states([follows, never, anyway]) == ["completed", "cancelled", "completed"]
    assert cluster.job_row(never, "reason") == ("dependency_never",)
    assert never not in worker.machine.ran


def test_a_dependency_holds_across_array_and_retries(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1", cpus=2)
    parents = cluster.jobs(4, seconds=10)
    child = cluster.job(after=tuple(After(parent) for parent in parents))
    cluster.pass_time(80)
    assert cluster.states([*parents, child]) == ["completed"] * 5
    assert worker.machine.ran[-1] == child


def test_an_array_limit_bounds_how_many_run(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=8)
    jobs = cluster.jobs(5, seconds=20, array_limit=2)
    cluster.pass_time(8)
    assert cluster.states(jobs).count("running") == 2
    cluster.pass_time(80)
    assert cluster.states(jobs) == ["completed"] * 5


def open_waits(cluster: Cluster) -> list[tuple[str, int, str]]:
    """The "no"s that stand: reason, how often said, in words."""
    return [
        (reason, repeats, text)
        for reason, repeats, text in cluster.db.rows(
            "SELECT reason, repeats, detail->>'text' FROM claims WHERE open ORDER BY id"
        )
    ]


def test_a_wait_is_written_once_with_its_reason_and_then_counted(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(cpus=8)
    cluster.pass_time(1)
    assert open_waits(cluster) == [
        (
            "unsatisfiable",
            1,
            "needs 8 CPUs; no worker that it may use is that large (the largest, w1, has 4 CPUs, 1000 MiB)",
        )
    ]
    cluster.pass_time(60)
    ((reason, repeats, _),) = open_waits(cluster)
    assert reason == "unsatisfiable"
    assert 40 < repeats <= 62
    assert cluster.db.value("SELECT count(*) FROM claims WHERE event = 'ClaimSkipped'") == 1


def test_a_wait_that_is_over_is_closed_and_another_reason_is_another_row(cluster: Cluster) -> None:
    cluster.schedd()
    job = cluster.job(seconds=20, cpus=4)
    other = cluster.job(seconds=20, cpus=4)
    cluster.pass_time(1)
    assert [reason for reason, _, _ in open_waits(cluster)] == ["no_workers"]
    cluster.worker("w1", cpus=4)
    cluster.pass_time(10)
    assert cluster.states([job, other]) == ["running", "pending"]
    assert [reason for reason, _, _ in open_waits(cluster)] == ["fits_now"]
    cluster.pass_time(60)
    assert cluster.states([job, other]) == ["completed"] * 2
    assert open_waits(cluster) == []


def test_a_new_leader_closes_what_the_old_one_left_open(cluster: Cluster) -> None:
    cluster.schedd("s1")
    job = cluster.job(seconds=1)
    cluster.pass_time(1)
    assert open_waits(cluster)
    cluster.kill_schedd("s1", seen=True)
    cluster.db.run("UPDATE jobs SET state = 'cancelled', reason = 'cancelled', finished_at = cluster_time()")
    cluster.schedd("s2")
    cluster.pass_time(1)
    assert cluster.state(job) == "cancelled"
    assert open_waits(cluster) == []


def test_a_leader_that_returns_closes_what_another_opened_meanwhile(cluster: Cluster) -> None:
    cluster.schedd("s1")
    cluster.pass_time(1)
    cluster.schedds["s1"].stopped = True
    cluster.schedd("s2")
    cluster.pass_time(12)
    cluster.job()
    cluster.pass_time(1)
    assert [reason for reason, _, _ in open_waits(cluster)] == ["no_workers"]
    cluster.kill_schedd("s2", seen=True)
    cluster.db.run("UPDATE jobs SET state = 'cancelled', reason = 'cancelled', finished_at = cluster_time()")
    cluster.schedds["s1"].stopped = False
    cluster.pass_time(2)
    assert open_waits(cluster) == []


def test_a_claim_says_where_by_which_policy_and_among_how_many(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.worker("w2", cpus=8)
    job = cluster.job(cpus=2)
    cluster.pass_time(1)
    claims = cluster.db.rows(
        """
        SELECT c.event, c.policy, c.candidates, w.name FROM claims c JOIN workers w ON w.id = c.worker_id
         WHERE c.job_id = %s
        """,
        job,
    )
    assert claims == [("Claimed", "pack", 2, "w1")]


def test_with_placement_none_nothing_is_placed_and_says_so(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(batch_placement="none")
    cluster.schedd()
    cluster.worker("w1")
    job = cluster.job()
    cluster.pass_time(5)
    assert cluster.state(job) == "pending"
    assert [reason for reason, _, _ in open_waits(cluster)] == ["policy_disabled"]


def test_the_pruner_forgets_what_is_old_and_keeps_what_lives(make_cluster: ClusterMaker) -> None:
    day = 86_400.0
    cluster = make_cluster(keep_jobs=day, keep_allocations=day, keep_claims=day, keep_samples=day, round_every=600.0)
    cluster.schedd()
    worker = cluster.worker("w1", cpus=4)
    old = cluster.job(seconds=10)
    lives = cluster.job(seconds=10 * day, lease_s=20 * int(day))
    waits = cluster.job(cpus=100)
    cluster.pass_time(1300)
    assert cluster.states([old, lives, waits]) == ["completed", "running", "pending"]
    worker.die()
    cluster.clock.wait(worker.orders, 3 * day)
    cluster.round()
    cluster.pass_time(1300)
    assert [row[0] for row in cluster.db.rows("SELECT id FROM jobs ORDER BY id")] == [lives, waits]
    assert cluster.db.rows("SELECT job_id FROM allocations") == [(lives,)]
    assert [reason for reason, _, _ in open_waits(cluster)] == ["no_workers"]


@pytest.mark.parametrize("placement", ["pack", "spread", "first_fit"])
def test_every_policy_runs_a_mixed_queue_to_its_end(make_cluster: ClusterMaker, placement: str) -> None:
    cluster = make_cluster(batch_placement=placement)
    cluster.schedd()
    machines = [cluster.worker(f"w{number}", cpus=number).machine for number in (1, 2, 4)]
    jobs = [cluster.job(seconds=7, cpus=cpus) for cpus in (0.5, 4, 1, 2, 3, 1, 0.25)]
    cluster.pass_time(120)
    assert cluster.states(jobs) == ["completed"] * 7
    assert sorted(job for machine in machines for job in machine.ran) == jobs
