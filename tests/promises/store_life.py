"""Users and agents, in any order, each of whom may die at any word and begin anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from clusterctl.model.errors import Moved, NameTaken
from clusterctl.model.orders import End, Holding, Order
from clusterctl.model.registration import Registered
from clusterctl.model.spec import After
from clusterctl.model.states import TERMINAL, JobState, Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, job_steps, jobs, leader, releases, resubmissions, submissions, workers
from clusterctl.store.memory import Memory
from tests.promises.fragile import CrashError, FragileDatabase
from tests.store.scene import end, new_token, registration, starts, submission

T = TypeVar("T")

NAMES = ("w1", "w2")
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
EMPTY = "TRUNCATE jobs, submissions, allocations, dependencies, workers, claims, audit RESTART IDENTITY CASCADE"
EVERYTHING = """
    SELECT (SELECT string_agg(t::text, ',' ORDER BY id) FROM jobs t),
           (SELECT string_agg(t::text, ',' ORDER BY id) FROM allocations t),
           (SELECT string_agg(t::text, ',' ORDER BY id) FROM workers t),
           (SELECT string_agg(t::text, ',' ORDER BY id) FROM audit t)
"""
LAST_WORD = 8  # of the longest transaction
rarely = st.sampled_from([False, False, False, False, True])


class Inhabited(RuleBasedStateMachine):
    """One leader, two workers, any number of jobs; ``now`` is the cluster's clock, which the machine moves."""

    db: FragileDatabase

    @initialize()
    def begin(self) -> None:
        self.db.script(EMPTY)
        self.now = BEGINNING
        self.pass_time(0)
        self.term = leader.take(self.db, leader.observe(self.db), "life") or 0
        self.agents: dict[str, Registered] = {}
        self.boots: dict[str, str] = {}
        self.strangers: set[str] = set()  # names that were taken by another machine than their first
        self.said: list[End] = []  # reports that were sent, and may be sent again
        self.ended: dict[int, str] = {}  # jobs that have been seen to be over
        self.crash_at: int | None = None
        self.was_done = False
        self.memory = Memory()
        for name in NAMES:
            self.begin_with(name)

    def begin_with(self, name: str) -> None:
        """A worker on which two jobs run and two are about to, so that whatever comes next finds something."""
        self.register(name=name, cpus=6, stranger=False, boot="boot")
        agent = self.agents[name]
        for on_worker_loss, lease_s in (("requeue", 60), ("fail", 60), ("requeue", 900), ("wait", 900)):
            wanted = submission(1, 1, on_worker_loss=on_worker_loss, lease_s=lease_s)
            ids = submissions.submit(self.db, wanted).ids
            allocations.reserve(self.db, self.term, 1, starts(agent, ids), Timers())
        allocations.start(self.db, agent.worker_id, agent.incarnation, new_token(), 2)

    # Crashes

    @rule(word=st.integers(1, LAST_WORD))
    def whoever_writes_next_dies(self, word: int) -> None:
        self.crash_at = word

    def surely(self, change: Callable[[], T]) -> T:
        """The answer to one transaction, begun anew if who began it has died. ``was_done``: it had happened then."""
        answer = self.heard_once(change)
        return change() if answer is None else answer

    def heard_once(self, change: Callable[[], T]) -> T | None:
        """The answer, or None if who asked has died: then all has happened, or nothing."""
        self.was_done = False
        if self.crash_at is None:
            return change()
        before = self.db.row(EVERYTHING)
        self.db.dies_in, self.crash_at = self.crash_at, None
        try:
            return change()
        except CrashError as crash:
            self.was_done = crash.committed
        finally:
            self.db.dies_in = None
        assert self.was_done or self.db.row(EVERYTHING) == before
        return None

    @rule(seconds=st.sampled_from([0, 5, 61, 400]))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.db.run("SELECT set_config('clusterctl.now', %s, false)", self.now.isoformat())

    # Users

    @rule(
        count=st.integers(1, 3),
        cpus=st.sampled_from([1, 1, 2, 5]),
        retries=st.integers(0, 1),
        hold=rarely,
        on_worker_loss=st.sampled_from(["requeue", "fail", "wait"]),
        lease_s=st.sampled_from([60, 900]),
        parents=st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["ok", "any", "notok"])), max_size=2),
    )
    def submit(
        self,
        *,
        count: int,
        cpus: int,
        retries: int,
        hold: bool,
        on_worker_loss: str,
        lease_s: int,
        parents: list[tuple[int, str]],
    ) -> None:
        known = self.ids()
        after = tuple(After(id, condition) for id, condition in parents if id in known)  # type: ignore[arg-type]  # drawn
        wishes = {"retries": retries, "hold": hold, "on_worker_loss": on_worker_loss, "lease_s": lease_s}
        wanted = submission(count, cpus, **wishes, after=after, key=new_token())
        submitted = self.surely(lambda: submissions.submit(self.db, wanted))
        assert len(submitted.ids) == count
        assert self.was_done or not submitted.existing  # a look at the key may be all that was done
        assert len(self.ids()) == len(known) + count

    @precondition(lambda self: self.ids())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.ids()), min_size=1, max_size=3))
        for done in self.surely(lambda: jobs.cancel(self.db, ids)):
            assert (done.outcome == "stopping") == (done.state == JobState.RUNNING)

    @precondition(lambda self: self.ids())
    @rule(data=st.data(), verb=st.sampled_from(["hold", "release", "restart", "withdraw", "resubmit"]))
    def handle(self, data: st.DataObject, verb: str) -> None:
        """Whom a step answers, it has happened to; to nobody else."""
        ids = data.draw(st.lists(st.sampled_from(self.ids()), min_size=1, max_size=3, unique=True))
        steps = {
            "hold": lambda: job_steps.hold(self.db, ids, "held"),
            "release": lambda: job_steps.release(self.db, ids),
            "restart": lambda: job_steps.restart(self.db, ids, "again"),
            "withdraw": lambda: job_steps.withdraw(self.db, ids, "again"),
            "resubmit": lambda: [*resubmissions.resubmit(self.db, ids, "eve", uuid4().hex)],
        }
        before = dict(self.db.rows("SELECT id, state FROM jobs"))
        answered = self.heard_once(steps[verb])
        if answered is None:
            return
        may = {
            "hold": {"pending", "scheduled"},
            "release": {"held"},
            "restart": {"running"},
            "withdraw": {"scheduled"},
            "resubmit": TERMINAL,
        }[verb]
        assert set(answered) <= {id for id in ids if before[id] in may}
        assert verb == "restart" or set(answered) == {id for id in ids if before[id] in may}
        assert len(self.ids()) - len(before) == (len(answered) if verb == "resubmit" else 0)

    # Agents

    @rule(
        name=st.sampled_from(NAMES),
        cpus=st.integers(1, 6),
        stranger=rarely,
        boot=st.sampled_from(["boot", "boot", "boot", "boot 2"]),
    )
    def register(self, *, name: str, cpus: int, stranger: bool, boot: str) -> None:
        known = registration(name, cpus, machine="another" if stranger else "", boot=boot)
        rebooted = boot != self.boots.get(name, boot)
        try:
            agent = self.surely(lambda: workers.register(self.db, known))
        except NameTaken:
            assert stranger or name in self.strangers
        except Moved:
            assert rebooted
        else:
            self.agents[name], self.boots[name] = agent, boot
            (self.strangers.add if stranger else self.strangers.discard)(name)
            held = [holding for holding in self.holdings(agent) if holding.start_token]
            assert all(holding.rebooted for holding in held) or not rebooted

    @precondition(lambda self: self.agents)
    @rule(data=st.data(), most=st.integers(1, 3))
    def exchange(self, data: st.DataObject, most: int) -> None:
        """As agentd does it: starts, ends and the beat are one transaction, whose answer may be lost."""
        agent, token = self.agents[data.draw(st.sampled_from(sorted(self.agents)))], new_token()
        running = [holding for holding in self.holdings(agent) if holding.start_token]
        ended = data.draw(st.lists(st.sampled_from(running), max_size=2)) if running else []
        reports = [end(holding.allocation_id, str(holding.start_token)) for holding in ended]
        self.said += reports

        def once() -> list[Order]:
            with self.db.transaction():
                won = allocations.start(self.db, agent.worker_id, agent.incarnation, token, most)
                releases.end(self.db, "w", reports)
                workers.sync(self.db, agent.worker_id, agent.incarnation, None)
            return won

        won = self.heard_once(once)
        recalled = [order for order, _ in allocations.recall(self.db, agent.worker_id, [token])]
        assert len(recalled) <= most
        assert recalled == (won or []) or self.was_done
        assert releases.end(self.db, "w", reports) == [] or won is None

    @precondition(lambda self: self.agents)
    @rule(data=st.data())
    def sign_off(self, data: st.DataObject) -> None:
        agent = self.agents[data.draw(st.sampled_from(sorted(self.agents)))]
        workers.sign_off(self.db, agent.worker_id, agent.incarnation)

    @precondition(lambda self: self.agents)
    @rule(data=st.data())
    def start_as_an_old_incarnation(self, data: st.DataObject) -> None:
        agent = self.agents[data.draw(st.sampled_from(sorted(self.agents)))]
        reserved = any(holding.start_token is None and not holding.stop for holding in self.holdings(agent))
        if reserved:
            with pytest.raises(Moved):
                allocations.start(self.db, agent.worker_id, agent.incarnation - 1, new_token(), 1)

    @precondition(lambda self: self.agents)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome), code=st.sampled_from([0, 1]), mistaken=st.booleans())
    def end(self, data: st.DataObject, outcome: Outcome, code: int, mistaken: bool) -> None:
        agent = self.agents[data.draw(st.sampled_from(sorted(self.agents)))]
        running = [holding for holding in self.holdings(agent) if holding.start_token]
        if not running:
            return
        holding = data.draw(st.sampled_from(running))
        report = End(
            allocation_id=holding.allocation_id,
            start_token=new_token() if mistaken else str(holding.start_token),
            outcome=outcome,
            exit_code=code if outcome is Outcome.EXITED else None,
        )
        self.said.append(report)
        reported = self.surely(lambda: releases.end(self.db, "w", [report]))
        assert len(reported) == (0 if mistaken or self.was_done else 1)

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        before = self.db.rows("SELECT id, state, attempt, failures, losses FROM jobs ORDER BY id")
        assert releases.end(self.db, "w", [data.draw(st.sampled_from(self.said))]) == []
        assert self.db.rows("SELECT id, state, attempt, failures, losses FROM jobs ORDER BY id") == before

    def holdings(self, agent: Registered) -> tuple[Holding, ...]:
        """What the agent hears at its beat."""
        return workers.sync(self.db, agent.worker_id, agent.incarnation, None).holdings

    def ids(self) -> list[int]:
        """All jobs."""
        return [row[0] for row in self.db.rows("SELECT id FROM jobs ORDER BY id")]
