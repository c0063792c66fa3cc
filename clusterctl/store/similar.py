"""Jobs that are like others and have ended: how long they ran, and how long they waited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

import msgspec

from clusterctl.model.explanation import Likeness, Quantiles, Similar
from clusterctl.model.spec import Submission
from clusterctl.store.connection import Database

RECENT = 5000  # jobs that ended last: what is not among them is forgotten, so that a long past costs nothing
NEWEST = 100  # of each kind
LEAST = 3  # of a kind, or nothing is said

# What two jobs must have in common, the strongest first; j is a job, s its submission.
KEYS: dict[Likeness, LiteralString] = {
    "name": """(j.tenant, j."user", j.name)::text""",
    "command": """(s.spec->>'command') || coalesce(s.script, '')""",
    "request": "(j.cpu_milli, j.memory_mb, j.gpus)::text",
}


def read(db: Database, ids: Sequence[int], unborn: Submission | None = None) -> dict[int, Similar]:
    """What is known of jobs like each of *ids*, alike in the strongest way that tells anything.

    The key 0 stands for *unborn*, a submission of which there is no job yet. Jobs without any like them are left out.
    """
    found: dict[int, Similar] = {}
    for alike in KEYS:
        left = [id for id in ids if id not in found]
        if left or (unborn is not None and 0 not in found):
            found = read_alike(db, left, alike, unborn) | found
    return found


def read_alike(db: Database, ids: Sequence[int], alike: Likeness, unborn: Submission | None) -> dict[int, Similar]:
    """The same for one kind of likeness. Only batch jobs that ended by themselves or at their limit count."""
    rows = db.rows(
        """
        WITH recent AS MATERIALIZED (
            SELECT """
        + KEYS[alike]
        + """ AS key, extract(epoch FROM j.finished_at - j.started_at)::float8 AS ran,
                   extract(epoch FROM j.started_at - j.submitted_at)::float8 AS waited, j.finished_at
              FROM (SELECT * FROM jobs WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT %(recent)s) j
              LEFT JOIN submissions s ON s.id = j.submission_id
             WHERE j.kind = 'batch' AND j.state IN ('completed', 'failed', 'timeout') AND j.started_at IS NOT NULL
        ), newest AS (
            SELECT *, row_number() OVER (PARTITION BY key ORDER BY finished_at DESC) AS number FROM recent
        ), kinds AS MATERIALIZED (
            SELECT key, count(*) AS jobs, percentile_disc(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY ran) AS ran,
                   percentile_disc(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY waited) AS waited
              FROM newest WHERE number <= %(newest)s GROUP BY key HAVING count(*) >= %(least)s
        ), asked AS (
            SELECT j.id, """
        + KEYS[alike]
        + """ AS key FROM jobs j LEFT JOIN submissions s ON s.id = j.submission_id WHERE j.id = ANY (%(ids)s::bigint[])
            UNION ALL
            SELECT 0, """
        + KEYS[alike]
        + """
              FROM json_to_record(%(job)s::json)
                   j(tenant text, "user" text, name text, cpu_milli int, memory_mb int, gpus int)
             CROSS JOIN json_to_record(%(submission)s::json) s(spec json, script text)
             WHERE %(job)s::json IS NOT NULL
        )
        SELECT asked.id, kinds.jobs, kinds.ran, kinds.waited FROM asked JOIN kinds USING (key)
        """,
        recent=RECENT,
        newest=NEWEST,
        least=LEAST,
        ids=f"{{{','.join(map(str, ids))}}}",  # thousands: the driver takes ten times as long to spell a list
        job=None if unborn is None else as_job(unborn),
        submission=None if unborn is None else as_submission(unborn),
    )
    return {
        id: Similar(count=jobs, alike=alike, run_s=Quantiles(*ran), wait_s=Quantiles(*waited))
        for id, jobs, ran, waited in rows
    }


def as_job(unborn: Submission) -> str:
    """The columns of a row of ``jobs`` that KEYS look at, as JSON."""
    words = {"tenant": unborn.tenant, "user": unborn.user, "name": unborn.name}
    return msgspec.json.encode({**words, **msgspec.to_builtins(unborn.request)}).decode()


def as_submission(unborn: Submission) -> str:
    """The same of ``submissions``."""
    spec = msgspec.structs.replace(unborn.spec, script=None)
    return msgspec.json.encode({"spec": spec, "script": unborn.spec.script}).decode()
