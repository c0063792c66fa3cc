"""The parts of which every statement is made that releases allocations, and lets their jobs go on.

``ending`` chooses, LOCKED takes the jobs' locks and looks again, JUDGED says what becomes of them, RELEASED writes.
Lock order as in ``allocations``: job, allocation, worker, each by id.
"""

from __future__ import annotations

from typing import LiteralString

# What JUDGED must know of the job ``j``, which is locked.
KNOWN: LiteralString = """
    j.kind, j.started_at, j.cancel_requested_at IS NOT NULL AS cancelled, j.failures, j.retries, j.losses,
    j.on_worker_loss"""
# Of ``ending`` (id, job_id, worker_id, holds, outcome, exit_code, signal, detail, cpu_s, memory_peak_mb, ended_at),
# what still holds under the job's lock; ``holds``: the job's state while the allocation is what it was seen to be.
LOCKED: LiteralString = (
    """
    locked AS MATERIALIZED (
        SELECT e.*,"""
    + KNOWN
    + """
          FROM (SELECT * FROM ending ORDER BY job_id) e
         CROSS JOIN LATERAL (
               SELECT * FROM jobs WHERE id = e.job_id AND allocation_id = e.id AND state = e.holds FOR UPDATE) j
    )"""
)
# Of ``sure``, which is ``locked`` or some of it.
JUDGED: LiteralString = """
    judged AS MATERIALIZED (
        SELECT s.*, is_loss(outcome) AS loss, is_free_return(outcome) AS free_return,
               -- A replica that has run for a while begins with a clean sheet: else, in time, each would rest for long.
               kind = 'service' AND coalesce(ended_at - started_at >= interval '10 min', false) AS settled,
               state_after(kind, outcome, exit_code, cancelled, failures, retries, losses, on_worker_loss) AS state
          FROM sure s
    )"""
# Until when the job of ``judged v`` rests, if it waits again and somebody is to blame.
RESTS: LiteralString = """
    CASE WHEN v.state = 'pending' AND NOT v.free_return THEN
        cluster_time() + interval '1 s' * least(300, 2 ^ CASE WHEN v.settled THEN 0
                                                              ELSE least(v.failures + v.losses, 9) END) END"""
GIVEN_BACK: LiteralString = (
    """
    released AS (
        UPDATE allocations a
           SET status = 'released', released_at = v.ended_at, release_reason = v.outcome,
               exit_code = v.exit_code, signal = v.signal, detail = v.detail, cpu_s = v.cpu_s,
               memory_peak_mb = v.memory_peak_mb, retry_at ="""
    + RESTS
    + """
          FROM judged v WHERE a.id = v.id
    )"""
)
# ``stepped`` tells what became of each.
STEPPED: LiteralString = (
    """
    stepped AS (
        UPDATE jobs j
           SET state = v.state, allocation_id = NULL, exit_code = v.exit_code, signal = v.signal,
               reason = CASE WHEN v.state = 'cancelled' AND (v.free_return OR v.outcome = 'held')
                             THEN 'cancelled'  -- it was to run again, or to be kept, first
                             WHEN v.state <> 'pending' THEN v.outcome END,
               detail = CASE WHEN v.state IN ('cancelled', 'held') AND v.detail = '' THEN j.detail ELSE v.detail END,
               failures = CASE WHEN v.settled THEN 0 ELSE j.failures END
                          + (NOT v.loss AND NOT v.free_return AND v.state IN ('pending', 'failed'))::int,
               losses = CASE WHEN v.settled THEN 0 ELSE j.losses END + v.loss::int,
               restarts = j.restarts + CASE WHEN v.kind = 'service' THEN
                              (SELECT restarts FROM allocations WHERE id = v.id) ELSE 0 END,
               displaced = v.loss AND v.kind = 'service' AND v.state = 'pending',
               avoid_worker_id = CASE WHEN v.kind = 'service' AND v.outcome = 'crash_loop' THEN v.worker_id END,
               not_before ="""
    + RESTS
    + """,
               finished_at = CASE WHEN v.state NOT IN ('pending', 'held') THEN v.ended_at END
          FROM judged v WHERE j.id = v.job_id
        RETURNING v.id AS allocation_id, j.id AS job_id, j.state
    )"""
)
RELEASED: LiteralString = JUDGED + "," + GIVEN_BACK + "," + STEPPED
# Behind ``ending``, where all of it that still holds is released.
ALL_RELEASED: LiteralString = (
    "," + LOCKED + ", sure AS (SELECT * FROM locked)," + RELEASED + " SELECT allocation_id, job_id, state FROM stepped"
)
# The columns of ``ending`` for an allocation that nobody reported as ended.
UNREPORTED: LiteralString = """
    NULL::int AS exit_code, NULL::int AS signal, NULL::real AS cpu_s, NULL::int AS memory_peak_mb,
    cluster_time() AS ended_at"""
# The beginning of a statement that ends reservations; more conditions and a bracket follow.
UNSTARTED: LiteralString = (
    """
    WITH ending AS MATERIALIZED (
        SELECT id, job_id, worker_id, 'scheduled' AS holds, 'start_timeout' AS outcome,
               'its worker did not start it' AS detail,"""
    + UNREPORTED
    + """
          FROM allocations WHERE reserved"""
)
