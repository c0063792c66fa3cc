"""Services as the console lists them: filters and orders mean what they mean for `services`."""

from __future__ import annotations

import pytest

from clusterctl.cli.display.listing import chosen, ordered
from clusterctl.cli.display.service_rows import SERVICES
from clusterctl.model.services import ServicePicture
from clusterctl.model.vocabulary import vocabulary_of
from clusterctl.store import (
    job_steps,
    jobs,
    service_filters,
    service_rows,
)
from tests.store.onlooker import Onlooker, filter_of
from tests.store.scene import Scene
from tests.store.service import become_ready, serve


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it."""
    return Onlooker(scene.db)


@pytest.fixture
def served(scene: Scene) -> Scene:
    """Services in most of their states."""
    worker = scene.worker(cpus=64)
    for name, count in (("web", 2), ("api", 3), ("db", 1), ("old", 1), ("late", 2), ("held", 1)):
        ids = serve(scene, count, name=name, slo_p99_ms=100 if name == "web" else None)
        if name in ("web", "api", "old"):
            orders, _ = scene.run(worker, ids)
            become_ready(scene, *[order.allocation_id for order in orders[: 1 if name == "api" else 2]])
        if name == "old":
            jobs.cancel(scene.db, ids)
        if name == "held":
            job_steps.hold(scene.db, ids, "held by ada")
    scene.db.run(
        "UPDATE allocations SET p99_ms = 120, requests = 50, violations = 5, all_requests = 500, all_violations = 7,"
        " reported_at = cluster_time() WHERE job_id IN (SELECT id FROM jobs WHERE name = 'web')"
    )
    return scene


def test_services_are_listed_by_name(served: Scene, onlooker: Onlooker) -> None:
    page = onlooker.page("services", rows=3)
    everything = {each.id: each for each in service_rows.listed(served.db, 120)}
    assert [everything[int(key)].name for key in page.keys] == ["api", "db", "held", "late", "old", "web"]
    assert page.rows == {key: everything[int(key)] for key in page.keys[:3]}


SERVICE_FILTERS = (
    "state:ready", "state:partly", "state:waiting", "state:held", "state:ended", "replicas.ready>1", "name:w*",
    "p99_ms>100", "violation_rate:0.1", "requests>=1000", "slo_p99_ms:100", "held_up_by.job_id:none", "rolling:false",
    "replicas.wanted:2", "tenant:default", "command:true", "every_worker:no", "ended_at:none", "restarts:0", "age<1d",
)  # fmt: skip


def test_a_filter_of_services_means_the_same_in_postgres_and_in_python(served: Scene, onlooker: Onlooker) -> None:
    everything = service_rows.listed(served.db, 120)
    for text in SERVICE_FILTERS:
        wanted = chosen(SERVICES, everything, wanted=filter_of("services", text), sort="")
        assert wanted, text
        assert sorted(onlooker.keys("services", text)) == [each.id for each in wanted], text


def test_services_are_ordered_by_any_field(served: Scene, onlooker: Onlooker) -> None:
    everything = service_rows.listed(served.db, 120)
    for name in service_filters.FIELDS:
        shown = SERVICES._replace(fields=f"{SERVICES.fields} {name}")  # the command line orders only by what it shows
        for sort in (name, f"-{name}"):
            expected = [each.id for each in ordered(shown, everything, sort)]
            assert list(onlooker.keys("services", sort=(sort,))) == expected, sort


def test_a_filter_of_services_knows_the_fields_of_the_json() -> None:
    known = {**vocabulary_of(ServicePicture).kinds, **dict.fromkeys(SERVICES.spans, "duration")}
    assert {name: expression.kind for name, expression in service_filters.FIELDS.items()} == known
