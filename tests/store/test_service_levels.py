"""How well replicas serve, added up by worker and by tenant, and who has most of a worker."""

from __future__ import annotations

import pytest

from clusterctl.model.pictures import WorkerSlo
from clusterctl.model.resources import Resources
from clusterctl.store import tenants, worker_rows
from clusterctl.store.deadlines import Kept
from clusterctl.store.tenants import Reports
from clusterctl.views.tenants import slo
from tests.store.scene import Scene
from tests.store.service import serve

FRESH_S = 120.0
FAST, SLOW, STALE = 10.0, 90.0, 5000.0


@pytest.fixture
def told(scene: Scene) -> Scene:
    """Four replicas of ada's: two are fast, one is slow, and one was much slower, but that is long ago."""
    ids = serve(scene, 4, tenant="ada")
    scene.run(scene.worker(), ids)
    for job, p99_ms, ago in zip(ids, (FAST, FAST, SLOW, STALE), (1, 119, 5, 121), strict=True):
        scene.db.run(
            "UPDATE allocations SET p99_ms = %s, requests = 100, violations = %s,"
            " reported_at = cluster_time() - %s * interval '1 s' WHERE job_id = %s",
            p99_ms,
            {FAST: 1, SLOW: 10, STALE: 99}[p99_ms],
            ago,
            job,
        )
    return scene


def of_worker(scene: Scene) -> WorkerSlo:
    """What the one worker shows."""
    (worker,) = worker_rows.read(scene.db, reported_within_s=FRESH_S)
    return worker.slo


def test_of_a_worker_the_slowest_of_a_few_counts_and_nobody_who_has_not_reported_lately(told: Scene) -> None:
    found = of_worker(told)
    assert (found.p99_ms, found.requests, found.violations, found.violation_rate) == (SLOW, 300, 12, 0.04)


def test_of_a_tenant_too(told: Scene) -> None:
    assert tenants.reports(told.db, FRESH_S) == {"ada": Reports(SLOW, 300, 12)}


def test_where_all_reports_are_old_there_are_none(told: Scene) -> None:
    told.db.run("UPDATE allocations SET reported_at = cluster_time() - interval '1 h'")
    found = of_worker(told)
    assert (found.p99_ms, found.requests, found.violations, found.violation_rate) == (None, 0, 0, None)
    assert tenants.reports(told.db, FRESH_S) == {}


@pytest.mark.parametrize(
    "request_, share",
    [
        (Resources(1000, 640, 3), 0.75),
        (Resources(1000, 32_000, 0), 0.5),
        (Resources(4000, 640, 1), 0.5),
    ],
)
def test_the_tenant_with_the_largest_share_of_a_worker_is_told_whatever_kind_it_has_most_of(
    scene: Scene, request_: Resources, share: float
) -> None:
    worker = scene.worker(cpus=8)
    scene.db.run("UPDATE workers SET gpus = 4")
    scene.run(worker, [*scene.jobs(tenant="ada"), *scene.jobs(request=request_, tenant="bob")])
    found = of_worker(scene)
    assert (found.tenant, found.dominant_share) == ("bob", share)


@pytest.mark.parametrize(
    "reports, kept, rate",
    [
        (Reports(FAST, 100, 5), None, 0.05),
        (None, Kept(4, 1), 0.25),
        (Reports(FAST, 96, 3), Kept(4, 1), 0.04),
        (Reports(FAST, 0, 0), None, None),
        (None, None, None),
    ],
)
def test_requests_and_deadlines_both_count_in_the_violations_of_a_tenant(
    reports: Reports | None, kept: Kept | None, rate: float | None
) -> None:
    assert slo(reports, kept).violation_rate == rate
