"""Services: changed by operators. What the leader does to them by itself stands in ``service_keeping``.

Lock order: whoever changes how many replicas a service has takes its turn first (``take_turn``), then the replicas by
id; the row of the service comes last, as when the trigger ``end_services`` ends it with its last replica.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clusterctl.model.services import Replica
from clusterctl.model.states import JobState
from clusterctl.store.connection import Database


def take_turn(db: Database, service_id: int) -> None:
    """Wait until nobody else changes the number of replicas, and keep it so to the end of this transaction.

    A statement of its own: only one that begins after it sees what the others have made.
    """
    db.run("SELECT pg_advisory_xact_lock(4846811, (%s %% 2147483647)::int)", service_id)


def replicas(db: Database, service_id: int) -> list[Replica]:
    """Those that are wanted, by index, locked: live, and not being cancelled."""
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT id, array_index, state FROM jobs
             WHERE array_id = %s AND replica AND cancel_requested_at IS NULL ORDER BY id FOR UPDATE
        )
        SELECT id, array_index, state FROM locked ORDER BY array_index
        """,
        service_id,
    )
    return [Replica(row[0], row[1], JobState(row[2])) for row in rows]


def add(db: Database, service_id: int, like: int, count: int) -> list[int]:
    """∅ → pending (held, if replica *like* is): so many more replicas, a submission of their own; their ids.

    On disk then. They are as replica *like*, with the indexes that follow the highest there was.
    """
    rows = db.rows(
        """
        WITH model AS MATERIALIZED (
            SELECT j.*, (SELECT max(array_index) FROM jobs WHERE array_id = %(service)s) AS highest
              FROM jobs j WHERE j.id = %(like)s
        ), numbered AS MATERIALIZED (
            SELECT take_job_ids(%(count)s) AS first_id FROM model
             WHERE set_config('synchronous_commit', 'on', true) = 'on'  -- the connection's may be off
        ), made AS (
            INSERT INTO submissions (digest, spec, script, tenant, "user", first_job_id, jobs)
            SELECT s.digest, s.spec, s.script, s.tenant, s."user", first_id, %(count)s
              FROM numbered, model m JOIN submissions s ON s.id = m.submission_id
            RETURNING id, first_job_id
        )
        INSERT INTO jobs (id, submission_id, kind, name, tenant, "user", priority, cpu_milli, memory_mb, gpus, labels,
                          requested_worker, array_id, array_index, on_worker_loss, lease_s, state, detail)
        SELECT made.first_job_id + n - 1, made.id, m.kind, m.name, m.tenant, m."user", m.priority, m.cpu_milli,
               m.memory_mb, m.gpus, m.labels, m.requested_worker, m.array_id, m.highest + n, m.on_worker_loss,
               m.lease_s, CASE m.state WHEN 'held' THEN 'held' ELSE 'pending' END,
               CASE m.state WHEN 'held' THEN m.detail ELSE '' END
          FROM model m, made, generate_series(1, %(count)s) n
        RETURNING id
        """,
        service=service_id,
        like=like,
        count=count,
    )
    return sorted(row[0] for row in rows)


def restart(db: Database, service_id: int, generation: int) -> bool:
    """Ask for a rolling restart, beyond that *generation*; False if there is another by now, or the service ended."""
    return bool(
        db.run(
            """
            UPDATE services SET generation = generation + 1, rolling = true
             WHERE id = %s AND generation = %s AND ended_at IS NULL
            """,
            service_id,
            generation,
        )
    )


def stays(db: Database, service_id: int, generation: int) -> bool:
    """Whether the service lives and is of that *generation*, and stays so to the end of this transaction."""
    return bool(
        db.value(
            "SELECT true FROM services WHERE id = %s AND generation = %s AND ended_at IS NULL FOR SHARE",
            service_id,
            generation,
        )
    )


class Size(NamedTuple):
    """How many replicas a service wants, and whether that is one on every worker."""

    replicas: int
    every_worker: bool


def sizes(db: Database, service_ids: Sequence[int]) -> dict[int, Size]:
    """How many replicas each of these services wants."""
    return {
        row[0]: Size(*row[1:])
        for row in db.rows(
            """
            SELECT n.id, count(j.id), coalesce((SELECT every_worker FROM services WHERE id = n.id), false)
              FROM unnest(%s::bigint[]) n(id)
              LEFT JOIN LATERAL (
                   SELECT id FROM jobs
                    WHERE array_id = n.id AND replica AND cancel_requested_at IS NULL OFFSET 0) j
                   ON true
             GROUP BY n.id
            """,
            list(service_ids),
        )
    }


def prune(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget services that ended long ago, and of which no replica is kept."""
    return db.run(
        """
        DELETE FROM services WHERE id = ANY (ARRAY(
            SELECT s.id FROM services s
             WHERE s.ended_at < cluster_time() - %s * interval '1 s'
               AND NOT EXISTS (SELECT FROM jobs j WHERE j.array_id = s.id)
             ORDER BY s.ended_at, s.id LIMIT %s))
        """,
        older_than_s,
        most,
    )
