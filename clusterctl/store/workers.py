"""Workers: registration, the beat, and silence. What operators do to them: ``administration``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import msgspec

from clusterctl.model.errors import Moved, NameTaken, Superseded
from clusterctl.model.liveness import Pulse
from clusterctl.model.orders import Holding
from clusterctl.model.registration import Measures, Registered, Registration, Synced
from clusterctl.model.states import AdminState, AllocationStatus, LiveState, Outcome
from clusterctl.store.connection import Database

# How a beat commits: as the transaction around it does; or, where it is its own, without waiting for the disk if the
# worker is heard anyway. A beat that ends a silence must not be forgotten: through a crash of Postgres the leader goes
# on with the silence that it has counted, while the agent has renewed its leases.
AS_OTHERS: LiteralString = "commit AS (SELECT)"
LAZILY_IF_HEARD: LiteralString = """
    commit AS MATERIALIZED (
        SELECT set_config('synchronous_commit',
                          CASE live_state WHEN 'up' THEN 'off' ELSE current_setting('synchronous_commit') END, true)
          FROM workers WHERE id = %(worker)s)"""


def register(db: Database, registration: Registration) -> Registered:
    """Become the next incarnation of this worker; every write of an older one is refused from now on.

    The same agent on the same machine is let in at once, whatever the cluster believes about it. Raises NameTaken if
    another holds the name and is up, or still has live allocations (its counters tell: they are in the locked row,
    while a look at the allocations could be older than it).

    Of the same agent from another boot of that machine nothing runs any more, unless it is a clone of it, spool and
    all: so it is let in once the leader has found the worker silent, or it has signed off. Raises Moved until then. The
    age of the last beat does not count: after an outage of Postgres it is great for everybody, the original too.
    """
    found = db.nouns(
        Registered,
        """
        INSERT INTO workers AS w (name, agent_id, machine_id, boot_id, hostname, version, spool, agent_labels,
                                  logs_url, logs_token, cpu_milli, memory_mb, gpus)
        VALUES (%(name)s, %(agent)s, %(machine)s, %(boot)s, %(hostname)s, %(version)s, %(spool)s, %(labels)s::jsonb,
                %(logs_url)s, %(logs_token)s, %(cpu)s, %(memory)s, %(gpus)s)
        ON CONFLICT (name) DO UPDATE
           SET incarnation = w.incarnation + 1,
               booted_as = CASE WHEN w.boot_id = excluded.boot_id THEN w.booted_as ELSE w.incarnation + 1 END,
               agent_id = excluded.agent_id, machine_id = excluded.machine_id,
               boot_id = excluded.boot_id, hostname = excluded.hostname, version = excluded.version,
               spool = excluded.spool, agent_labels = excluded.agent_labels,
               logs_url = excluded.logs_url, logs_token = excluded.logs_token,
               live_state = 'up', live_reason = '', trouble = '', forgotten_at = NULL,
               cpu_milli = greatest(excluded.cpu_milli, w.reserved_milli + w.allocated_milli),
               memory_mb = greatest(excluded.memory_mb, w.reserved_memory_mb + w.allocated_memory_mb),
               gpus = greatest(excluded.gpus, w.reserved_gpus + w.allocated_gpus),
               beat = w.beat + 1, registered_at = cluster_time(), last_heartbeat_at = cluster_time()
         WHERE ((w.agent_id, w.machine_id) = (excluded.agent_id, excluded.machine_id)
                AND (w.boot_id = excluded.boot_id OR w.live_state <> 'up'))
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
        logs_url=registration.logs_url,
        logs_token=registration.logs_token,
        cpu=registration.capacity.cpu_milli,
        memory=registration.capacity.memory_mb,
        gpus=registration.capacity.gpus,
    )
    if not found and is_known(db, registration):
        raise Moved(f"worker {registration.name} is still heard from before its machine was started anew")
    if not found:
        raise NameTaken(
            f"another agent is already the worker {registration.name!r}",
            "choose another --name, or wait until that worker is lost and empty",
        )
    return found[0]


