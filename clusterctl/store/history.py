"""What is measured over time, and what is forgotten when it is old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures
from clusterctl.store import jobs, totals
from clusterctl.store.connection import LAZILY, Database

LONGEST_SPAN_S = 120  # that one row of the history tells of: what was before that, after a gap, nobody counts
SETTLED_S = 5  # so long ago it happened, what is counted: no transaction that writes it takes longer to commit
SAMPLED_MOST = 2000  # claims of which is told how long they were waited for


def sample(db: Database, worker_id: int, measures: Measures, usages: Mapping[int, Usage]) -> None:
    """Keep a worker's measures and those of its attempts (allocation id → usage), as of now. Not in a transaction."""
    used: Sequence[Usage] = list(usages.values())
    db.run(
        f"""
        WITH {LAZILY}  -- nothing is decided by it, and the next is soon
        INSERT INTO samples (worker_id, allocation_id, used_milli, memory_mb, load1, memory_peak_mb, processes, read_mb,
                             write_mb)
        SELECT %(worker)s, NULL, %(used_milli)s, %(memory_mb)s, %(load1)s, 0, 0, 0, 0 FROM commit
        UNION ALL
        SELECT %(worker)s, id, used_milli, memory_mb, NULL, memory_peak_mb, processes, read_mb, write_mb
          FROM unnest(%(ids)s::bigint[], %(used)s::int[], %(memory)s::int[], %(peaks)s::int[], %(processes)s::int[],
                      %(reads)s::int[], %(writes)s::int[])
               each(id, used_milli, memory_mb, memory_peak_mb, processes, read_mb, write_mb)
        """,
        worker=worker_id,
        used_milli=measures.used_milli,
        memory_mb=measures.memory_mb,
        load1=measures.load1,
        ids=list(usages),
        used=[round(usage.cpus * 1000) for usage in used],
        memory=[usage.memory_mb for usage in used],
        peaks=[usage.memory_peak_mb for usage in used],
        processes=[usage.processes for usage in used],
        reads=[usage.read_mb for usage in used],
        writes=[usage.write_mb for usage in used],
    )


def moment(db: Database, age_s: float) -> datetime:
    """When it was, so many seconds ago."""
    found: datetime = db.value("SELECT cluster_time() - %s * interval '1 s'", age_s)
    return found


def age(db: Database, moment: datetime) -> float:
    """How many seconds ago that *moment* is."""
    return float(db.value("SELECT extract(epoch FROM cluster_time() - %s::timestamptz)::float8", moment))


