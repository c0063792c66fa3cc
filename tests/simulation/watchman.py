"""Looks at everything after every step, and believes nobody: rows against laws, processes against rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from clusterctl.model.states import TERMINAL
from clusterctl.store.connection import Database
from clusterctl.store.invariants import violations
from tests.machine import Entry
from tests.worker import Worker

if TYPE_CHECKING:
    from tests.simulation.world import World

NOW = """
    SELECT j.id, j.state, j.attempt, j.losses, j.failures, j.unmet, j.not_before,
           a.id, a.status, a.start_token::text, w.name
      FROM jobs j LEFT JOIN allocations a ON a.id = j.allocation_id LEFT JOIN workers w ON w.id = a.worker_id
     ORDER BY j.id
"""
WORKERS = """
    SELECT name, live_state, admin_state, incarnation, cpu_milli, memory_mb, reserved_milli + allocated_milli
      FROM workers ORDER BY name
"""
WON = """
    SELECT a.id FROM allocations a JOIN workers w ON w.id = a.worker_id
     WHERE w.name = %s AND a.live AND a.status = 'allocated'
"""
STUCK = """
    SELECT w.name, a.status, a.id FROM allocations a JOIN workers w ON w.id = a.worker_id
     WHERE a.live AND w.live_state <> 'up' AND (a.status = 'reserved' OR a.lease_s IS NOT NULL) ORDER BY a.id
"""
RESTLESS = """
    SELECT j.id, j.state, c.reason FROM jobs j LEFT JOIN claims c ON c.shape = j.shape AND c.open
     WHERE j.live AND j.state <> 'held' AND j.unmet = 0
       AND NOT (j.ready AND coalesce(c.reason, '') IN ('unsatisfiable', 'named_worker', 'live'))
     ORDER BY j.id
"""
ENDED = """
    SELECT a.id, a.release_reason, a.exit_code, j.state, j.attempt = a.attempt
      FROM allocations a JOIN jobs j ON j.id = a.job_id WHERE a.status = 'released'
