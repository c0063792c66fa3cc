"""A cluster lives through anything, one random step after another, and every promise holds after each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from clusterctl.model.errors import Moved, Superseded
from clusterctl.model.liveness import Standing
from clusterctl.model.states import TERMINAL, AdminState, JobState, LiveState
from clusterctl.model.steering import Steering
from clusterctl.model.timers import Timers
from clusterctl.store import administration, allocations, jobs, leader, releases, snapshot, workers
from clusterctl.store.invariants import violations
from tests.embedded_server import TEMPLATE, Servers
from tests.promises.fragile import FragileDatabase
from tests.promises.store_life import EVERYTHING, NAMES, Inhabited, rarely
from tests.store.recollection import differences
from tests.store.scene import new_token, starts

OVERDUE = """
    SELECT a.id FROM allocations a JOIN workers w ON w.id = a.worker_id
     WHERE w.live_state = 'silent' AND a.status = 'allocated' AND a.lost_after_s < %s
"""
LATE = "SELECT id FROM allocations WHERE status = 'reserved' AND start_by < cluster_time()"


class StoreLife(Inhabited):
    """The leader and the operators of it, and what must always hold."""

    # The leader

    @rule()
    def take_over(self) -> None:
        old, self.term = self.term, leader.take(self.db, leader.observe(self.db), "next") or 0
        assert self.term == old + 1
        assert not leader.renew(self.db, old, 1)
        with pytest.raises(Moved):
            releases.expire_starts(self.db, old)

    @precondition(lambda self: self.agents)
    @rule(data=st.data(), most=st.integers(1, 4), unheard=rarely, begun=st.booleans())
    def place(self, data: st.DataObject, most: int, unheard: bool, begun: bool) -> None:
        """On a worker that was perhaps just heard, and perhaps begins at once."""
        name = data.draw(st.sampled_from(sorted(self.agents)))
        agent = self.agents[name]
        if not unheard:
            self.holdings(agent)
        picture = snapshot.look(self.db, Steering(queue_order="fifo"), max_starts=10)
        wanted = starts(agent, [id for group in picture.queue for id in group.ids][:most])
        reserved = self.surely(lambda: allocations.reserve(self.db, self.term, 1, wanted, Timers()))
        accepting = "SELECT admin_state = 'open' AND live_state = 'up' FROM workers WHERE name = %s"
        assert self.db.value(accepting, name) or not reserved
        if begun:
            allocations.start(self.db, agent.worker_id, agent.incarnation, new_token(), most)

    @rule()
    def keep_house(self) -> None:
        jobs.wake(self.db, self.term)
        for done in self.surely(lambda: releases.expire_starts(self.db, self.term)):
            assert done.state == JobState.PENDING

    @rule()
    def silence(self) -> None:
        _, pulses = workers.pulses(self.db)
        up = {pulse.worker_id: pulse.beat for pulse in pulses if pulse.live_state is LiveState.UP}
        silenced = self.surely(lambda: workers.silence(self.db, self.term, up))
        assert len(silenced) == (0 if self.was_done else len(up))

    @rule(seconds=st.sampled_from([10, 149, 151, 989, 991]))
    def lose(self, seconds: int) -> None:
        """Each allocation is lost after its own time of silence, and not while its worker is heard."""
        self.silence()
        standing = self.silent_for(seconds)
        stale = {id: Standing(each.beat - 1, each.seconds) for id, each in standing.items()}
        assert releases.lose(self.db, self.term, stale) == []
        due = {row[0] for row in self.db.rows(OVERDUE, seconds)}
        lost = self.surely(lambda: releases.lose(self.db, self.term, standing))
        assert {each.allocation_id for each in lost} == (set() if self.was_done else due)
        assert not self.db.rows(OVERDUE, seconds)

    @rule(seconds=st.sampled_from([100, 991]))
    def declare_lost(self, seconds: int) -> None:
        """A worker that holds nothing, and is not heard. It must register before it may do anything again."""
        standing = self.silent_for(seconds)
        names = self.surely(lambda: releases.declare_lost(self.db, self.term, standing, 990))
        assert not names or seconds > 990
        self.forget_the_lost()

    # Operators

    @rule(name=st.sampled_from(NAMES), state=st.sampled_from([AdminState.OPEN] * 3 + list(AdminState)))
    def administer(self, name: str, state: AdminState) -> None:
        self.surely(lambda: administration.administer(self.db, [name], state, "for a reason"))
        assert self.db.value("SELECT admin_state FROM workers WHERE name = %s", name) in (None, state)

    @rule(name=st.sampled_from(NAMES), late=rarely)
    def confirm_dead(self, name: str, late: bool) -> None:
        """Only who is silent, and has not been heard since the operator looked, can be dead."""
        row = self.db.row("SELECT incarnation, beat, live_state FROM workers WHERE name = %s", name)
        incarnation, beat, live_state = row or (0, 0, "up")
        before = self.db.row(EVERYTHING)
        try:
            self.surely(lambda: releases.confirm_dead(self.db, name, incarnation, beat - late, "dead"))
        except Moved:
            assert late or live_state != "silent" or self.was_done
            assert self.was_done or self.db.row(EVERYTHING) == before
        else:
            assert not late
            assert live_state == "silent"
        self.forget_the_lost()

    @rule()
    def release_reserved(self) -> None:
        ids = [row[0] for row in self.db.rows("SELECT id FROM allocations")]
        late = {row[0] for row in self.db.rows(LATE)}
        released = self.surely(lambda: releases.release_reserved(self.db, ids))
        assert {each.allocation_id for each in released} == (set() if self.was_done else late)

    def silent_for(self, seconds: int) -> dict[int, Standing]:
        """Every silent worker, as a leader would see it that has listened for so long."""
        _, pulses = workers.pulses(self.db)
        silent = [pulse for pulse in pulses if pulse.live_state is LiveState.SILENT]
        return {pulse.worker_id: Standing(pulse.beat, seconds) for pulse in silent}

    def forget_the_lost(self) -> None:
        """Their agents have to register before they can say anything."""
        for (name,) in self.db.rows("SELECT name FROM workers WHERE live_state = 'lost'"):
            if agent := self.agents.pop(name, None):
                with pytest.raises(Superseded):
                    self.holdings(agent)

    # Promises

    @invariant()
    def every_promise_holds(self) -> None:
        assert violations(self.db) == []

    @invariant()
    def who_is_lost_holds_nothing(self) -> None:
        held = "SELECT name FROM workers WHERE live_state = 'lost' AND reserved_milli + allocated_milli > 0"
        assert self.db.rows(held) == []

    @invariant()
    def what_the_leader_remembers_is_so(self) -> None:
        if hasattr(self, "memory"):
            assert differences(self.db, self.memory) == {}

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
        with FragileDatabase(servers.database(name), name="life") as db:
            yield type("StoreLife", (StoreLife,), {"db": db})
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
