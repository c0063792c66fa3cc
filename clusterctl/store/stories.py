"""What is known of some jobs besides their rows: their tries, what they were asked to do, what they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from clusterctl.model.pictures import AttemptPicture, DependencyPicture
from clusterctl.model.spec import Spec
from clusterctl.store.connection import Database

T = TypeVar("T")


class Asked(NamedTuple):
    """What a job was asked to do, and its line of the array's file."""

    spec: Spec
    array_line: str | None


def attempts(db: Database, ids: Sequence[int]) -> dict[int, list[AttemptPicture]]:
    """Every try at each of these jobs, oldest first; a job without any is left out."""
    rows = db.rows(
        """
        SELECT a.job_id, a.attempt, a.id, w.name, a.status, a.reserved_at, a.allocated_at, a.released_at,
               a.release_reason, a.exit_code, a.signal, a.detail, a.cpu_s, a.memory_peak_mb
          FROM unnest(%s::bigint[]) n(id)
         CROSS JOIN LATERAL (SELECT * FROM allocations WHERE job_id = n.id OFFSET 0) a
          JOIN workers w ON w.id = a.worker_id
         ORDER BY a.job_id, a.attempt
        """,
        list(ids),
    )
    fields = AttemptPicture.__struct_fields__
    return by_job((job_id, AttemptPicture(**dict(zip(fields, of, strict=True)))) for job_id, *of in rows)


def asked(db: Database, ids: Sequence[int]) -> dict[int, Asked]:
    """What each of these jobs was asked to do. What an array shares is sent once; who is not known is left out."""
    rows = db.rows(
        """
        WITH chosen AS MATERIALIZED (
            SELECT j.*, row_number() OVER (PARTITION BY j.submission_id ORDER BY j.id) = 1 AS is_first
              FROM unnest(%s::bigint[]) n(id)
             CROSS JOIN LATERAL (
                   SELECT id, submission_id, array_line FROM jobs WHERE id = n.id OFFSET 0) j
        )
        SELECT j.id, j.array_line, j.submission_id, s.spec::text, s.script
          FROM chosen j
          LEFT JOIN LATERAL (SELECT * FROM submissions WHERE id = j.submission_id OFFSET 0) s ON j.is_first
         ORDER BY j.id
        """,
        list(ids),
    )
    specs = {row[2]: read_spec(row[3], row[4]) for row in rows if row[3] is not None}
    return {row[0]: Asked(specs[row[2]], row[1]) for row in rows if row[2] in specs}


def read_spec(spec: str, script: str | None) -> Spec:
    """A Spec from the columns of its submission."""
    read = msgspec.json.decode(spec, type=Spec)
    return read if script is None else msgspec.structs.replace(read, script=script)


def parents(db: Database, ids: Sequence[int]) -> dict[int, list[DependencyPicture]]:
    """The jobs that each of these waits for, or waited; one that waits for none is left out."""
    rows = db.rows(
        """
        SELECT d.job_id, d.parent_id, d.condition, p.state
          FROM unnest(%s::bigint[]) n(id)
         CROSS JOIN LATERAL (SELECT * FROM dependencies WHERE job_id = n.id OFFSET 0) d
          LEFT JOIN LATERAL (SELECT state FROM jobs WHERE id = d.parent_id OFFSET 0) p ON true
         ORDER BY d.job_id, d.parent_id
        """,
        list(ids),
    )
    return by_job((row[0], DependencyPicture(job_id=row[1], condition=row[2], state=row[3])) for row in rows)


def by_job(pairs: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    """What belongs to each job."""
    found: dict[int, list[T]] = {}
    for job_id, each in pairs:
        found.setdefault(job_id, []).append(each)
    return found
