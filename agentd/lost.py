"""What becomes of a job whose supervisor is gone: nobody else would ever end it."""

from __future__ import annotations

import os

from agentd.records import Begin, Story
from agentd.supervisor.tree import CLOCK_TICKS, Process, children_of, descendants, read_processes
from clusterctl.model.marks import mark


class Look:
    """One pass over ``/proc``, in which any number of lost trees can be sought."""

    def __init__(self) -> None:
        self._processes = read_processes()
        self._children = children_of(self._processes)
        self._environments: dict[int, frozenset[bytes]] = {}

    def tree(self, story: Story) -> list[Process]:
        """What lives of *story*'s attempt: found by pid, by session, by mark, and all that descends from those."""
        roots = [process for process in self._processes.values() if self._belongs(process, story)]
        found = {process.pid: process for process in roots}
        for root in roots:
            found.update((process.pid, process) for process in descendants(root.pid, self._children))
        return [process for process in found.values() if not process.is_zombie]

    def _belongs(self, process: Process, story: Story) -> bool:
        """Whether *process* shows by itself that it is of *story*'s attempt.

        A pid counts only with its start time. A session counts unless its number now belongs to another process: it
        keeps its number while a member lives. The mark counts only on what is younger than the attempt, and is not
        us: agentd may itself run within a job.
        """
        spawned = story.spawned
        if spawned and process.pid == spawned.pid:
            return process.start == spawned.start
        if not is_younger(process, story.begin):
            return False
        if spawned and process.session == spawned.pid:
            leader = self._processes.get(spawned.pid)
            if leader is None or leader.start == spawned.start:
                return True
        return process.pid != os.getpid() and self._is_marked(process, story.begin)

    def _is_marked(self, process: Process, begin: Begin) -> bool:
        """Whether *process* was started with the attempt's mark in its environment."""
        if process.pid not in self._environments:
            self._environments[process.pid] = read_environment(process.pid)
        return mark(begin.allocation_id, begin.token) <= self._environments[process.pid]


def is_younger(process: Process, begin: Begin) -> bool:
    """Whether *process* started after the attempt began; a process' start is known to the tick."""
    return process.start >= int(begin.at * CLOCK_TICKS)


def read_environment(pid: int) -> frozenset[bytes]:
    """What *pid* was started with; empty if it has gone, or is not ours to see."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return frozenset(file.read().split(b"\0"))
    except OSError:
        return frozenset()
