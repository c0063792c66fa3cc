"""A look: one moment, three statements at most, and sums that say what `status` says."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.live import Connection, heartbeats
from clusterctl.live.heartbeats import WorkerBeat
from clusterctl.model.claim_log import refusal
from clusterctl.model.console import Screen
from clusterctl.model.errors import Outage
from clusterctl.model.looks import Waits, Want
from clusterctl.model.plan import Wait
from clusterctl.model.spec import After
from clusterctl.model.states import AdminState, Outcome
from clusterctl.settings import Settings
from clusterctl.store import administration, claims, job_steps, steering
from clusterctl.store.connection import Database
from clusterctl.store.console import pages, sums
from clusterctl.views import health, looks
from tests.store.onlooker import SCREENS, Onlooker, questions, shape_of, statements
from tests.store.scene import Scene
from tests.store.service import serve

Connect = Callable[..., Database]
EXPECTED = {"stuck": 1, "doctor": 1, "trends": 1, "overview": 3}


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """Some of everything."""
    worker, other = scene.worker("w1"), scene.worker("w2")
    scene.worker("w3")
    scene.run(worker, scene.jobs(2))
    scene.reserve(other, scene.jobs(1, cpus=2))
    scene.jobs(3)
    job_steps.hold(scene.db, scene.jobs(1), "held by ada")
    scene.finish(worker, scene.jobs(1)[0])
    serve(scene, 2)
    administration.administer(scene.db, ["w3"], AdminState.DRAINING, "a new disk")
    return scene


@pytest.mark.parametrize("screen", SCREENS)
def test_it_asks_postgres_as_often_as_it_says_and_never_more_than_three_times(busy: Scene, screen: Screen) -> None:
    onlooker = Onlooker(busy.db)
    for _ in range(4):  # from the third on, statements are prepared
        with statements(busy.db) as told:
            seen = onlooker.look(screen)
        assert len(questions(told)) == seen.statements == EXPECTED.get(screen, 2)


@pytest.mark.parametrize("screen", SCREENS)
def test_it_writes_nothing_and_could_not(busy: Scene, screen: Screen) -> None:
    with statements(busy.db) as told:
        Onlooker(busy.db).look(screen)
    assert any("READ ONLY" in each for each in told)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), pages.one_sight(busy.db):
        busy.jobs(1)


def test_all_of_a_look_is_of_one_moment(busy: Scene, connect: Connect) -> None:
    other = Scene(connect())
    with pages.one_sight(busy.db):
        before = sums.read(busy.db, 15)
        other.jobs(5)
        assert sums.read(busy.db, 15) == before
    assert sums.read(busy.db, 15).sums.jobs["pending"] == before.sums.jobs["pending"] + 5


@pytest.mark.parametrize("screen", SCREENS)
def test_an_empty_cluster_is_a_sight_too(db: Database, screen: Screen) -> None:
    seen = Onlooker(db).look(screen)
    assert seen.want == Want(screen=screen)
    assert (seen.sums.jobs, seen.sums.waits, seen.sums.leader.name) == ({}, (), None)
    assert (seen.sums.cpus.total, seen.sums.oldest_wait_s, seen.sums.claims_per_s) == (0, None, None)
    lists = [seen.workers, seen.jobs, seen.claims, seen.services, seen.audit]
    assert [(page.keys, page.rows, page.total, page.beyond) for page in lists if page] == [((), {}, 0, False)] * (
        seen.statements - 1
    )


def test_the_sums_are_those_of_status(busy: Scene) -> None:
    onlooker = Onlooker(busy.db)
    status, seen = health.status(onlooker.cluster), onlooker.look("stuck").sums
    assert status.leader
    assert replace(seen.leader, age_s=None) == replace(status.leader, age_s=None)
    assert (seen.workers, seen.cpus, seen.allocations) == (status.workers, status.cpus, status.allocations)
    assert status.jobs
    assert seen.jobs == {state: count for state, count in status.jobs.items() if state != "completed"}
    assert seen.oldest_wait_s == pytest.approx(status.oldest_wait_s, abs=60)
    assert (seen.memory_mb.total, seen.memory_mb.reserved, seen.memory_mb.allocated) == (3 * 64_000, 64, 2 * 64)


def test_why_jobs_wait_is_told_with_how_many_and_adds_up(scene: Scene) -> None:
    scene.worker()
    small, large = scene.jobs(3), scene.jobs(1, cpus=64)
    (parent,) = scene.jobs(hold=True)
    scene.jobs(2, after=(After(parent),))
    scene.db.run("UPDATE jobs SET not_before = cluster_time() + interval '1 h' WHERE id = %s", small[0])
    said = [
        refusal(Wait(shape=shape_of(scene, job), job_id=job, reason=reason), text)
        for job, reason, text in (
            (small[1], "fits_now", "all are full"),
            (large[0], "unsatisfiable", "none is as large"),
        )
    ]
    claims.log_said(scene.db, 1, said)
    seen = Onlooker(scene.db).look("stuck").sums
    assert set(seen.waits) == {
        Waits(reason="fits_now", jobs=2, text="all are full"),
        Waits(reason="dependency", jobs=2),
        Waits(reason="unsatisfiable", jobs=1, text="none is as large"),
        Waits(reason="not_before", jobs=1),
    }
    assert [each.jobs for each in seen.waits] == [2, 2, 1, 1]
    assert seen.jobs["pending"] == 6


def test_who_was_not_looked_at_yet_has_no_reason(scene: Scene) -> None:
    scene.jobs(4)
    seen = Onlooker(scene.db).look("stuck").sums
    assert (seen.waits, seen.jobs) == ((), {"pending": 4})


def test_the_hour_and_the_minute_are_told_from_history(scene: Scene) -> None:
    for ago, claimed, ended in ((4000, 1000, 1000), (1800, 100, 7), (40, 30, 2), (10, 60, 1)):
        scene.db.run(
            """
            INSERT INTO history (at, span_s, pending, scheduled, running, held, cpu_total, cpu_reserved, cpu_allocated,
                                 memory_total, memory_held, workers_up, workers_silent, workers_lost, claims, conflicts,
                                 completed, failed, cancelled, wait_p50_s, wait_p95_s)
            VALUES (cluster_time() - %(ago)s * interval '1 s', 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, %(claimed)s, 3,
                    %(ended)s, 1, 0, %(claimed)s, 2 * %(claimed)s)
            """,
            ago=ago,
            claimed=claimed,
            ended=ended,
        )
    seen = Onlooker(scene.db).look("stuck").sums
    assert (seen.ended_well, seen.ended_badly) == (10, 3)
    assert (seen.claims_per_s, seen.conflicts_per_s) == (3.0, 0.2)
    assert (seen.wait_p50_s, seen.wait_p95_s) == (50.0, 120.0)  # by claims: (30 · 30 + 60 · 60) / 90


def test_the_time_is_the_databases(scene: Scene) -> None:
    scene.db.run("SELECT set_config('clusterctl.now', '2031-07-01T12:00:00Z', false)")
    assert Onlooker(scene.db).look("stuck").at == datetime(2031, 7, 1, 12, tzinfo=UTC)


def test_operators_rule_how_long_a_report_counts(scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, serve(scene, 1))
    scene.db.run("UPDATE allocations SET p99_ms = 80, requests = 10, reported_at = cluster_time() - interval '5 min'")
    onlooker = Onlooker(scene.db)

    def latency() -> float | None:
        page = onlooker.look("workers").workers
        assert page
        return page.rows["w1"].slo.p99_ms

    assert latency() is None
    steering.put(scene.db, "measure_ttl", "10m", "ada")
    assert latency() == 80
    steering.put(scene.db, "measure_ttl", "whatever", "a newer version")
    assert latency() is None


def test_without_redis_nobody_asks_for_it(busy: Scene) -> None:
    seen = Onlooker(busy.db).look("workers")
    assert (seen.redis.used, seen.redis.up, seen.redis.trouble) == (False, False, "")


def test_the_life_left_in_the_keys_of_the_shown_workers_is_redis_s(
    busy: Scene, redis_url: str, redis_prefix: str
) -> None:
    line = Connection(redis_url, redis_prefix)
    assert heartbeats.write(line, WorkerBeat(name="w1", incarnation=1, at=0.0), 40)
    seen = Onlooker(busy.db, redis_url, redis_prefix=redis_prefix).look("overview")
    line.close()
    assert seen.workers
    assert (seen.redis.used, seen.redis.up, seen.redis.trouble) == (True, True, "")
    left = {name: worker.heartbeat_ttl_s for name, worker in seen.workers.rows.items()}
    assert 30 < (left.pop("w1") or 0) <= 40
    assert left == {"w2": None, "w3": None}


@pytest.mark.parametrize("screen", ["overview", "stuck"])
def test_a_dead_redis_is_said_and_not_raised(busy: Scene, tmp_path: Path, screen: Screen) -> None:
    seen = Onlooker(busy.db, f"unix://{tmp_path}/nobody.sock").look(screen)
    assert (seen.redis.used, seen.redis.up) == (True, False)
    assert seen.redis.trouble.startswith("redis unreachable: ")
    assert seen.sums.jobs


@pytest.mark.parametrize("backlog", [8, 0], ids=["never answers", "lets nobody in"])
def test_a_redis_that_says_nothing_costs_a_twentieth_of_a_second(busy: Scene, backlog: int) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as mute:
        port = mute.getsockname()[1]
        crowd = [socket.socket() for _ in range(4 if not backlog else 0)]
        for each in crowd:  # nobody accepts: when the queue is full, whoever dials hears nothing at all
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        seen = [Onlooker(busy.db, f"redis://127.0.0.1:{port}").look("workers").redis for _ in range(5)]
        for each in crowd:
            each.close()
    assert [each.up for each in seen] == [False] * 5
    assert 30 < min(each.took_ms for each in seen) < 80  # the least: neighbours make it longer


def test_what_a_worker_is_allowed_to_keep_silent_comes_along(scene: Scene) -> None:
    seen = Onlooker(scene.db, silent_after=20.0, lease=600.0, term_grace=10.0, lease_margin=30.0).look("stuck")
    assert (seen.silent_after_s, seen.lost_after_s) == (20, 640)


def test_a_statement_that_takes_too_long_is_given_up(database: str) -> None:
    settings = Settings(database_url=database, redis_url="none")
    with Cluster(settings, name="top", statement_timeout="50ms") as cluster:
        with pytest.raises(Outage, match="statement timeout"):
            cluster.db.run("SELECT pg_sleep(60)")
        assert looks.look(cluster, Want()).sums.jobs == {}


def test_what_ended_is_no_live_job(scene: Scene) -> None:
    worker = scene.worker()
    for outcome, code in ((Outcome.EXITED, 0), (Outcome.EXITED, 1), (Outcome.TIME_LIMIT, None)):
        scene.finish(worker, scene.jobs(1)[0], outcome, code)
    assert Onlooker(scene.db).look("jobs").sums.jobs == {}
