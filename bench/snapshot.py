"""What the leader's look costs: with a short queue and a long one, of one shape and of many, and with a long past.

And on a large cluster where all rules have something to look at: measures, services, ends, quotas, use of late.

Milliseconds of wall time, the least of many looks: neighbours on the machine slow one down, nothing speeds it up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from time import perf_counter

from bench import rounds
from bench.commit import durable_postgres
from clusterctl.model.steering import POLICY_NAMES, Policy, Steering
from clusterctl.settings import Settings
from clusterctl.store import grants, holdings, loads, snapshot, steering
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from clusterctl.store.queue import read_fronts, read_heads

FREE, MOST_STARTS = 64, 5000  # CPUs; jobs of one CPU each

FILL = """
    SET session_replication_role = replica;
    INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
    VALUES ('', '{{"command": ["true"]}}', 'default', '', 1, {jobs});
    INSERT INTO workers (name, agent_id, cpu_milli, memory_mb)
    SELECT 'w' || n, gen_random_uuid(), 64000, 256000 FROM generate_series(1, 100) n;
    INSERT INTO jobs (id, submission_id, cpu_milli, priority, state, reason, finished_at, submitted_at)
    SELECT n, 1, 1000, n % {shapes}, CASE WHEN n <= {ended} THEN 'completed' ELSE 'pending' END, 'exited',
           CASE WHEN n <= {ended} THEN now() END, now() - interval '9 d' + n * interval '1 s'
      FROM generate_series(1, {jobs}) n;
    SET session_replication_role = origin;
    ANALYZE
"""
EMPTY = "SET session_replication_role = replica; TRUNCATE jobs, submissions, workers, allocations, dependencies"


def measure(quick: bool) -> dict[str, object]:
    """Milliseconds for ``look`` and, of these, for reading the queue."""
    long, past, looks = (10_000, 50_000, 5) if quick else (100_000, 1_000_000, 30)
    scenes = {
        "idle": (0, 0, 1),
        "one_shape": (0, long, 1),
        "hundred_shapes": (0, long, 100),
        "thousand_shapes": (0, long, 1000),
        "long_past": (past, long, 100),
    }
    with durable_postgres() as url, Database(url, name="bench") as db:
        return {
            "pending": long,
            "ended": past,
            **{name: one_scene(db, *scene, looks) for name, scene in scenes.items()},
            "every_rule": every_rule(db, long, looks),
        }


def one_scene(db: Database, ended: int, pending: int, shapes: int, looks: int) -> dict[str, float]:
    """The least of *looks* looks at so many jobs."""
    db.script(EMPTY)
    db.script(FILL.format(jobs=max(1, ended + pending), ended=max(ended, int(not pending)), shapes=shapes))
    whole, queue = [], []
    for _ in range(looks):
        begun = perf_counter()
        snapshot.look(db, Steering(), max_starts=MOST_STARTS)
        whole.append(perf_counter() - begun)
        begun = perf_counter()
        groups = read_fronts(db, {})
        read_heads(db, groups, dict.fromkeys([group.shape for group in groups], FREE + 1))
        queue.append(perf_counter() - begun)
        assert len(groups) == (min(shapes, pending))
    return {"look_ms": round(min(whole) * 1000, 2), "queue_ms": round(min(queue) * 1000, 2)}


def every_rule(db: Database, pending: int, looks: int) -> dict[str, object]:
    """The least of *looks* looks at the cluster of ``rounds``, by the policy for services; and of the look's parts."""
    db.script(rounds.EMPTY)
    db.script(
        rounds.FILL.format(
            workers=rounds.WORKERS,
            replicas=rounds.REPLICAS,
            limited=rounds.LIMITED,
            tenants=rounds.TENANTS,
            pending=pending,
            waiting=100,
        )
    )
    everyone = [id for (id,) in db.rows("SELECT id FROM workers")]
    memory = Memory()
    parts: dict[str, Callable[[], object]] = {
        "workers": lambda: snapshot.read_workers(db),
        "grants": lambda: grants.read(db),
        "loads": lambda: loads.read_loads(db),
        "reports": lambda: loads.read_reports(db, 120),
        "held": lambda: holdings.read_shares(db, everyone),
        "endings": lambda: holdings.read_endings(db, everyone),
        "again": lambda: snapshot.look(db, Steering(), max_starts=MOST_STARTS, memory=memory),
        "steering": lambda: steering.in_force(db, Settings()),
    }
    return {
        "look_ms": {policy: least(partial(look_by, db, policy), looks) for policy in POLICY_NAMES},
        "parts_ms": {name: least(part, looks) for name, part in parts.items()},
    }


def look_by(db: Database, policy: Policy) -> object:
    """The look of a leader with that policy for services."""
    return snapshot.look(db, Steering(service_placement=policy), max_starts=MOST_STARTS)


def least(look: Callable[[], object], looks: int) -> float:
    """Milliseconds."""
    found = []
    for _ in range(looks):
        begun = perf_counter()
        look()
        found.append(perf_counter() - begun)
    return round(min(found) * 1000, 2)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
