"""What is said to Redis, said to a real Valkey."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
import redis as driver

from clusterctl.live import Connection, Totals, WorkerBeat, cache, heartbeats
from clusterctl.live.heartbeats import FORGET_AFTER, LARGEST_BEAT
from clusterctl.model.orders import Usage
from clusterctl.model.resources import Resources

BEAT = WorkerBeat(
    name="w1",
    incarnation=3,
    at=1_800_000_000.5,
    capacity=Resources(8000, 1024, 1),
    used=Usage(cpus=1.5, memory_mb=300, processes=4),
    load1=0.7,
    jobs={42: Usage(cpus=1.0, memory_mb=200, processes=2)},
)
AT = datetime(2026, 11, 22, 6, 40, 53, 742_000, tzinfo=UTC)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Connection]:
    connection = Connection(redis_url, "t:")
    yield connection
    connection.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[driver.Redis]:
    """What a stranger with a client of his own can do."""
    with driver.Redis.from_url(redis_url, protocol=2) as client:
        yield client


def test_a_beat_is_read_as_it_was_written_and_ends_by_itself(redis: Connection, raw: driver.Redis) -> None:
    assert heartbeats.write(redis, BEAT, ttl=60)
    assert heartbeats.read(redis, "w1") == BEAT
    assert 55_000 < raw.pttl("t:worker:w1") <= 60_000


def test_all_beats_are_found_by_the_set_of_names(redis: Connection) -> None:
    for name in ("w2", "w1", "w3"):
        heartbeats.write(redis, msgspec.structs.replace(BEAT, name=name), ttl=60)
    assert list(heartbeats.read_all(redis)) == ["w1", "w2", "w3"]
    assert list(heartbeats.read_all(redis, ["w3", "nobody"])) == ["w3"]
    assert heartbeats.remove(redis, "w2")
    assert list(heartbeats.read_all(redis)) == ["w1", "w3"]
    assert heartbeats.read(redis, "w2") is None


def test_names_that_are_long_gone_are_forgotten(redis: Connection, raw: driver.Redis) -> None:
    heartbeats.write(redis, BEAT, ttl=60)
    assert heartbeats.forget_old(redis, now=BEAT.at + FORGET_AFTER - 1)
    assert raw.zcard("t:workers") == 1
    assert heartbeats.forget_old(redis, now=BEAT.at + FORGET_AFTER + 1)
    assert raw.zcard("t:workers") == 0


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\x00",
        b'{"name":"w1"}',
        b'{"name":"another","incarnation":3,"at":1}',
        b'{"name":"w1","incarnation":-3,"at":1}',
        b'{"name":"w1","incarnation":3,"at":1e999}',
        b'{"name":"w1","incarnation":3,"at":1,"used":{"cpus":-1}}',
        b'{"name":"w1","incarnation":3,"at":1,"jobs":{"x":{}}}',
        b'{"name":"w1","incarnation":3,"at":1,"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"name":"w1","incarnation":3,"at":1,"more":"' + b"x" * LARGEST_BEAT + b'"}',
    ],
    ids=[
        "empty",
        "null",
        "a list",
        "no text",
        "fields missing",
        "another's",
        "a negative number",
        "infinity",
        "negative use",
        "no job number",
        "a deep nest",
        "a flood",
    ],
)
def test_a_value_that_is_not_ours_counts_as_missing(redis: Connection, raw: driver.Redis, value: bytes) -> None:
    raw.set("t:worker:w1", value)
    raw.zadd("t:workers", {b"w1": 1, b"\xff": 2, b"": 3, b"n" * 500: 4})
    assert heartbeats.read_all(redis) == {}
    assert redis.trouble is None


def test_keys_of_another_type_count_as_missing(redis: Connection, raw: driver.Redis) -> None:
    raw.lpush("t:worker:w1", "x")
    raw.lpush("t:resource:as_of", "x")
    assert heartbeats.read(redis, "w1") is None
    assert cache.read(redis) is None
    raw.set("t:workers", "a string")
    assert heartbeats.read_all(redis) == {}


def test_a_beat_that_is_too_large_goes_without_its_jobs(redis: Connection) -> None:
    beat = msgspec.structs.replace(BEAT, jobs=dict.fromkeys(range(20_000), Usage(cpus=1.0)))
    assert heartbeats.write(redis, beat, ttl=60)
    assert heartbeats.read(redis, "w1") == msgspec.structs.replace(BEAT, jobs={})


def test_totals_are_plain_cpus_for_whoever_asks(redis: Connection, raw: driver.Redis) -> None:
    totals = Totals(allocated_milli=4000, reserved_milli=500, as_of=AT)
    assert cache.read(redis) is None
    assert cache.write(redis, totals)
    assert raw.get("t:resource:allocated_cpus") == b"4"
    assert raw.get("t:resource:reserved_cpus") == b"0.5"
    assert raw.get("t:resource:as_of") == b"2026-11-22T06:40:53.742Z"
    assert cache.read(redis) == totals


@pytest.mark.parametrize("value", ["", "-4", "4.0005", "NaN", "1e9", "٤", "9" * 60])
def test_totals_that_make_no_sense_count_as_missing(redis: Connection, raw: driver.Redis, value: str) -> None:
    cache.write(redis, Totals(allocated_milli=4000, reserved_milli=500, as_of=AT))
    raw.set("t:resource:allocated_cpus", value)
    assert cache.read(redis) is None


@pytest.mark.parametrize("value", ["yesterday", "2026-11-22T06:40:53", ""])
def test_totals_without_a_moment_count_as_missing(redis: Connection, raw: driver.Redis, value: str) -> None:
    cache.write(redis, Totals(allocated_milli=4000, reserved_milli=500, as_of=AT))
    raw.set("t:resource:as_of", value)
    assert cache.read(redis) is None


def test_two_clusters_share_a_server_under_two_prefixes(redis_url: str, redis: Connection) -> None:
    other = Connection(redis_url, "other:")
    heartbeats.write(redis, BEAT, ttl=60)
    assert heartbeats.read_all(other) == {}
    other.close()


def test_a_ping_tells_how_long_it_took(redis: Connection) -> None:
    began = time.perf_counter()
    assert 0 < redis.ping() <= time.perf_counter() - began
