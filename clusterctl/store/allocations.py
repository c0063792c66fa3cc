"""reserved → allocated → released: the three transitions of an allocation, each one guarded statement.

Lock order everywhere: job, then allocation, then worker, each by id; so in a transaction with others ``start`` comes
first, before ``end``. What a statement finds under its lock may be newer than its own snapshot: it decides on what it
then sees. Whoever holds a job's lock holds its allocation still.

Rows are fetched by a LATERAL subselect with a lock in it, which Postgres can neither flatten nor turn round: by primary
key, in the order of the ids, whatever it believes about the tables. (Left to choose, it compared each of 500 ids with
each of 20,000 jobs, because the last statistics were from when all had ended.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterctl.model.orders import End, Order
from clusterctl.model.plan import Start
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec
from clusterctl.model.states import JobState
from clusterctl.model.timers import Timers
from clusterctl.store.connection import Database

decode_spec = msgspec.json.Decoder(Spec).decode


class Reserved(msgspec.Struct, frozen=True):
    """A reservation that was made."""

    job_id: int
    allocation_id: int
    worker: str
    cpu_milli: int


class Ended(msgspec.Struct, frozen=True):
    """What became of an attempt and its job."""

    allocation_id: int
    job_id: int
    state: JobState


def reserve(db: Database, term: int, round: int, starts: Sequence[Start], timers: Timers) -> list[Reserved]:
    """pending → scheduled, ∅ → reserved, for those of *starts* that the world still allows.

    Per worker it takes by running sum only what fits; what is not in the answer was a claim conflict. Raises Moved
    when the term is over.
    """
    return db.nouns(
        Reserved,
        """
        WITH wanted AS MATERIALIZED (
            SELECT w.*, j.cpu_milli, j.memory_mb, j.gpus
              FROM (SELECT * FROM unnest(%(jobs)s::bigint[], %(workers)s::int[], %(policies)s::text[],
                                         %(scores)s::float8[], %(candidates)s::int[])
                           WITH ORDINALITY w(job_id, worker_id, policy, score, candidates, n)
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
               AND w.admin_state = 'open' AND w.live_state = 'up'
             ORDER BY w.id FOR NO KEY UPDATE
        ), summed AS (  -- first in line stands the worker, with what is free as a debt; then its jobs, in turn
            SELECT *, first_value(name) OVER in_line AS worker, sum(cpu_milli) OVER in_line AS cpu_over,
                   sum(memory_mb) OVER in_line AS memory_over, sum(gpus) OVER in_line AS gpus_over
              FROM (SELECT NULL AS name, * FROM wanted UNION ALL
                    SELECT name, NULL, id, NULL, NULL, NULL, 0, cpu_milli, memory_mb, gpus FROM accepting) line
            WINDOW in_line AS (PARTITION BY worker_id ORDER BY n)
        ), fitting AS MATERIALIZED (
            SELECT *, nextval('allocations_id_seq') AS allocation_id FROM summed
             WHERE n > 0 AND worker IS NOT NULL AND cpu_over <= 0 AND memory_over <= 0 AND gpus_over <= 0
        ), taken AS (
            UPDATE jobs j
               SET state = 'scheduled', attempt = j.attempt + 1, allocation_id = f.allocation_id, reason = NULL,
                   detail = '', scheduled_at = cluster_time(), exit_code = NULL, signal = NULL
              FROM fitting f WHERE j.id = f.job_id
            RETURNING j.id, j.attempt, j.tenant, j.lease_s, j.on_worker_loss, f.allocation_id, f.worker_id, f.worker,
                      f.cpu_milli, f.memory_mb, f.gpus, f.policy, f.score, f.candidates
        ), made AS (
            INSERT INTO allocations (id, job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term,
                                     start_by, lease_s, lost_after_s, grace_s, margin_s)
            SELECT allocation_id, id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, %(term)s,
                   cluster_time() + %(start_timeout)s * interval '1 s',
                   CASE WHEN on_worker_loss <> 'wait' THEN lease_s END,
                   CASE WHEN on_worker_loss <> 'wait' THEN lease_s + %(grace)s + %(margin)s END,
                   %(grace)s, %(margin)s
              FROM taken ORDER BY worker_id
        ), logged AS (
            INSERT INTO claims (round, event, job_id, worker_id, policy, score, candidates)
            SELECT %(round)s, 'Claimed', id, worker_id, policy, score, candidates FROM taken
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
        start_timeout=timers.start_timeout_s,
        grace=timers.grace_s,
        margin=timers.margin_s,
    )


def start(db: Database, worker_id: int, incarnation: int, token: str, most: int) -> list[Order]:
    """reserved → allocated, scheduled → running: win up to *most* of this worker's reservations, oldest first.

    What is answered must be run, once, under *token*. If the answer is lost, ``holdings`` tells by the token what
    was won. Raises Moved when another incarnation of the worker has registered.
    """
    rows = db.rows(
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
                   allocated_at = cluster_time()
              FROM locked l WHERE a.id = l.id
            RETURNING a.id, a.job_id, a.lease_s
        ), running AS (
            UPDATE jobs j SET state = 'running', started_at = cluster_time() FROM won WHERE j.id = won.job_id
            RETURNING won.id, won.lease_s, j.id AS job_id, j.submission_id, j.attempt, j.name, j.array_id,
                      j.array_index, j.cpu_milli, j.memory_mb, j.gpus, j.time_limit_s
        )
        SELECT r.id, r.job_id, r.attempt, r.name, r.array_id, r.array_index, r.cpu_milli, r.memory_mb, r.gpus,
               r.time_limit_s, r.lease_s, s.spec::text, s.script
          FROM running r JOIN submissions s ON s.id = r.submission_id ORDER BY r.id
        """,
        worker=worker_id,
        incarnation=incarnation,
        token=token,
        most=most,
    )
    return [read_order(row) for row in rows]


def recall(db: Database, worker_id: int, tokens: Sequence[str]) -> list[tuple[Order, str]]:
    """Orders that were won under one of *tokens*, with it: for when the answer to ``start`` was lost."""
    rows = db.rows(
        """
        SELECT a.id, a.job_id, a.attempt, j.name, j.array_id, j.array_index, a.cpu_milli, a.memory_mb, a.gpus,
               j.time_limit_s, a.lease_s, s.spec::text, s.script, a.start_token::text
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
    (id, job_id, attempt, name, array_id, array_index, cpu, memory, gpus, limit, lease, spec, script) = row
    decoded = decode_spec(str(spec))
    return msgspec.convert(
        {
            "allocation_id": id,
            "job_id": job_id,
            "attempt": attempt,
            "name": name,
            "array_id": array_id,
            "array_index": array_index,
            "spec": decoded if script is None else msgspec.structs.replace(decoded, script=str(script)),
            "request": Resources(int(str(cpu)), int(str(memory)), int(str(gpus))),
            "time_limit_s": limit,
            "lease_s": lease,
        },
        Order,
    )


def end(db: Database, worker: str, ends: Sequence[End]) -> list[Ended]:
    """allocated → released; running → completed, failed, timeout, cancelled, lost, or pending again for a retry.

    Safe to repeat: what was released before is not in the answer. A report that contradicts what is recorded (it
    came too late) is kept in the audit table and changes nothing.
    """
    rows = db.rows(
        """
        WITH said AS MATERIALIZED (
            SELECT DISTINCT ON (id) *
              FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(outcomes)s::text[], %(codes)s::int[],
                          %(signals)s::int[], %(details)s::text[], %(cpu_s)s::float8[], %(peaks)s::int[],
                          %(ago)s::float8[])
                       s(id, token, outcome, exit_code, signal, detail, cpu_s, memory_peak_mb, ago_s)
        ), mine AS MATERIALIZED (
            SELECT said.*, a.job_id, a.status, a.start_token, a.allocated_at, a.release_reason,
                   a.exit_code AS recorded_code, a.signal AS recorded_signal
              FROM said JOIN allocations a USING (id)
        ), judged AS MATERIALIZED (
            SELECT m.*, m.outcome IN ('never_started', 'supervisor_lost', 'lease_expired', 'worker_rebooted',
                                      'worker_lost') AS loss,
                   m.outcome IN ('start_timeout', 'worker_stopped') AS free_return,
                   greatest(m.allocated_at, cluster_time() - m.ago_s * interval '1 s') AS ended_at,
                   state_after(m.outcome, m.exit_code, j.cancel_requested_at IS NOT NULL, j.failures, j.retries,
                               j.losses, j.on_worker_loss) AS state
              FROM (SELECT * FROM mine WHERE status = 'allocated' AND start_token = token ORDER BY job_id) m
             CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = m.job_id AND allocation_id = m.id FOR UPDATE) j
        ), released AS (
            UPDATE allocations a
               SET status = 'released', released_at = v.ended_at, release_reason = v.outcome,
                   exit_code = v.exit_code, signal = v.signal, detail = v.detail, cpu_s = v.cpu_s,
                   memory_peak_mb = v.memory_peak_mb
              FROM judged v WHERE a.id = v.id
        ), stepped AS (
            UPDATE jobs j
               SET state = v.state, allocation_id = NULL, exit_code = v.exit_code, signal = v.signal,
                   reason = CASE WHEN v.state <> 'pending' THEN v.outcome END, detail = v.detail,
                   failures = j.failures + (NOT v.loss AND NOT v.free_return AND v.state IN ('pending', 'failed'))::int,
                   losses = j.losses + v.loss::int,
                   not_before = CASE WHEN v.state = 'pending' AND NOT v.free_return THEN
                       cluster_time() + least(300, 2 ^ least(j.failures + j.losses, 9)) * interval '1 s' END,
                   finished_at = CASE WHEN v.state <> 'pending' THEN v.ended_at END
              FROM judged v WHERE j.id = v.job_id
            RETURNING v.id AS allocation_id, j.id AS job_id, j.state
        ), late AS (
            INSERT INTO audit (actor, verb, subject, reason, detail)
            SELECT 'worker ' || %(worker)s, 'late_report', 'allocation:' || id, outcome,
                   jsonb_build_object('recorded', release_reason, 'exit_code', exit_code, 'signal', signal)
              FROM mine m
             WHERE m.id NOT IN (SELECT id FROM judged)
               AND (m.release_reason, m.recorded_code, m.recorded_signal, m.start_token) IS DISTINCT FROM
                   (m.outcome, m.exit_code, m.signal, m.token)
        )
        SELECT allocation_id, job_id, state FROM stepped
        """,
        worker=worker,
        ids=[end.allocation_id for end in ends],
        tokens=[end.start_token for end in ends],
        outcomes=[end.outcome for end in ends],
        codes=[end.exit_code for end in ends],
        signals=[end.signal for end in ends],
        details=[end.detail for end in ends],
        cpu_s=[end.cpu_s for end in ends],
        peaks=[end.memory_peak_mb for end in ends],
        ago=[end.ago_s for end in ends],
    )
    return [read_end(row) for row in rows]


def expire_starts(db: Database, term: int, most: int = 500) -> list[Ended]:
    """reserved → released ``start_timeout``: reservations whose agent did not start them in time.

    No start was won, so there is no process: no fence is needed and no retry is spent. The job waits again. Raises
    Moved when the term is over.
    """
    rows = db.rows(
        """
        WITH late AS MATERIALIZED (
            SELECT a.id, a.job_id FROM allocations a
             WHERE a.reserved AND a.start_by < cluster_time()
             ORDER BY a.worker_id, a.id LIMIT %(most)s
        ), locked AS MATERIALIZED (
            SELECT l.id FROM (SELECT * FROM late ORDER BY job_id) l
             CROSS JOIN LATERAL (
                   SELECT FROM jobs WHERE id = l.job_id AND allocation_id = l.id AND state = 'scheduled' FOR UPDATE) j
        ), released AS (
            UPDATE allocations a
               SET status = 'released', released_at = cluster_time(), release_reason = 'start_timeout'
              FROM locked l WHERE a.id = l.id
            RETURNING a.id, a.job_id
        ), stepped AS (
            UPDATE jobs j
               SET state = 'pending', allocation_id = NULL, reason = NULL, detail = 'its worker did not start it'
              FROM released r WHERE j.id = r.job_id
            RETURNING r.id AS allocation_id, j.id AS job_id, j.state
        )
        SELECT allocation_id, job_id, state FROM stepped WHERE (SELECT lead_as(%(term)s))
        """,
        term=term,
        most=most,
    )
    return [read_end(row) for row in rows]


def read_end(row: Sequence[Any]) -> Ended:
    """An Ended from (allocation, job, state)."""
    return Ended(row[0], row[1], JobState(row[2]))
