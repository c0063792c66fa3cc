"""Workers: registration, the beat, silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterctl.model.errors import NameTaken, Superseded
from clusterctl.model.orders import Holding
from clusterctl.model.pictures import Amounts, WorkerPicture
from clusterctl.model.registration import Measures, Registered, Registration, Synced
from clusterctl.model.resources import Resources
from clusterctl.model.states import AdminState, AllocationStatus, Outcome
from clusterctl.store.connection import Database


def register(db: Database, registration: Registration) -> Registered:
    """Become the next incarnation of this worker; every write of an older one is refused from now on.

    The same agent on the same machine is let in at once, whatever the cluster believes about it. Raises NameTaken if
    another holds the name and is up, or still has live allocations (its counters tell: they are in the locked row,
    while a look at the allocations could be older than it).
    """
    found = db.nouns(
        Registered,
        """
        INSERT INTO workers AS w (name, agent_id, machine_id, boot_id, hostname, version, spool, labels,
                                  cpu_milli, memory_mb, gpus)
        VALUES (%(name)s, %(agent)s, %(machine)s, %(boot)s, %(hostname)s, %(version)s, %(spool)s, %(labels)s::jsonb,
                %(cpu)s, %(memory)s, %(gpus)s)
        ON CONFLICT (name) DO UPDATE
           SET incarnation = w.incarnation + 1, agent_id = excluded.agent_id, machine_id = excluded.machine_id,
               boot_id = excluded.boot_id, hostname = excluded.hostname, version = excluded.version,
               spool = excluded.spool, labels = excluded.labels, live_state = 'up', live_reason = '',
               cpu_milli = greatest(excluded.cpu_milli, w.reserved_milli + w.allocated_milli),
               memory_mb = greatest(excluded.memory_mb, w.reserved_memory_mb + w.allocated_memory_mb),
               gpus = greatest(excluded.gpus, w.reserved_gpus + w.allocated_gpus),
               beat = w.beat + 1, registered_at = cluster_time(), last_heartbeat_at = cluster_time()
         WHERE (w.agent_id, w.machine_id) = (excluded.agent_id, excluded.machine_id)
            OR (w.live_state <> 'up' AND w.reserved_milli + w.allocated_milli = 0)
        RETURNING id AS worker_id, incarnation, cpu_milli, memory_mb, gpus
        """,
        name=registration.name,
        agent=registration.agent_id,
        machine=registration.machine_id,
        boot=registration.boot_id,
        hostname=registration.hostname,
        version=registration.version,
        spool=registration.spool,
        labels=msgspec.json.encode(registration.labels).decode(),
        cpu=registration.capacity.cpu_milli,
        memory=registration.capacity.memory_mb,
        gpus=registration.capacity.gpus,
    )
    if not found:
        raise NameTaken(
            f"another agent is already the worker {registration.name!r}",
            "choose another --name, or wait until that worker is lost and empty",
        )
    return found[0]


def sync(db: Database, worker_id: int, incarnation: int, measures: Measures | None) -> Synced:
    """One beat: say that we live and what we use, and hear what we hold.

    Raises Superseded when we are no longer this worker's incarnation, or were declared lost: register again.
    """
    rows = db.rows(
        """
        WITH me AS (
            UPDATE workers
               SET beat = beat + 1, last_heartbeat_at = cluster_time(), live_state = 'up', live_reason = '',
                   used_milli = coalesce(%(used)s, used_milli), used_memory_mb = coalesce(%(memory)s, used_memory_mb),
                   load1 = coalesce(%(load)s, load1),
                   measured_at = CASE WHEN %(used)s::int IS NULL THEN measured_at ELSE cluster_time() END
             WHERE id = %(worker)s AND incarnation = %(incarnation)s AND live_state <> 'lost'
            RETURNING id, admin_state
        )
        SELECT me.admin_state, a.id, a.job_id, a.status, a.start_token::text, a.stop_outcome
          FROM me LEFT JOIN allocations a ON a.worker_id = me.id AND a.live
         ORDER BY a.id
        """,
        worker=worker_id,
        incarnation=incarnation,
        used=None if measures is None else measures.used_milli,
        memory=None if measures is None else measures.memory_mb,
        load=None if measures is None else measures.load1,
    )
    if not rows:
        raise Superseded("another incarnation of this worker has registered, or it was declared lost")
    return Synced(
        admin_state=AdminState(rows[0][0]),
        holdings=tuple(read_holding(row) for row in rows if row[1] is not None),
    )


def read_holding(row: Sequence[Any]) -> Holding:
    """A Holding from sync's columns."""
    return Holding(
        allocation_id=row[1],
        job_id=row[2],
        status=AllocationStatus(row[3]),
        start_token=row[4],
        stop=None if row[5] is None else Outcome(row[5]),
    )


