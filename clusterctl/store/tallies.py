"""What workers count as held, beside what their live allocations add up to. The two are equal unless laws were off.

Triggers keep them equal. A database that was restored in parts, or edited with its triggers switched off, may differ;
then the counters follow the allocations, and what was promised twice is taken back while nobody has started it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

import msgspec

from clusterctl.store.connection import Database
from clusterctl.store.disagreements import release_strays
from clusterctl.store.release_steps import ALL_RELEASED, UNSTARTED

COUNTED: LiteralString = """
    ARRAY[w.reserved_milli, w.allocated_milli, w.reserved_memory_mb, w.allocated_memory_mb, w.reserved_gpus,
          w.allocated_gpus, w.holds_digest]"""
# Of some live allocations, in the order of COUNTED.
SUMMED: LiteralString = """
    ARRAY[coalesce(sum(cpu_milli) FILTER (WHERE reserved), 0),
          coalesce(sum(cpu_milli) FILTER (WHERE NOT reserved), 0),
          coalesce(sum(memory_mb) FILTER (WHERE reserved), 0),
          coalesce(sum(memory_mb) FILTER (WHERE NOT reserved), 0),
          coalesce(sum(gpus) FILTER (WHERE reserved), 0),
          coalesce(sum(gpus) FILTER (WHERE NOT reserved), 0),
          coalesce(bit_xor(holding_digest(id, ends_by)), 0)]::bigint[]"""
# A lost worker holds nothing, so one that does is silent again: its allocations end by the clock, or by hand.
PUT_RIGHT: LiteralString = """
    reserved_milli = %(held)s[1], allocated_milli = %(held)s[2], reserved_memory_mb = %(held)s[3],
    allocated_memory_mb = %(held)s[4], reserved_gpus = %(held)s[5], allocated_gpus = %(held)s[6],
    holds_digest = %(held)s[7],
    live_state = CASE WHEN live_state = 'lost' AND %(held)s[1] + %(held)s[2] > 0 THEN 'silent' ELSE live_state END"""


class Tally(msgspec.Struct, frozen=True):
    """One worker. ``counted`` and ``held``: reserved, allocated of CPUs (thousandths), of memory (MiB), of GPUs.

    And, as the last of them, ``holds_digest``. ``capacity``: CPUs, memory, GPUs.
    """

    worker_id: int
    worker: str
    live_state: str
    capacity: list[int]
    counted: list[int]
    held: list[int]

    @property
    def surplus(self) -> list[int]:
        """By how much more is held than there is, of each kind; 0 where it fits."""
        return [max(0, self.held[2 * kind] + self.held[2 * kind + 1] - self.capacity[kind]) for kind in range(3)]


class Reservation(msgspec.Struct, frozen=True):
    """A reservation and its ``amounts`` of CPUs, memory, GPUs. ``stray``: its job does not wait for it."""

    allocation_id: int
    amounts: list[int]
    stray: bool


class Relief(msgspec.Struct, frozen=True):
    """How many reservations were taken back, and whether the worker was drained, for that was not enough."""

    released: int
    drained: bool


def wrong(db: Database) -> list[Tally]:
    """Workers that count wrongly, or hold more than they have."""
    return db.nouns(
        Tally,
        "SELECT * FROM (SELECT w.id AS worker_id, w.name AS worker, w.live_state,"
        " ARRAY[w.cpu_milli, w.memory_mb, w.gpus] AS capacity,"
        + COUNTED
        + " AS counted, coalesce(s.held, '{0,0,0,0,0,0,0}') AS held FROM workers w LEFT JOIN (SELECT worker_id,"
        + SUMMED
        # In the order of the index, once for all workers: for each of them, Postgres might read all that is live.
        + """ AS held FROM (SELECT * FROM allocations WHERE live ORDER BY worker_id, id OFFSET 0) its
               GROUP BY worker_id) s ON s.worker_id = w.id) t
         WHERE counted <> held OR held[1] + held[2] > capacity[1] OR held[3] + held[4] > capacity[2]
            OR held[5] + held[6] > capacity[3]
         ORDER BY worker""",
    )


def recount(db: Database, worker_id: int, counted: Sequence[int]) -> bool:
    """Let the counters say what the allocations say; False if they are no longer *counted*.

    Two statements: the second must see what was written while the first waited for the lock. Raises Moved where more
    is held than there is.
    """
    with db.transaction():
        if seen(db, worker_id) != list(counted):
            return False
        db.run("UPDATE workers SET " + PUT_RIGHT + " WHERE id = %(worker)s", held=held(db, worker_id), worker=worker_id)
    return True


def relieve(db: Database, tally: Tally, reason: str) -> Relief | None:
    """Take back reservations of a worker that was promised more than once, until the rest fits; and count again.

    First those that no job waits for, then the newest. If what runs there is too much alone, its capacity is what it
    holds, as for an agent that comes back with less; and for *reason* it takes nothing new. None, and nothing has
    changed, if it no longer is as *tally* says.
    """
    with db.transaction():
        reserved = lock_reserved(db, tally.worker_id)
        if seen(db, tally.worker_id) != tally.counted or held(db, tally.worker_id) != tally.held:
            return None
        # Counted truly for a moment, with room for it, so that each release can be subtracted.
        db.run(
            "UPDATE workers SET "
            + PUT_RIGHT
            + """, cpu_milli = greatest(cpu_milli, %(held)s[1] + %(held)s[2]),
                   memory_mb = greatest(memory_mb, %(held)s[3] + %(held)s[4]),
                   gpus = greatest(gpus, %(held)s[5] + %(held)s[6])
             WHERE id = %(worker)s""",
            held=tally.held,
            worker=tally.worker_id,
        )
        chosen, drained = too_many(reserved, tally.surplus)
        release(db, chosen)
        settle(db, tally, reason if drained else "")
    return Relief(len(chosen), drained)


def too_many(reserved: Sequence[Reservation], surplus: Sequence[int]) -> tuple[list[int], bool]:
    """Those of *reserved* without which *surplus* is gone, and whether there is some even without all of them."""
    left, chosen = list(surplus), []
    for each in sorted(reserved, key=lambda each: (each.stray, each.allocation_id), reverse=True):
        if any(over > 0 and amount > 0 for over, amount in zip(left, each.amounts, strict=True)):
            chosen.append(each.allocation_id)
            left = [over - amount for over, amount in zip(left, each.amounts, strict=True)]
    return chosen, any(over > 0 for over in left)


def lock_reserved(db: Database, worker_id: int) -> list[Reservation]:
    """This worker's reservations that nobody has started, locked as everybody does: the jobs first, by id."""
    return db.nouns(
        Reservation,
        """
        SELECT a.id AS allocation_id, ARRAY[a.cpu_milli, a.memory_mb, a.gpus] AS amounts,
               j.allocation_id IS NULL AS stray
          FROM allocations a JOIN jobs j ON j.id = a.job_id AND coalesce(j.allocation_id, a.id) = a.id
         WHERE a.worker_id = %s AND a.reserved AND a.start_token IS NULL ORDER BY j.id FOR UPDATE OF j
        """,
        worker_id,
    )


