"""Draining a worker by a deadline."""

from __future__ import annotations

import pytest

from clusterctl.model.states import AdminState
from clusterctl.store import administration
from tests.cluster import GRACE, Cluster


def drain(cluster: Cluster, deadline_s: float | None) -> None:
    administration.administer(cluster.db, ["w1"], AdminState.DRAINING, "new kernel", deadline_s)


def test_what_still_runs_at_the_deadline_runs_elsewhere_for_free(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    worker, job = cluster.running_job(seconds=300.0)
    short = cluster.job(seconds=20)
    cluster.pass_time(6)
    drain(cluster, 60)
    cluster.worker("w2")
    cluster.pass_time(50)
    assert cluster.states([job, short]) == ["running", "completed"]
    cluster.pass_time(20 + GRACE)
    assert (cluster.attempts(job)[0], cluster.job_row(job, "failures, losses")) == ("worker_stopped", (0, 0))
    assert "worker w1 should have drained by now" in caplog.text
    cluster.pass_time(10)
    assert (cluster.state(job), worker.machine.ran) == ("running", [job, short])
    cluster.check()


def test_without_a_deadline_it_runs_to_its_end(cluster: Cluster) -> None:
    _, job = cluster.running_job(seconds=300.0)
    drain(cluster, None)
    cluster.pass_time(310)
    assert (cluster.state(job), cluster.attempts(job)) == ("completed", ["exited"])


def test_a_job_that_was_cancelled_is_not_sent_elsewhere_by_the_deadline(cluster: Cluster) -> None:
    _, job = cluster.running_job(seconds=300.0)
    drain(cluster, 10)
    cluster.cancel(job)
    cluster.pass_time(20 + GRACE)
    assert (cluster.state(job), cluster.attempts(job)) == ("cancelled", ["cancelled"])
