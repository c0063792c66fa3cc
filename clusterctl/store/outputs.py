"""Where attempts left their output, and who serves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterctl.model.spec import Spec
from clusterctl.store.connection import Database


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to find an attempt's output: see views.output."""

    attempt: int
    allocation_id: int
    ended: bool
    worker: str
    live_state: str
    live_reason: str
    hostname: str
    machine_id: str
    spool: str
    logs_url: str
    logs_token: str
    name: str
    user: str
    array_id: int | None
    array_index: int | None
    spec: Spec


def facts(db: Database, job_ids: Sequence[int], attempt: int | None = None) -> dict[int, Facts]:
    """Of the newest attempt at each of these jobs that was started, or of that one; a job without it is left out."""
    rows = db.rows(
        """
        SELECT j.id, a.attempt, a.id, a.status = 'released', w.name, w.live_state, w.live_reason,
               w.hostname, w.machine_id, w.spool, w.logs_url, w.logs_token, j.name, j."user", j.array_id, j.array_index,
               s.spec::text
          FROM unnest(%(jobs)s::bigint[]) n(id)
         CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = n.id OFFSET 0) j
         CROSS JOIN LATERAL (
               SELECT * FROM (SELECT * FROM allocations WHERE job_id = n.id OFFSET 0) its
                WHERE start_token IS NOT NULL AND (%(attempt)s::int IS NULL OR attempt = %(attempt)s)
                ORDER BY attempt DESC LIMIT 1) a
         CROSS JOIN LATERAL (SELECT * FROM submissions WHERE id = j.submission_id OFFSET 0) s
          JOIN workers w ON w.id = a.worker_id
        """,
        jobs=list(job_ids),
        attempt=attempt,
    )
    return {row[0]: read_facts(row[1:]) for row in rows}


def read_facts(row: Sequence[Any]) -> Facts:
    """Facts from these columns."""
    *plain, spec = row
    known = dict(zip(Facts.__struct_fields__, plain, strict=False))
    return Facts(**known, spec=msgspec.json.decode(spec, type=Spec))


def spools(db: Database, machine_id: str) -> dict[str, list[str]]:
    """The directories in which workers of that machine keep output, with the workers of each."""
    return dict(
        db.rows(
            """
            SELECT spool, array_agg(name ORDER BY name) FROM workers
             WHERE machine_id = %s AND spool <> '' GROUP BY spool ORDER BY spool
            """,
            machine_id,
        )
    )


def standing(db: Database, job_ids: Sequence[int]) -> list[int]:
    """Those of *job_ids* that have not ended."""
    return [row[0] for row in db.rows("SELECT id FROM jobs WHERE live AND id = ANY (%s)", list(job_ids))]