def settle(db: Database, tally: Tally, drained_for: str) -> None:
    """Give the worker its capacity back, or what it holds if that is more; drain it for that reason, if there is one.

    The counters have followed the releases meanwhile.
    """
    db.run(
        """
        UPDATE workers
           SET cpu_milli = greatest(%(capacity)s[1], reserved_milli + allocated_milli),
               memory_mb = greatest(%(capacity)s[2], reserved_memory_mb + allocated_memory_mb),
               gpus = greatest(%(capacity)s[3], reserved_gpus + allocated_gpus),
               admin_state = CASE WHEN %(why)s <> '' AND admin_state = 'open' THEN 'draining' ELSE admin_state END,
               admin_reason = CASE WHEN %(why)s <> '' AND admin_state = 'open' THEN %(why)s ELSE admin_reason END
         WHERE id = %(worker)s
        """,
        capacity=tally.capacity,
        why=drained_for,
        worker=tally.worker_id,
    )


def seen(db: Database, worker_id: int) -> list[int] | None:
    """What the worker counts, with its row locked until the end of the transaction."""
    counted: list[int] | None = db.value(
        "SELECT" + COUNTED + " FROM workers w WHERE w.id = %s FOR NO KEY UPDATE", worker_id
    )
    return counted


def held(db: Database, worker_id: int) -> list[int]:
    """What its live allocations add up to."""
    return list(db.value("SELECT" + SUMMED + " FROM allocations WHERE worker_id = %s AND live", worker_id))


def release(db: Database, allocation_ids: Sequence[int]) -> None:
    """reserved → released ``start_timeout``, late or not, whether a job waits for it or not."""
    db.rows(UNSTARTED + " AND id = ANY (%s))" + ALL_RELEASED, list(allocation_ids))
    release_strays(db, allocation_ids, "reserved", "start_timeout")
