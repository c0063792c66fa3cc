"""``python -m tests.tower.submitter DIRECTORY SEED``: submits until SIGTERM, and writes down what it was told.

Its journal is one JSON object a line, on disk before the next thing happens: ``intent`` before a submission is first
asked for, ``ack`` with the ids once it is answered, ``cancel`` and ``cancelled`` likewise. It may be killed: the next
one reads the journal, and asks again for what was never answered, with the same key. After SIGTERM it still sees to it
that every intent is answered, and ends with 0.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.errors import ClusterError, Moved, Outage
from clusterctl.model.job_verbs import Handled
from clusterctl.model.resources import Resources
from clusterctl.model.spec import After, Spec, Submission
from clusterctl.settings import load
from tests.tower.plans import Plan, draw

MOST_WAITING = 80  # live jobs: beyond that it lets the cluster catch up
MEAN_PAUSE_S = 0.45
AGAIN_S = 0.3
JOB = Path(__file__).with_name("job.py")

T = TypeVar("T")


class Journal:
    """All that was intended and acknowledged, by this submitter and those before it."""

    def __init__(self, path: Path) -> None:
        self.intents: dict[int, Plan] = {}
        self.acked: dict[int, list[int]] = {}
        self.to_cancel: deque[tuple[float, list[int]]] = deque()
        whole = (
            [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
            if path.exists()
            else []
        )
        asked: list[list[int]] = []
        done: list[list[int]] = []
        for line in whole:
            entry = json.loads(line)
            match entry["kind"]:
                case "intent":
                    plan = msgspec.convert(entry["plan"], Plan)
                    self.intents[plan.number] = plan
                case "ack":
                    self._acknowledge(entry["number"], entry["ids"])
                case "cancel":
                    asked.append(entry["ids"])
                case "cancelled":
                    done.append(entry["ids"])
        pending = [ids for _, ids in self.to_cancel if ids not in done]
        self.to_cancel = deque((0.0, ids) for ids in pending)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, sum(map(len, whole)))  # a line that was cut was never relied upon

    @property
    def unanswered(self) -> list[Plan]:
        """What was asked for, perhaps."""
        return [plan for number, plan in self.intents.items() if number not in self.acked]

    @property
    def jobs(self) -> list[int]:
        """All that were acknowledged."""
        return [id for ids in self.acked.values() for id in ids]

    def intend(self, plan: Plan) -> None:
        """Write down what will be asked for."""
        self.write(kind="intent", plan=msgspec.to_builtins(plan))
        self.intents[plan.number] = plan

    def acknowledge(self, number: int, ids: list[int]) -> None:
        """Write down the answer."""
        self.write(kind="ack", number=number, ids=ids)
        self._acknowledge(number, ids)

    def write(self, **entry: Any) -> None:
        """One line, on disk."""
        line = json.dumps({**entry, "at": time.clock_gettime(time.CLOCK_BOOTTIME)}) + "\n"
        os.write(self._file, line.encode())
        os.fsync(self._file)

    def _acknowledge(self, number: int, ids: list[int]) -> None:
        self.acked[number] = ids
        after = self.intents[number].cancel_after
        if after is not None:
            self.to_cancel.append((time.monotonic() + after, ids))


class Submitter:
    """Submits *seed*'s plans, one after the other, through the cluster's own operations."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._seed = seed
        self._ledger = directory / "ledger"
        self._mark = str(directory)
        self._journal = Journal(directory / "journal")
        self._cluster = Cluster(load(), name="submitter", caller="tower")
        self._stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: self._stop.set())

    def run(self) -> None:
        """Until SIGTERM, and then until everything is answered."""
        chance = Random()  # when, not what: that is drawn by seed
        while not self._stop.is_set():
            self._catch_up()
            if self._insist(self._waiting) < MOST_WAITING:
                self._submit(draw(self._seed, len(self._journal.intents) + 1, self._journal.jobs))
            self._stop.wait(chance.expovariate(1 / MEAN_PAUSE_S))
        self._catch_up(to_the_end=True)
        self._cluster.close()

    def _catch_up(self, *, to_the_end: bool = False) -> None:
        for plan in self._journal.unanswered:
            self._ask(plan)
        while self._journal.to_cancel and (to_the_end or self._journal.to_cancel[0][0] < time.monotonic()):
            self._cancel(self._journal.to_cancel.popleft()[1])

    def _submit(self, plan: Plan) -> None:
        self._journal.intend(plan)
        self._ask(plan)

    def _ask(self, plan: Plan) -> None:
        submission = self._as_submission(plan)
        answer = self._insist(lambda: operations.submit(self._cluster, submission))
        self._journal.acknowledge(plan.number, list(answer.ids))

    def _cancel(self, ids: list[int]) -> None:
        self._journal.write(kind="cancel", ids=ids)
        outcomes = self._insist(lambda: operations.cancel(self._cluster, ids))
        self._journal.write(kind="cancelled", ids=ids, outcomes={done.job_id: outcome_of(done) for done in outcomes})

    def _waiting(self) -> int:
        return int(self._cluster.db.value("SELECT count(*) FROM jobs WHERE live"))

    def _insist(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer. What is no outage should not happen here, and is written down as trouble."""
        while True:
            try:
                return ask()
            except (Outage, Moved):
                threading.Event().wait(AGAIN_S)
            except ClusterError as error:
                self._journal.write(kind="trouble", sentence=f"{type(error).__name__}: {error}")
                raise

    def _as_submission(self, plan: Plan) -> Submission:
        told = {word: getattr(plan, word) for word in ("seconds", "lines", "fails", "code", "mood")}
        command = (sys.executable, "-I", "-S", str(JOB), str(self._ledger), json.dumps(told))
        return Submission(
            spec=Spec(command=command, cwd="/", env={"TOWER": self._mark}),
            request=Resources(plan.cpu_milli),
            name=f"tower-{plan.number}",
            key=f"tower-{self._seed}-{plan.number}",
            indices=tuple(range(plan.count)) if plan.count > 1 else None,
            array_limit=plan.array_limit if plan.count > 1 else None,
            retries=plan.retries,
            time_limit_s=plan.time_limit_s,
            lease_s=plan.lease_s,
            on_worker_loss=plan.on_worker_loss,
            after=tuple(After(job, condition) for job, condition in plan.after),
        )


def outcome_of(done: Handled) -> str:
    """What a cancelling came to: of what ran, only that it has been asked to end."""
    if done.fate != "done":
        return "ended"
    return "stopping" if done.state == "running" else "cancelled"


if __name__ == "__main__":
    Submitter(Path(sys.argv[1]), int(sys.argv[2])).run()
