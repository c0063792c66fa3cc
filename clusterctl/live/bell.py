"""Wake-ups over Redis: "orders for you" to a worker. Whoever misses one polls anyway.

Schedd is woken through Postgres (``store.bell``): a few listeners there cost nothing, a thousand would.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from redis.client import PubSub

from clusterctl.clock import Bell
from clusterctl.live.allowance import Allowance
from clusterctl.live.breaker import LONGEST_REST, Breaker
from clusterctl.live.connection import NONE, Connection, open_client, outage
from clusterctl.model.errors import Outage

HEARING = 10.0  # seconds between two pings on a quiet line: a half-open one is noticed in twice that
BREATH = 0.005  # seconds after a ring: one who rings all the time is heard so often, and costs no more
LARGEST_WORD = 64 * 1024  # bytes: ours are empty

log = logging.getLogger(__name__)


def worker(name: str) -> str:
    """Who is woken when there are orders for worker *name*."""
    return f"worker:{name}"


def wake(redis: Connection, *whom: str) -> bool:
    """Ring the bells of *whom* (each a ``worker(name)``), one round trip for all. False if Redis is away."""
    try:
        with redis.talk() as client:
            if len(whom) == 1:
                client.publish(_channel(redis, whom[0]), b"")
            elif whom:
                with client.pipeline(transaction=False) as pipe:
                    for each in whom:
                        pipe.publish(_channel(redis, each), b"")
                    pipe.execute()
    except Outage:
        return False
    return True


class Listener:
    """A thread that rings *bell* when *whom* is woken. Outlives every loss of Redis; never in anyone's way.

    It rings once more whenever it has (re)subscribed: what was said meanwhile is lost, so look.
    """

    def __init__(
        self, redis: Connection, whom: Iterable[str], bell: Bell, *, chance: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._url = redis.url
        self._channels = [_channel(redis, each) for each in whom]
        self._bell = bell
        self._chance = chance
        self._breaker = Breaker()
        self._closing = threading.Event()
        self._allowance = Allowance()
        self._lost = False
        self._thread = threading.Thread(target=self._listen, name="redis-bell", daemon=True)

    def start(self) -> Listener:
        """Begin to listen; returns at once, subscribed or not."""
        if self._url != NONE:
            self._thread.start()
        return self

    def close(self, timeout: float = 1.0) -> None:
        """Stop listening; waits for the thread at most *timeout* seconds. The bell may be closed afterwards."""
        self._closing.set()
        self._allowance.end()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                self._hear()
            except Exception as error:  # noqa: BLE001  # what a stranger answers may break the driver anywhere
                self._note_loss(error)
                # Half of the rest by chance: a thousand agents must not return in one instant.
                self._closing.wait(self._breaker.remaining() * (1 - self._chance() / 2))

    def _hear(self) -> None:
        """Subscribe, and ring for every message, until the line breaks or this is closed."""
        client = open_client(self._url, self._allowance, timeout=1.0)
        line: Any = PubSub(client.connection_pool)  # redis-py leaves it untyped
        try:
            self._allowance.grant(HEARING, LARGEST_WORD)
            line.subscribe(*self._channels)
            unanswered, proven = False, time.monotonic() + LONGEST_REST
            while not self._closing.is_set():
                self._allowance.grant(2 * HEARING, LARGEST_WORD)
                message = line.get_message(timeout=LONGEST_REST if self._lost else HEARING)
                if self._lost and time.monotonic() >= proven:
                    self._note_return()
                elif message is None and unanswered:
                    raise TimeoutError("no answer to a ping")
                unanswered = message is None
                if message is None:
                    line.ping()
                elif message["type"] in ("message", "subscribe"):
                    self._bell.ring()
                    self._closing.wait(BREATH)
        finally:
            line.close()
            client.close()

    def _note_loss(self, error: Exception) -> None:
        if not self._lost and not self._closing.is_set():
            log.warning("%s; nobody is woken by it, looking at the usual pace", outage(error))
        self._lost = True
        self._breaker.failed()

    def _note_return(self) -> None:
        """It has been heard for longer than any rest: one that lets us in only to hang up is not back."""
        log.info("redis is back, wake-ups are heard again")
        self._lost = False
        self._breaker.succeeded()


def _channel(redis: Connection, whom: str) -> str:
    return redis.key(f"wake:{whom}")
