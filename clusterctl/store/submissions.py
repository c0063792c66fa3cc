"""∅ → pending: taking a submission in, durably, once."""

from __future__ import annotations

import hashlib

import msgspec

from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.spec import Submission, Submitted
from clusterctl.store.connection import Database


def submit(db: Database, submission: Submission) -> Submitted:
    """Make the jobs; when this returns they are on disk.

    With a key it is safe to repeat: the same submission is answered with the same jobs (``existing``). Raises
    Refused when the key belongs to another submission, NotFound when a dependency names no job.
    """
    digest = hashlib.sha256(msgspec.json.encode(submission, order="sorted")).hexdigest()
    if submission.key is not None and (known := known_submission(db, submission, digest)):
        return known
    if made := insert_jobs(db, submission, digest):
        return answer(made, submission.indices is not None, existing=False)
    # Somebody else used the key between our two statements, or a parent is missing.
    if submission.key is not None and (known := known_submission(db, submission, digest)):
        return known
    raise refuse_dependencies(db, submission)


def known_submission(db: Database, submission: Submission, digest: str) -> Submitted | None:
    """What its key stands for already. Raises Refused if that is something else."""
    row = db.row("SELECT digest, first_job_id, jobs FROM submissions WHERE key = %s", submission.key)
    if row is None:
        return None
    if row[0] != digest:
        raise Refused(
            f"key {submission.key!r} was used for another submission", "use a new --key, or submit exactly the same"
        )
    return answer((row[1], row[2]), submission.indices is not None, existing=True)


def answer(made: tuple[int, int], array: bool, *, existing: bool) -> Submitted:
    """From (first id, how many) to the contiguous ids."""
    first, count = made
    return Submitted(ids=tuple(range(first, first + count)), array_id=first if array else None, existing=existing)


def insert_jobs(db: Database, submission: Submission, digest: str) -> tuple[int, int] | None:
    """The submission, its jobs and their dependencies. None if the key is taken or a parent does not exist.

    Parents are locked so that none ends between our look and our commit; ``tell_dependents`` does the rest.
    """
    indices = submission.indices
    after = list(dict.fromkeys(submission.after))  # said twice is said once
    request = submission.request
    row = db.row(
        """
        WITH parents AS MATERIALIZED (
            SELECT j.id, j.live, j.state, w.condition
              FROM unnest(%(parents)s::bigint[], %(conditions)s::text[]) w(id, condition) JOIN jobs j ON j.id = w.id
             ORDER BY j.id FOR SHARE OF j
        ), told AS (
            SELECT count(*) AS known, count(*) FILTER (WHERE live) AS unmet,
                   coalesce(bool_or(NOT live AND CASE condition WHEN 'any' THEN false
                       WHEN 'ok' THEN state <> 'completed' ELSE state = 'completed' END), false) AS never
              FROM parents
        ), submission AS (
            INSERT INTO submissions (key, digest, spec, script, tenant, "user", first_job_id, jobs)
            SELECT %(key)s, %(digest)s, %(spec)s, %(script)s, %(tenant)s, %(user)s, take_job_ids(%(count)s), %(count)s
              FROM told WHERE told.known = cardinality(%(parents)s::bigint[])
               AND set_config('synchronous_commit', 'on', true) = 'on'  -- the connection's may be off
            ON CONFLICT (key) DO NOTHING
            RETURNING id, first_job_id, jobs
        ), made AS (
            INSERT INTO jobs (id, submission_id, kind, name, tenant, "user", priority, cpu_milli, memory_mb, gpus,
                              labels, requested_worker, time_limit_s, array_id, array_index, array_limit, retries,
                              on_worker_loss, lease_s, unmet, state, reason, finished_at)
            SELECT s.first_job_id + i.n - 1, s.id, %(kind)s, %(name)s, %(tenant)s, %(user)s, %(priority)s, %(cpu)s,
                   %(memory)s, %(gpus)s, %(labels)s::jsonb, %(worker)s, %(time_limit)s,
                   CASE WHEN %(array)s THEN s.first_job_id END, i.index, %(array_limit)s, %(retries)s,
                   %(on_worker_loss)s, %(lease)s, told.unmet,
                   CASE WHEN told.never THEN 'cancelled' WHEN %(hold)s THEN 'held' ELSE 'pending' END,
                   CASE WHEN told.never THEN 'dependency_never' END,
                   CASE WHEN told.never THEN cluster_time() END
              FROM submission s, told, unnest(%(indices)s::int[]) WITH ORDINALITY i(index, n)
            RETURNING id
        ), edges AS (
            INSERT INTO dependencies (job_id, parent_id, condition)
            SELECT made.id, parents.id, parents.condition FROM made, parents
        )
        SELECT first_job_id, jobs FROM submission
        """,
        parents=[parent.job_id for parent in after],
        conditions=[parent.condition for parent in after],
        key=submission.key,
        digest=digest,
        spec=msgspec.json.encode(msgspec.structs.replace(submission.spec, script=None)).decode(),
        script=submission.spec.script,
        tenant=submission.tenant,
        user=submission.user,
        count=1 if indices is None else len(indices),
        kind=submission.kind,
        name=submission.name,
        priority=submission.priority,
        cpu=request.cpu_milli,
        memory=request.memory_mb,
        gpus=request.gpus,
        labels=msgspec.json.encode(submission.labels).decode(),
        worker=submission.worker,
        time_limit=submission.time_limit_s,
        array=indices is not None,
        indices=[None] if indices is None else list(indices),
        array_limit=submission.array_limit,
        retries=submission.retries,
        on_worker_loss=submission.on_worker_loss,
        lease=submission.lease_s,
        hold=submission.hold,
    )
    return None if row is None else (row[0], row[1])


def refuse_dependencies(db: Database, submission: Submission) -> NotFound:
    """Which of the named parents do not exist."""
    wanted = [after.job_id for after in submission.after]
    found = {row[0] for row in db.rows("SELECT id FROM jobs WHERE id = ANY(%s)", wanted)}
    missing = ", ".join(str(id) for id in wanted if id not in found)
    return NotFound(f"no such job to depend on: {missing}", "`clusterctl jobs` lists the jobs")
