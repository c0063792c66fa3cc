"""What Redis says, judged by Postgres; whoever wrote it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import redis as driver

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.live import cache, heartbeats, remains
from clusterctl.live.heartbeats import WorkerBeat
from clusterctl.settings import Settings
from clusterctl.store import totals
from clusterctl.store.connection import Database
from tests.doctor.ward import Ward
from tests.private_servers import own_valkey

Raw = Callable[[str], str]


@pytest.fixture
def stranger(redis_url: str) -> Iterator[Any]:
    """Somebody else who writes to the same server."""
    with closing(driver.Redis.from_url(redis_url)) as client:
        yield client


def sync_cache(ward: Ward) -> None:
    """As schedd does."""
    sums = totals.read(ward.db)
    reserved, allocated = sums.held_milli
    assert cache.write(
        ward.cluster.redis, cache.Totals(allocated_milli=allocated, reserved_milli=reserved, as_of=sums.at)
    )


def test_an_empty_redis_is_no_fault(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.healthy()


def test_totals_that_differ_are_written_anew(ward: Ward) -> None:
    worker = ward.worker()
    sync_cache(ward)
    ward.run(worker, ward.jobs(4))
    assert ward.findings() == [], "schedd may be about to write them"
    ward.later(6)
    finding = ward.sole("cache_drift")
    assert finding.subject == "cluster"
    assert finding.evidence["cached"] == {"reserved": 0.0, "allocated": 0.0}
    assert finding.evidence["postgres"] == {"reserved": 0.0, "allocated": 4.0}
    ward.cure(finding)
    found = cache.read(ward.cluster.redis)
    assert found
    assert found.allocated_milli == 4000


@pytest.mark.parametrize("value", ["-4", "1e9", "x" * 100_000, "\x1b[31m"], ids=["negative", "huge", "long", "escape"])
def test_totals_that_make_no_sense_are_written_anew(ward: Ward, stranger: Any, redis_prefix: str, value: str) -> None:
    sync_cache(ward)
    stranger.set(f"{redis_prefix}{cache.ALLOCATED}", value)
    ward.cure(ward.sole("cache_drift"))


def test_totals_of_another_type_are_written_anew(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    stranger.rpush(f"{redis_prefix}{cache.RESERVED}", 1, 2, 3)
    ward.cure(ward.sole("cache_drift"))


def test_totals_of_the_future_are_not_believed(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    sync_cache(ward)
    stranger.set(f"{redis_prefix}{cache.ALLOCATED}", "7")
    stranger.set(f"{redis_prefix}{cache.AS_OF}", "2999-01-01T00:00:00.000Z")
    ward.cure(ward.sole("cache_drift"))


def test_totals_that_schedd_has_written_meanwhile_are_left_alone(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    sync_cache(ward)
    stranger.set(f"{redis_prefix}{cache.ALLOCATED}", "7")
    finding = ward.sole("cache_drift")
    sync_cache(ward)
    ward.too_late(finding)
    ward.healthy()


def beat(ward: Ward, name: str, ttl: float = 60) -> None:
    """A sign of life, from whomever."""
    assert heartbeats.write(ward.cluster.redis, WorkerBeat(name=name, incarnation=1, at=time.time()), ttl)


def test_a_worker_that_postgres_does_not_know_is_removed_from_redis(ward: Ward) -> None:
    ward.worker("w1")
    beat(ward, "w1")
    beat(ward, "ghost")
    finding = ward.sole("ghost_redis_worker")
    assert finding.subject == "worker:ghost"
    assert "which postgres does not know" in finding.sentence
    ward.cure(finding)
    assert heartbeats.read_all(ward.cluster.redis).keys() == {"w1"}


def test_the_last_sign_of_a_worker_that_died_is_no_ghost_before_it_should_have_ended(ward: Ward) -> None:
    ward.worker("w1")
    beat(ward, "w1", ttl=3600)
    ward.silence(20)
    assert ward.findings() == []
    ward.later(121)
    finding = ward.sole("ghost_redis_worker")
    assert "is silent and was not heard for 2m01s" in finding.sentence
    ward.cure(finding)


def test_a_key_that_never_ends_is_named_so(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    stranger.zadd(f"{redis_prefix}{heartbeats.NAMES}", {"ghost": 1})
    stranger.set(f"{redis_prefix}worker:ghost", "{}")
    finding = ward.sole("ghost_redis_worker")
    assert "a key (string) that never ends" in finding.sentence
    ward.cure(finding)


@pytest.mark.parametrize("name", ["\x1b]0;gone\x07", "a\nb", "\u202eevil", "[red]", "'; DROP TABLE jobs; --", "w 1"])
def test_hostile_names_are_data(ward: Ward, stranger: Any, redis_prefix: str, name: str) -> None:
    stranger.zadd(f"{redis_prefix}{heartbeats.NAMES}", {name: 1})
    stranger.hset(f"{redis_prefix}worker:{name}", "a", "b")
    finding = ward.sole("ghost_redis_worker")
    assert finding.subject == f"worker:{name}"
    assert ward.findings(f"worker:{name}") == [finding]
    ward.cure(finding)


def test_names_that_are_none_and_a_list_of_names_of_another_type_break_nothing(
    ward: Ward, stranger: Any, redis_prefix: str
) -> None:
    stranger.zadd(f"{redis_prefix}{heartbeats.NAMES}", {b"\xff\xfe": 1, "x" * 1000: 2})
    assert ward.findings() == []
    stranger.set(f"{redis_prefix}{heartbeats.NAMES}", "no set")
    ward.healthy()


def test_a_ghost_that_has_become_a_worker_is_left_alone(ward: Ward) -> None:
    beat(ward, "w1")
    finding = ward.sole("ghost_redis_worker")
    ward.worker("w1")
    ward.too_late(finding)
    assert heartbeats.read(ward.cluster.redis, "w1")
    ward.healthy()


def test_a_key_that_was_written_anew_is_left_alone(ward: Ward) -> None:
    beat(ward, "ghost")
    finding = ward.sole("ghost_redis_worker")
    assert heartbeats.write(ward.cluster.redis, WorkerBeat(name="ghost", incarnation=2, at=2e9), 60)
    ward.too_late(finding)
    assert heartbeats.read(ward.cluster.redis, "ghost")


def test_a_key_that_changes_at_the_last_moment_is_not_deleted(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    beat(ward, "ghost")
    (seen,) = remains.look(ward.cluster.redis, ["ghost"])
    stranger.set(f"{redis_prefix}worker:ghost", "another")
    assert not remains.clear(ward.cluster.redis, seen)
    assert stranger.get(f"{redis_prefix}worker:ghost") == b"another"


def test_a_thousand_ghosts_are_a_few_findings_and_a_number(ward: Ward, stranger: Any, redis_prefix: str) -> None:
    stranger.zadd(f"{redis_prefix}{heartbeats.NAMES}", {f"g{number}": number for number in range(1000)})
    from clusterctl import views

    found = views.findings(ward.cluster, ["ghost_redis_worker"])
    assert len(found.findings) == 200
    assert found.notes == ("800 more workers in redis are unknown to postgres",)


def test_a_redis_that_is_down_is_said_and_the_rest_is_looked_at(database: str) -> None:
    with Cluster(Settings(database_url=database, redis_url="redis://127.0.0.1:1/0")) as cluster:
        ward = Ward(cluster)
        ward.reserve(ward.worker(), ward.jobs())
        ward.later(70)
        found = views.findings(cluster)
        assert [finding.code for finding in found.findings] == ["reserved_expired"]
        assert {each.code for each in found.unchecked} == {"cache_drift", "ghost_redis_worker", "redis_evicts"}
        assert all("redis unreachable" in each.reason for each in found.unchecked)


def test_a_cluster_without_redis_is_not_missing_it(database: str) -> None:
    from clusterctl.cluster import Cluster
    from clusterctl.settings import Settings

    with Cluster(Settings(database_url=database, redis_url="none")) as cluster:
        Ward(cluster).healthy()
    with Database(database) as db:
        assert db.value("SELECT count(*) FROM audit") == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[str]:
    """The URL of a Redis of one's own, which throws away what does not fit."""
    with own_valkey(tmp_path) as url:
        with closing(driver.Redis.from_url(url)) as client:
            client.config_set("maxmemory", "4mb")
            client.config_set("maxmemory-policy", "allkeys-lru")
        yield url


def test_a_redis_that_throws_away_is_found_out_once_it_does(database: str, small: str) -> None:
    with Cluster(Settings(database_url=database, redis_url=small)) as cluster:
        ward = Ward(cluster)
        assert ward.findings("redis_evicts") == [], "it could, and has not"
        with closing(driver.Redis.from_url(small)) as client:
            for number in range(50):
                client.set(f"theirs {number}", b"x" * 200_000)
            finding = ward.sole("redis_evicts")
            assert (finding.subject, finding.severity) == ("cluster", "warning")
            assert "redis may use 4M (allkeys-lru) and has deleted" in finding.sentence
            assert finding.evidence["evicted_keys"] > 0
            client.config_set("maxmemory-policy", "noeviction")
        assert ward.findings("redis_evicts") == []


def test_a_redis_that_does_not_let_us_ask_is_said(database: str, small: str) -> None:
    with closing(driver.Redis.from_url(small)) as client:
        cast(Any, client).execute_command("ACL", "SETUSER", "default", "-info")
    with Cluster(Settings(database_url=database, redis_url=small)) as cluster:
        found = views.findings(cluster, ["redis_evicts"])
    assert [each.code for each in found.unchecked] == ["redis_evicts"]
    assert "permission" in found.unchecked[0].reason
