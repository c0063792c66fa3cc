"""The supervisors of one worker: those that work, those that wait for work, and those that have gone."""

from __future__ import annotations

import logging
import os
import select
import signal
from collections.abc import Iterator

from agentd.farewells import Farewells
from agentd.forks import Forks
from agentd.journal import boottime
from agentd.link import Gone, Link, reach
from agentd.records import AnyRecord
from agentd.spool import Spool
from agentd.supervisor.tree import Process, read_process, send_signals
from clusterctl.clock import Bell, Clock

IDLE_S = 60.0  # how long a supervisor without work is kept
HELLO_S = 10.0  # a new supervisor that says nothing for so long will never come
ADOPTED_HELLO_S = 5.0  # what an earlier agentd left and says nothing for so long is stopped, or worse
GONE_S = 2.0  # how long an agentd that begins waits for those that are about to end

log = logging.getLogger(__name__)


class Roster:
    """Knows every supervisor of *spool* that lives. ``bell`` makes its descriptor readable from within."""

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock
        self.bell = Bell()
        self._epoll = select.epoll()
        self._epoll.register(self.bell.fileno(), select.EPOLLIN)
        self._farewells = Farewells(clock)
        self._epoll.register(self._farewells.fileno(), select.EPOLLIN)
        self._links: dict[int, Link] = {}  # by descriptor
        self._stopped: set[Link] = set()  # at the last look
        self._idle: list[Link] = []  # the last to end is the first to work again: it is still in the caches
        self._forks = Forks(spool)
        self._next_number = max(spool.numbers(), default=0) + 1

    def fileno(self) -> int:
        """Readable when a supervisor has something to say, or the bell has rung."""
        return self._epoll.fileno()

    def adopt(self) -> list[Link]:
        """Every supervisor of an earlier agentd, dead or alive; of those without a connection see ``is_leaving``.

        A journal may be read after its supervisor has said hello: by then it has begun whatever the earlier agentd
        had ordered, and writes down nothing more that it does not also tell us.
        """
        links = [reach(number, self._spool.journal(number)) for number in self._spool.numbers()]
        until = boottime() + ADOPTED_HELLO_S  # for all together: many may be stopped
        for link in links:
            self._await_hello(link, until)
            if link.connection:
                self._watch(link)
            elif link.lives and link not in self._farewells:
                self._farewells.add(link)
        until = boottime() + GONE_S
        while self._farewells and (left := until - boottime()) > 0:
            self._farewells.gone(min(left, GONE_S / 10))
        return links

    @property
    def parts_with_some(self) -> bool:
        """Whether some supervisor is leaving, and may yet do what it was told before."""
        return len(self._farewells) > 0

    def is_leaving(self, link: Link) -> bool:
        """Whether *link*'s supervisor is not gone yet: ``hear`` will say when it is."""
        return link in self._farewells

    def engage(self) -> Link:
        """An idle supervisor, or a new one."""
        while self._idle:
            link = self._idle.pop()
            if os.path.exists(link.journal):
                return link
            link.say(op="leave")  # its journal was deleted: what it wrote there, nobody would ever read
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
        for link in self._farewells.gone():
            yield link, None

    def due(self) -> float:
        """When to hear, though ``fileno`` is silent, on the loop's clock."""
        return self._farewells.due()

    def part(self, link: Link) -> None:
        """Let go of *link*, and see that its supervisor ends: ``hear`` will say when it has."""
        if link.connection:
            self._links.pop(link.connection.fileno(), None)
            self._epoll.unregister(link.connection)
            link.hang_up()
        if link in self._idle:
            self._idle.remove(link)
        self._farewells.add(link)
        self.bell.ring()  # it may be gone already

    def dismiss(self) -> None:
        """Send away who has long been idle, and give up those that were asked for and never came."""
        now = self._clock.seconds()
        for link in self.idle():
            if link.is_settled and now - link.since > IDLE_S:
                self._idle.remove(link)
                link.say(op="leave")
        if any(not link.pid and now - link.since > HELLO_S for link in self._links.values()):
            self._forks.start()

    def rouse(self) -> None:
        """Wake those that somebody has stopped and left so, from one call to the next: their jobs could never end."""
        stopped = {link for link in self._links.values() if is_stopped(link)}
        for link in stopped & self._stopped:
            log.warning("supervisor %d (process %d) was stopped, waking it", link.number, link.pid)
            if process := the_process(link):
                send_signals([process], signal.SIGCONT)
        self._stopped = stopped

    def close(self) -> None:
        """Leave them all to themselves."""
        self._farewells.close()
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
            elif all(story.ended for story in link.stories().values()):
                link.hang_up()
                self._farewells.add(link, at_once=True)
        except Gone:
            link.hang_up()


def the_process(link: Link) -> Process | None:
    """The supervisor's own process, and not its pid's next owner."""
    process = read_process(link.pid) if link.pid else None
    return process if process and process.start == link.start else None


def is_stopped(link: Link) -> bool:
    """Whether the supervisor was stopped by a signal; one in a debugger's hands is in state ``t``."""
    process = the_process(link)
    return process is not None and process.state == b"T"
