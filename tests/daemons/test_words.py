"""The texts that people grep for, and the cache that people read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis as driver

from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


@pytest.fixture
def shared(make_cluster: ClusterMaker, redis_url: str, redis_prefix: str) -> Cluster:
    """A cluster with Redis."""
    return make_cluster(redis_url=redis_url, prefix=redis_prefix)


@pytest.fixture
def client(redis_url: str) -> Iterator[driver.Redis]:
    """Somebody who reads Redis."""
    with driver.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def told(caplog: pytest.LogCaptureFixture, *pieces: str) -> list[str]:
    """What was logged that contains any of *pieces*, in order."""
    return [text for text in caplog.messages if any(piece in text for piece in pieces)]


def test_workers_that_come_and_go_are_told_with_their_cpus(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="schedd")
    cluster.schedd()
    cluster.worker("w1", cpus=96)
    cluster.pass_time(5)
    second = cluster.worker("w2", cpus=96)
    cluster.pass_time(5)
    second.leave()
    cluster.pass_time(5)
    diary = [record.message for record in caplog.records if record.name == "schedd"]
    assert diary == [
        "active workers: 0, 0 CPUs",
        "worker registered: w1 (96 CPUs)",
        "active workers: 1, 96 CPUs",
        "worker registered: w2 (96 CPUs)",
        "active workers: 2, 192 CPUs",
        "active workers: 1, 96 CPUs",
    ]


def test_a_worker_says_itself_that_it_registered(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="agentd")
    cluster.worker("w1", cpus=2.5)
    assert told(caplog, "registered") == ["worker registered: w1 (2.5 CPUs)"]


def test_that_nothing_is_placed_is_told_once_jobs_wait(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.schedd()
    cluster.pass_time(5)
    assert not told(caplog, "no active workers")
    cluster.job()
    cluster.pass_time(20)
    assert told(caplog, "no active workers") == ["no active workers, nothing placed"]


def test_a_healthy_idle_cluster_tells_its_statistics_and_nothing_else(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(seconds=1000, cpus=3)
    cluster.pass_time(50)
    caplog.set_level(logging.INFO)
    caplog.clear()
    cluster.pass_time(59)
    (line,) = caplog.messages
    assert re.fullmatch(
        r"statistics: workers 1 up 0 silent 0 lost; CPUs 4 total 0 reserved 3 allocated [\d.]+ used, 75%; "
        r"0 pending, oldest wait none",
        line,
    )


def test_rounds_are_told_in_one_sentence_a_pulse(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="schedd")
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.worker("w2", cpus=4)
    cluster.jobs(6)
    cluster.pass_time(3)
    assert told(caplog, "placed 6") == ["placed 6 jobs in 1 rounds: 4 on w1, 2 on w2"]


def test_the_cache_says_how_many_cpus_are_held(
    shared: Cluster, client: driver.Redis, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shared.schedd()
    shared.worker("w1", cpus=8)
    assert client.get(f"{redis_prefix}resource:allocated_cpus") == "0"
    shared.job(seconds=100, cpus=4)
    shared.pass_time(1)
    assert client.get(f"{redis_prefix}resource:reserved_cpus") == "4"
    shared.pass_time(7)
    assert client.get(f"{redis_prefix}resource:allocated_cpus") == "4"
    assert client.get(f"{redis_prefix}resource:reserved_cpus") == "0"
    assert str(client.get(f"{redis_prefix}resource:as_of")).startswith("2026-01-01T00:00:0")
    shared.pass_time(100)
    assert client.get(f"{redis_prefix}resource:allocated_cpus") == "0"


@pytest.mark.parametrize("wipe", ["DEL", "FLUSHDB", "garbage"])
def test_a_cache_that_redis_has_lost_is_there_again_within_a_pulse(
    shared: Cluster, client: driver.Redis, redis_prefix: str, caplog: pytest.LogCaptureFixture, wipe: str
) -> None:
    caplog.set_level(logging.INFO)
    key = f"{redis_prefix}resource:allocated_cpus"
    shared.schedd()
    shared.worker("w1", cpus=8)
    shared.job(seconds=100, cpus=4)
    shared.pass_time(8)
    assert client.get(key) == "4"
    caplog.clear()
    match wipe:
        case "DEL":
            client.delete(key)
        case "FLUSHDB":
            client.flushdb()
        case _:
            client.set(key, "-4")
    shared.pass_time(1)
    assert client.get(key) == "4"
    assert told(caplog, "cache") == ["cache miss, read from Postgres", "resource cache synced: 4 CPUs allocated"]


def test_the_whole_cache_is_written_anew_every_five_minutes(
    shared: Cluster, client: driver.Redis, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shared.schedd()
    shared.pass_time(10)
    client.set(f"{redis_prefix}resource:as_of", "2001-01-01T00:00:00.000Z")
    shared.pass_time(295)
    assert str(client.get(f"{redis_prefix}resource:as_of")).startswith("2026-01-01T00:05:")
    assert told(caplog, "cache") == ["resource cache synced: 0 CPUs allocated"] * 2


def test_a_heartbeat_is_a_key_that_lives_a_minute_and_a_line_for_who_debugs(
    shared: Cluster, client: driver.Redis, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    worker = shared.worker("w1")
    assert 55_000 < client.pttl(f"{redis_prefix}worker:w1") <= 60_000
    shared.pass_time(10)
    assert told(caplog, "heartbeat") == ["heartbeat sent"] * 3
    worker.leave()
    assert not client.exists(f"{redis_prefix}worker:w1")


class Detour:
    """Another way to the same logical database of Redis, which can be closed."""

    def __init__(self, url: str, path: Path) -> None:
        self._parts, self._path = urlsplit(url), path
        self.open()

    def url(self, name: str) -> str:
        """By this way; whoever takes it is called *name* in Redis."""
        return f"unix://{self._path}?{self._parts.query}&client_name={name}"

    def open(self) -> None:
        """Let everybody through."""
        self._path.symlink_to(self._parts.path)

    def close(self) -> None:
        """Let nobody through any more; whoever is through stays."""
        self._path.unlink()


@pytest.fixture
def detour(redis_url: str, tmp_path: Path) -> Detour:
    """An open one."""
    return Detour(redis_url, tmp_path / "redis.sock")


def hang_up(client: driver.Redis, name: str) -> None:
    """Redis ends every connection that calls itself *name*."""
    for each in client.client_list():
        if each["name"] == name:
            client.client_kill_filter(_id=each["id"])


def test_without_redis_the_agent_beats_every_two_seconds_with_the_same_results(
    make_cluster: ClusterMaker,
    detour: Detour,
    client: driver.Redis,
    redis_prefix: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    name = redis_prefix.rstrip(":")
    cluster = make_cluster(redis_url=detour.url(name), prefix=redis_prefix)
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.pass_time(5)
    detour.close()
    hang_up(client, name)
    cluster.pass_time(6)
    before = beats(cluster)
    cluster.pass_time(20)
    assert beats(cluster) - before in (9, 10)
    job = cluster.job(seconds=10, cpus=4)
    cluster.pass_time(20)
    assert cluster.state(job) == "completed"
    assert len(told(caplog, "heartbeat failed: redis unreachable: ")) == 1
    detour.open()
    cluster.pass_time(20)
    before = beats(cluster)
    cluster.pass_time(20)
    assert beats(cluster) - before in (4, 5)


def test_a_redis_that_comes_back_empty_is_filled_within_seconds(
    make_cluster: ClusterMaker, detour: Detour, client: driver.Redis, redis_prefix: str
) -> None:
    name = redis_prefix.rstrip(":")
    cluster = make_cluster(redis_url=detour.url(name), prefix=redis_prefix)
    cluster.schedd()
    cluster.worker("w1", cpus=8)
    cluster.job(seconds=1000, cpus=4)
    cluster.pass_time(8)
    assert client.get(f"{redis_prefix}resource:allocated_cpus") == "4"
    detour.close()
    hang_up(client, name)
    client.delete(f"{redis_prefix}resource:allocated_cpus", f"{redis_prefix}worker:w1")
    cluster.pass_time(30)
    assert not client.exists(f"{redis_prefix}resource:allocated_cpus")
    detour.open()
    cluster.pass_time(10)  # the breaker rests five seconds at most, and then comes the next beat
    assert client.get(f"{redis_prefix}resource:allocated_cpus") == "4"
    assert client.exists(f"{redis_prefix}worker:w1")


def beats(cluster: Cluster) -> int:
    """How often the first worker has been heard in Postgres."""
    return int(cluster.db.value("SELECT beat FROM workers"))
