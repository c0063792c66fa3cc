"""What makes a look of the doctor worth its statement, read at once: ``status`` asks only where there is a clue.

A clue may be wrong in one way only: where there is none, the look that it stands for finds nothing. So it asks less
exactly than the look does, without its patience and its exceptions; but of one moment, and all of it in one pass over
what is live, where the looks would make a dozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, LiteralString, get_args

from clusterctl.store.connection import Database

Clue = Literal[
    "miscounted",  # a worker counts other amounts than it holds, or more than it has
    "disagreeing",  # a job and a live allocation do not name each other
    "overdue",  # a reservation is not started in time
    "booted",  # an attempt was started before its machine was
    "unheard",  # a worker that is not up holds something
    "lost",  # a worker is lost
    "draining",  # a worker takes nothing new
    "crashing",  # a replica was started again, or given up by a worker
    "unready",  # a replica runs, and cannot serve
    "reported",  # a replica has told of its latency
    "steered",  # somebody has set something for all
    "short_of_room",  # a shape waits for room
    "hopeless",  # a shape waits for what nobody has
    "away",  # nobody is up
    "full",  # hardly a CPU is free
]
ALL: tuple[Clue, ...] = get_args(Clue)

# By worker, of what it holds.
HELD: LiteralString = """
    SELECT worker_id, coalesce(sum(cpu_milli) FILTER (WHERE reserved), 0) AS reserved_milli,
           coalesce(sum(cpu_milli) FILTER (WHERE NOT reserved), 0) AS allocated_milli,
           coalesce(sum(memory_mb) FILTER (WHERE reserved), 0) AS reserved_memory_mb,
           coalesce(sum(memory_mb) FILTER (WHERE NOT reserved), 0) AS allocated_memory_mb,
           coalesce(sum(gpus) FILTER (WHERE reserved), 0) AS reserved_gpus,
           coalesce(sum(gpus) FILTER (WHERE NOT reserved), 0) AS allocated_gpus,
           bool_or(reserved AND start_by < cluster_time()) AS overdue,
           min(incarnation) FILTER (WHERE NOT reserved) AS oldest_incarnation,
           bool_or(kind = 'service' AND restarts > 0) AS crashing,
           bool_or(kind = 'service' AND NOT reserved AND ready_at IS NULL AND resting_until IS NULL) AS unready,
           bool_or(kind = 'service' AND p99_ms IS NOT NULL) AS reported,
           bit_xor(holding_digest(id, ends_by)) AS digest
      FROM allocations WHERE live GROUP BY worker_id"""
MISCOUNTED: LiteralString = """
    (w.reserved_milli, w.allocated_milli, w.reserved_memory_mb, w.allocated_memory_mb, w.reserved_gpus,
     w.allocated_gpus, w.holds_digest)
    IS DISTINCT FROM
    (coalesce(h.reserved_milli, 0), coalesce(h.allocated_milli, 0), coalesce(h.reserved_memory_mb, 0),
     coalesce(h.allocated_memory_mb, 0), coalesce(h.reserved_gpus, 0), coalesce(h.allocated_gpus, 0),
     coalesce(h.digest, 0))
    OR h.reserved_milli + h.allocated_milli > w.cpu_milli
    OR h.reserved_memory_mb + h.allocated_memory_mb > w.memory_mb OR h.reserved_gpus + h.allocated_gpus > w.gpus"""
# Both sides say the same pairs if these hash to the same: joined, they take three times as long.
DISAGREEING: LiteralString = """
    (SELECT bit_xor(hashint8extended(id, CASE WHEN state = 'scheduled' THEN -allocation_id ELSE allocation_id END))
       FROM jobs WHERE allocation_id IS NOT NULL)
    IS DISTINCT FROM
    (SELECT bit_xor(hashint8extended(job_id, CASE WHEN reserved THEN -id ELSE id END)) FROM allocations WHERE live)"""


def read(db: Database, *, short_of_room: Sequence[str], hopeless: Sequence[str], nearly_full: float) -> frozenset[Clue]:
    """The clues that there are now. The reasons that count as *short_of_room* and as *hopeless*; a share of all CPUs.

    Its cost grows with what is live and placed, and with the workers; not with the queue, nor with the past.
    """
    (row,) = db.rows(
        f"""
        WITH fleet AS (
            SELECT bool_or({MISCOUNTED}) AS miscounted, bool_or(h.overdue) AS overdue,
                   bool_or(h.oldest_incarnation < w.booted_as) AS booted,
                   bool_or(w.live_state <> 'up' AND h.worker_id IS NOT NULL) AS unheard,
                   bool_or(w.live_state = 'lost') AS lost, bool_or(w.admin_state = 'draining') AS draining,
                   bool_or(h.crashing) AS crashing, bool_or(h.unready) AS unready, bool_or(h.reported) AS reported,
                   count(*) FILTER (WHERE w.live_state = 'up' AND w.forgotten_at IS NULL) = 0 AS away,
                   sum(w.reserved_milli + w.allocated_milli) FILTER (WHERE w.live_state = 'up')
                       >= %(nearly_full)s * sum(w.cpu_milli) FILTER (WHERE w.live_state = 'up') AS "full"
              FROM workers w LEFT JOIN ({HELD}) h ON h.worker_id = w.id
        )
        SELECT miscounted, ({DISAGREEING}), overdue, booted, unheard, lost, draining,
               crashing OR EXISTS (SELECT FROM jobs WHERE replica AND avoid_worker_id IS NOT NULL),
               unready, reported, EXISTS (SELECT FROM steering),
               EXISTS (SELECT FROM claims WHERE open AND reason = ANY (%(short_of_room)s)),
               EXISTS (SELECT FROM claims WHERE open AND reason = ANY (%(hopeless)s)), away, "full"
          FROM fleet
        """,
        short_of_room=list(short_of_room),
        hopeless=list(hopeless),
        nearly_full=nearly_full,
    )
    return found(row)


def found(row: Sequence[Any]) -> frozenset[Clue]:
    """Those of ALL that are true; nothing is known of a sum over nothing, and it is no clue."""
    return frozenset(clue for clue, is_there in zip(ALL, row, strict=True) if is_there)