def record(db: Database, term: int, every_s: float) -> bool:
    """Write down how the cluster fares now, and what has happened since that was last done; False if that was just now.

    Ends are counted when they are told, not when they were: what a worker tells late is not lost. How long was waited
    is of first attempts, from submission to claim (percentiles by nearest rank). Raises Moved when the term is over.
    """
    return bool(
        db.run(
            f"""
            WITH last AS MATERIALIZED (
                SELECT max(at) AS at FROM history WHERE at < cluster_time()
            ), span AS MATERIALIZED (
                SELECT since - %(settled)s * interval '1 s' AS since,
                       cluster_time() - %(settled)s * interval '1 s' AS until,
                       extract(epoch FROM cluster_time() - since) AS s
                  FROM (SELECT greatest(coalesce(at, cluster_time() - %(every)s * interval '1 s'),
                                        cluster_time() - %(longest)s * interval '1 s') AS since FROM last) begun
                 WHERE since <= cluster_time() - %(every)s * interval '0.5 s'
            ), told AS MATERIALIZED (
                SELECT at, event, reason, job_id, allocation_id FROM claims
                 WHERE at > (SELECT since FROM span) AND at <= (SELECT until FROM span) AND shape IS NULL
            ), ends AS MATERIALIZED (
                SELECT j.state
                  FROM (SELECT job_id, allocation_id FROM told WHERE event = 'Released') t
                 CROSS JOIN LATERAL (SELECT released_at FROM allocations WHERE id = t.allocation_id OFFSET 0) a
                 CROSS JOIN LATERAL (
                       SELECT state FROM jobs WHERE id = t.job_id AND finished_at = a.released_at OFFSET 0) j
                UNION ALL
                SELECT j.state  -- while it waited: of that, no release tells
                  FROM jobs j
                 WHERE j.finished_at > (SELECT since FROM span) AND j.finished_at <= (SELECT until FROM span)
                   AND j.state = 'cancelled'
                   AND NOT EXISTS (SELECT FROM allocations a WHERE a.job_id = j.id AND a.attempt = j.attempt
                                      AND a.released_at = j.finished_at)
            ), waits AS MATERIALIZED (
                SELECT percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (
                           ORDER BY extract(epoch FROM t.at - j.submitted_at)::float8) AS s
                  FROM (SELECT * FROM told WHERE event = 'Claimed' LIMIT {SAMPLED_MOST}) t
                 CROSS JOIN LATERAL (SELECT * FROM allocations WHERE id = t.allocation_id AND attempt = 1 OFFSET 0) a
                 CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = t.job_id OFFSET 0) j
            ), live AS MATERIALIZED (
                {jobs.LIVE_COUNTS}
            )
            INSERT INTO history (at, span_s, pending, scheduled, running, held, oldest_wait_s, cpu_total, cpu_reserved,
                                 cpu_allocated, cpu_used, memory_total, memory_held, memory_used, workers_up,
                                 workers_silent, workers_lost, claims, conflicts, completed, failed, cancelled,
                                 wait_p50_s, wait_p95_s)
            SELECT cluster_time(), span.s, live.pending, live.scheduled, live.running, live.held,
                   ({totals.OLDEST_WAIT}), w.cpu_total, w.cpu_reserved, w.cpu_allocated, w.cpu_used, w.memory_total,
                   w.memory_reserved + w.memory_allocated, w.memory_used, w.up, w.silent, w.lost,
                   given.claims, given.conflicts, ended.completed, ended.failed, ended.cancelled,
                   (SELECT s[1] FROM waits), (SELECT s[2] FROM waits)
              FROM span, ({totals.WORKERS}) w,
                   (SELECT coalesce(sum(n) FILTER (WHERE state = 'pending'), 0) AS pending,
                           coalesce(sum(n) FILTER (WHERE state = 'scheduled'), 0) AS scheduled,
                           coalesce(sum(n) FILTER (WHERE state = 'running'), 0) AS running,
                           coalesce(sum(n) FILTER (WHERE state = 'held'), 0) AS held FROM live) live,
                   (SELECT count(*) FILTER (WHERE event = 'Claimed') AS claims,
                           count(*) FILTER (WHERE reason = 'claim_conflict') AS conflicts FROM told) given,
                   (SELECT count(*) FILTER (WHERE state = 'completed') AS completed,
                           count(*) FILTER (WHERE state IN ('failed', 'timeout', 'lost')) AS failed,
                           count(*) FILTER (WHERE state = 'cancelled') AS cancelled FROM ends) ended
             WHERE (SELECT lead_as(%(term)s))
            ON CONFLICT DO NOTHING
            """,
            term=term,
            every=every_s,
            longest=LONGEST_SPAN_S,
            settled=SETTLED_S,
        )
    )


def prune_jobs(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget ended jobs, their attempts and dependencies, and the submissions of which nothing is left."""
    with db.transaction():
        gone = db.rows(
            """
            DELETE FROM jobs WHERE id = ANY (ARRAY(
                SELECT id FROM jobs WHERE finished_at < cluster_time() - %s * interval '1 s'
                 ORDER BY finished_at, id LIMIT %s))
            RETURNING submission_id
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


def prune_attempts(db: Database, older_than_s: float, above: int, most: int) -> tuple[int, int]:
    """The same, of the *most* retried jobs that come after number *above*.

    How many attempts are gone, and the number after which to go on; 0 after the last. Of the retried jobs nothing tells
    in which there is something to forget, so who comes by often goes over them in parts.
    """
    gone, last = db.rows(
        """
        WITH retried AS MATERIALIZED (
            SELECT id, attempt FROM jobs WHERE attempt > 1 AND id > %(above)s ORDER BY id LIMIT %(most)s
        ), gone AS (
            DELETE FROM allocations WHERE id = ANY (ARRAY(
                SELECT a.id FROM retried j
                 CROSS JOIN LATERAL (
                       SELECT id FROM allocations
                        WHERE job_id = j.id AND attempt < j.attempt
                          AND released_at < cluster_time() - %(s)s * interval '1 s' LIMIT %(most)s) a))
            RETURNING id
        )
        SELECT (SELECT count(*) FROM gone), coalesce((SELECT max(id) FROM retried HAVING count(*) = %(most)s), 0)
        """,
        above=above,
        most=most,
        s=older_than_s,
    )[0]
    return gone, last


def prune_claims(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget decisions; never a "no" that still stands."""
    return db.run(
        """
        DELETE FROM claims WHERE id = ANY (ARRAY(
            SELECT id FROM claims
             WHERE at < cluster_time() - %(s)s * interval '1 s' AND NOT open
               AND coalesce(closed_at, at) < cluster_time() - %(s)s * interval '1 s'  -- not when it was first said
             ORDER BY at LIMIT %(most)s))
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


def prune_history(db: Database, older_than_s: float, most: int = 20000) -> int:
    """Forget how the cluster fared."""
    return db.run(
        """
        DELETE FROM history WHERE at = ANY (ARRAY(
            SELECT at FROM history WHERE at < cluster_time() - %s * interval '1 s' ORDER BY at LIMIT %s))
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
