"""One line to Redis or Valkey: short timeouts, no retries, a breaker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clusterctl.live.breaker import Breaker
from clusterctl.model.errors import Outage
from clusterctl.text import masked

TIMEOUT = 0.1  # seconds, to connect and for each answer: a hint that comes later is none
NONE = "none"  # as a URL: this cluster has no Redis


class Connection:
    """Where Redis is, under which prefix our keys stand, and whether it is worth trying now.

    *url* is ``redis://``, ``rediss://``, ``unix://`` or ``none``. Nothing is connected before the first word.
    Threads may share it; processes may not. ``trouble`` is the last failure, None once it answered again.
    """

    def __init__(self, url: str, prefix: str = "cc:", *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.prefix = prefix
        self.trouble: Outage | None = None
        self._breaker = Breaker(seconds)
        self._client = None if url == NONE else open_client(url)
        if self._client is None:
            self.trouble = Outage("redis", "the settings name none")

    def key(self, name: str) -> str:
        """*name* under this cluster's prefix."""
        return self.prefix + name

    @contextmanager
    def talk(self) -> Iterator[redis.Redis]:
        """The client, for a few commands. ``Outage`` when the breaker is open, and for every error of the driver."""
        if self._client is None or (self.trouble and self._breaker.remaining() > 0):
            raise self.trouble or Outage("redis", "the settings name none")
        try:
            yield self._client
        except (redis.RedisError, OSError) as error:
            self._breaker.failed()
            self.trouble = outage(error)
            raise self.trouble from None  # its message may be long and hold an address; it is in ours, masked
        self._breaker.succeeded()
        self.trouble = None

    def fetch(self, names: Sequence[str], largest: int) -> list[bytes | None]:
        """The values of *names* at one moment; None where there is none of 1 to *largest* bytes. Raises ``Outage``.

        Not MGET: a stranger's value of a gigabyte would come whole.
        """
        with self.talk() as client, client.pipeline(transaction=True) as pipe:
            for name in names:
                pipe.getrange(self.key(name), 0, largest)
            # A key of another type is an error in its own place, and no reason to lose the others.
            values: list[Any] = pipe.execute(raise_on_error=False) if names else []
        return [value if isinstance(value, bytes) and 0 < len(value) <= largest else None for value in values]

    def ping(self) -> float:
        """Seconds that an answer takes. Raises ``Outage``."""
        with self.talk() as client:
            began = time.perf_counter()
            client.ping()
            return time.perf_counter() - began

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()


def open_client(url: str, *, timeout: float = TIMEOUT) -> redis.Redis:
    """A client of redis-py that works with Redis 6.2 and 7, and with Valkey. ``ValueError`` for a URL that is none.

    RESP2, because Redis 6.2 and every Valkey speak it alike and it needs no HELLO; no CLIENT SETINFO, which 6.2
    does not know; no retries, which make a dead server cost three seconds.
    """
    client = redis.Redis.from_url(
        url,
        protocol=2,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=timeout,
        socket_connect_timeout=TIMEOUT,
    )
    try:
        client.connection_pool.make_connection()  # not opened: only to refuse an unknown ?option= now, not at first use
    except TypeError as error:
        raise ValueError(f"{masked(url)}: {str(error).partition(') ')[2] or error}") from None
    return client


def outage(error: Exception) -> Outage:
    """*error* of the driver in our words, one line, without a password."""
    said = masked(str(error).partition("\n")[0]).strip().rstrip(".") or type(error).__name__
    return Outage("redis", said[:200])
