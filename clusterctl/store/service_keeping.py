"""What the leader does to services at each pulse: rolling restarts, and a replica for every worker that wants one.

Where there is nothing to do, an index says so: of what rolls, of what is wanted everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from clusterctl.model.services import Missing, Spare
from clusterctl.store.connection import Database
from clusterctl.store.rolling import TURNS

# The live replicas of services that want one on each worker, and for which worker each is. ``others``: how many more.
EVERYWHERE: LiteralString = """
    SELECT s.id AS service_id, j.id AS job_id, j.state, j.labels, coalesce(j.requested_worker, p.name) AS worker,
           count(*) OVER (PARTITION BY s.id) - 1 AS others
      FROM (SELECT id FROM services WHERE every_worker AND ended_at IS NULL OFFSET 0) s
     CROSS JOIN LATERAL (
           SELECT * FROM jobs
            WHERE array_id = s.id AND replica AND cancel_requested_at IS NULL OFFSET 0) j
      LEFT JOIN LATERAL (
           SELECT w.name FROM allocations a JOIN workers w ON w.id = a.worker_id
            WHERE j.allocation_id IS NOT NULL AND a.id = j.allocation_id OFFSET 0) p ON true"""


class Rolled(NamedTuple):
    """A replica whose worker is asked to restart it."""

    service_id: int
    job_id: int
    worker: str


def roll(db: Database, term: int) -> list[Rolled]:
    """Go on with every rolling restart: of each service the next replica, if nobody holds it up (``rolling.TURNS``).

    What is only reserved has no process yet, and will follow by itself. Raises Moved when the term is over.
    """
    return [
        Rolled(*row)
        for row in db.rows(
            """
            WITH rollers AS MATERIALIZED (
                SELECT id, generation FROM services WHERE rolling ORDER BY id
            ), """
            + TURNS
            + """, locked AS MATERIALIZED (
                SELECT n.*
                  FROM (SELECT * FROM turns
                         WHERE (status = 'reserved' AND is_behind) OR job_id = next_id ORDER BY allocation_id) n
                 CROSS JOIN LATERAL (
                       SELECT FROM allocations WHERE id = n.allocation_id AND live FOR UPDATE) a
            ), raised AS (
                UPDATE allocations a SET generation = l.wanted FROM locked l WHERE a.id = l.allocation_id
                RETURNING a.id, a.status
            ), busy AS MATERIALIZED (
                SELECT DISTINCT service_id FROM turns WHERE is_awaited OR (is_behind AND live)
            ), finished AS (  -- unless yet another restart has been asked for meanwhile
                UPDATE services s SET rolling = false
                  FROM rollers r
                 WHERE s.id = r.id AND s.generation = r.generation
                   AND s.id NOT IN (SELECT service_id FROM busy)
            )
            SELECT l.service_id, l.job_id, l.worker
              FROM locked l JOIN raised r ON r.id = l.allocation_id AND r.status = 'allocated'
             WHERE (SELECT lead_as(%s)) ORDER BY l.service_id
            """,
            term,
        )
    ]


def is_wanted_anywhere(db: Database) -> bool:
    """Whether there is a service that wants a replica on each worker."""
    return bool(db.value("SELECT EXISTS (SELECT FROM services WHERE every_worker AND ended_at IS NULL)"))


def missing(db: Database) -> list[Missing]:
    """For every service that wants a replica on each worker, the workers that have none, and carry its labels.

    A worker that is lost gets none before it is back; the one that it had waits for it.
    """
    return [
        Missing(*row)
        for row in db.rows(
            """
            WITH replicas AS MATERIALIZED ("""
            + EVERYWHERE
            + """)
            SELECT s.service_id, w.name
              FROM (SELECT DISTINCT ON (service_id) service_id, labels FROM replicas ORDER BY service_id, job_id) s
              JOIN workers w ON w.forgotten_at IS NULL AND w.live_state <> 'lost' AND w.labels @> s.labels
             WHERE (s.service_id, w.name) NOT IN (
                   SELECT service_id, worker FROM replicas WHERE worker IS NOT NULL)
             ORDER BY s.service_id, w.id
            """
        )
    ]


def spares(db: Database) -> list[Spare]:
    """Replicas of such services that wait, and that no worker is for: none yet, or one that is gone, or now unlike."""
    return [
        Spare(*row)
        for row in db.rows(
            """
            WITH replicas AS MATERIALIZED ("""
            + EVERYWHERE
            + """)
            SELECT r.service_id, r.job_id, r.worker, r.others
              FROM replicas r
              LEFT JOIN workers w ON w.name = r.worker AND w.forgotten_at IS NULL AND w.labels @> r.labels
             WHERE r.state IN ('held', 'pending') AND w.id IS NULL ORDER BY r.service_id, r.job_id
            """
        )
    ]


def pin(db: Database, term: int, pairs: Sequence[tuple[int, str | None]]) -> int:
    """Let these replicas, while they wait, run on that worker only, or (None) on any. Raises Moved when deposed."""
    return db.run(
        """
        WITH locked AS MATERIALIZED (
            SELECT p.* FROM (SELECT * FROM unnest(%s::bigint[], %s::text[]) p(job_id, worker) ORDER BY job_id) p
             CROSS JOIN LATERAL (
                   SELECT FROM jobs WHERE id = p.job_id AND state IN ('held', 'pending') FOR UPDATE) j
        )
        UPDATE jobs j SET requested_worker = l.worker FROM locked l WHERE j.id = l.job_id AND (SELECT lead_as(%s))
        """,
        [job_id for job_id, _ in pairs],
        [worker for _, worker in pairs],
        term,
    )


def pin_placed(db: Database, term: int) -> int:
    """The worker on which a replica of such a service was placed, while it was for none, is its worker from now on."""
    return db.run(
        """
        WITH adrift AS MATERIALIZED (
            SELECT j.id, w.name
              FROM (SELECT id FROM services WHERE every_worker AND ended_at IS NULL OFFSET 0) s
             CROSS JOIN LATERAL (
                   SELECT * FROM jobs
                    WHERE array_id = s.id AND replica AND requested_worker IS NULL
                      AND allocation_id IS NOT NULL OFFSET 0) j
              JOIN allocations a ON a.id = j.allocation_id JOIN workers w ON w.id = a.worker_id
        )
        UPDATE jobs j SET requested_worker = d.name FROM adrift d WHERE j.id = d.id AND (SELECT lead_as(%s))
        """,
        term,
    )


def make(db: Database, pairs: Sequence[tuple[int, str]]) -> int:
    """∅ → pending: a replica of that service for that worker, each; how many. They are as the first that lives.

    Nothing for a service that has ended meanwhile. Within the leader's transaction, and the last there: it locks the
    rows of services.
    """
    return db.run(
        """
        WITH alive AS MATERIALIZED (
            SELECT id FROM services WHERE id = ANY (%(services)s::bigint[]) AND ended_at IS NULL
             ORDER BY id FOR NO KEY UPDATE
        ), wanted AS MATERIALIZED (
            SELECT p.*, row_number() OVER (ORDER BY service_id, worker) AS place,
                   row_number() OVER (PARTITION BY service_id ORDER BY worker) AS nth
              FROM unnest(%(services)s::bigint[], %(workers)s::text[]) p(service_id, worker)
              JOIN alive ON alive.id = p.service_id
        ), models AS MATERIALIZED (
            SELECT j.*, (SELECT max(array_index) FROM jobs WHERE array_id = alive.id) AS highest
              FROM alive CROSS JOIN LATERAL (
                   SELECT * FROM jobs WHERE array_id = alive.id AND replica ORDER BY id LIMIT 1) j
        ), numbered AS MATERIALIZED (
            SELECT take_job_ids(n::int) AS first_id FROM (SELECT count(*) AS n FROM wanted) w WHERE n > 0
        ), made AS (
            INSERT INTO submissions (digest, spec, script, tenant, "user", first_job_id, jobs)
            SELECT s.digest, s.spec, s.script, s.tenant, s."user", first_id + its.first_place - 1, its.jobs
              FROM (SELECT service_id, min(place) AS first_place, count(*) AS jobs FROM wanted GROUP BY service_id) its
             CROSS JOIN numbered JOIN models m ON m.array_id = its.service_id
              JOIN submissions s ON s.id = m.submission_id
            RETURNING id, first_job_id, jobs
        )
        INSERT INTO jobs (id, submission_id, kind, name, tenant, "user", priority, cpu_milli, memory_mb, gpus, labels,
                          requested_worker, array_id, array_index, on_worker_loss, lease_s, state, detail)
        SELECT first_id + w.place - 1, made.id, m.kind, m.name, m.tenant, m."user", m.priority, m.cpu_milli,
               m.memory_mb, m.gpus, m.labels, w.worker, m.array_id, m.highest + w.nth, m.on_worker_loss, m.lease_s,
               CASE m.state WHEN 'held' THEN 'held' ELSE 'pending' END,
               CASE m.state WHEN 'held' THEN m.detail ELSE '' END
          FROM wanted w CROSS JOIN numbered JOIN models m ON m.array_id = w.service_id
          JOIN made ON first_id + w.place - 1 BETWEEN made.first_job_id AND made.first_job_id + made.jobs - 1
        """,
        services=[service_id for service_id, _ in pairs],
        workers=[worker for _, worker in pairs],
    )


def lead(db: Database, term: int) -> None:
    """Within a transaction: all that follows is the leader's of this *term*. Raises Moved when it is over."""
    db.run("SELECT lead_as(%s)", term)
