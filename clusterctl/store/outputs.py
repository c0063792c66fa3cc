"""Where attempts left their output, and who serves it."""

from __future__ import annotations

from collections.abc import Sequence

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


def facts(db: Database, job_id: int, attempt: int | None) -> Facts | None:
    """Of the newest attempt at *job_id* that was started, or of that one; None if there is none."""
    row = db.row(
        """
        SELECT a.attempt, a.id, a.status = 'released', w.name, w.live_state, w.live_reason, w.hostname, w.machine_id,
               w.spool, w.logs_url, w.logs_token, j.name, j."user", j.array_id, j.array_index,
               s.spec::text
          FROM jobs j JOIN submissions s ON s.id = j.submission_id
          JOIN allocations a ON a.job_id = j.id JOIN workers w ON w.id = a.worker_id
         WHERE j.id = %(job)s AND a.start_token IS NOT NULL AND (%(attempt)s::int IS NULL OR a.attempt = %(attempt)s)
         ORDER BY a.attempt DESC LIMIT 1
        """,
        job=job_id,
        attempt=attempt,
    )
    if row is None:
        return None
    *plain, spec = row
    known = dict(zip(Facts.__struct_fields__, plain, strict=False))
    return Facts(**known, spec=msgspec.json.decode(spec, type=Spec))


def spools(db: Database, machine_id: str) -> list[str]:
    """The directories in which workers of that machine keep output."""
    return [
        row[0]
        for row in db.rows("SELECT DISTINCT spool FROM workers WHERE machine_id = %s AND spool <> ''", machine_id)
    ]


def standing(db: Database, job_ids: Sequence[int]) -> list[int]:
    """Those of *job_ids* that have not ended."""
    return [row[0] for row in db.rows("SELECT id FROM jobs WHERE live AND id = ANY (%s)", list(job_ids))]
