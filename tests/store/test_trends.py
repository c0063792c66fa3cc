"""The cluster over time: what the history and the samples make of a span, whatever is missing in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures
from clusterctl.model.trends import SeriesName, Trend
from clusterctl.store import audit, history
from clusterctl.store.connection import Database
from clusterctl.views import trends
from tests.store.onlooker import Onlooker
from tests.store.scene import Scene

NOON = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # when Europe's clocks go from 2 to 3
Connect = Callable[..., Database]


def set_clock(db: Database, seconds: float) -> None:
    """It is so many seconds after that."""
    db.run("SELECT set_config('clusterctl.now', %s, false)", (NOON + timedelta(seconds=seconds)).isoformat())


def remember(
    db: Database, second: float, span: float = 15, *, claims: int = 0, pending: int = 0, lost: int = 0
) -> None:
    """A row of the history."""
    db.run(
        """
        INSERT INTO history (at, span_s, pending, scheduled, running, held, oldest_wait_s, cpu_total, cpu_reserved,
                             cpu_allocated, cpu_used, memory_total, memory_held, memory_used, workers_up,
                             workers_silent, workers_lost, claims, conflicts, completed, failed, cancelled)
        VALUES (%(at)s, %(span)s, %(pending)s, 1, 2, 3, 4, 8000, 500, 1500, 1250, 64, 32, 16, 5, 6, %(lost)s,
                %(claims)s, 15, 30, 45, 60)
        """,
        at=NOON + timedelta(seconds=second),
        span=span,
        pending=pending,
        claims=claims,
        lost=lost,
    )


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it, ten minutes later."""
    set_clock(scene.db, 600)
    return Onlooker(scene.db)


def test_every_series_is_there_with_levels_and_rates(scene: Scene, onlooker: Onlooker) -> None:
    for second in range(15, 601, 15):
        remember(scene.db, second, claims=3, pending=second)
    seen = trends.trend(onlooker.cluster, 600, 10)
    assert (seen.span_s, seen.step_s, set(seen.series)) == (600, 60, set(get_args(SeriesName)))
    assert {len(values) for values in seen.series.values()} == {10}
    assert seen.until == NOON + timedelta(seconds=600)
    # A row of the very moment at which a point begins is of that point, though it tells of the time before.
    assert seen.series["pending"] == (30.0, *(60.0 * n + 22.5 for n in range(1, 10)))
    full = {name: values[5] for name, values in seen.series.items()}
    assert full == {
        "pending": 322.5, "scheduled": 1, "running": 2, "oldest_wait_s": 4, "wait_p50_s": None, "wait_p95_s": None,
        "cpu_total": 8, "cpu_reserved": 0.5, "cpu_allocated": 1.5, "cpu_used": 1.25, "memory_total": 64,
        "memory_held": 32, "memory_used": 16, "claims": 0.2, "conflicts": 1, "completed": 2, "failed": 3,
        "cancelled": 4, "workers_up": 5, "workers_silent": 6, "workers_lost": 0,
    }  # fmt: skip


def test_nobody_has_seen_what_was_in_a_gap(scene: Scene, onlooker: Onlooker) -> None:
    for second in (*range(15, 121, 15), *range(375, 601, 15)):
        remember(scene.db, second, 120 if second == 375 else 15, claims=12, pending=7)
    seen = trends.trend(onlooker.cluster, 600, 10)
    assert list(seen.series["pending"]) == [7, 7, 7, None, None, None, 7, 7, 7, 7]
    rates = seen.series["claims"]
    assert set(rates[3:6]) == {None}
    assert rates[6] == pytest.approx(36 / 150)  # what happened meanwhile counts, over the time it took


def test_rows_that_come_late_leave_no_holes(scene: Scene, onlooker: Onlooker) -> None:
    second = 0.0
    for number in range(38):
        second += 15.6
        remember(scene.db, second, 15.6, pending=number)
    seen = trends.trend(onlooker.cluster, 600, 40)
    assert (seen.step_s, len(seen.series["pending"])) == (15, 40)
    told = seen.series["pending"]
    assert None not in told[1:39]
    assert [value for value in told if value is not None] == sorted(value for value in told if value is not None)


def test_no_point_is_shorter_than_a_row(scene: Scene, onlooker: Onlooker) -> None:
    seen = trends.trend(onlooker.cluster, 600, 1000)
    assert (seen.step_s, len(seen.series["running"])) == (15, 40)
    odd = trends.trend(onlooker.cluster, 100, 7)
    assert (odd.step_s, len(odd.series["running"])) == (15, 7)
    assert set(odd.series["running"]) == {None}


def test_points_do_not_wander_while_time_goes_on(scene: Scene, onlooker: Onlooker) -> None:
    for second in range(15, 700, 15):
        remember(scene.db, second, pending=second)
    before = trends.trend(onlooker.cluster, 600, 10)
    set_clock(scene.db, 637)
    later = trends.trend(onlooker.cluster, 600, 10)
    assert later.until == before.until + timedelta(seconds=60)
    assert later.series["pending"][1:8] == before.series["pending"][2:9]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
