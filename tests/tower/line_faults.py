"""What befalls the lines between daemons and servers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from tests.tower.daemons import Daemon
from tests.tower.proxy import Line

if TYPE_CHECKING:
    from tests.tower.tower import Tower

LOOKS, LOOK_EVERY_S = 80, 0.1  # for a lost answer


def part_worker(_: Tower, agent: Daemon, chance: Random) -> Iterator[float]:
    """Cut a worker off for longer than the short leases, from everything: its jobs are lost, and run elsewhere."""
    harm = chance.choice(("cut", "plug"))
    for line in agent.lines.values():
        line.cut() if harm == "cut" else line.plug()
    yield chance.uniform(16, 26)
    for line in agent.lines.values():
        line.heal()


def cut_line(_: Tower, daemon: Daemon, chance: Random) -> Iterator[float]:
    """Connections break, and no new ones are made for some seconds."""
    daemon.lines["postgres"].cut()
    yield chance.uniform(0, 5)
    daemon.lines["postgres"].heal()


def plug_line(_: Tower, daemon: Daemon, chance: Random) -> Iterator[float]:
    """Words do not arrive; after some seconds they all do, or the connections break."""
    daemon.lines["postgres"].plug()
    yield chance.uniform(1, 9)
    if chance.random() < 0.5:
        daemon.lines["postgres"].hang_up()
    daemon.lines["postgres"].heal()


def slow_line(_: Tower, daemon: Daemon, chance: Random) -> Iterator[float]:
    """All that is said takes a while."""
    for line in daemon.lines.values():
        line.slow_down(chance.uniform(0.02, 0.3))
    yield chance.uniform(2, 8)
    for line in daemon.lines.values():
        line.heal()


def lose_commit(_: Tower, daemon: Daemon, _chance: Random) -> Iterator[float]:
    """The next COMMIT is obeyed, and nobody is told; or the next report of an end, which needs none."""
    yield from lose(daemon.lines["postgres"], b"COMMIT", b"exited")


def lose_answer(_tower: Tower, daemon: Daemon, chance: Random) -> Iterator[float]:
    """Some statement is obeyed, and nobody is told; several times over."""
    for _ in range(chance.randint(1, 4)):
        yield from lose(daemon.lines["postgres"])
        yield chance.uniform(0, 1)


def lose(line: Line, *to: bytes) -> Iterator[float]:
    """Lose one answer, or give up after a while: the line may be broken by then."""
    before = line.lost_answers
    line.lose_answer(*to)
    for _ in range(LOOKS):
        if line.lost_answers > before:
            break
        yield LOOK_EVERY_S
    line.heal()
