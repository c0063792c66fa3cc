"""∅ → reserved → allocated: how a job comes to hold a worker's resources. How it gives them back: ``releases``.

Lock order everywhere: job, then allocation, then worker, each by id; so in a transaction with others ``start`` comes
first, before ``end``. What a statement finds under its lock may be newer than its own snapshot: it decides on what it
then sees. Whoever holds a job's lock holds its allocation still.

Rows are fetched by a LATERAL subselect with a lock in it, which Postgres can neither flatten nor turn round: by primary
key, in the order of the ids, whatever it believes about the tables. (Left to choose, it compared each of 500 ids with
each of 20,000 jobs, because the last statistics were from when all had ended.)
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterctl.model.orders import Order
from clusterctl.model.plan import Start
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec
from clusterctl.model.timers import Timers
from clusterctl.store.connection import Ask, Database

decode_spec = msgspec.json.Decoder(Spec).decode
encode = msgspec.json.Encoder().encode


class Reserved(msgspec.Struct, frozen=True):
    """A reservation that was made."""

    job_id: int
    allocation_id: int
    worker: str
    cpu_milli: int


def reserve(
    db: Database, term: int, round: int, starts: Sequence[Start], timers: Timers, *, looked_at: float | None = None
) -> list[Reserved]:
    """pending → scheduled, ∅ → reserved, for those of *starts* that the world still allows.

    Per worker it takes by running sum only what fits; what is not in the answer was a claim conflict. Raises Moved
    when the term is over. *looked_at*: of what age the plan is, by the database's clock, in seconds since the epoch.
    """
    return db.nouns(
        Reserved,
        """
        WITH wanted AS MATERIALIZED (
            SELECT w.*, j.cpu_milli, j.memory_mb, j.gpus
              FROM (SELECT * FROM unnest(%(jobs)s::bigint[], %(workers)s::int[], %(policies)s::text[],
                                         %(scores)s::float8[], %(candidates)s::int[], %(reasons)s::jsonb[],
                                         %(fallbacks)s::text[])
                           WITH ORDINALITY w(job_id, worker_id, policy, score, candidates, reasons, fallback, n)
                     ORDER BY job_id) w
             CROSS JOIN LATERAL (
                   SELECT * FROM jobs
                    WHERE id = w.job_id AND state = 'pending' AND unmet = 0 AND not_before IS NULL FOR UPDATE) j
        ), accepting AS MATERIALIZED (
            SELECT w.id, w.name, w.reserved_milli + w.allocated_milli - w.cpu_milli AS cpu_milli,
                   w.reserved_memory_mb + w.allocated_memory_mb - w.memory_mb AS memory_mb,
                   w.reserved_gpus + w.allocated_gpus - w.gpus AS gpus
              FROM workers w
             WHERE w.id = ANY (ARRAY(SELECT DISTINCT worker_id FROM wanted))
               AND w.admin_state = 'open' AND w.live_state = 'up' AND w.trouble = ''
             ORDER BY w.id FOR NO KEY UPDATE
        ), summed AS (  -- first in line stands the worker, with what is free as a debt; then its jobs, in turn
            SELECT *, first_value(name) OVER in_line AS worker, sum(cpu_milli) OVER in_line AS cpu_over,
                   sum(memory_mb) OVER in_line AS memory_over, sum(gpus) OVER in_line AS gpus_over
              FROM (SELECT NULL AS name, * FROM wanted UNION ALL
                    SELECT name, NULL, id, NULL, NULL, NULL, NULL, NULL, 0, cpu_milli, memory_mb, gpus
                      FROM accepting) line
            WINDOW in_line AS (PARTITION BY worker_id ORDER BY n)
        ), fitting AS MATERIALIZED (
            SELECT *, nextval('allocations_id_seq') AS allocation_id FROM summed
             WHERE n > 0 AND worker IS NOT NULL AND cpu_over <= 0 AND memory_over <= 0 AND gpus_over <= 0
        ), taken AS (
            UPDATE jobs j
               SET state = 'scheduled', attempt = j.attempt + 1, allocation_id = f.allocation_id, reason = NULL,
                   detail = '', scheduled_at = cluster_time(), exit_code = NULL, signal = NULL, displaced = false
              FROM fitting f WHERE j.id = f.job_id
            RETURNING j.id, j.attempt, j.tenant, j.kind, j.array_id, j.lease_s, j.on_worker_loss, j.time_limit_s,
                      f.allocation_id, f.worker_id, f.worker, f.cpu_milli, f.memory_mb, f.gpus, f.policy, f.score,
                      f.candidates, f.reasons, f.fallback, f.n
        ), made AS (
            INSERT INTO allocations (id, job_id, attempt, worker_id, tenant, kind, cpu_milli, memory_mb, gpus, term,
                                     generation, start_by, ends_by, lease_s, lost_after_s, grace_s, margin_s)
            SELECT allocation_id, id, attempt, worker_id, tenant, kind, cpu_milli, memory_mb, gpus, %(term)s,
                   CASE kind WHEN 'service' THEN (SELECT generation FROM services WHERE id = array_id) ELSE 0 END,
                   cluster_time() + %(start_timeout)s * interval '1 s',
                   cluster_time() + (time_limit_s + %(grace)s) * interval '1 s',
                   CASE WHEN on_worker_loss <> 'wait' THEN lease_s END,
                   CASE WHEN on_worker_loss <> 'wait' THEN lease_s + %(grace)s + %(margin)s END,
                   %(grace)s, %(margin)s
              FROM taken ORDER BY worker_id
        ), logged AS (
            INSERT INTO claims (round, event, job_id, worker_id, allocation_id, policy, score, candidates, reasons,
                                duration_ms, detail)
            SELECT %(round)s, 'Claimed', id, worker_id, allocation_id, policy, score, candidates, reasons,
                   1000 * (extract(epoch FROM cluster_time())::float8 - %(looked_at)s::float8),
                   CASE WHEN fallback IS NULL THEN '{}' ELSE jsonb_build_object('fallback', fallback) END
              FROM taken ORDER BY n
        )
        SELECT id AS job_id, allocation_id, worker, cpu_milli FROM taken WHERE (SELECT lead_as(%(term)s))
        """,
        term=term,
        round=round,
        jobs=[start.job_id for start in starts],
        workers=[start.worker_id for start in starts],
        policies=[start.policy for start in starts],
        scores=[start.score for start in starts],
        candidates=[start.candidates for start in starts],
        reasons=[encode(start.refusals).decode() for start in starts],
        fallbacks=[start.fallback or None for start in starts],
        looked_at=looked_at,
        start_timeout=timers.start_timeout_s,
        grace=timers.grace_s,
        margin=timers.margin_s,
    )


def start(db: Database, worker_id: int, incarnation: int, token: str, most: int) -> list[Order]:
    """reserved → allocated, scheduled → running: win up to *most* of this worker's reservations, oldest first.

    What is answered must be run, once, under *token*. If the answer is lost, ``holdings`` tells by the token what
    was won. Raises Moved when another incarnation of the worker has registered.
    """
    ask = starting(worker_id, incarnation, token, most)
    return [read_order(row) for row in db.rows(ask.sql, **ask.named)]


def starting(worker_id: int, incarnation: int, token: str, most: int) -> Ask:
    """The statement of ``start``; ``read_order`` reads its rows."""
    return Ask(
        """
        WITH waiting AS MATERIALIZED (
            SELECT a.id, a.job_id FROM allocations a
             WHERE a.worker_id = %(worker)s AND a.reserved AND a.stop_requested_at IS NULL
             ORDER BY a.id LIMIT %(most)s
        ), locked AS MATERIALIZED (
            SELECT w.id FROM (SELECT * FROM waiting ORDER BY job_id) w
             CROSS JOIN LATERAL (
                   SELECT FROM jobs WHERE id = w.job_id AND allocation_id = w.id AND state = 'scheduled' FOR UPDATE) j
        ), won AS (
            UPDATE allocations a
               SET status = 'allocated', start_token = %(token)s, incarnation = %(incarnation)s,
                   allocated_at = cluster_time(), ends_by = ends_by + (cluster_time() - reserved_at),
                   ran_generation = CASE a.kind WHEN 'service' THEN a.generation END
              FROM locked l WHERE a.id = l.id
            RETURNING a.id, a.job_id, a.lease_s, a.grace_s, a.kind, a.generation
        ), running AS (
            UPDATE jobs j SET state = 'running', started_at = cluster_time() FROM won WHERE j.id = won.job_id
            RETURNING won.id, won.lease_s, won.grace_s, won.kind, won.generation, j.id AS job_id, j.submission_id,
                      j.attempt, j.name, j.array_id, j.array_index, j.array_line, j."user", j.cpu_milli, j.memory_mb,
                      j.gpus, j.time_limit_s
        )
        SELECT r.id, r.job_id, r.attempt, r.name, r.array_id, r.array_index, r.array_line, r."user", r.cpu_milli,
               r.memory_mb, r.gpus, r.time_limit_s, r.lease_s, r.grace_s, r.kind, r.generation, s.spec::text, s.script
          FROM running r JOIN submissions s ON s.id = r.submission_id ORDER BY r.id
        """,
        {"worker": worker_id, "incarnation": incarnation, "token": token, "most": most},
    )


def recall(db: Database, worker_id: int, tokens: Sequence[str]) -> list[tuple[Order, str]]:
    """Orders that were won under one of *tokens*, with it: for when the answer to ``start`` was lost."""
    rows = db.rows(
        """
        SELECT a.id, a.job_id, a.attempt, j.name, j.array_id, j.array_index, j.array_line, j."user", a.cpu_milli,
               a.memory_mb, a.gpus, j.time_limit_s, a.lease_s, a.grace_s, a.kind, a.generation, s.spec::text, s.script,
               a.start_token::text
          FROM allocations a JOIN jobs j ON j.id = a.job_id JOIN submissions s ON s.id = j.submission_id
         WHERE a.worker_id = %s AND a.live AND a.status = 'allocated' AND a.start_token = ANY (%s::uuid[])
         ORDER BY a.id
        """,
        worker_id,
        list(tokens),
    )
    return [(read_order(row[:-1]), row[-1]) for row in rows]


def read_order(row: Sequence[object]) -> Order:
    """An Order from the columns that ``start`` and ``recall`` select, in their order."""
    id, job_id, attempt, name, array_id, index, line, user, cpu, memory, gpus, limit, lease, grace, *rest = row
    kind, generation, spec, script = rest
    decoded = decode_spec(str(spec))
    return msgspec.convert(
        {
            "allocation_id": id,
            "job_id": job_id,
            "attempt": attempt,
            "name": name,
            "array_id": array_id,
            "array_index": index,
            "array_line": line,
            "user": user,
            "spec": decoded if script is None else msgspec.structs.replace(decoded, script=str(script)),
            "request": Resources(int(str(cpu)), int(str(memory)), int(str(gpus))),
            "time_limit_s": limit,
            "lease_s": lease,
            "grace_s": grace,
            "kind": kind,
            "generation": generation,
        },
        Order,
    )
