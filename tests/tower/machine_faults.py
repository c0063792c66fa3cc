"""What befalls a worker's machine, and what runs on it.

Named limits of the promises are respected: a supervisor, or a whole machine, stops for less than the margin that the
leader adds to a lease.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from tests.tower.daemons import signal_all
from tests.tower.machines import Machine

if TYPE_CHECKING:
    from tests.tower.tower import Tower


def kill_agentd(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """kill -9; the next one takes up the jobs."""
    machine.agent.kill()
    yield chance.choice((0.0, 1.0, 3.0, 9.0))
    machine.agent.start()


def stop_agentd(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """SIGSTOP, sometimes for longer than a lease: the supervisors must see to it alone."""
    machine.agent.send(signal.SIGSTOP)
    yield chance.choice((1.0, 4.0, 16.0))
    machine.agent.send(signal.SIGCONT)


def end_agentd(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """SIGTERM, as an upgrade does."""
    machine.agent.end()
    yield chance.uniform(0, 2)
    machine.agent.start()


def kill_supervisor(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """kill -9 of one, at work or idle."""
    signal_all(some(machine.supervisors(), chance), signal.SIGKILL)
    yield 1.0


def part_and_kill_supervisors(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """Cut a worker off, and then kill its supervisors: only agentd is left to see to the leases, and it may wait.

    Long enough that its jobs are lost, and run elsewhere.
    """
    harm = chance.choice(("cut", "plug", "plug", "plug"))  # who is hung up on knows at once, and need not wait
    for line in machine.agent.lines.values():
        line.cut() if harm == "cut" else line.plug()
    yield chance.choice((0.3, 1.0, 4.0))
    signal_all(machine.supervisors(), signal.SIGKILL)
    yield chance.uniform(16, 22)
    for line in machine.agent.lines.values():
        line.heal()


def stop_supervisor(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """SIGSTOP of one."""
    chosen = some(machine.supervisors(), chance)
    signal_all(chosen, signal.SIGSTOP)
    yield chance.uniform(0.5, 2)
    signal_all(chosen, signal.SIGCONT)


def kill_agentd_and_supervisors(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """All that watches over the jobs is gone at once; the jobs are not."""
    machine.agent.kill()
    signal_all([*machine.warm_processes(), *machine.supervisors()], signal.SIGKILL)
    yield chance.uniform(0, 2)
    machine.agent.start()


def kill_warm_process(_: Tower, machine: Machine, _chance: Random) -> Iterator[float]:
    """kill -9."""
    signal_all(machine.warm_processes(), signal.SIGKILL)
    yield 1.0


def stop_warm_process(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """SIGSTOP."""
    chosen = machine.warm_processes()
    signal_all(chosen, signal.SIGSTOP)
    yield chance.choice((2.0, 12.0))
    signal_all(chosen, signal.SIGCONT)


def kill_job(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """kill -9 of one of a job's processes, by a stranger."""
    signal_all(some(machine.jobs(), chance), signal.SIGKILL)
    yield 0.0


def freeze_machine(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """Everything on it stops for a moment."""
    machine.freeze()
    yield chance.uniform(0.5, 2)
    machine.thaw()


def cut_power(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """Everything on it dies, sometimes for so long that its jobs run elsewhere, and it starts anew."""
    machine.cut_power()
    yield chance.choice((0.5, 18.0))
    machine.switch_on()
    machine.agent.start()


def fill_disk(_: Tower, machine: Machine, chance: Random) -> Iterator[float]:
    """Not a byte is left in the spool."""
    machine.fill_disk()
    yield chance.uniform(2, 8)
    machine.free_disk()


def some(pids: Sequence[int], chance: Random) -> list[int]:
    """One of *pids*, if there are any."""
    return [chance.choice(pids)] if pids else []
