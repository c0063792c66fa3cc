"""What befalls a schedd. ``watch`` sees how soon another leads."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from tests.tower.daemons import Daemon

if TYPE_CHECKING:
    from tests.tower.tower import Tower


def kill_daemon(_: Tower, daemon: Daemon, chance: Random) -> Iterator[float]:
    """kill -9, and again some seconds later."""
    daemon.kill()
    yield chance.uniform(0, 4)
    daemon.start()


def kill_schedd(tower: Tower, schedd: Daemon, chance: Random) -> Iterator[float]:
    """kill -9; the other takes over, if it led."""
    watch = tower.watch_leader(schedd)
    schedd.kill()
    yield from watch(chance.uniform(0, 3))
    schedd.start()


def stop_schedd(tower: Tower, schedd: Daemon, chance: Random) -> Iterator[float]:
    """SIGSTOP until another leads, and a little longer; then it wakes up and believes that it leads."""
    watch = tower.watch_leader(schedd)
    schedd.send(signal.SIGSTOP)
    yield from watch(chance.uniform(0, 3))
    schedd.send(signal.SIGCONT)


def plug_leader(tower: Tower, schedd: Daemon, chance: Random) -> Iterator[float]:
    """The leader's words do not arrive, and nobody hangs up; later they arrive after all."""
    watch = tower.watch_leader(schedd)
    schedd.lines["postgres"].plug()
    yield from watch(chance.uniform(0, 3))
    schedd.lines["postgres"].heal()


def cut_leader(tower: Tower, schedd: Daemon, chance: Random) -> Iterator[float]:
    """The leader is cut off from Postgres."""
    watch = tower.watch_leader(schedd)
    schedd.lines["postgres"].cut()
    yield from watch(chance.uniform(0, 3))
    schedd.lines["postgres"].heal()