"""


Rows = list[tuple[Any, ...]]


class BrokenPromiseError(AssertionError):
    """What must never be, is."""


class Watchman:
    """Has a line to Postgres of its own, which no accident cuts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._db = Database(world.url, name="watchman")
        self.changed_at = 0.0
        self._seen: tuple[Rows, Rows] = [], []
        self._jobs: dict[int, str] = {}
        self._states: dict[int, str] = {}
        self._workers: dict[str, str] = {}

    def look(self) -> None:
        """Everything that holds at every moment. What has changed goes into the trace."""
        jobs, workers = self._db.rows(NOW), self._db.rows(WORKERS)
        self._no_process_is_alone({row[-4]: (row[-2], row[-1]) for row in jobs if row[-3] == "allocated"})
        if (jobs, workers) != self._seen:  # of what has not changed nothing has been broken
            self._seen = jobs, workers
            self.changed_at = self._world.clock.seconds()
            self._tell_jobs(jobs)
            self._tell_workers(workers)
            self._expect(not (found := violations(self._db)), f"{found}")

    def look_back(self) -> None:
        """Everything that holds of the whole history, by the ledgers of the machines."""
        ledger = [entry for worker in self._world.workers.values() for entry in worker.machine.ledger]
        self._no_two_of_one_job(ledger)
        for worker in self._world.workers.values():
            self._fits(worker)
        self._ends_are_true({entry.allocation_id: entry for entry in ledger})
        known = {row[0] for row in self._db.rows("SELECT id FROM jobs")}
        self._expect(known >= set(self._world.acknowledged), "an acknowledged job is gone")

    def unknown_to(self, worker: Worker) -> bool:
        """Whether its agent has won a start of which its machine knows nothing yet."""
        return bool(self._held_by(worker) - {entry.allocation_id for entry in worker.machine.ledger})

    def ended_on(self, worker: Worker) -> bool:
        """Whether something has ended there of which Postgres knows nothing yet."""
        over = {entry.allocation_id for entry in worker.machine.ledger if entry.outcome}
        return bool(self._held_by(worker) & over)

    def _held_by(self, worker: Worker) -> set[int]:
        return {row[0] for row in self._db.rows(WON, worker.name)}

    def see_that_nothing_is_stuck(self) -> None:
        """What workers hold that are not there: only what waits for them, until an operator knows better."""
        self._expect(not (stuck := self._db.rows(STUCK)), f"nobody has released {stuck}")

    def unrest(self) -> list[str]:
        """What is not over, and has no reason to wait; what is held, or unheard."""
        found = [f"job {id} {state}: {reason}" for id, state, reason in self._db.rows(RESTLESS)]
        found += [f"{name} holds {held}" for name, *_, held in self._db.rows(WORKERS) if held]
        for worker in self._world.workers.values():
            if worker.machine.is_on and (worker.machine.attempts or worker.machine.journal):
                found.append(
                    f"{worker.name} runs {list(worker.machine.attempts)}, tells {list(worker.machine.journal)}"
                )
        return found

    def ends(self) -> Counter[str]:
        """Why attempts ended."""
        return Counter(row[1] for row in self._db.rows(ENDED))

    def close(self) -> None:
        """Hang up."""
        self._db.close()

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self._world.note(f"BROKEN {otherwise}")
            raise BrokenPromiseError(otherwise)

    def _tell_jobs(self, rows: Rows) -> None:
        for job, state, attempt, losses, *_, name in rows:
            said = (
                f"job {job} {state}, attempt {attempt}" + f" on {name}" * bool(name) + f", lost {losses}" * bool(losses)
            )
            if self._jobs.get(job) != said:
                before = self._states.get(job)
                self._world.note(said)
                self._expect(before not in TERMINAL, f"job {job} was {before} for good, and is {state}")
                self._jobs[job], self._states[job] = said, str(state)

    def _tell_workers(self, rows: Rows) -> None:
        for name, live, admin, incarnation, *_ in rows:
            said = f"{name} is {live} and {admin}, incarnation {incarnation}"
            if self._workers.get(name) != said:
                self._world.note(said)
                self._workers[name] = said

    def _no_process_is_alone(self, held: dict[int, tuple[str, str]]) -> None:
        """What runs is held, under its own token, on its own worker: so no second copy can be anywhere."""
        for worker in self._world.workers.values():
            worker.machine.settle()
            for id, attempt in worker.machine.attempts.items():
                token, name = held.get(id, ("", ""))
                self._expect(
                    (token, name) == (attempt.entry.token, worker.name),
                    f"allocation {id} of job {attempt.order.job_id} runs on {worker.name} and is not held by it",
                )

    def _no_two_of_one_job(self, ledger: list[Entry]) -> None:
        by_job = defaultdict(list)
        for entry in sorted(ledger, key=lambda entry: entry.began):
            by_job[entry.job_id].append(entry)
        for job, entries in by_job.items():
            for one, other in pairwise(entries):
                self._expect(one.ended <= other.began, f"job {job} ran twice at the same time: {one}, {other}")
        twice = len({entry.allocation_id for entry in ledger}) < len(ledger)
        self._expect(not twice, "an allocation became a process twice")

    def _fits(self, worker: Worker) -> None:
        """A sweep over all beginnings and ends; at one moment, ends come first."""
        most = self._world.largest[worker.name]
        steps = [(entry.began, 1, entry) for entry in worker.machine.ledger]
        steps += [(entry.ended, -1, entry) for entry in worker.machine.ledger if entry.ended < math.inf]
        cpu_milli = memory_mb = 0
        for moment, sign, entry in sorted(steps, key=lambda step: step[:2]):
            cpu_milli += sign * entry.cpu_milli
            memory_mb += sign * entry.memory_mb
            fits = cpu_milli <= most.cpu_milli and memory_mb <= most.memory_mb
            self._expect(fits, f"{worker.name} ran {cpu_milli} thousandths of CPUs and {memory_mb} MiB at {moment}")

    def _ends_are_true(self, ledger: dict[int, Entry]) -> None:
        """What was recorded as an exit was one, with that code; what is completed has ended so."""
        for id, reason, code, state, is_last in self._db.rows(ENDED):
            entry = ledger.get(id)
            true = is_true(entry, reason, code)
            self._expect(true, f"allocation {id} is said to have ended as {reason}, {code}: {entry}")
            self._expect(
                not (is_last and state == "completed") or (reason, code) == ("exited", 0),
                f"allocation {id} ended as {reason}, {code}, and its job is completed",
            )


def is_true(entry: Entry | None, reason: str, code: int | None) -> bool:
    """Whether what is recorded of an attempt is what its process did. Of a loss nobody knows more than that."""
    if entry is None:
        return reason != "exited"
    if reason in ("worker_lost", "worker_rebooted") or entry.forgotten:
        return True
    return (reason, code) == (entry.outcome, entry.exit_code)
