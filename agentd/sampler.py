"""What every job uses, from one pass over ``/proc`` for all of them.

A job is whatever descends from its supervisor. Its CPU time is user + system of every process in that tree and of the
children that they, and the supervisor, have waited for; as a tree is not read in one moment, a sum may come out lower
than the one before, and then the one before holds. Memory counts shared pages in each process that has them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import psutil

from agentd.census import Census
from agentd.journal import boottime
from agentd.running import Running
from agentd.supervisor.tree import CLOCK_TICKS, Process, children_of, descendants
from clusterctl.model.orders import Usage

MB = 1 << 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Rates are over so long at least, once there is a past: CPU time comes in ticks, and two looks may follow close.
RATE_OVER_S = 2.0


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The worker as a whole. ``jobs`` is the sum over its attempts, ``agent`` is agentd's own process."""

    load1: float
    memory_available_mb: int
    jobs: Usage
    agent: Usage


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One look. ``usages`` by allocation id."""

    taken_at: float  # BOOTTIME
    usages: Mapping[int, Usage]
    host: Host

    def excessive(self, running: Mapping[int, Running]) -> dict[int, str]:
        """The attempts that use more memory than they asked for, and the sentence that says so."""
        return {
            id: f"used {usage.memory_mb} MiB of {running[id].memory_mb} MiB"
            for id, usage in self.usages.items()
            if id in running and 0 < running[id].memory_mb < usage.memory_mb
        }


class Totals(NamedTuple):
    """Sums over a tree, in the kernel's units."""

    ticks: int = 0
    pages: int = 0
    processes: int = 0
    read_bytes: int = 0
    write_bytes: int = 0


class Growth:
    """How fast something that only grows has grown of late, since *at*, when it was *amount*."""

    def __init__(self, at: float, amount: float) -> None:
        self._past = deque([(at, amount)])

    def rate(self, at: float, amount: float) -> float:
        """By the second."""
        past = self._past
        past.append((at, amount))
        while at - past[1][0] >= RATE_OVER_S:
            past.popleft()
        then, before = past[0]
        return round((amount - before) / max(at - then, 1 / CLOCK_TICKS), 3)


class Sampler:
    """Remembers the samples before, for rates and peaks."""

    def __init__(self) -> None:
        self._before: dict[int, Usage] = {}
        self._growths: dict[int, Growth] = {}
        self._census = Census()
        self._agent = psutil.Process()
        times = self._agent.cpu_times()
        self._agent_growth = Growth(boottime(), times.user + times.system)

    def sample(self, running: Mapping[int, Running]) -> Sample:
        """Look at every attempt in *running* that has a supervisor, and at the host."""
        now = boottime()
        children = children_of(processes := self._census.take(now))
        usages: dict[int, Usage] = {}
        for id, attempt in running.items():
            supervisor = processes.get(attempt.supervisor_pid)
            if supervisor is not None:
                totals = add_up(descendants(supervisor.pid, children), self._census)
                usages[id] = self._usage(attempt, supervisor, totals, now)
        self._before = usages
        self._growths = {id: growth for id, growth in self._growths.items() if id in usages}
        return Sample(taken_at=now, usages=usages, host=self._host(usages, now))

    def _usage(self, attempt: Running, supervisor: Process, totals: Totals, now: float) -> Usage:
        before = self._before.get(attempt.allocation_id, Usage())
        growth = self._growths.setdefault(attempt.allocation_id, Growth(attempt.began_at, 0.0))
        reaped_s = max(0.0, supervisor.reaped_ticks / CLOCK_TICKS - attempt.reaped_s)
        cpu_s = max(before.cpu_s, totals.ticks / CLOCK_TICKS + reaped_s)
        memory_mb = totals.pages * PAGE_BYTES // MB
        return Usage(
            cpus=growth.rate(now, cpu_s),
            memory_mb=memory_mb,
            memory_peak_mb=max(before.memory_peak_mb, memory_mb),
            processes=totals.processes,
            read_mb=max(before.read_mb, totals.read_bytes // MB),
            write_mb=max(before.write_mb, totals.write_bytes // MB),
            cpu_s=cpu_s,
        )

    def _host(self, usages: Mapping[int, Usage], now: float) -> Host:
        with self._agent.oneshot():
            times = self._agent.cpu_times()
            resident = self._agent.memory_info().rss // MB
        cpu_s = times.user + times.system
        return Host(
            load1=os.getloadavg()[0],
            memory_available_mb=psutil.virtual_memory().available // MB,
            jobs=sum_of(usages.values()),
            agent=Usage(cpus=self._agent_growth.rate(now, cpu_s), memory_mb=resident, processes=1, cpu_s=cpu_s),
        )


def add_up(tree: list[Process], census: Census) -> Totals:
    """The sums over *tree*, as *census* has just seen it. A zombie still has its CPU time, and nothing else."""
    living = [process for process in tree if not process.is_zombie]
    moved = [census.moved(process) for process in living]
    return Totals(
        ticks=sum(process.own_ticks + process.reaped_ticks for process in tree),
        pages=sum(census.resident(process) for process in living),
        processes=len(living),
        read_bytes=sum(read for read, _ in moved),
        write_bytes=sum(written for _, written in moved),
    )


def sum_of(usages: Iterable[Usage]) -> Usage:
    """All of *usages* together; the peak is of the sum's parts, not of one moment."""
    parts = list(usages)
    return Usage(
        cpus=sum(usage.cpus for usage in parts),
        memory_mb=sum(usage.memory_mb for usage in parts),
        memory_peak_mb=sum(usage.memory_peak_mb for usage in parts),
        processes=sum(usage.processes for usage in parts),
        read_mb=sum(usage.read_mb for usage in parts),
        write_mb=sum(usage.write_mb for usage in parts),
        cpu_s=sum(usage.cpu_s for usage in parts),
    )
