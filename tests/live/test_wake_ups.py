"""Wake-ups over Redis reach a bell, and survive the loss of the line."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as driver

from clusterctl.clock import Bell, SystemClock
from clusterctl.live import Connection, Listener
from clusterctl.live.bell import HEARING, wake, worker
from tests.until import PATIENCE


@pytest.fixture
def redis(redis_url: str, redis_prefix: str) -> Iterator[Connection]:
    connection = Connection(redis_url, redis_prefix)  # channels are the whole server's, not a database's
    yield connection
    connection.close()


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    yield bell
    bell.close()


def rings(bell: Bell, within: float = PATIENCE) -> bool:
    """Whether *bell* rings *within* seconds; silent afterwards."""
    SystemClock().wait(bell, within)
    return bell.clear()


def listen(redis: Connection, bell: Bell, *whom: str) -> Listener:
    """A listener that has subscribed to everything: each subscription rings once."""
    listener = Listener(redis, whom, bell).start()
    assert rings(bell)
    while rings(bell, 0.1):
        pass
    return listener


def test_a_wake_up_rings_the_bell_of_whom_it_names(redis: Connection, bell: Bell) -> None:
    listener = listen(redis, bell, worker("a"), worker("b"))
    assert wake(redis, worker("a"))
    assert rings(bell)
    assert wake(redis, worker("b"), worker("a"))
    assert rings(bell)
    with redis.talk() as client:  # Redis says how many hear
        assert client.publish(redis.key(f"wake:{worker('a')}"), b"") == 1
        assert client.publish(redis.key(f"wake:{worker('c')}"), b"") == 0
    listener.close()


def test_a_listener_closes_at_once(redis: Connection, bell: Bell) -> None:
    listener = listen(redis, bell, worker("a"))
    began = time.monotonic()
    listener.close(timeout=PATIENCE)
    assert time.monotonic() - began < HEARING * 0.8, "it does not wait for what is said next"
    bell.clear()
    wake(redis, worker("a"))
    assert not rings(bell, 0.1)


def test_a_lost_line_is_taken_up_again_and_rings_because_something_may_have_been_missed(
    redis: Connection, bell: Bell, redis_url: str
) -> None:
    listener = listen(redis, bell, worker("a"))
    with driver.Redis.from_url(redis_url, protocol=2) as stranger:
        mine = str(stranger.connection_pool.connection_kwargs.get("db", 0))
        for client in stranger.client_list(_type="pubsub"):
            if client["db"] == mine:  # other tests listen in databases of their own
                stranger.client_kill_filter(_id=client["id"])
    assert rings(bell)
    wake(redis, worker("a"))
    assert rings(bell)
    listener.close()


def test_a_listener_without_a_server_is_in_nobodys_way(tmp_path: Path, bell: Bell) -> None:
    for url in ("none", f"unix://{tmp_path}/nobody.sock"):
        listener = Listener(Connection(url), [worker("a")], bell).start()
        assert not rings(bell, 0.1)
        began = time.monotonic()
        listener.close(timeout=PATIENCE)
        assert time.monotonic() - began < HEARING * 0.8
