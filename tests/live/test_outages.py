"""Redis down, slow or lying: nothing fails, and nothing is waited for twice."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.live import Connection, WorkerBeat, bell, cache, heartbeats
from clusterctl.live.breaker import LONGEST_REST, Breaker
from clusterctl.model.errors import Outage
from tests.held_up import HeldUp

BEAT = WorkerBeat(name="w", incarnation=1, at=1.0)


class Time:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_rests_longer_after_each_failure_and_not_at_all_after_a_success() -> None:
    clock = Time()
    breaker = Breaker(clock)
    rests = []
    for _ in range(8):
        breaker.failed()
        rests.append(breaker.remaining())
        clock.now += breaker.remaining()
        assert breaker.remaining() == 0
    assert rests == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_REST, LONGEST_REST])
    breaker.succeeded()
    breaker.failed()
    assert breaker.remaining() == pytest.approx(0.1)


def test_with_redis_down_every_verb_answers_and_only_ping_complains(tmp_path: Path) -> None:
    redis = Connection(f"unix://{tmp_path}/nobody.sock")
    assert not heartbeats.write(redis, BEAT, ttl=60)
    assert not heartbeats.remove(redis, "w")
    assert not heartbeats.forget_old(redis)
    assert heartbeats.read_all(redis) == {}
    assert heartbeats.read(redis, "w") is None
    assert cache.read(redis) is None
    assert not bell.wake(redis, bell.worker("a"), bell.worker("w"))
    with pytest.raises(Outage, match=r"^redis unreachable: "):
        redis.ping()
    assert redis.trouble is not None
    assert redis.trouble.what == "redis"


def test_a_cluster_may_have_no_redis_at_all() -> None:
    redis = Connection("none")
    assert not bell.wake(redis, bell.worker("a"))
    with pytest.raises(Outage, match="the settings name none"):
        redis.ping()
    redis.close()


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "mute.sock"))
        server.listen(16)
        yield f"unix://{tmp_path}/mute.sock"


def test_a_server_that_never_answers_costs_one_timeout_and_then_nothing(mute: str) -> None:
    clock = Time()
    redis = Connection(mute, seconds=clock)
    lost, began = HeldUp(), time.monotonic()
    assert not bell.wake(redis, bell.worker("a"))
    assert 0.05 < time.monotonic() - began < 1.0 + lost.seconds
    began = time.monotonic()
    for _ in range(1000):
        assert not bell.wake(redis, bell.worker("a"))
    assert time.monotonic() - began < 20, "not a hundred seconds"
    redis.close()


def test_after_its_rest_the_breaker_tries_again_and_trouble_is_forgotten(redis_url: str) -> None:
    clock = Time()
    redis = Connection(redis_url, seconds=clock)
    with redis.talk() as client:
        client.lpush("wrong", "type")
    with pytest.raises(Outage), redis.talk() as client:
        client.incr("wrong")
    assert str(redis.trouble).startswith("redis unreachable: WRONGTYPE")
    assert not bell.wake(redis, bell.worker("a"))  # it would answer, but is not asked
    clock.now += 0.2
    assert bell.wake(redis, bell.worker("a"))
    assert redis.trouble is None
    redis.close()


def test_a_server_that_speaks_something_else_is_an_outage(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "http.sock"))
        server.listen(1)

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        redis = Connection(f"unix://{tmp_path}/http.sock")
        with pytest.raises(Outage):
            redis.ping()
        thread.join()
        redis.close()


@pytest.mark.parametrize("url", ["http://h", "redis://h?nonsense=1", "nothing"])
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Connection(url)


def test_an_outage_never_shows_a_password() -> None:
    redis = Connection("redis://:s3cret@127.0.0.1:1/0")
    with pytest.raises(Outage) as outage:
        redis.ping()
    assert "s3cret" not in str(outage.value)
