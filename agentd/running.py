"""What agentd's loop asks of the machine. ``agentd.processes`` does it; a simulation may do it otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import msgspec

from agentd.records import Begin, Story
from clusterctl.model.orders import End, Order, Replica, Report
from clusterctl.model.states import Outcome


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that has been ordered and whose end has not been heard.

    ``pid`` and ``supervisor_pid`` are 0 until they are known (a few ms; ``pid`` 50 ms, and never of an attempt that
    is shorter). ``began_at`` is on CLOCK_BOOTTIME. ``memory_mb`` is its limit, 0 for none. ``grace_s`` is what whoever
    stops it leaves between TERM and KILL: it came with the order. Of a service, ``pid`` is that of its last process.
    """

    allocation_id: int
    job_id: int
    start_token: str
    pid: int = 0
    supervisor_pid: int = 0
    began_at: float = 0.0
    reaped_s: float = 0.0  # of the CPU, by its supervisor's earlier children
    memory_mb: int = 0
    gpus: tuple[int, ...] = ()
    grace_s: float = 0.0
    kind: Literal["batch", "service"] = "batch"


class Processes(Protocol):
    """The attempts of one worker. Made, it has already taken up whatever an earlier agentd left running.

    Used by one thread. Nothing here waits for a job; every call returns at once.
    """

    def start(self, order: Order, token: str) -> None:
        """Have *order* run, once in the history of this worker: a second time nothing happens.

        While another attempt with its id runs here, or its end is not acknowledged, it ends as ``never_started``.
        Whatever goes wrong is told by ``collect`` as the attempt's end.
        """

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """End it: TERM, after *grace_s* KILL (0: at once), until no process is left. Its end will be called *outcome*.

        Asked again, the first outcome stays, and a shorter grace hurries. An attempt that does not run is left alone.
        """

    def restart(self, allocation_id: int, generation: int, grace_s: float) -> None:
        """Have a replica follow *generation*: stop its process, as ``stop`` would, and start it again at once.

        Nothing happens to one that follows it already, or will.
        """

    def replicas(self) -> Mapping[int, int]:
        """Of each replica that runs, by allocation id, a number that changes with what ``replica`` says."""

    def replica(self, allocation_id: int) -> Replica:
        """How it stands now."""

    def reports(self) -> Mapping[int, Report]:
        """What replicas have said of their services since the last call, by allocation id; each as one report."""

    def collect(self) -> list[End]:
        """Hear what has happened. Returns each end **once**, in the order in which they came.

        The caller keeps it until Postgres has it, and then acknowledges it. An end that is never acknowledged is
        returned once more by the next agentd, and then perhaps together with some that were: a repeated report must
        do no harm. Call it whenever ``fileno`` is readable, and now and then without.
        """

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """These ends are committed: the journals may forget them."""

    def running(self) -> Mapping[int, Running]:
        """What runs, by allocation id: from ``start`` until ``collect`` has returned its end."""

    def bury(self, end: End) -> None:
        """Postgres holds us to an attempt that we do not know: see that nothing of it runs.

        ``collect`` then tells *end*, or ``supervisor_lost`` if something did.
        """

    def knows(self, allocation_id: int, token: str) -> bool:
        """Whether it runs, or its end waits to be acknowledged, or it is being buried: do not bury it.

        Under another token the same id is another attempt: a database that was restored gives ids out again.
        """

    def renew(self, boottime: float) -> None:
        """A sync that was sent at *boottime* (CLOCK_BOOTTIME) has succeeded: every lease counts from there.

        Call it before the first start: a supervisor starts nothing under a lease that is out.
        """

    def fileno(self) -> int:
        """A descriptor that is readable when ``collect`` has something to hear."""

    def due(self) -> float:
        """In how many seconds ``collect`` wants to be called though ``fileno`` is silent; infinity if it does not."""

    def trim(self) -> None:
        """Let idle supervisors go. Call it every few seconds."""

    def close(self, *, stop_jobs: bool) -> None:
        """Leave. Jobs go on without us, unless *stop_jobs*: then this waits, one grace at most, until all have ended.

        Their ends are then in the journals, for the next agentd to report. To report them oneself: ``stop`` each,
        and ``collect`` until nothing runs, before closing.
        """


def as_running(story: Story) -> Running:
    """The attempt of which a journal tells *story*."""
    begin, spawned = story.begin, story.spawned
    return Running(
        allocation_id=begin.allocation_id,
        job_id=begin.job_id,
        start_token=begin.token,
        pid=spawned.pid if spawned else 0,
        supervisor_pid=begin.supervisor_pid,
        began_at=begin.at,
        reaped_s=spawned.reaped_s if spawned else 0.0,
        memory_mb=begin.memory_mb,
        gpus=begin.gpus,
        grace_s=begin.grace_s,
        kind="service" if begin.service else "batch",
    )


def as_story(running: Running, boot: str) -> Story:
    """*running*, of which no journal tells, as far as it is known: by its mark it can be found."""
    return Story(
        Begin(
            allocation_id=running.allocation_id,
            job_id=running.job_id,
            token=running.start_token,
            boot=boot,
            supervisor_pid=running.supervisor_pid,
            supervisor_start=0,
            lease_s=None,
            grace_s=running.grace_s,
            memory_mb=running.memory_mb,
            gpus=running.gpus,
            service=running.kind == "service",
            at=running.began_at,
        )
    )
