"""The supervisors of one worker: those that work, those that wait for work, and those that have gone."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress

from agentd.forks import Forks
from agentd.journal import boottime
from agentd.link import Gone, Link, reach
from agentd.lost import wait_for_pid
from agentd.records import AnyRecord, Story, read_stories
from agentd.spool import Spool
from clusterctl.clock import Bell, Clock
from clusterctl.model.errors import Refused

IDLE_S = 60.0  # how long a supervisor without work is kept
HELLO_S = 10.0  # a new supervisor that says nothing for so long will never come
ADOPTED_HELLO_S = 5.0  # what an earlier agentd left and says nothing for so long is stopped, or worse
GOES_WITHIN_S = 1.0  # how long a supervisor that has hung up may take to end


class Roster:
    """Knows every supervisor of *spool* that lives. ``bell`` makes its descriptor readable from within."""

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock
        self.bell = Bell()
        self._epoll = select.epoll()
        self._epoll.register(self.bell.fileno(), select.EPOLLIN)
        self._links: dict[int, Link] = {}  # by descriptor
        self._idle: list[Link] = []  # the last to end is the first to work again: it is still in the caches
        self._forks = Forks(spool)
        self._next_number = max(spool.numbers(), default=0) + 1

    def fileno(self) -> int:
        """Readable when a supervisor has something to say, or the bell has rung."""
        return self._epoll.fileno()

    def adopt(self) -> Iterator[tuple[Link, dict[int, Story]]]:
        """Every supervisor of an earlier agentd, dead or alive, and what its journal tells.

        A journal is read after its supervisor has said hello: by then it has begun whatever the earlier agentd had
        ordered, and writes down nothing more that it does not also tell us.
        """
        links = [reach(number, self._spool.journal(number)) for number in self._spool.numbers()]
        until = boottime() + ADOPTED_HELLO_S  # for all together: many may be stopped
        for link in links:
            self._await_hello(link, until)
        for link in links:
            if link.connection is None:
                self._see_off(link)
            else:
                self._watch(link)
            yield link, read_stories(link.journal)

    def engage(self) -> Link:
        """An idle supervisor, or a new one."""
        if self._idle:
            return self._idle.pop()
        number, self._next_number = self._next_number, self._next_number + 1
        link = Link(number, self._spool.journal(number), self._forks.request(number))
        self._watch(link)
        return link

    def rest(self, link: Link) -> None:
        """*link* has nothing to do any more."""
        if link.connection and link not in self._idle:
            link.since = self._clock.seconds()
            self._idle.append(link)

    def idle(self) -> list[Link]:
        """Those without work, longest idle first."""
        return list(self._idle)

    def hear(self) -> Iterator[tuple[Link, list[AnyRecord] | None]]:
        """What supervisors have said since; None if one has gone, whose journal is final then."""
        for fd, _ in self._epoll.poll(0):
            if (link := self._links.get(fd)) is None:
                continue
            try:
                yield link, link.receive()
            except Gone:
                self.part(link)
                yield link, None

    def part(self, link: Link) -> None:
        """Let go of *link*, and see that its supervisor is no more."""
        if link.connection:
            self._links.pop(link.connection.fileno(), None)
            self._epoll.unregister(link.connection)
            link.hang_up()
        if link in self._idle:
            self._idle.remove(link)
        self._see_off(link)

    def dismiss(self) -> None:
        """Send away who has long been idle, and give up those that were asked for and never came."""
        now = self._clock.seconds()
        for link in self.idle():
            if link.is_settled and now - link.since > IDLE_S:
                self._idle.remove(link)
                link.say(op="leave")
        if any(not link.pid and now - link.since > HELLO_S for link in self._links.values()):
            self._forks.start()

    def close(self) -> None:
        """Leave them all to themselves."""
        for link in self._links.values():
            link.hang_up()
        self._forks.end()
        self._epoll.close()
        self.bell.close()

    def _watch(self, link: Link) -> None:
        if link.connection:
            link.since = self._clock.seconds()
            self._links[link.connection.fileno()] = link
            self._epoll.register(link.connection, select.EPOLLIN)

    def _await_hello(self, link: Link, until: float) -> None:
        """Wait until *link* has answered; end it if it has not *until* then and its journal shows no work to suffer.

        Deaf and idle it could still begin what an earlier agentd had ordered, long after we have said that it never
        will. Deaf and at work it is left alone: one attempt at a time.
        """
        if link.connection is None:
            return
        poll = select.poll()
        poll.register(link.connection, select.POLLIN)
        try:
            if poll.poll(max(0.0, until - boottime()) * 1000):
                link.first_words = link.receive()
            elif all(story.ended for story in read_stories(link.journal).values()):
                link.hang_up()
        except Gone:
            link.hang_up()

    def _see_off(self, link: Link) -> None:
        """Make sure that nobody holds *link*'s journal: it takes a moment to end, or it is ended."""
        for number in (0, signal.SIGKILL):
            if not link.is_held:
                return
            pid = link.pid or next((story.begin.supervisor_pid for story in read_stories(link.journal).values()), 0)
            if pid:  # the held lock proves that it is still the same process
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            wait_for_pid(pid, GOES_WITHIN_S)
        if link.is_held:
            raise Refused(f"the supervisor of {link.journal} neither answers nor ends")
