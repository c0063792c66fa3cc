"""CPU time, as the kernel accounts it: by role in a stack, and of the whole machine."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from agentd.supervisor.tree import CLOCK_TICKS, Process, children_of, descendants, read_processes
from clusterctl.embedded.record import Stack


def of_stack(stack: Stack) -> Counter[str]:
    """CPU seconds that each role of *stack* has used since its start, children that it has waited for included.

    An agent's is told in four: its own, the warm process's, the supervisors', and the jobs'. Exact to one tick of the
    kernel (10 ms) per process; so let the processes be there, and use hundreds of ticks.
    """
    processes = read_processes()
    children = children_of(processes)
    ticks: Counter[str] = Counter()
    for known in stack.processes:
        if (root := processes.get(known.pid)) is None:
            continue
        if known.role == "agentd":
            ticks += of_agent(root, children)
        else:
            ticks[known.role] += total((root, *descendants(root.pid, children)))
    return Counter({role: count / CLOCK_TICKS for role, count in ticks.items()})


def since(before: Counter[str], stack: Stack) -> Counter[str]:
    """The same since *before*, which was such an answer."""
    used = of_stack(stack)
    used.subtract(before)
    return used


def of_agent(root: Process, children: Mapping[int, list[Process]]) -> Counter[str]:
    """Ticks of an agentd and all beneath it."""
    ticks: Counter[str] = Counter(agentd=root.own_ticks + root.reaped_ticks)
    for warm in children.get(root.pid, ()):
        ticks["warm"] += warm.own_ticks + warm.reaped_ticks
        for supervisor in children.get(warm.pid, ()):
            ticks["supervisors"] += supervisor.own_ticks
            ticks["jobs"] += supervisor.reaped_ticks + total(descendants(supervisor.pid, children))
    return ticks


def total(processes: Iterable[Process]) -> int:
    """Ticks of all of them, and of whom they waited for."""
    return sum(process.own_ticks + process.reaped_ticks for process in processes)


class Machine(NamedTuple):
    """CPU seconds of the machine since its start, of all CPUs together. Source: proc_stat(5)."""

    busy: float
    idle: float
    stolen: float

    @classmethod
    def now(cls) -> Machine:
        """As it is at this moment."""
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, idle, iowait, irq, softirq, stolen = (int(field) / CLOCK_TICKS for field in fields[:8])
        return cls(user + nice + system + irq + softirq, idle + iowait, stolen)


class Watch:
    """Begins with its making: what the machine did meanwhile, ourselves included."""

    def __init__(self) -> None:
        self._before = Machine.now()
        self._load = os.getloadavg()[0]

    def noise(self) -> dict[str, object]:
        """How busy the CPUs were, how much of them the hypervisor gave to others, and the load at both ends."""
        busy, idle, stolen = (now - before for now, before in zip(Machine.now(), self._before, strict=True))
        whole = max(busy + idle + stolen, 1 / CLOCK_TICKS)
        return {
            "busy_percent": round(100 * busy / whole, 1),
            "stolen_percent": round(100 * stolen / whole, 1),
            "load1": [round(self._load, 2), round(os.getloadavg()[0], 2)],
        }
