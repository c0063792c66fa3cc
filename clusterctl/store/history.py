"""What is measured over time, and what is forgotten when it is old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures
from clusterctl.store.connection import Database


def sample(db: Database, worker_id: int, measures: Measures, usages: Mapping[int, Usage]) -> None:
    """Keep a worker's measures and those of its attempts (allocation id → usage), as of now."""
    used: Sequence[Usage] = list(usages.values())
    db.run(
        """
        INSERT INTO samples (worker_id, allocation_id, used_milli, memory_mb, load1)
        VALUES (%(worker)s, NULL, %(used_milli)s, %(memory_mb)s, %(load1)s)
        """,
        worker=worker_id,
        used_milli=measures.used_milli,
        memory_mb=measures.memory_mb,
        load1=measures.load1,
    )
    if not usages:
        return
    db.run(
        """
        INSERT INTO samples (worker_id, allocation_id, used_milli, memory_mb, memory_peak_mb, processes,
                             read_mb, write_mb)
        SELECT %s, * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
        """,
        worker_id,
        list(usages),
        [round(usage.cpus * 1000) for usage in used],
        [usage.memory_mb for usage in used],
        [usage.memory_peak_mb for usage in used],
        [usage.processes for usage in used],
        [usage.read_mb for usage in used],
        [usage.write_mb for usage in used],
    )


def prune_jobs(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget ended jobs, their attempts and dependencies, and the submissions of which nothing is left."""
    with db.transaction():
        gone = db.rows(
            """
            WITH old AS (
                SELECT id FROM jobs WHERE finished_at < cluster_time() - %s * interval '1 s'
                 ORDER BY finished_at, id LIMIT %s
            )
            DELETE FROM jobs j USING old WHERE j.id = old.id RETURNING j.submission_id
            """,
            older_than_s,
            most,
        )
        db.run(
            """
            DELETE FROM submissions s
             WHERE s.id = ANY (%s::bigint[]) AND NOT EXISTS (
                   SELECT FROM jobs j WHERE j.id BETWEEN s.first_job_id AND s.first_job_id + s.jobs - 1)
            """,
            sorted({row[0] for row in gone}),
        )
    return len(gone)


def prune_allocations(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget attempts of ended jobs that were released long ago, except each job's last."""
    return db.run(
        """
        DELETE FROM allocations WHERE id = ANY (ARRAY(
            SELECT a.id FROM (SELECT id, attempt FROM jobs WHERE attempt > 1 OFFSET 0) j
             CROSS JOIN LATERAL (
                   SELECT id FROM allocations
                    WHERE job_id = j.id AND attempt < j.attempt
                      AND released_at < cluster_time() - %s * interval '1 s' OFFSET 0) a
             LIMIT %s))
        """,
        older_than_s,
        most,
    )


def prune_claims(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget decisions; never a "no" that still stands."""
    return db.run(
        """
        DELETE FROM claims WHERE id IN (
            SELECT id FROM claims
             WHERE at < cluster_time() - %(s)s * interval '1 s' AND NOT open
               AND coalesce(closed_at, at) < cluster_time() - %(s)s * interval '1 s'  -- not when it was first said
             ORDER BY at LIMIT %(most)s)
        """,
        s=older_than_s,
        most=most,
    )


def prune_samples(db: Database, older_than_s: float, most: int = 20000) -> int:
    """Forget measures."""
    return db.run(
        """
        DELETE FROM samples WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM samples WHERE at < cluster_time() - %s * interval '1 s' ORDER BY at LIMIT %s))
        """,
        older_than_s,
        most,
    )


def prune_audit(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget who did what."""
    return db.run(
        """
        DELETE FROM audit WHERE id = ANY (ARRAY(
            SELECT id FROM audit WHERE at < cluster_time() - %s * interval '1 s' ORDER BY at LIMIT %s))
        """,
        older_than_s,
        most,
    )
