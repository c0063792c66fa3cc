"""One line to Redis or Valkey: short timeouts, no retries, a breaker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis._parsers import _RESP2Parser
from redis.backoff import NoBackoff
from redis.retry import Retry

from clusterctl.live.allowance import Allowance, limited
from clusterctl.live.breaker import Breaker
from clusterctl.model.errors import Outage
from clusterctl.text import masked

TIMEOUT = 0.1  # seconds, to connect and for each piece of an answer: a hint that comes later is none
PATIENCE = 2 * TIMEOUT  # for all that is heard in one talk, however many pieces it comes in
LARGEST_TALK = 64 * 1024 * 1024  # bytes
AT_ONCE = 64  # values fetched in one round trip
NONE = "none"  # as a URL: this cluster has no Redis


class Connection:
    """Where Redis is, under which prefix our keys stand, and whether it is worth trying now.

    *url* is ``redis://``, ``rediss://``, ``unix://`` or ``none``; with ``?socket_timeout=`` more than ``TIMEOUT``,
    for a Redis that is far away, a talk may take longer in proportion. Nothing is connected before the first word.
    Threads may share it; processes may not. ``trouble`` is the last failure, None once it answered again.
    """

    def __init__(self, url: str, prefix: str = "cc:", *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.prefix = prefix
        self.trouble: Outage | None = None
        self._breaker = Breaker(seconds)
        self._allowance = Allowance()
        self._client = None if url == NONE else open_client(url, self._allowance)
        self._stretch = 1.0 if self._client is None else stretch(self._client)
        if self._client is None:
            self.trouble = Outage("redis", "the settings name none")

    def key(self, name: str) -> str:
        """*name* under this cluster's prefix."""
        return self.prefix + name

    @contextmanager
    def talk(self, seconds: float = PATIENCE) -> Iterator[redis.Redis]:
        """The client, for a few commands, of which all answers may take *seconds*.

        ``Outage`` when the breaker is open, and for every error of the driver.
        """
        if self._client is None or (self.trouble and self._breaker.remaining() > 0):
            raise (self.trouble or Outage("redis", "the settings name none")).with_traceback(None)  # or it would grow
        self._allowance.grant(seconds * self._stretch, LARGEST_TALK)
        try:
            yield self._client
        except Exception as error:  # noqa: BLE001  # what a stranger answers may break the driver anywhere
            if not isinstance(error, redis.RedisError | OSError):
                self._client.connection_pool.disconnect()  # half read; the driver keeps such a line
            self._breaker.failed()
            self.trouble = outage(error)
            raise self.trouble from None  # its message may be long and hold an address; it is in ours, masked
        self._breaker.succeeded()
        self.trouble = None

    def fetch(self, names: Sequence[str], largest: int) -> list[bytes | None]:
        """The values of *names*; None where there is none of 1 to *largest* bytes. Raises ``Outage``.

        Up to ``AT_ONCE`` are of one moment. Not MGET: a stranger's value of a gigabyte would come whole.
        """
        values: list[Any] = []
        with self.talk(PATIENCE + len(names) / 1000) as client:
            for first in range(0, len(names), AT_ONCE):
                with client.pipeline(transaction=True) as pipe:
                    for name in names[first : first + AT_ONCE]:
                        pipe.getrange(self.key(name), 0, largest)
                    # A key of another type is an error in its own place, and no reason to lose the others.
                    values += pipe.execute(raise_on_error=False)
        return [value if isinstance(value, bytes) and 0 < len(value) <= largest else None for value in values]

    def ping(self, seconds: float = PATIENCE) -> float:
        """Seconds that an answer takes, *seconds* at most. Raises ``Outage``."""
        with self.talk(seconds) as client:
            began = time.perf_counter()
            if client.ping() is not True:
                raise redis.InvalidResponse("it does not answer as Redis does")
            return time.perf_counter() - began

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()


def open_client(url: str, allowance: Allowance, *, timeout: float = TIMEOUT) -> redis.Redis:
    """A client of redis-py that works with Redis 6.2 and 7, and with Valkey. ``ValueError`` for a URL that is none.

    It hears no more than *allowance* grants.

    RESP2, because Redis 6.2 and every Valkey speak it alike and it needs no HELLO; no CLIENT SETINFO, which 6.2
    does not know; no retries, which make a dead server cost three seconds. Not hiredis's parser: a dozen bytes that
    announce a billion elements cost it two seconds, and our answers are small.
    """
    client = redis.Redis.from_url(
        url,
        protocol=2,
        parser_class=_RESP2Parser,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=timeout,
        socket_connect_timeout=TIMEOUT,
    )
    pool = client.connection_pool
    pool.connection_class = limited(pool.connection_class, allowance)
    try:
        pool.make_connection()  # not opened: only to refuse an unknown ?option= now, not at first use
    except TypeError as error:
        raise ValueError(f"{masked(url)}: {str(error).partition(') ')[2] or error}") from None
    return client


def stretch(client: redis.Redis) -> float:
    """How many times as long as usual *client*'s URL lets it wait."""
    return max(1.0, float(client.connection_pool.connection_kwargs["socket_timeout"] or 0) / TIMEOUT)


def outage(error: Exception) -> Outage:
    """*error* of the driver in our words, one line, without a password."""
    if not isinstance(error, redis.RedisError | OSError):
        error = redis.InvalidResponse(f"its answer makes no sense ({type(error).__name__})")
    said = masked(str(error).partition("\n")[0]).strip().rstrip(".") or type(error).__name__
    return Outage("redis", said[:200])
