"""The attempts of one worker, as real processes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from agentd.adoption import sort_out
from agentd.attempts import Attempts, ended
from agentd.briefing import Briefing
from agentd.burials import Burials
from agentd.handover import Handover, never_started
from agentd.journal import boot_id, boottime
from agentd.link import Link
from agentd.output import Pruner
from agentd.records import AnyRecord, Condition, Ended, Hello, Spawned, Story, is_whole
from agentd.reports import Reports
from agentd.roster import Roster
from agentd.running import Processes, Running, as_running, as_story
from agentd.spool import Spool
from agentd.supervisor.care import Care
from clusterctl.clock import Clock, SystemClock
from clusterctl.model.orders import End, Order, Replica, Report
from clusterctl.model.states import Outcome

__all__ = ["Processes", "RealProcesses", "Running"]

KILL_S = 5.0  # how long the processes of a job may take to end once they are killed


class RealProcesses(Processes):
    """Runs attempts under supervisors, whose journals and sockets are in *spool*. See Processes.

    *worker* is the name that jobs see, *gpus* how many this worker has, *output_cap_mb* what each output may hold of
    the disk (0: any amount), and *keep_logs_s* how old output in the spool may grow. Raises Refused if another agentd
    uses the spool.
    """

    def __init__(
        self,
        spool: Path,
        *,
        worker: str,
        gpus: int = 0,
        output_cap_mb: int = 0,
        keep_logs_s: float = math.inf,
        clock: Clock | None = None,
        care: Care = Care(),  # noqa: B008 - frozen
    ) -> None:
        self._spool = Spool(spool)
        self._clock = clock or SystemClock()
        self._gpus = range(gpus)
        briefing = Briefing(spool=self._spool, worker=worker, has_gpus=gpus > 0, output_cap_mb=output_cap_mb, care=care)
        self._reports = Reports(self._spool.reports)
        self._pruner = Pruner(self._spool, keep_logs_s, self._clock)
        self._boot = boot_id()
        try:
            self._roster = Roster(self._spool, self._clock)
        except OSError:
            self._spool.close()
            raise
        self._attempts = Attempts(self._roster.bell.ring)
        self._handover = Handover(self._roster, self._attempts, briefing)
        self._burials = Burials(self._clock)
        self._adopt()
        self._written = self._spool.written_for()
        self._clean_spool([id for id in self._written if id not in self._attempts])

    def start(self, order: Order, token: str) -> None:
        """Hand *order* to an idle supervisor, or to a new one."""
        id = order.allocation_id
        if self.knows(id, token):
            return
        if not self._attempts.make_way(id):
            detail = f"allocation {id} is another attempt here: was the database restored?"
            self._attempts.tell(ended(id, token, Outcome.NEVER_STARTED, detail))
            return
        if order.spec.script is not None or order.kind == "service":
            self._written.add(id)
        running = Running(
            allocation_id=id,
            job_id=order.job_id,
            start_token=token,
            began_at=boottime(),
            memory_mb=order.request.memory_mb,
            gpus=self._attempts.free_gpus(self._gpus, order.request.gpus),
            grace_s=order.grace_s,
            kind=order.kind,
        )
        self._handover.give(order, running)

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """Tell its supervisor to end it."""
        if allocation_id in self._attempts.running:
            self._attempts.link(allocation_id).say(
                op="stop", allocation_id=allocation_id, outcome=outcome, grace_s=grace_s, detail=detail
            )

    def restart(self, allocation_id: int, generation: int, grace_s: float) -> None:
        """Tell its supervisor."""
        if allocation_id in self._attempts.running:
            self._attempts.link(allocation_id).say(
                op="restart", allocation_id=allocation_id, generation=generation, grace_s=grace_s
            )

    def replicas(self) -> Mapping[int, int]:
        """A live view."""
        return MappingProxyType(self._attempts.versions)

    def replica(self, allocation_id: int) -> Replica:
        """As its supervisor said last."""
        token = self._attempts.running[allocation_id].start_token
        return self._attempts.conditions[allocation_id].report(token, boottime())

    def reports(self) -> Mapping[int, Report]:
        """What their files say that was not there before."""
        return self._reports.read(self._attempts.versions)

    def bury(self, end: End) -> None:
        """Look for its mark: what carries that is killed first."""
        id, token = end.allocation_id, end.start_token
        story = as_story(Running(allocation_id=id, job_id=1, start_token=token), self._boot)
        self._burials.seek(story, untraced=ended(id, token, end.outcome, end.detail))
        self._roster.bell.ring()

    def collect(self) -> list[End]:
        """Hear all supervisors, and see to those that are gone."""
        self._hear()
        self._pruner.go_on()
        now = boottime()
        return [end.report(now) for end in self._attempts.collect()]

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """Let the journals forget, and delete what only these attempts needed."""
        ids = set(allocation_ids)
        for link in self._attempts.links(ids):
            link.unacknowledged -= ids
            self._clear_away(link)
        self._clean_spool(ids & self._written)

    def running(self) -> Mapping[int, Running]:
        """A live view."""
        return MappingProxyType(self._attempts.running)

    def knows(self, allocation_id: int, token: str) -> bool:
        """Whether it stands in a journal, or is about to, or is being buried."""
        return self._attempts.knows(allocation_id, token) or (allocation_id, token) in self._burials

    def renew(self, boottime: float) -> None:
        """Write it where the supervisors read it."""
        self._spool.renew(boottime)

    def fileno(self) -> int:
        """An epoll descriptor over all supervisors."""
        return self._roster.fileno()

    def due(self) -> float:
        """For what must be killed once more, for supervisors that should be gone, and for old output."""
        burials = self._burials.due(untraced_too=not self._roster.parts_with_some)
        return max(0.0, min(burials, self._roster.due(), self._pruner.due()) - self._clock.seconds())

    def trim(self) -> None:
        """Cut the journals of idle supervisors, send away those that have long been idle, wake those that sleep."""
        for link in self._roster.idle():
            if link.is_settled and link.standing:
                link.say(op="cut")
                self._attempts.forget(link)
        self._roster.dismiss()
        self._roster.rouse()
        self._pruner.work()

    def close(self, *, stop_jobs: bool) -> None:
        """Leave the spool to the next agentd."""
        if stop_jobs:
            self._stop_all()
        self.trim()
        self._roster.close()
        self._spool.close()

    def _adopt(self) -> None:
        """Take up every supervisor and every journal of an earlier agentd."""
        findings, rivals = sort_out(self._roster.adopt())
        for finding in findings:
            link = finding.link
            for story in finding.stories.values():
                self._attempts.enter(link, as_running(story))
                if story.ended:
                    self._attempts.heed(story.ended)
            self._note(link, link.first_words)
            if link.connection is None and not self._roster.is_leaving(link):
                self._mourn(link)
            elif not link.open:
                self._roster.rest(link)
        for story in rivals:
            if story.ended:
                self._attempts.tell(story.ended)
            else:
                self._bury(story)

    def _hear(self) -> None:
        self._roster.bell.clear()
        for link, records in self._roster.hear():
            if records is None:
                self._mourn(link)
            else:
                self._note(link, records)
        # Whatever is leaving may still begin what an earlier agentd had ordered.
        for end in self._burials.look(untraced_too=not self._roster.parts_with_some):
            self._attempts.settle(end)

    def _note(self, link: Link, records: Iterable[AnyRecord]) -> None:
        for record in records:
            match record:
                case Hello(pid=pid):
                    self._attempts.note_pid(link, pid)
                case Spawned(allocation_id=id) if id in link.open:
                    self._handover.note(id)
                    self._attempts.note_spawned(record)
                case Condition(allocation_id=id) if id in link.open:
                    self._handover.note(id)
                    self._attempts.note_condition(record)
                case Ended():
                    self._heed(record)
                    if not link.open:
                        self._roster.rest(link)

    def _heed(self, end: Ended) -> None:
        self._handover.note(end.allocation_id)
        self._attempts.heed(end)

    def _mourn(self, link: Link) -> None:
        """See to what a supervisor that is gone has left: its journal is final."""
        stories = link.stories()
        for id in sorted(link.open):
            story, running = stories.get(id), self._attempts.running[id]
            if story is None or story.begin.token != running.start_token:
                self._miss(link, running)
            elif story.ended:
                self._heed(story.ended)
            else:
                self._bury(story)
        self._clear_away(link)

    def _miss(self, link: Link, running: Running) -> None:
        """*link*'s journal does not tell of *running*: it never began, unless that journal was spoilt."""
        order = self._handover.note(running.allocation_id)
        if running.pid or (link.pid and not is_whole(link.journal)):
            self._bury(as_story(running, self._boot))
        elif order is None:
            self._attempts.heed(never_started(running, "its supervisor ended before it could begin"))
        else:
            # Once: if that supervisor is not made either, it is given up.
            self._handover.give(order, self._attempts.withdraw(order.allocation_id))
            self._handover.note(order.allocation_id)

    def _bury(self, story: Story) -> None:
        """End an attempt that has no supervisor, once nothing of it is left."""
        id, token = story.begin.allocation_id, story.begin.token
        self._handover.note(id)
        if story.begin.boot == self._boot:
            self._burials.add(story)
            self._roster.bell.ring()
        else:
            self._attempts.settle(ended(id, token, Outcome.WORKER_REBOOTED, "the machine was started anew"))

    def _clear_away(self, link: Link) -> None:
        """Delete what a supervisor that is gone has left, once all of it is acknowledged."""
        if link.connection is None and link.is_settled and not self._roster.is_leaving(link):
            self._attempts.forget(link)
            link.remove()

    def _clean_spool(self, allocation_ids: Iterable[int]) -> None:
        for id in list(allocation_ids):
            self._written.discard(id)
            for path in self._spool.leavings(id):
                path.unlink(missing_ok=True)

    def _stop_all(self) -> None:
        """Stop everything, and wait until nothing runs, for the longest grace and a little."""
        graces = {id: attempt.grace_s for id, attempt in self._attempts.running.items()}
        for id, grace in graces.items():
            self.stop(id, Outcome.WORKER_STOPPED, grace)
        until = self._clock.seconds() + max(graces.values(), default=0.0) + KILL_S
        while self._attempts.running and (left := until - self._clock.seconds()) > 0:
            self._clock.wait(self._roster.bell, min(left, self.due()), (self.fileno(),))
            self._hear()
