"""What befalls the tower: kinds of faults, where each may strike, and how often.

A course is a generator: it does harm, yields how long that lasts, and mends. It is told where it strikes, and draws its
chances from what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.tower import line_faults, machine_faults, schedd_faults, server_faults

if TYPE_CHECKING:
    from tests.tower.tower import Tower

Course = Callable[["Tower", Any, Random], Iterator[float]]


class Place(NamedTuple):
    """Where a fault strikes. Two never strike at one ``name`` at once."""

    name: str
    what: Any


class Fault(NamedTuple):
    """*kind* happens at one of ``places``, *weight* times in each shuffled deck of all kinds."""

    kind: str
    weight: int
    places: Callable[[Tower], Sequence[Place]]
    course: Course


def schedds(tower: Tower) -> list[Place]:
    """Both, the leader three times: it is the one that matters."""
    places = [Place(f"process {schedd.name}", schedd) for schedd in tower.schedds]
    return [place for place in places for _ in range(3 if tower.leads(place.what) else 1)]


def machines(tower: Tower) -> list[Place]:
    """All workers."""
    return [Place(f"process {machine.name}", machine) for machine in tower.machines]


def small_disks(tower: Tower) -> list[Place]:
    """Workers whose spool may be filled without harm to others."""
    return [place for place in machines(tower) if place.what.has_small_disk]


def rebootable(tower: Tower) -> list[Place]:
    """Workers that have a boot id of their own."""
    return [place for place in machines(tower) if place.what.can_reboot]


def lines(tower: Tower) -> list[Place]:
    """The lines of every daemon and the submitter."""
    return [Place(f"line {daemon.name}", daemon) for daemon in tower.daemons]


def leaders_line(tower: Tower) -> list[Place]:
    """The leader's."""
    return [place for place in lines(tower) if place.what in tower.schedds and tower.leads(place.what)]


def agents_lines(tower: Tower) -> list[Place]:
    """Those of the workers."""
    agents = [machine.agent for machine in tower.machines]
    return [place for place in lines(tower) if place.what in agents]


def submitter(tower: Tower) -> list[Place]:
    """The one."""
    return [Place("process submitter", tower.submitter)]


def postgres(_: Tower) -> list[Place]:
    """The one."""
    return [Place("postgres", None)]


def valkey(_: Tower) -> list[Place]:
    """The one."""
    return [Place("valkey", None)]


FAULTS = (
    Fault("kill schedd", 3, schedds, schedd_faults.kill_schedd),
    Fault("stop schedd", 2, schedds, schedd_faults.stop_schedd),
    Fault("cut leader", 1, leaders_line, schedd_faults.cut_leader),
    Fault("plug leader", 1, leaders_line, schedd_faults.plug_leader),
    Fault("kill agentd", 3, machines, machine_faults.kill_agentd),
    Fault("stop agentd", 2, machines, machine_faults.stop_agentd),
    Fault("end agentd", 1, machines, machine_faults.end_agentd),
    Fault("kill supervisor", 3, machines, machine_faults.kill_supervisor),
    Fault("part worker and kill supervisors", 4, machines, machine_faults.part_and_kill_supervisors),
    Fault("stop supervisor", 1, machines, machine_faults.stop_supervisor),
    Fault("kill agentd and supervisors", 1, machines, machine_faults.kill_agentd_and_supervisors),
    Fault("kill warm process", 1, machines, machine_faults.kill_warm_process),
    Fault("stop warm process", 1, machines, machine_faults.stop_warm_process),
    Fault("kill job", 1, machines, machine_faults.kill_job),
    Fault("freeze machine", 1, machines, machine_faults.freeze_machine),
    Fault("cut power", 2, rebootable, machine_faults.cut_power),
    Fault("fill disk", 2, small_disks, machine_faults.fill_disk),
    Fault("part worker", 5, agents_lines, line_faults.part_worker),
    Fault("cut line", 2, lines, line_faults.cut_line),
    Fault("plug line", 2, lines, line_faults.plug_line),
    Fault("slow line", 2, lines, line_faults.slow_line),
    Fault("lose commit", 3, agents_lines, line_faults.lose_commit),
    Fault("lose answer", 3, lines, line_faults.lose_answer),
    Fault("crash postgres", 2, postgres, server_faults.crash_postgres),
    Fault("kill postgres", 2, postgres, server_faults.kill_postgres),
    Fault("long outage", 1, postgres, server_faults.long_outage),
    Fault("kill backend", 1, postgres, server_faults.kill_backend),
    Fault("move clock", 2, postgres, server_faults.move_clock),
    Fault("kill valkey", 1, valkey, server_faults.kill_valkey),
    Fault("stop valkey", 1, valkey, server_faults.stop_valkey),
    Fault("flush valkey", 1, valkey, server_faults.flush_valkey),
    Fault("spoil valkey", 1, valkey, server_faults.spoil_valkey),
    Fault("starve valkey", 1, valkey, server_faults.starve_valkey),
    Fault("kill submitter", 2, submitter, schedd_faults.kill_daemon),
)
