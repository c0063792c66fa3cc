"""Redis full of strangers' values, or no Redis at all: every verb answers, in time, and what it says makes sense."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import redis as driver
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterctl.live import Connection, Totals, WorkerBeat, bell, cache, heartbeats
from clusterctl.live.connection import PATIENCE, TIMEOUT
from clusterctl.live.heartbeats import LONGEST_LIFE
from clusterctl.model.errors import Outage
from clusterctl.model.orders import Usage
from tests.held_up import HeldUp
from tests.private_servers import own_valkey
from tests.strangers import MANNERS, Manner, Stranger
from tests.unhurried import unhurried
from tests.until import until

PREFIX = "t:"
BEAT = WorkerBeat(name="w1", incarnation=3, at=1_800_000_000.5, jobs={42: Usage(cpus=1.0)})
TOTALS = Totals(allocated_milli=4000, reserved_milli=500, as_of=datetime(2026, 11, 22, tzinfo=UTC))
BOUND = TIMEOUT + PATIENCE  # seconds that a try may cost: to connect, and to hear
SLACK = 5.0  # seconds: the driver and the servers of these tests take some; who is fooled waits for ever
HUGE = 100 * 1024 * 1024  # bytes


class Stopwatch:
    """Seconds since its making, without those in which the machine did other work."""

    def __init__(self) -> None:
        self._held_up, self._began = HeldUp(), time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() - self._began - self._held_up.seconds


def ping(redis: Connection) -> float:
    """Seconds; 0.0 in an outage."""
    try:
        return redis.ping()
    except Outage:
        return 0.0


VERBS: dict[str, Callable[[Connection], object]] = {
    "write a beat": lambda redis: heartbeats.write(redis, BEAT, ttl=60),
    "read a beat": lambda redis: heartbeats.read(redis, "w1"),
    "read all beats": heartbeats.read_all,
    "read lives": lambda redis: heartbeats.ttls(redis, ["w1", "w2"]),
    "forget old names": heartbeats.forget_old,
    "sign off": lambda redis: heartbeats.remove(redis, "w1"),
    "write totals": lambda redis: cache.write(redis, TOTALS),
    "read totals": cache.read,
    "wake one": lambda redis: bell.wake(redis, bell.worker("w1")),
    "wake two": lambda redis: bell.wake(redis, bell.worker("w1"), bell.worker("w2")),
    "ping": ping,
}


@pytest.mark.parametrize("manner", MANNERS.values(), ids=list(MANNERS))
def test_whatever_answers_every_verb_comes_back_in_time_and_a_second_try_costs_nothing(manner: Manner) -> None:
    with Stranger(manner) as stranger:
        for name, verb in VERBS.items():
            redis = Connection(stranger.url, PREFIX, seconds=lambda: 0.0)  # its breaker, once open, stays so
            took = Stopwatch()
            verb(redis)
            assert took() < BOUND + SLACK, name
            if redis.trouble:
                visits, took = stranger.visits, Stopwatch()
                for again in VERBS.values():
                    again(redis)
                assert took() < SLACK, name
                assert stranger.visits == visits, name
            redis.close()


PIECES = st.sampled_from([b"+OK", b"-ERR", b":1", b":-7", b":x", b"$3", b"$-1", b"*2", b"*-1", b"*0", b"abc", b">1"])
ANSWERS = st.lists(PIECES | st.binary(max_size=20), max_size=12).map(lambda parts: b"\r\n".join([*parts, b""]))


@given(ANSWERS)
@settings(max_examples=60, deadline=None)
def test_no_answer_whatever_it_is_breaks_a_verb(answer: bytes) -> None:
    def once(_: Stranger, client: Any) -> None:
        client.recv(1 << 16)
        client.sendall(answer)

    with Stranger(once) as stranger:
        for verb in VERBS.values():
            redis = Connection(stranger.url, PREFIX)
            verb(redis)
            redis.close()


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of these tests' own: others would have to wait while it moves a hundred megabytes."""
    with own_valkey(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def raw(own_redis: str) -> Iterator[driver.Redis]:
    """What a stranger with a client of his own can do; nothing is there yet."""
    with driver.Redis.from_url(own_redis, protocol=2) as client:
        client.flushall()
        yield client


@pytest.fixture
def redis(raw: driver.Redis, own_redis: str) -> Iterator[Connection]:
    """A line to that server."""
    breaker = count(step=10).__next__  # it is never open for long
    connection = Connection(unhurried(own_redis), PREFIX, seconds=breaker)
    yield connection
    connection.close()


@pytest.fixture
def hurried(own_redis: str) -> Iterator[Connection]:
    """As our programs have it."""
    connection = Connection(own_redis, PREFIX, seconds=count(step=10).__next__)
    yield connection
    connection.close()


def write_all(redis: Connection) -> None:
    """What the daemons write again and again."""
    heartbeats.write(redis, BEAT, ttl=60)
    cache.write(redis, TOTALS)


def all_is_well(redis: Connection) -> bool:
    """Whether everything is read as it was written."""
    lives = heartbeats.ttls(redis, ["w1"])
    return heartbeats.read_all(redis) == {"w1": BEAT} and cache.read(redis) == TOTALS and 50 < lives["w1"] <= 60


def our_keys(redis: Connection, raw: driver.Redis) -> list[bytes]:
    """Every key that we write."""
    write_all(redis)
    found: Any = raw.keys()
    assert {b"t:worker:w1", b"t:workers", b"t:resource:allocated_cpus"} < set(found)
    return list(found)


PLANTS: dict[str, Callable[[driver.Redis, bytes], object]] = {
    "string": lambda raw, key: raw.set(key, b"\xff\x00"),
    "list": lambda raw, key: raw.lpush(key, "x"),
    "set": lambda raw, key: raw.sadd(key, "x"),
    "sorted set": lambda raw, key: raw.zadd(key, {b"\xff": 1, b"x" * 1000: 2, b"nobody": 3}),
    "hash": lambda raw, key: raw.hset(key, "x", "y"),
    "stream": lambda raw, key: raw.xadd(key, {"x": "y"}),
    "hundred megabytes": lambda raw, key: raw.setrange(key, HUGE, "x"),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_a_strangers_value_in_our_place_is_never_believed_and_gives_way_to_the_next_writes(
    redis: Connection, hurried: Connection, raw: driver.Redis, plant: Callable[[driver.Redis, bytes], object]
) -> None:
    for key in our_keys(redis, raw):
        raw.delete(key)
        plant(raw, key)
        took = Stopwatch()
        assert heartbeats.read_all(hurried).keys() <= {"w1"}, key
        assert cache.read(hurried) in (None, TOTALS), key
        heartbeats.ttls(hurried, ["w1"])
        assert took() < 4 * BOUND + SLACK, key
        write_all(redis)
        write_all(redis)
        assert all_is_well(redis), key
        raw.delete(key)


def test_a_name_of_a_hundred_megabytes_is_not_heard_to_its_end(
    redis: Connection, hurried: Connection, raw: driver.Redis
) -> None:
    write_all(redis)
    raw.eval(f"redis.call('ZADD', KEYS[1], 9e15, string.rep('x', {HUGE}))", 1, "t:workers")
    took = Stopwatch()
    assert heartbeats.read_all(hurried) == {}
    assert took() < BOUND + SLACK
    until(lambda: heartbeats.read_all(hurried, ["w1"]) == {"w1": BEAT}, what="the server to have time again")


@pytest.mark.parametrize(
    "field",
    ['"incarnation":%s,"at":1', '"incarnation":1,"at":1,"jobs":{"%s":{}}', '"incarnation":1,"at":1,"load1":%s'],
)
def test_numbers_that_no_machine_has_count_as_no_beat(redis: Connection, raw: driver.Redis, field: str) -> None:
    for number in ("9" * 400, "9" * 18, "-1"):
        raw.set("t:worker:w1", '{"name":"w1",' + field % number + "}")
        assert heartbeats.read(redis, "w1") is None


def test_a_life_longer_than_any_that_we_give_is_not_shown(redis: Connection, raw: driver.Redis) -> None:
    for name, life in (("w1", LONGEST_LIFE - 10), ("w2", 10 * LONGEST_LIFE), ("w3", 10**12)):
        raw.set(f"t:worker:{name}", "x", px=int(life * 1000))
    raw.set("t:worker:w4", "x")
    assert heartbeats.ttls(redis, ["w1", "w2", "w3", "w4", "w5"]).keys() == {"w1"}


def test_while_a_stranger_writes_all_the_time_only_what_makes_sense_is_read(
    redis: Connection, raw: driver.Redis
) -> None:
    keys, over = our_keys(redis, raw), threading.Event()

    def scribble() -> None:
        for number in range(1_000_000):
            if over.is_set():
                return
            key = keys[number % len(keys)]
            raw.set(key, (b"-1", b"1e9", b"NaN", b"{}", b"7" * 50, b"\xff")[number % 6], px=10**12)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(200):
            assert heartbeats.read_all(redis).keys() <= {"w1"}
            assert cache.read(redis) in (None, TOTALS)
            assert heartbeats.ttls(redis, ["w1"]).get("w1", 0) <= 60
            write_all(redis)
    finally:
        over.set()
        thread.join()
    write_all(redis)
    write_all(redis)
    assert all_is_well(redis)


def test_an_outage_that_is_told_a_thousand_times_grows_no_longer() -> None:
    redis = Connection("none")
    for _ in range(1000):
        assert not bell.wake(redis, bell.worker("a"))
    assert redis.trouble
    frames = list(traceback.walk_tb(redis.trouble.__traceback__))
    assert len(frames) < 10, "each telling would keep its callers' frames, and all that is in them"
