"""∅ → pending: taking submissions in, durably, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import msgspec

from clusterctl.model.errors import Moved, NotFound, Refused
from clusterctl.model.spec import Submission, Submitted, span_of
from clusterctl.store.connection import Database


def submit(db: Database, submission: Submission) -> Submitted:
    """Make the jobs; when this returns they are on disk.

    With a key it is safe to repeat: the same submission is answered with the same jobs (``existing``). Raises
    Refused when the key belongs to another submission, NotFound when a dependency names no job.
    """
    digests = [digest_of(submission)]
    # Made without asking first: hardly anybody repeats himself, and everybody would wait for the answer.
    if made := insert_jobs(db, [submission], digests):
        return answer(made[0], submission, existing=False)
    # The key is taken, or a parent is missing.
    if known := known_submissions(db, [submission], digests):
        return known[0]
    raise refusal(db, [submission])


def submit_many(db: Database, submissions: Sequence[Submission]) -> list[Submitted]:
    """Make the jobs of all, or of none; those whose key is known are answered with the jobs that it stands for.

    Raises as ``submit`` does, and Moved if somebody else used a key meanwhile: then nothing was made.
    """
    digests = [digest_of(each) for each in submissions]
    known = known_submissions(db, submissions, digests)
    new = [number for number in range(len(submissions)) if number not in known]
    with db.transaction():
        made = (
            insert_jobs(db, [submissions[number] for number in new], [digests[number] for number in new]) if new else []
        )
        if len(made) < len(new):
            raise refusal(db, submissions)
    fresh = {number: answer(each, submissions[number], existing=False) for number, each in zip(new, made, strict=True)}
    return [known.get(number) or fresh[number] for number in range(len(submissions))]


def digest_of(submission: Submission) -> str:
    """Equal for equal submissions."""
    import hashlib  # noqa: PLC0415 - 3 ms, and who asks through the door has no use for it

    return hashlib.sha256(msgspec.json.encode(submission, order="sorted")).hexdigest()


def known_submissions(
    db: Database, submissions: Sequence[Submission], digests: Sequence[str]
) -> Mapping[int, Submitted]:
    """Which of *submissions* have a key that stands for something already. Raises Refused if for something else."""
    numbers = {each.key: number for number, each in enumerate(submissions) if each.key is not None}
    if not numbers:
        return {}
    rows = db.rows("SELECT key, digest, first_job_id, jobs FROM submissions WHERE key = ANY (%s)", list(numbers))
    for key, digest, _, _ in rows:
        if digest != digests[numbers[key]]:
            raise Refused(f"key {key!r} was used for another submission", "use a new --key, or submit exactly the same")
    return {
        numbers[key]: answer((first, jobs), submissions[numbers[key]], existing=True) for key, _, first, jobs in rows
    }


def answer(made: tuple[int, int], submission: Submission, *, existing: bool) -> Submitted:
    """From (first id, how many) to the contiguous ids."""
    first, count = made
    array_id = None if submission.indices is None else first
    return Submitted(ids=tuple(range(first, first + count)), array_id=array_id, existing=existing)


def insert_jobs(db: Database, submissions: Sequence[Submission], digests: Sequence[str]) -> list[tuple[int, int]]:
    """The submissions, their jobs and their dependencies: (first id, how many) of each, in their order.

    Nothing, if a parent does not exist. Of those whose key is taken nothing is made: then the answer is shorter.
    Parents are locked so that none ends between our look and our commit; ``tell_dependents`` does the rest.
    """
    rows = db.rows(
        """
        WITH asked AS MATERIALIZED (
            SELECT * FROM ROWS FROM (
                unnest(%(priorities)s::int[], %(cpus)s::int[], %(memories)s::int[], %(gpus)s::int[],
                       %(time_limits)s::int[], %(array_limits)s::int[], %(retries)s::int[], %(leases)s::int[],
                       %(holds)s::bool[], %(arrays)s::bool[], %(counts)s::int[], %(skips)s::int[]),
                json_to_recordset(%(texts)s) AS (key text, digest text, spec json, script text, kind text, name text,
                    tenant text, "user" text, labels jsonb, worker text, on_worker_loss text, every_worker bool,
                    slo_p99_ms int, deadline_s float8, deadline_at float8)
            ) WITH ORDINALITY a(priority, cpu_milli, memory_mb, gpus, time_limit_s, array_limit, retries, lease_s, hold,
                                is_array, jobs, skip, key, digest, spec, script, kind, name, tenant, "user", labels,
                                worker, on_worker_loss, every_worker, slo_p99_ms, deadline_s, deadline_at, n)
        ), parents AS MATERIALIZED (
            SELECT id, live, state FROM jobs WHERE id = ANY (%(parents)s::bigint[]) ORDER BY id FOR SHARE
        ), edges AS MATERIALIZED (
            SELECT w.n, w.condition, p.id, p.live, p.state,
                   NOT p.live AND CASE w.condition WHEN 'any' THEN false
                       WHEN 'ok' THEN p.state <> 'completed' ELSE p.state = 'completed' END AS never
              FROM unnest(%(children)s::int[], %(wanted)s::bigint[], %(conditions)s::text[]) w(n, id, condition)
              JOIN parents p ON p.id = w.id
        ), told AS MATERIALIZED (
            SELECT n, count(*) FILTER (WHERE live) AS unmet, bool_or(never) AS never,
                   (array_agg('it comes after ' || id || ', which ended otherwise (' || state || ')' ORDER BY id)
                       FILTER (WHERE never))[1] AS why
              FROM edges GROUP BY n
        ), numbered AS MATERIALIZED (
            SELECT take_job_ids(%(total)s) AS first_id
             WHERE (SELECT count(*) FROM parents) = cardinality(%(parents)s::bigint[])
               AND set_config('synchronous_commit', 'on', true) = 'on'  -- the connection's may be off
        ), made AS (
            INSERT INTO submissions (key, digest, spec, script, tenant, "user", first_job_id, jobs)
            SELECT a.key, a.digest, a.spec, a.script, a.tenant, a."user", first_id + a.skip, a.jobs
              FROM asked a, numbered ORDER BY a.n
            ON CONFLICT (key) DO NOTHING
            RETURNING id, first_job_id, jobs
        ), served AS (  -- one whose replicas can never start has ended already
            INSERT INTO services (id, submission_id, name, every_worker, slo_p99_ms, ended_at)
            SELECT m.first_job_id, m.id, a.name, a.every_worker, a.slo_p99_ms, CASE WHEN t.never THEN cluster_time() END
              FROM asked a CROSS JOIN numbered JOIN made m ON m.first_job_id = first_id + a.skip
              LEFT JOIN told t ON t.n = a.n
             WHERE a.kind = 'service'
        ), born AS (
            INSERT INTO jobs (id, submission_id, kind, name, tenant, "user", priority, cpu_milli, memory_mb, gpus,
                              labels, requested_worker, time_limit_s, array_id, array_index, array_line, array_limit,
                              retries, on_worker_loss, lease_s, deadline, start_before, unmet, state, reason, detail,
                              finished_at)
            SELECT first_id + j.position - 1, m.id, a.kind, a.name, a.tenant, a."user", a.priority, a.cpu_milli,
                   a.memory_mb, a.gpus, a.labels, a.worker, a.time_limit_s,
                   CASE WHEN a.is_array THEN m.first_job_id END, j.index, j.line, a.array_limit, a.retries,
                   a.on_worker_loss, a.lease_s, d.at, d.at - coalesce(a.time_limit_s, 0) * interval '1 s',
                   coalesce(t.unmet, 0),
                   CASE WHEN t.never THEN 'cancelled' WHEN a.hold THEN 'held' ELSE 'pending' END,
                   CASE WHEN t.never THEN 'dependency_never' END, CASE WHEN t.never THEN t.why ELSE '' END,
                   CASE WHEN t.never THEN cluster_time() END
              FROM ROWS FROM (unnest(%(owners)s::int[], %(indices)s::int[]), json_array_elements_text(%(lines)s))
                       WITH ORDINALITY j(n, index, line, position)
             CROSS JOIN numbered
              JOIN asked a ON a.n = j.n
              JOIN made m ON m.first_job_id = first_id + a.skip
             CROSS JOIN LATERAL (
                   SELECT coalesce(cluster_time() + a.deadline_s * interval '1 s', to_timestamp(a.deadline_at)) AS at) d
              LEFT JOIN told t ON t.n = a.n
            RETURNING id, submission_id
        ), tied AS (
            INSERT INTO dependencies (job_id, parent_id, condition)
            SELECT born.id, e.id, e.condition
              FROM edges e CROSS JOIN numbered JOIN asked a ON a.n = e.n
              JOIN made m ON m.first_job_id = first_id + a.skip JOIN born ON born.submission_id = m.id
        )
        SELECT first_job_id, jobs FROM made ORDER BY first_job_id
        """,
        **columns(submissions, digests),
        **job_columns(submissions),
        **edge_columns(submissions),
    )
    return [(first, jobs) for first, jobs in rows]


def columns(submissions: Sequence[Submission], digests: Sequence[str]) -> dict[str, object]:
    """A list for each column of the submissions that is a number; and their texts as JSON, which has fewer escapes."""
    counts = [job_count(each) for each in submissions]
    return {
        "priorities": as_array(each.priority for each in submissions),
        "cpus": as_array(each.request.cpu_milli for each in submissions),
        "memories": as_array(each.request.memory_mb for each in submissions),
        "gpus": as_array(each.request.gpus for each in submissions),
        "time_limits": as_array(each.time_limit_s for each in submissions),
        "array_limits": as_array(each.array_limit for each in submissions),
        "retries": as_array(each.retries for each in submissions),
        "leases": as_array(each.lease_s for each in submissions),
        "holds": as_array(each.hold for each in submissions),
        "arrays": as_array(each.indices is not None for each in submissions),
        "counts": as_array(counts),
        "skips": as_array(total - count for total, count in zip(accumulate(counts), counts, strict=True)),
        "total": sum(counts),
        "texts": as_json([texts_of(each, digest) for each, digest in zip(submissions, digests, strict=True)]),
    }


def texts_of(submission: Submission, digest: str) -> dict[str, object]:
    """The columns of one that are text, or seldom there. The spec is without its script, and told of which array it is.

    A service is none: its replicas come and go.
    """
    span = None if submission.indices is None or submission.kind == "service" else span_of(submission.indices)
    return {
        "key": submission.key,
        "digest": digest,
        "spec": msgspec.structs.replace(submission.spec, script=None, array=span),
        "script": submission.spec.script,
        "kind": submission.kind,
        "name": submission.name,
        "tenant": submission.tenant,
        "user": submission.user,
        "labels": submission.labels,
        "worker": submission.worker,
        "on_worker_loss": submission.on_worker_loss,
        "every_worker": submission.every_worker,
        "slo_p99_ms": submission.slo_p99_ms,
        "deadline_s": submission.deadline_s,
        "deadline_at": submission.deadline_at,
    }


def job_columns(submissions: Sequence[Submission]) -> dict[str, object]:
    """A list for each column of the jobs, in the order of their ids: whose it is (from 1), its index, its line."""
    owners = [number for number, each in enumerate(submissions, 1) for _ in range(job_count(each))]
    indices = [index for each in submissions for index in (each.indices or (None,))]
    lines: list[str | None] = []  # what is shorter is filled up
    if any(each.lines is not None for each in submissions):
        lines = [line for each in submissions for line in each.lines or (None,) * job_count(each)]
    return {"owners": as_array(owners), "indices": as_array(indices), "lines": as_json(lines)}


def edge_columns(submissions: Sequence[Submission]) -> dict[str, object]:
    """Who (from 1) waits for which job, how; and all that are waited for. What is said twice is said once."""
    edges = dict.fromkeys(
        (number, after.job_id, after.condition) for number, each in enumerate(submissions, 1) for after in each.after
    )
    return {
        "children": [child for child, _, _ in edges],
        "wanted": [parent for _, parent, _ in edges],
        "conditions": [condition for _, _, condition in edges],
        "parents": sorted({parent for _, parent, _ in edges}),
    }


def job_count(submission: Submission) -> int:
    """How many jobs it makes."""
    return 1 if submission.indices is None else len(submission.indices)


def as_array(values: Iterable[int | None]) -> str:
    """Numbers, or truths, as Postgres writes an array of them: the driver takes ten times as long for ten thousand."""
    return "{" + ",".join(["NULL" if each is None else str(each) for each in values]) + "}"


def as_json(value: object) -> str:
    """As a parameter."""
    return msgspec.json.encode(value).decode()


def refusal(db: Database, submissions: Sequence[Submission]) -> NotFound | Moved:
    """Why not all were made: parents that do not exist, or else a key that somebody used meanwhile."""
    wanted = dict.fromkeys(after.job_id for each in submissions for after in each.after)
    found = {row[0] for row in db.rows("SELECT id FROM jobs WHERE id = ANY (%s)", list(wanted))}
    if missing := [str(id) for id in wanted if id not in found]:
        return NotFound(f"no such job to depend on: {', '.join(missing)}", "`clusterctl jobs` lists the jobs")
    return Moved("a key was used by somebody else")
