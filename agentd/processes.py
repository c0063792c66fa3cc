"""The attempts of one worker, as real processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from agentd.briefing import Briefing
from agentd.journal import boot_id, boottime
from agentd.link import Gone, Link
from agentd.lost import kill_tree
from agentd.records import AnyRecord, Ended, Hello, Spawned, Story, read_stories
from agentd.roster import Roster
from agentd.running import Processes, Running, as_running
from agentd.spool import Spool
from clusterctl.clock import Clock, SystemClock
from clusterctl.model.orders import End, Order
from clusterctl.model.states import Outcome

__all__ = ["Processes", "RealProcesses", "Running"]

KILL_S = 5.0  # how long the processes of a job may take to end once they are killed


class RealProcesses(Processes):
    """Runs attempts under supervisors, whose journals and sockets are in *spool*. See Processes.

    *worker* is the name that jobs see, *gpus* how many this worker has, *term_grace_s* what lies between TERM and KILL
    when a supervisor stops a job by itself. Raises Refused if another agentd uses the spool.
    """

    def __init__(
        self, spool: Path, *, worker: str, gpus: int = 0, term_grace_s: float = 30.0, clock: Clock | None = None
    ) -> None:
        self._spool = Spool(spool)
        self._clock = clock or SystemClock()
        self._grace_s = term_grace_s
        self._gpus = range(gpus)
        self._briefing = Briefing(spool=self._spool, worker=worker, has_gpus=gpus > 0, grace_s=term_grace_s)
        self._boot = boot_id()
        self._running: dict[int, Running] = {}
        self._where: dict[int, Link] = {}  # in whose journal an allocation stands
        self._unsure: dict[int, Order] = {}  # of which nobody has said that they run
        self._heard: list[Ended] = []  # not collected
        self._unburied: list[Story] = []  # of lost trees that have not died yet
        self._roster = Roster(self._spool, self._clock)
        self._adopt()
        self._written = self._spool.written_for()
        self._clean_spool(self._written - self._where.keys())

    def start(self, order: Order, token: str) -> None:
        """Hand *order* to an idle supervisor, or to a new one."""
        id = order.allocation_id
        if self.knows(id):
            return
        if order.spec.script is not None:
            self._written.add(id)
        running = Running(
            allocation_id=id,
            job_id=order.job_id,
            start_token=token,
            began_at=boottime(),
            memory_mb=order.request.memory_mb,
            gpus=self._free_gpus(order.request.gpus),
        )
        while not self._send(order, running):
            pass  # that supervisor has just gone, unheard: the order is for the next

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """Tell its supervisor to end it."""
        if allocation_id in self._running:
            self._where[allocation_id].say(
                op="stop", allocation_id=allocation_id, outcome=outcome, grace_s=grace_s, detail=detail
            )

    def collect(self) -> list[End]:
        """Hear all supervisors, and see to those that are gone."""
        self._hear()
        heard, self._heard = self._heard, []
        now = boottime()
        return [ended.report(now) for ended in heard]

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """Let the journals forget, and delete what only these attempts needed."""
        ids = set(allocation_ids)
        for link in {link for id in ids if (link := self._where.get(id))}:
            link.unacknowledged -= ids
            self._clear_away(link)
        self._clean_spool(ids & self._written)

    def running(self) -> Mapping[int, Running]:
        """A live view."""
        return MappingProxyType(self._running)

    def knows(self, allocation_id: int) -> bool:
        """Whether it stands in a journal, or is about to."""
        return allocation_id in self._where

    def renew(self, boottime: float) -> None:
        """Write it where the supervisors read it."""
        self._spool.renew(boottime)

    def fileno(self) -> int:
        """An epoll descriptor over all supervisors."""
        return self._roster.fileno()

    def trim(self) -> None:
        """Cut the journals of idle supervisors, and send away those that have long been idle."""
        for link in self._roster.idle():
            if link.is_settled and link.standing:
                link.say(op="cut")
                self._forget(link)
        self._roster.dismiss()

    def close(self, *, stop_jobs: bool) -> None:
        """Leave the spool to the next agentd."""
        if stop_jobs:
            self._stop_all()
        self.trim()
        self._roster.close()
        self._spool.close()

    def _adopt(self) -> None:
        """Take up every supervisor and every journal of an earlier agentd."""
        for link, stories in self._roster.adopt():
            for story in stories.values():
                self._enter(link, as_running(story))
            if link.connection is None:
                self._mourn(link, stories)
                continue
            for story in stories.values():
                if story.ended:
                    self._heed(story.ended)
            self._note(link, link.first_words)
            if not link.open:
                self._roster.rest(link)

    def _send(self, order: Order, running: Running) -> bool:
        """Hand *order* to a supervisor; False if it turns out to be gone."""
        link = self._roster.engage()
        cut = link.is_settled and bool(link.standing)
        if cut:
            self._forget(link)
        try:
            link.send(self._briefing.write(order, running.start_token, gpus=running.gpus, cut=cut))
        except OSError as error:
            self._enter(link, running)
            self._never_started(running, f"the worker's spool cannot be written: {error.strerror}")
            self._roster.rest(link)
        except Gone:
            self._roster.part(link)
            self._mourn(link)
            return False
        else:
            self._enter(link, replace(running, supervisor_pid=link.pid))
            self._unsure[order.allocation_id] = order
        return True

    def _enter(self, link: Link, running: Running) -> None:
        """*running* stands in *link*'s journal from now on, or will in a moment."""
        id = running.allocation_id
        self._running[id], self._where[id] = running, link
        link.standing.add(id)
        link.open.add(id)

    def _hear(self) -> None:
        self._roster.bell.clear()
        for link, records in self._roster.hear():
            if records is None:
                self._mourn(link)
            else:
                self._note(link, records)
        unburied, self._unburied = self._unburied, []
        for story in unburied:
            self._bury(story)

    def _note(self, link: Link, records: Iterable[AnyRecord]) -> None:
        for record in records:
            match record:
                case Hello(pid=pid):
                    link.pid = pid
                    for id in link.open:
                        self._running[id] = replace(self._running[id], supervisor_pid=pid)
                case Spawned(allocation_id=id) if id in self._running:
                    self._unsure.pop(id, None)
                    self._running[id] = replace(self._running[id], pid=record.pid, reaped_s=record.reaped_s)
                case Ended():
                    self._heed(record)
                    if not link.open:
                        self._roster.rest(link)

    def _heed(self, ended: Ended) -> None:
        """Take an end down, once: a journal may tell again what a socket has told."""
        self._unsure.pop(ended.allocation_id, None)
        if self._running.pop(ended.allocation_id, None):
            link = self._where[ended.allocation_id]
            link.open.discard(ended.allocation_id)
            link.unacknowledged.add(ended.allocation_id)
            self._heard.append(ended)
            self._roster.bell.ring()

    def _mourn(self, link: Link, stories: Mapping[int, Story] | None = None) -> None:
        """See to what a supervisor that is gone has left: its journal is final."""
        if stories is None:
            stories = read_stories(link.journal)
        for id in sorted(link.open):
            story = stories.get(id)
            if story is None and (order := self._unsure.pop(id, None)):
                self._order_again(link, order)
            elif story is None:
                self._never_started(self._running[id], "its supervisor ended before it could begin")
            elif story.ended:
                self._heed(story.ended)
            else:
                self._bury(story)
        self._clear_away(link)

    def _order_again(self, link: Link, order: Order) -> None:
        """*link*'s supervisor has died before it began, or was never made. Once; then it is given up."""
        id = order.allocation_id
        running = self._running.pop(id)
        link.open.discard(id)
        link.standing.discard(id)
        while not self._send(order, running):
            pass
        self._unsure.pop(id, None)

    def _bury(self, story: Story) -> None:
        """End an attempt that has no supervisor, once nothing of it is left."""
        begin = story.begin
        if begin.boot != self._boot:
            outcome, detail = Outcome.WORKER_REBOOTED, "the machine was started anew"
        elif kill_tree(story):
            outcome, detail = Outcome.SUPERVISOR_LOST, f"its supervisor, process {begin.supervisor_pid}, was lost"
        else:
            self._unburied.append(story)
            return
        self._heed(
            Ended(allocation_id=begin.allocation_id, token=begin.token, outcome=outcome, detail=detail, at=boottime())
        )

    def _never_started(self, running: Running, detail: str) -> None:
        self._heed(
            Ended(
                allocation_id=running.allocation_id,
                token=running.start_token,
                outcome=Outcome.NEVER_STARTED,
                detail=detail,
                at=boottime(),
            )
        )

    def _forget(self, link: Link) -> None:
        """*link*'s journal is cut, or gone."""
        for id in link.standing:
            del self._where[id]
        link.standing.clear()

    def _clear_away(self, link: Link) -> None:
        """Delete what a supervisor that is gone has left, once all of it is acknowledged."""
        if link.connection is None and link.is_settled:
            self._forget(link)
            link.remove()

    def _clean_spool(self, allocation_ids: Iterable[int]) -> None:
        for id in list(allocation_ids):
            self._written.discard(id)
            for path in self._spool.leavings(id):
                path.unlink(missing_ok=True)

    def _free_gpus(self, count: int) -> tuple[int, ...]:
        """The lowest *count* indices that no attempt has."""
        taken = {gpu for running in self._running.values() for gpu in running.gpus} if count else set()
        return tuple(gpu for gpu in self._gpus if gpu not in taken)[:count]

    def _stop_all(self) -> None:
        """Stop everything, and wait until nothing runs, for one grace and a little."""
        for id in self._running:
            self.stop(id, Outcome.WORKER_STOPPED, self._grace_s)
        until = self._clock.seconds() + self._grace_s + KILL_S
        while self._running and (left := until - self._clock.seconds()) > 0:
            self._clock.wait(self._roster.bell, left, (self.fileno(),))
            self._hear()
