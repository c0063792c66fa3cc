"""Whatever happens between a proposal and its being carried out: only what is as it was seen is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterctl import operations
from clusterctl.model.errors import ClusterError
from clusterctl.model.proposals import Deed
from clusterctl.model.registration import Registered
from clusterctl.model.states import AdminState
from clusterctl.store import history
from tests.console.proposing import Desks, crossed, fates

EMPTY = """
    TRUNCATE jobs, submissions, allocations, dependencies, workers, services, claims, audit RESTART IDENTITY CASCADE
"""
# Who each is, in which version, and its whole row: by hand, and not as the verbs read it.
JOBS = """
    SELECT 'job:' || j.id,
           (j.state, j.attempt, j.allocation_id, j.cancel_requested_at, a.status, a.stop_outcome, a.start_token,
            (SELECT count(*) FROM audit WHERE subject = 'job:' || j.id AND detail ? 'again'))::text,
           (j.*)::text || coalesce((a.*)::text, '')
      FROM jobs j LEFT JOIN allocations a ON a.id = j.allocation_id
"""
ALLOWED = """
    SELECT 'worker:' || name, (incarnation, admin_state, drain_by)::text, (w.*)::text
      FROM workers w WHERE forgotten_at IS NULL
"""
HEARD = """
    SELECT 'worker:' || name, (incarnation, beat, live_state)::text, (w.*)::text
      FROM workers w WHERE forgotten_at IS NULL
"""
VERSIONS = {
    **dict.fromkeys(("cancel", "hold", "release", "requeue"), JOBS),
    **dict.fromkeys(("drain", "resume"), ALLOWED),
    **dict.fromkeys(("confirm_dead", "forget"), HEARD),
}
names = st.sampled_from(["w1", "w2"])
numbers = st.integers(1, 8)
DEEDS = {
    "jobs": st.builds(
        Deed,
        verb=st.sampled_from(["cancel", "hold", "release", "requeue"]),
        jobs=st.lists(numbers, min_size=1, max_size=8, unique=True).map(tuple),
    ),
    "workers": st.builds(
        Deed,
        verb=st.sampled_from(["drain", "resume", "confirm_dead", "forget"]),
        workers=st.lists(names, min_size=1, max_size=2, unique=True).map(tuple),
    ),
}
# What happens to workers alone: drawn from these, histories of workers come to the point sooner.
OF_WORKERS = ("drain", "hurry", "resume", "close", "register", "silence", "beat", "forget")


class World:
    """Two workers, eight jobs, and all that may happen to them."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks
        desks.db.script(EMPTY)
        self.agents: dict[str, Registered] = {}
        for name in ("w1", "w2"):
            self.register(0, name)
        ids = [desks.jobs(retries=job % 2)[0] for job in range(8)]
        desks.finish(self.agents["w1"], ids[7])
        desks.run(self.agents["w1"], ids[4:6])
        desks.reserve(self.agents["w1"], ids[2:4])
        operations.hold(desks.bob, ids[:1])

    def step(self, what: str, job: int, name: str) -> None:
        """It happens, if it can."""
        with suppress(ClusterError):
            STEPS[what](self, job, name)

    def register(self, _: int, name: str) -> None:
        """An agent is started, again perhaps."""
        self.agents[name] = self.desks.worker(name, cpus=4)

    def reserve(self, job: int, name: str) -> None:
        """A job is placed."""
        self.desks.reserve(self.agents[name], [job])

    def start(self, _: int, name: str) -> None:
        """What was placed there is started."""
        self.desks.start(self.agents[name])

    def end(self, job: int, _: str) -> None:
        """What runs ends by itself, badly if its number is odd."""
        if self.state(job) == "running":
            self.desks.finish_running(job, job % 2)

    def silence(self, _: int, __: str) -> None:
        """Nobody is heard for a while."""
        self.desks.silence(20)

    def beat(self, _: int, name: str) -> None:
        """It is heard."""
        self.desks.beat(self.agents[name])

    def forget(self, _: int, name: str) -> None:
        """The other forgets it, if it is gone."""
        operations.carry_out(self.desks.bob, operations.propose(self.desks.bob, Deed(verb="forget", workers=(name,))))

    def prune(self, job: int, _: str) -> None:
        """It ended long ago."""
        if self.state(job) in ("cancelled", "completed", "failed"):
            self.desks.db.run("UPDATE jobs SET finished_at = finished_at - interval '9 days' WHERE id = %s", job)
            history.prune_jobs(self.desks.db, 86_400)

    def state(self, job: int) -> str:
        """Of a job, which may be forgotten."""
        return self.desks.state(job)

    def seen(self, verb: str) -> dict[str, tuple[str, str]]:
        """Of each subject of *verb* its version, and its row."""
        return {row[0]: (row[1], row[2]) for row in self.desks.db.rows(VERSIONS[verb])}


def by_bob(verb: str) -> Callable[[World, int, str], object]:
    """The other does it to a job."""
    return lambda world, job, _: getattr(operations, verb)(world.desks.bob, [job])


def allowed(state: AdminState, **wishes: Any) -> Callable[[World, int, str], object]:
    """The other lets a worker do something else."""
    return lambda world, _, name: operations.administer(world.desks.bob, [name], state, **wishes)


STEPS: Mapping[str, Callable[[World, int, str], object]] = {
    **{verb: by_bob(verb) for verb in ("cancel", "hold", "release", "requeue")},
    "drain": allowed(AdminState.DRAINING),
    "hurry": allowed(AdminState.DRAINING, deadline_s=100.0),
    "resume": allowed(AdminState.OPEN),
    "close": allowed(AdminState.CLOSED),
    "register": World.register,
    "reserve": World.reserve,
    "start": World.start,
    "end": World.end,
    "silence": World.silence,
    "beat": World.beat,
    "forget": World.forget,
    "prune": World.prune,
}
Drawn = tuple[str, int, str]  # a step, and the job and the worker that it is about


def steps(whose: str) -> st.SearchStrategy[list[Drawn]]:
    """A short history."""
    among = sorted(STEPS) if whose == "jobs" else OF_WORKERS
    return st.lists(st.tuples(st.sampled_from(among), numbers, names), max_size=6)


@pytest.mark.parametrize("whose", DEEDS)
def test_nothing_is_touched_that_is_not_as_it_was_seen(desks: Desks, whose: str) -> None:
    met: set[str] = set()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(deed=DEEDS[whose], silent=st.booleans(), too=st.booleans(), before=steps("jobs"), between=steps(whose))
    def tell(deed: Deed, *, silent: bool, too: bool, before: list[Drawn], between: list[Drawn]) -> None:
        world = World(desks)
        for each in [*before, *([("silence", 1, "w1")] if silent else [])]:
            world.step(*each)
        shown = world.seen(deed.verb)
        proposal = crossed(operations.propose(desks.ada, deed))
        assert world.seen(deed.verb) == shown
        for each in between:
            world.step(*each)
        if not proposal.changes:
            return
        if too:  # the other had the same idea
            operations.carry_out(desks.bob, proposal)
        found = world.seen(deed.verb)
        told = fates(operations.carry_out(desks.ada, proposal, reason="a test"))
        for subject, fate in told.items():
            met.add(fate)
            is_same = subject in found and found[subject][0] == shown[subject][0]
            assert (fate == "done") == is_same, (subject, fate, shown[subject], found.get(subject))
        left = world.seen(deed.verb)
        untouched = [subject for subject in found if told.get(subject) != "done"]
        assert {each: left[each] for each in untouched} == {each: found[each] for each in untouched}
        desks.check()

    tell()
    assert met >= {"done", "changed", "unchanged"}
