"""Supervisors that have hung up, or that nobody needs, until they are gone: their journals are final only then.

Most end at once. One that does not is killed, again and again, and not waited for: it may be stuck in the kernel.
"""

from __future__ import annotations

import logging
import math
import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass

from agentd.link import Link
from agentd.supervisor.tree import read_process, send_signals
from clusterctl.clock import Clock

GOES_WITHIN_S = 1.0  # how long one that has hung up may take to end
LONGEST_PAUSE_S = 5.0

log = logging.getLogger(__name__)


@dataclass
class Farewell:
    """One of them: when to insist, on the loop's clock, and what tells that its process has ended."""

    insist_at: float
    pause: float = GOES_WITHIN_S
    pidfd: int = -1


class Farewells:
    """Those that are not gone yet. ``fileno`` is readable when one may be."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leaving: dict[Link, Farewell] = {}
        self._epoll = select.epoll()

    def fileno(self) -> int:
        """An epoll descriptor over their processes."""
        return self._epoll.fileno()

    def __len__(self) -> int:
        return len(self._leaving)

    def __contains__(self, link: Link) -> bool:
        return link in self._leaving

    def add(self, link: Link, *, at_once: bool = False) -> None:
        """Await the end of *link*'s supervisor for a moment, or *at_once* insist on it."""
        link.identify()
        farewell = Farewell(self._clock.seconds() + (0 if at_once else GOES_WITHIN_S))
        if link.pid:
            with suppress(OSError):  # it has ended
                farewell.pidfd = os.pidfd_open(link.pid)
                self._epoll.register(farewell.pidfd, select.EPOLLIN)
        self._leaving[link] = farewell

    def gone(self, wait_s: float = 0.0) -> list[Link]:
        """Those that are gone, each once; *wait_s* is how long to wait for one. Insists with those that stay."""
        if not self._leaving:
            return []
        ended = {fd for fd, _ in self._epoll.poll(wait_s)}
        for farewell in self._leaving.values():
            if farewell.pidfd in ended:  # its lock may be held on: a child that is stuck on its way to a command
                self._drop_pidfd(farewell)
        gone = [link for link in self._leaving if not link.lives]
        for link in gone:
            self._drop_pidfd(self._leaving.pop(link))
        now = self._clock.seconds()
        for link, farewell in self._leaving.items():
            if farewell.insist_at <= now:
                self._insist(link, farewell)
        return gone

    def due(self) -> float:
        """When to look at them, whatever ``fileno`` says, on the loop's clock; infinity if there is nobody."""
        return min((farewell.insist_at for farewell in self._leaving.values()), default=math.inf)

    def close(self) -> None:
        """Leave them to themselves."""
        for farewell in self._leaving.values():
            self._drop_pidfd(farewell)
        self._epoll.close()

    def _insist(self, link: Link, farewell: Farewell) -> None:
        """Kill it, if it is still the process that it was."""
        process = read_process(link.pid) if link.pid else None
        if process and process.start == link.start:
            send_signals([process], signal.SIGKILL)
        if farewell.pause < LONGEST_PAUSE_S <= 2 * farewell.pause:
            log.warning("supervisor %d (process %d) is killed and does not end", link.number, link.pid)
        farewell.insist_at = self._clock.seconds() + farewell.pause
        farewell.pause = min(2 * farewell.pause, LONGEST_PAUSE_S)

    def _drop_pidfd(self, farewell: Farewell) -> None:
        if farewell.pidfd >= 0:
            self._epoll.unregister(farewell.pidfd)
            os.close(farewell.pidfd)
            farewell.pidfd = -1
