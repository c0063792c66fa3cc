"""How soon the end of a short job is told."""

from __future__ import annotations

from agentd.pace import PACE
from tests.cluster import Cluster

STEP = PACE / 8


def seconds_until_told(cluster: Cluster, job: int) -> float:
    """From its start until its end stands in Postgres, in steps of a few of which the pace consists."""
    while cluster.state(job) in ("pending", "scheduled"):
        cluster.pass_time(STEP)
    started = cluster.clock.seconds()
    while cluster.state(job) == "running":
        cluster.pass_time(STEP)
    return cluster.clock.seconds() - started


def test_the_end_of_the_last_job_waits_for_no_other_to_share_its_commit(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.pass_time(1)
    assert seconds_until_told(cluster, cluster.job(seconds=STEP)) < PACE - STEP


def test_while_others_run_an_end_waits_a_moment_for_theirs(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.pass_time(1)
    short, _ = cluster.job(seconds=STEP), cluster.job(seconds=60)
    assert PACE - STEP <= seconds_until_told(cluster, short) <= PACE + 2 * STEP