def test_where_the_server_stands_makes_no_difference(scene: Scene, connect: Connect, zone: str) -> None:
    for second in range(-3600, 3601, 60):
        remember(scene.db, second, 60, pending=second + 3600)

    def seen(db: Database) -> Trend:
        set_clock(db, 3600)
        return trends.trend(Onlooker(db).cluster, 7200, 60)

    assert seen(connect(timezone=zone)) == seen(scene.db)
    assert None not in seen(scene.db).series["pending"]


def test_what_operators_did_and_who_was_lost_is_told_in_turn(scene: Scene, onlooker: Onlooker) -> None:
    for second, lost in ((15, 0), (30, 0), (45, 1), (60, 1), (75, 3), (90, 0)):
        remember(scene.db, second, lost=lost)
    set_clock(scene.db, -100)
    audit.note(scene.db, "ada", "cancel", ["job:1"], "before all that")
    set_clock(scene.db, 50)
    audit.note(scene.db, "ada", "drain", ["worker:w1"], "a new disk")
    audit.note(scene.db, "worker w1", "late_report", ["allocation:3"], "exited")
    set_clock(scene.db, 80)
    audit.note(scene.db, "eve", "cancel", [f"job:{number}" for number in range(5, 5000)], "")
    set_clock(scene.db, 600)
    told = trends.trend(onlooker.cluster, 600, 10).happenings
    assert [((each.at - NOON).total_seconds(), each.sentence) for each in told] == [
        (45, "a worker was lost"),
        (50, "ada: drain worker:w1 (a new disk)"),
        (75, "2 workers were lost"),
        (80, "eve: cancel job:5-4999"),
    ]


def test_of_many_happenings_the_newest_are_told(scene: Scene, onlooker: Onlooker) -> None:
    for second in range(1, 71):
        set_clock(scene.db, second)
        audit.note(scene.db, "ada", "hold", [f"job:{second}"], "")
    set_clock(scene.db, 600)
    told = trends.trend(onlooker.cluster, 600, 10).happenings
    assert [each.sentence for each in told] == [f"ada: hold job:{second}" for second in range(21, 71)]


def test_an_empty_history_is_all_holes(onlooker: Onlooker) -> None:
    seen = trends.trend(onlooker.cluster, 3600, 60)
    assert {value for values in seen.series.values() for value in values} == {None}
    assert seen.happenings == ()


def sample(scene: Scene, second: float, cpus: float, worker: int = 1, attempts: dict[int, Usage] | None = None) -> None:
    """What an agent keeps then."""
    set_clock(scene.db, second)
    measures = Measures(used_milli=round(cpus * 1000), memory_mb=round(cpus * 100), load1=0.1)
    history.sample(scene.db, worker, measures, attempts or {})


def test_workers_have_courses_and_unknown_ones_none(scene: Scene, onlooker: Onlooker) -> None:
    ids = [scene.worker(name).worker_id for name in ("w1", "w2", "idle")]
    for number in range(1, 21):
        sample(scene, 30 * number, number / 10, ids[0], {77: Usage(cpus=50.0)})
        if not 5 <= number < 15:
            sample(scene, 30 * number, 4, ids[1])
    found = trends.worker_courses(onlooker.cluster, ["w1", "w2", "idle", "nobody"], 600, 10)
    assert set(found) == {"w1", "w2", "idle"}
    first, second, idle = found["w1"], found["w2"], found["idle"]
    assert (first.until, first.step_s, len(first.cpus)) == (NOON + timedelta(seconds=600), 60, 10)
    assert first.cpus == pytest.approx([0.1, *(0.25 + 0.2 * n for n in range(9))])
    assert first.memory_mb == pytest.approx([10, *(25 + 20 * n for n in range(9))])
    assert list(second.cpus) == [4, 4, 4, None, None, None, None, 4, 4, 4]
    assert set(idle.cpus) == {None}
    assert trends.worker_courses(onlooker.cluster, [], 600, 10) == {}


def test_an_attempt_has_a_course_of_its_own(scene: Scene, onlooker: Onlooker) -> None:
    for number in range(1, 21):
        sample(scene, 30 * number, 1, attempts={7: Usage(cpus=0.5, memory_mb=64), 8: Usage(cpus=2.0)})
    found = trends.attempt_course(onlooker.cluster, 7, 600, 20)
    assert (found.step_s, set(found.cpus), set(found.memory_mb)) == (30, {0.5, None}, {64.0, None})
    assert None not in found.cpus[2:]  # it began when the second point was over
    assert set(trends.attempt_course(onlooker.cluster, 9, 600, 20).cpus) == {None}


def test_samples_that_come_late_leave_no_holes(scene: Scene, onlooker: Onlooker) -> None:
    worker = scene.worker().worker_id
    second = 0.0
    for _ in range(19):
        second += 31.3
        sample(scene, second, 1, worker)
    set_clock(scene.db, 600)
    found = trends.worker_courses(onlooker.cluster, ["w1"], 600, 100)["w1"]
    assert (found.step_s, len(found.cpus)) == (30, 20)
    assert None not in found.cpus[2:]
