"""Workers as the console lists them: filters and orders mean what they mean for `workers`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from clusterctl.cli.commands.workers import WORKERS
from clusterctl.cli.display.listing import chosen, ordered, span_of
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.states import AdminState
from clusterctl.model.vocabulary import vocabulary_of
from clusterctl.store import (
    administration,
    worker_filters,
    worker_rows,
)
from clusterctl.store.connection import Database
from tests.store.onlooker import Onlooker, filter_of, set_clock
from tests.store.scene import Scene
from tests.store.service import serve


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it."""
    return Onlooker(scene.db)


def use(db: Database, name: str, **columns: Any) -> None:
    """As its agent says."""
    for column, value in columns.items():
        db.run(f"UPDATE workers SET {column} = %s WHERE name = %s", value, name)  # noqa: S608 - a test's own words


@pytest.fixture
def machines(scene: Scene) -> Scene:
    """Of all kinds: full, empty, draining, closed, silent, lost, troubled, forgotten."""
    set_clock(scene.db, 0)
    for name in ("full", "half", "empty", "draining", "closed", "silent", "lost", "troubled", "gone"):
        scene.worker(name, cpus=8)
    set_clock(scene.db, 7)
    full, half = (scene.worker(name, cpus=8, labels={"gpu": "a100"}) for name in ("full", "half"))
    silent = scene.worker("silent", cpus=8)
    scene.run(full, [*scene.jobs(5, tenant="physics"), *scene.jobs(3, tenant="art")])
    scene.reserve(half, scene.jobs(4))
    scene.run(silent, serve(scene, 2))
    use(scene.db, "full", used_milli=7900, used_memory_mb=300, load1=7.5, measured_at=AT_NIGHT)
    use(scene.db, "silent", used_milli=500)
    scene.db.run(
        "UPDATE allocations SET p99_ms = 80, requests = 30, violations = 1, reported_at = cluster_time()"
        " WHERE kind = 'service'"
    )
    administration.administer(scene.db, ["draining"], AdminState.DRAINING, "a new disk")
    administration.administer(scene.db, ["closed"], AdminState.CLOSED, "")
    use(scene.db, "troubled", trouble="disk is full")
    use(scene.db, "silent", live_state="silent", live_reason="nothing heard for 20 s")
    use(scene.db, "lost", live_state="lost")
    use(scene.db, "gone", live_state="lost", forgotten_at=AT_NIGHT)
    return scene


def test_workers_are_listed_by_name_and_forgotten_ones_not(machines: Scene, onlooker: Onlooker) -> None:
    page = onlooker.page("workers")
    assert page.keys == ("closed", "draining", "empty", "full", "half", "lost", "silent", "troubled")
    assert page.rows == {worker.name: worker for worker in worker_rows.read(machines.db)}


def test_on_the_overview_those_come_first_that_need_a_hand(machines: Scene, onlooker: Onlooker) -> None:
    assert onlooker.keys("overview") == ("lost", "silent", "draining", "troubled", "closed", "full", "half", "empty")
    assert onlooker.keys("overview", "live_state:up", sort=("-name",))[0] == "troubled"


def test_of_workers_too_only_those_are_read_that_are_shown(machines: Scene, onlooker: Onlooker) -> None:
    page = onlooker.page("overview", rows=2, also=("half", "gone", "nobody"))
    assert set(page.rows) == {"lost", "silent", "half", "gone"}
    assert page.rows["half"] == worker_rows.read(machines.db, "half")[0]


AT_NIGHT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
WORKER_FILTERS = (
    "live_state:up", "admin_state:draining,closed", "label.gpu:a100", "labels:none", "trouble:any", "cpus.used<8",
    "cpus.used:none", "cpus.reserved>0", "cpus.allocated>=8", "memory_mb.total>=62G", "gpus.total:0", "jobs>3",
    "services:2", "slo.p99_ms>=80", "slo.violation_rate>0.03", "slo.tenant:physics", "slo.dominant_share>=0.6",
    "slo.requests:60", "load1>7", "age>5m", "heartbeat_age_s<1m", "version:any", "f*", "disk", "hostname:half",
    "live_reason:*heard*", "registered_at<2026-03-29T00:33", "beat:0", "incarnation:2", "gpus.used:none",
    "drain_by:none", "admin_reason:*disk",
)  # fmt: skip


@pytest.fixture
def by_the_databases_clock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line asks its own clock how old something is; here, let it ask the scene's."""

    def span(plain: Mapping[str, Any], begin: str, end: str) -> float | None:
        return span_of({**plain, "now": scene.db.value("SELECT cluster_time()")}, begin, end or "now")

    monkeypatch.setattr("clusterctl.cli.display.listing.span_of", span)


@pytest.mark.usefixtures("by_the_databases_clock")
def test_a_filter_of_workers_means_the_same_in_postgres_and_in_python(machines: Scene, onlooker: Onlooker) -> None:
    everybody = worker_rows.read(machines.db)
    for text in WORKER_FILTERS:
        wanted = chosen(WORKERS, everybody, wanted=filter_of("workers", text), sort="")
        assert wanted, text
        assert list(onlooker.keys("workers", text)) == [worker.name for worker in wanted], text


@pytest.mark.usefixtures("by_the_databases_clock")
def test_workers_are_ordered_by_any_field_as_the_command_line_orders_them(machines: Scene, onlooker: Onlooker) -> None:
    everybody = worker_rows.read(machines.db)
    for name in (name for name, each in worker_filters.FIELDS.items() if each.kind != "map"):
        shown = WORKERS._replace(fields=f"{WORKERS.fields} {name}")  # it orders only by what it shows
        for sort in (name, f"-{name}"):
            expected = [worker.name for worker in ordered(shown, everybody, sort)]
            assert list(onlooker.keys("workers", sort=(sort, "name"))) == expected, sort


def test_a_filter_of_workers_knows_the_fields_of_the_json_but_for_what_is_redis_s() -> None:
    known = {**vocabulary_of(WorkerPicture).kinds, **dict.fromkeys(WORKERS.spans, "duration")}
    assert known.pop("heartbeat_ttl_s") == "duration"
    assert {name: expression.kind for name, expression in worker_filters.FIELDS.items()} == known
