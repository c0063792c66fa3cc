"""Everybody at once: no promise breaks, nobody meets an error, and a deadlock is only the world having moved."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from random import Random

from clusterctl.model.errors import Moved, NotFound
from clusterctl.model.orders import End, Order
from clusterctl.model.registration import Registered
from clusterctl.model.spec import After
from clusterctl.model.states import Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, jobs, leader, releases, submissions, workers
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene, end, new_token, read_queue, registration, starts, submission
from tests.store.threads import PATIENCE, at_once

SECONDS = 2.0
WORKERS = 3
DEEDS = ("submitted", "reserved", "started", "ended", "cancelled")  # without which it was no storm

Deeds = Counter[str]


class Storm:
    """What all the threads share: when to stop, what has been done, and who has registered last as which worker."""

    def __init__(self, scene: Scene) -> None:
        self.until = time.monotonic() + SECONDS
        self.deeds = Deeds()
        self.agents: dict[int, Registered] = {n: scene.worker(f"w{n}", cpus=4) for n in range(WORKERS)}

    @property
    def blows(self) -> bool:
        """Whether it goes on: on a busy machine until each deed has been done, but not for ever."""
        over = time.monotonic() - self.until
        return over < 0 or (over < PATIENCE / 2 and not all(self.deeds[deed] for deed in DEEDS))


def lead(storm: Storm, db: Database, seed: int) -> None:
    """Two of these depose each other all the time; one that is deposed finds out by being refused."""
    chance, deeds, term = Random(seed), storm.deeds, 0
    while storm.blows:
        try:
            if not term or chance.random() < 0.02:
                term = leader.take(db, leader.observe(db), f"leader {seed}") or term
            leader.renew(db, term, 1)
            db.run("UPDATE jobs SET not_before = '2000-01-01' WHERE not_before > '2000-01-01'")
            jobs.wake(db, term)
            waiting = [id for group in read_queue(db, 12, 50) for id in group.ids]
            chance.shuffle(waiting)
            agent = chance.choice(list(storm.agents.values()))
            deeds["reserved"] += len(
                allocations.reserve(db, term, 1, starts(agent, waiting[:6]), Timers(start_timeout_s=1))
            )
            if chance.random() < 0.1:
                db.run("SELECT set_config('clusterctl.now', (now() + interval '2 s')::text, false)")
                deeds["expired"] += len(releases.expire_starts(db, term))
                db.run("SET clusterctl.now = ''")
        except Moved:
            deeds["moved"] += 1
            term = 0


def serve(storm: Storm, db: Database, number: int) -> None:
    """An agent: starts, ends (also twice, also wrongly), syncs, and now and then is born again."""
    chance, deeds = Random(number), storm.deeds
    running: list[tuple[Order, str]] = []
    me = storm.agents[number]
    while storm.blows:
        try:
            token = new_token()
            ending = chance.sample(running, len(running) // 2 + bool(running))
            reports = [report(order, its_token, chance) for order, its_token in ending]
            with db.transaction():
                orders = allocations.start(db, me.worker_id, me.incarnation, token, 3)
                ended = releases.end(db, "w", reports)
                held = workers.sync(db, me.worker_id, me.incarnation, None).holdings
            assert releases.end(db, "w", reports) == []
            running = [each for each in running if each not in ending] + [(order, token) for order in orders]
            deeds["started"] += len(orders)
            deeds["ended"] += len(ended)
            assert {holding.allocation_id for holding in held} >= {order.allocation_id for order, _ in running}
            if chance.random() < 0.05:
                me = storm.agents[number] = workers.register(db, registration(f"w{number}", 4))
        except Moved:
            deeds["moved"] += 1
            running = allocations.recall(db, me.worker_id, [token, *(its_token for _, its_token in running)])


def report(order: Order, token: str, chance: Random) -> End:
    """The end of an attempt, of some kind; sometimes under a token that is not its own."""
    outcome = chance.choice([Outcome.EXITED, Outcome.EXITED, Outcome.NEVER_STARTED, Outcome.WORKER_STOPPED])
    return end(order.allocation_id, token, outcome, chance.choice([0, 0, 1]))


def use(storm: Storm, db: Database, seed: int) -> None:
    """A user: submits, often after others, and cancels."""
    chance, deeds, mine = Random(seed), storm.deeds, [1]
    while storm.blows:
        parents = tuple(After(job, "any") for job in chance.sample(mine, min(len(mine), chance.choice([0, 0, 2]))))
        try:
            mine += submissions.submit(db, submission(chance.choice([1, 5]), after=parents, retries=2)).ids
            deeds["submitted"] += 1
            if chance.random() < 0.3:
                done = jobs.cancel(db, chance.sample(mine, min(len(mine), 5)))
                deeds["cancelled"] += sum(each.outcome == "cancelled" for each in done)
        except Moved:
            deeds["moved"] += 1
        except NotFound:
            raise AssertionError("a job has vanished") from None


def test_a_storm_of_everybody_breaks_no_promise(scene: Scene, connect: Connect) -> None:
    scene.jobs()
    storm = Storm(scene)
    answers = at_once(
        *(partial(lead, storm, connect(lock_timeout="2s"), n) for n in (1, 2)),
        *(partial(serve, storm, connect(), n) for n in range(WORKERS)),
        *(partial(use, storm, connect(), n) for n in (1, 2)),
    )
    assert answers == [None] * len(answers)
    assert all(storm.deeds[deed] for deed in DEEDS), storm.deeds
    scene.check()
