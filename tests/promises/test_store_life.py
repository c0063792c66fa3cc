"""A cluster lives through anything, one random step after another, and every promise holds after each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clusterctl.model.errors import Moved, NameTaken
from clusterctl.model.orders import End, Holding
from clusterctl.model.registration import Registered
from clusterctl.model.spec import After
from clusterctl.model.states import TERMINAL, JobState, LiveState, Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, jobs, leader, releases, snapshot, submissions, workers
from clusterctl.store.connection import Database
from clusterctl.store.invariants import violations
from tests.embedded_server import TEMPLATE, Servers
from tests.store.scene import new_token, registration, starts, submission

NAMES = ("w1", "w2")
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
EMPTY = "TRUNCATE jobs, submissions, allocations, dependencies, workers, claims, audit RESTART IDENTITY CASCADE"


class StoreLife(RuleBasedStateMachine):
    """One leader, two workers, any number of jobs; ``now`` is the cluster's clock, which the machine moves."""

    db: Database

    @initialize()
    def begin(self) -> None:
        self.db.script(EMPTY)
        self.now = BEGINNING
        self.pass_time(0)
        self.term = leader.take(self.db, leader.observe(self.db), "life") or 0
        self.agents: dict[str, Registered] = {}
        self.said: list[End] = []  # reports that were sent, and may be sent again
        self.ended: dict[int, str] = {}  # jobs that have been seen to be over

    # Users

    @rule(
        count=st.integers(1, 3),
        cpus=st.integers(1, 5),
        retries=st.integers(0, 1),
        hold=st.booleans(),
        on_worker_loss=st.sampled_from(["requeue", "fail", "wait"]),
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
        parents: list[tuple[int, str]],
    ) -> None:
        known = self.ids()
        after = tuple(After(id, condition) for id, condition in parents if id in known)  # type: ignore[arg-type]  # drawn
        wanted = submission(count, cpus, retries=retries, hold=hold, on_worker_loss=on_worker_loss, after=after)
        assert len(submissions.submit(self.db, wanted).ids) == count

    @precondition(lambda self: self.ids())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.ids()), min_size=1, max_size=3))
        for done in jobs.cancel(self.db, ids):
            assert (done.outcome == "stopping") == (done.state == JobState.RUNNING)

    # The leader

    @rule()
    def take_over(self) -> None:
        old, self.term = self.term, leader.take(self.db, leader.observe(self.db), "next") or 0
        assert self.term == old + 1
        assert not leader.renew(self.db, old, 1)
        with pytest.raises(Moved):
            releases.expire_starts(self.db, old)

    @precondition(lambda self: self.agents)
    @rule(name=st.sampled_from(NAMES), most=st.integers(1, 4))
    def place(self, name: str, most: int) -> None:
        picture = snapshot.look(self.db, queue_order="fifo", batch_placement="pack", max_starts=10)
        waiting = [id for group in picture.queue for id in group.ids][:most]
        if agent := self.agents.get(name):
            allocations.reserve(self.db, self.term, 1, starts(agent, waiting), Timers())

    @rule(seconds=st.sampled_from([0, 5, 61, 400]))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.db.run("SELECT set_config('clusterctl.now', %s, false)", self.now.isoformat())

    @rule()
    def keep_house(self) -> None:
        jobs.wake(self.db, self.term)
        for done in releases.expire_starts(self.db, self.term):
            assert done.state == JobState.PENDING

    @rule()
    def silence(self) -> None:
        _, pulses = workers.pulses(self.db)
        up = {pulse.worker_id: pulse.beat for pulse in pulses if pulse.live_state is LiveState.UP}
        assert len(workers.silence(self.db, self.term, up)) == len(up)

    # Agents

    @rule(name=st.sampled_from(NAMES), cpus=st.integers(1, 6), stranger=st.booleans())
    def register(self, name: str, cpus: int, stranger: bool) -> None:
        try:
            known = registration(name, cpus, machine="another" if stranger else "")
            self.agents[name] = workers.register(self.db, known)
        except NameTaken:
            assert stranger or name in self.agents

    @precondition(lambda self: self.agents)
    @rule(data=st.data(), most=st.integers(1, 3))
    def start(self, data: st.DataObject, most: int) -> None:
        agent = self.agents[data.draw(st.sampled_from(sorted(self.agents)))]
        token = new_token()
        won = allocations.start(self.db, agent.worker_id, agent.incarnation, token, most)
        assert len(won) <= most
        assert [order for order, _ in allocations.recall(self.db, agent.worker_id, [token])] == won

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
        assert len(releases.end(self.db, "w", [report])) == (0 if mistaken else 1)

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

    # Promises

    @invariant()
    def every_promise_holds(self) -> None:
        assert violations(self.db) == []

    @invariant()
    def what_has_ended_stays_as_it_ended(self) -> None:
        if hasattr(self, "ended"):
            states = dict(self.db.rows("SELECT id, state FROM jobs"))
            assert {job: states[job] for job in self.ended} == self.ended
            self.ended = {job: state for job, state in states.items() if state in TERMINAL}


_numbers = itertools.count()


@pytest.fixture
def life(servers: Servers) -> Iterator[type[StoreLife]]:
    """The machine on a database of its own."""
    name = f"life_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        with Database(servers.database(name), name="life") as db:
            yield type("StoreLife", (StoreLife,), {"db": db})
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.timeout(120)
def test_a_cluster_lives_through_anything(life: type[StoreLife]) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # a database is slower than Hypothesis likes
        ),
    )
