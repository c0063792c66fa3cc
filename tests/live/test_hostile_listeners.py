"""Somebody in Redis's place, or a stranger in Redis, against the thread that listens for wake-ups."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis as driver

from clusterctl.clock import Bell, SystemClock
from clusterctl.live import Connection, Listener, bell
from tests.private_servers import own_valkey
from tests.strangers import Manner, Stranger, hang_up, saying
from tests.unhurried import unhurried
from tests.until import PATIENCE, until

PREFIX = "t:"
HUGE = 100 * 1024 * 1024  # bytes


def rings(found: Bell, within: float = PATIENCE) -> bool:
    """Whether it rings *within* seconds; silent afterwards."""
    SystemClock().wait(found, within)
    return found.clear()


def test_a_message_without_end_costs_the_line_and_not_the_listener(tmp_path: Path) -> None:
    hammer = Bell()
    with own_valkey(tmp_path / "redis") as url, closing(Connection(unhurried(url), PREFIX)) as redis:
        listener = Listener(redis, [bell.worker("a")], hammer).start()
        assert rings(hammer)
        with driver.Redis.from_url(url, protocol=2) as raw:
            raw.eval(f"redis.call('PUBLISH', KEYS[1], string.rep('x', {HUGE}))", 1, "t:wake:worker:a")
        assert rings(hammer), "it has subscribed anew"
        while rings(hammer, 0.2):
            pass
        assert bell.wake(redis, bell.worker("a"))
        assert rings(hammer)
        listener.close()
    hammer.close()


SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$15\r\nt:wake:worker:a\r\n:1\r\n"


def accept_and_leave(_: Stranger, client: Any) -> None:
    """Takes the subscription in, and hangs up."""
    client.recv(1 << 16)
    client.sendall(SUBSCRIBED)


@pytest.mark.parametrize(
    "manner, visits",
    [
        pytest.param(hang_up, 7, id="hangs up"),  # the driver itself comes back once, each time
        pytest.param(accept_and_leave, 7, id="lets in to hang up"),
        pytest.param(saying(b":1\r\n"), 4, id="a number"),
        pytest.param(saying(b":x\r\n"), 4, id="no number"),
        pytest.param(saying(b"*0\r\n"), 4, id="an empty list"),
        pytest.param(saying(b"*1\r\n*0\r\n"), 4, id="a list of lists"),
    ],
)
def test_a_listener_comes_back_more_and_more_rarely_to_who_throws_it_out_and_says_so_once(
    manner: Manner, visits: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hammer = Bell()
    with Stranger(manner) as stranger:
        began = time.monotonic()
        listener = Listener(Connection(stranger.url, PREFIX), [bell.worker("a")], hammer).start()
        until(lambda: stranger.visits >= visits, what="the last visit")
        assert time.monotonic() - began > 0.1 + 0.2 + 0.4, "it rests, and longer each time"
        listener.close()
    assert len(caplog.messages) == 1
    assert "nobody is woken by it" in caplog.messages[0]
    hammer.close()


def accept_and_stay(here: Stranger, client: Any) -> None:
    """Takes the subscription in, and never says another word."""
    client.recv(1 << 16)
    client.sendall(SUBSCRIBED)
    here.over.wait()


def test_a_listener_closes_at_once_though_nobody_answers_it_any_more() -> None:
    hammer = Bell()
    with Stranger(accept_and_stay) as stranger:
        listener = Listener(Connection(stranger.url, PREFIX), [bell.worker("a")], hammer).start()
        assert rings(hammer)
        while rings(hammer, 0.2):  # and by then it waits for more
            pass
        began = time.monotonic()
        listener.close(timeout=PATIENCE)
        assert time.monotonic() - began < bell.HEARING * 0.8, "it does not wait for what is said next"
    hammer.close()
