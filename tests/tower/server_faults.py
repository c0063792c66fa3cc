"""What befalls Postgres and Valkey."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.tower.tower import Tower


def crash_postgres(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """Its "immediate" stop: no goodbye, no checkpoint."""
    tower.servers.crash_postgres(signal.SIGQUIT)
    yield chance.uniform(0, 4)
    tower.servers.start_postgres()


def kill_postgres(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """kill -9 of the postmaster."""
    tower.servers.crash_postgres(signal.SIGKILL)
    yield chance.uniform(0, 4)
    tower.servers.start_postgres()


def long_outage(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """Postgres is away for longer than the short leases, and for less than the long ones."""
    tower.servers.crash_postgres(signal.SIGQUIT)
    yield chance.uniform(8, 14)
    tower.servers.start_postgres()


def kill_backend(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """kill -9 of one backend: Postgres ends all sessions and recovers by itself."""
    tower.servers.kill_backend(chance.choice([daemon.name for daemon in tower.daemons]))
    yield 2.0


def move_clock(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """The cluster's clock jumps: far ahead, or a little back."""
    tower.move_clock(chance.choice((chance.uniform(60, 7200), chance.uniform(-20, -1))))
    yield 1.0


def kill_valkey(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """kill -9."""
    tower.servers.kill_valkey()
    yield chance.uniform(0, 6)
    tower.servers.start_valkey()


def stop_valkey(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """SIGSTOP: it takes connections and says nothing."""
    tower.servers.signal_valkey(signal.SIGSTOP)
    yield chance.uniform(1, 6)
    tower.servers.signal_valkey(signal.SIGCONT)


def flush_valkey(tower: Tower, _place: None, _chance: Random) -> Iterator[float]:
    """FLUSHALL."""
    with tower.servers.redis() as client:
        client.flushall()
    yield 0.5


def spoil_valkey(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """Lies, wrong types and large values under every key, noise on every channel."""
    with tower.servers.redis() as client:
        for key in sorted(client.keys(f"{tower.servers.prefix}*")):
            client.delete(key)
            match chance.randrange(4):
                case 0:
                    client.rpush(key, "no such thing")
                case 1:
                    client.set(key, b"\x00\xff" * 1_000_000)
                case 2:
                    client.set(key, "999999")
                case _:
                    client.set(key, '{"name": "w1", "incarnation": 99, "at": 1e300, "jobs": {"1": null}}')
        for channel in client.pubsub_channels():
            for _ in range(20):
                client.publish(channel, b"\x00" * chance.randint(0, 100_000))
    yield 2.0


def starve_valkey(tower: Tower, _place: None, chance: Random) -> Iterator[float]:
    """It has no memory left: writes are refused."""
    with tower.servers.redis() as client:
        client.config_set("maxmemory", "1")
    yield chance.uniform(1, 6)
    with tower.servers.redis() as client:
        client.config_set("maxmemory", "0")