def sign_off(db: Database, worker_id: int, incarnation: int) -> None:
    """The agent stops on purpose: silent at once, its CPUs leave the total; jobs may go on under their lease."""
    db.run(
        """
        UPDATE workers SET live_state = 'silent', live_reason = 'stopped'
         WHERE id = %s AND incarnation = %s AND live_state = 'up'
        """,
        worker_id,
        incarnation,
    )


def beats(db: Database) -> tuple[float, dict[int, int]]:
    """The database's time in seconds, and how often each worker that is up has beaten: who stands still is silent."""
    rows = db.rows(
        """
        SELECT extract(epoch FROM cluster_time())::float8, w.id, w.beat
          FROM (SELECT) one LEFT JOIN workers w ON w.live_state = 'up'
        """
    )
    return rows[0][0], {row[1]: row[2] for row in rows if row[1] is not None}


def silence(db: Database, term: int, seen: dict[int, int]) -> list[str]:
    """up → silent for those of *seen* (worker → beat) whose beat has not moved since; their names.

    Raises Moved when the term is over.
    """
    return [
        row[0]
        for row in db.rows(
            """
            WITH standing AS MATERIALIZED (
                SELECT w.id FROM unnest(%s::int[], %s::bigint[]) seen(id, beat) JOIN workers w USING (id)
                 WHERE w.beat = seen.beat AND w.live_state = 'up'
                 ORDER BY w.id FOR NO KEY UPDATE OF w
            )
            UPDATE workers w SET live_state = 'silent', live_reason = 'no heartbeat'
              FROM standing WHERE (SELECT lead_as(%s)) AND w.id = standing.id RETURNING w.name
            """,
            list(seen),
            list(seen.values()),
            term,
        )
    ]


def could_hold(db: Database, request: Resources, labels: dict[str, str], name: str | None) -> bool:
    """Whether some registered worker could hold the request when empty; True while there is no worker at all."""
    return bool(
        db.value(
            """
            SELECT count(*) = 0 OR bool_or(
                       cpu_milli >= %s AND memory_mb >= %s AND gpus >= %s AND labels @> %s::jsonb
                       AND (%s::text IS NULL OR name = %s))
              FROM workers WHERE live_state <> 'lost'
            """,
            request.cpu_milli,
            request.memory_mb,
            request.gpus,
            msgspec.json.encode(labels).decode(),
            name,
            name,
        )
    )


def read(db: Database, name: str | None = None) -> list[WorkerPicture]:
    """All workers, or the one, by name. What a silent worker uses is unknown, not what it last said."""
    rows = db.rows(
        """
        SELECT w.name, w.hostname, w.registered_at, w.last_heartbeat_at, w.admin_state, w.live_state, w.live_reason,
               w.incarnation, extract(epoch FROM cluster_time() - w.last_heartbeat_at)::float8,
               w.cpu_milli, w.reserved_milli, w.allocated_milli,
               CASE WHEN w.live_state = 'up' THEN w.used_milli END,
               w.memory_mb, w.reserved_memory_mb, w.allocated_memory_mb,
               CASE WHEN w.live_state = 'up' THEN w.used_memory_mb END,
               w.gpus, w.reserved_gpus, w.allocated_gpus, coalesce(held.jobs, 0), coalesce(held.services, 0), w.load1,
               w.labels, w.version
          FROM workers w
          LEFT JOIN (SELECT a.worker_id, count(*) AS jobs, count(*) FILTER (WHERE j.kind = 'service') AS services
                       FROM allocations a JOIN jobs j ON j.id = a.job_id WHERE a.live GROUP BY a.worker_id) held
                 ON held.worker_id = w.id
         WHERE %(name)s::text IS NULL OR w.name = %(name)s
         ORDER BY w.name
        """,
        name=name,
    )
    return [read_worker(row) for row in rows]


def read_worker(row: Sequence[Any]) -> WorkerPicture:
    """A WorkerPicture from read's columns."""
    return WorkerPicture(
        name=row[0], hostname=row[1], registered_at=row[2], last_heartbeat_at=row[3], admin_state=row[4],
        live_state=row[5], live_reason=row[6], incarnation=row[7], heartbeat_age_s=round(row[8], 3),
        cpus=Amounts(
            total=row[9] / 1000, reserved=row[10] / 1000, allocated=row[11] / 1000,
            used=None if row[12] is None else row[12] / 1000,
        ),
        memory_mb=Amounts(total=row[13], reserved=row[14], allocated=row[15], used=row[16]),
        gpus=Amounts(total=row[17], reserved=row[18], allocated=row[19]),
        jobs=row[20], services=row[21], load1=row[22], labels=row[23], version=row[24],
    )  # fmt: skip