def is_known(db: Database, registration: Registration) -> bool:
    """Whether the worker of that name is this agent on this machine."""
    return bool(
        db.value(
            "SELECT (agent_id, machine_id) = (%s::uuid, %s) FROM workers WHERE name = %s",
            registration.agent_id,
            registration.machine_id,
            registration.name,
        )
    )


def sync(
    db: Database,
    worker_id: int,
    incarnation: int,
    measures: Measures | None,
    trouble: str = "",
    *,
    alone: bool = False,
) -> Synced:
    """One beat: say that we live, what we use and what troubles us, and hear what we hold.

    While *trouble* is not empty the worker gets no new work. *alone*: not within a transaction. Then it does not wait
    for the disk, unless we were silent: what a crash of Postgres forgets of it the next beat says again.

    Raises Superseded when we are no longer this worker's incarnation, or were declared lost: register again.
    """
    rows = db.rows(
        f"""
        WITH {LAZILY_IF_HEARD if alone else AS_OTHERS}, me AS (
            UPDATE workers
               SET beat = beat + 1, last_heartbeat_at = cluster_time(), live_state = 'up', live_reason = '',
                   trouble = %(trouble)s, used_milli = coalesce(%(used)s, used_milli),
                   used_memory_mb = coalesce(%(memory)s, used_memory_mb),
                   load1 = coalesce(%(load)s, load1),
                   measured_at = coalesce(cluster_time() - %(age)s * interval '1 s', measured_at)
              FROM commit WHERE id = %(worker)s AND incarnation = %(incarnation)s AND live_state <> 'lost'
            RETURNING id, admin_state, booted_as
        )
        SELECT me.admin_state, a.id, a.job_id, a.status, a.start_token::text, a.stop_outcome,
               coalesce(a.incarnation < me.booted_as, false), a.generation
          FROM me LEFT JOIN allocations a ON a.worker_id = me.id AND a.live
         ORDER BY a.id
        """,
        worker=worker_id,
        incarnation=incarnation,
        trouble=trouble,
        used=None if measures is None else measures.used_milli,
        memory=None if measures is None else measures.memory_mb,
        load=None if measures is None else measures.load1,
        age=None if measures is None else measures.age_s,
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
        rebooted=row[6],
        generation=row[7],
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


def sign_off_agent(db: Database, agent: Registration) -> None:
    """As ``sign_off``, of whatever incarnation of this agent: for one that does not know which is the last."""
    db.run(
        """
        UPDATE workers SET live_state = 'silent', live_reason = 'stopped'
         WHERE name = %s AND (agent_id, machine_id, boot_id) = (%s::uuid, %s, %s) AND live_state = 'up'
        """,
        *(agent.name, agent.agent_id, agent.machine_id, agent.boot_id),
    )


def pulses(db: Database) -> tuple[float, list[Pulse]]:
    """The database's time in seconds, and the sign of life of every worker that is not lost."""
    rows = db.rows(
        """
        SELECT extract(epoch FROM cluster_time())::float8, w.id, w.name, w.beat, w.live_state,
               w.live_reason = 'stopped', w.reserved_milli + w.allocated_milli > 0,
               coalesce(w.drain_by <= cluster_time(), false)
          FROM (SELECT) one LEFT JOIN workers w ON w.live_state <> 'lost'
        """
    )
    return rows[0][0], [read_pulse(row[1:]) for row in rows if row[1] is not None]


def read_pulse(row: Sequence[Any]) -> Pulse:
    """A Pulse from pulses' columns."""
    return Pulse(
        worker_id=row[0],
        name=row[1],
        beat=row[2],
        live_state=LiveState(row[3]),
        stopped=row[4],
        holds=row[5],
        overstays=row[5] and row[6],
    )


def silence(db: Database, term: int, seen: Mapping[int, int]) -> list[str]:
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
