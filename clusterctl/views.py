"""The operator's pictures: the same nouns for the command line, the API and the console. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.model.errors import NotFound, Outage, Refused
from clusterctl.model.findings import Examination, Finding, FindingCounts
from clusterctl.model.output import default_output
from clusterctl.model.pictures import (
    DatabasePicture,
    JobPicture,
    JobStory,
    OutputPicture,
    RedisPicture,
    StatusPicture,
    WorkerPicture,
    WorkerStory,
)
from clusterctl.model.spec import Spec, expand_pattern
from clusterctl.model.states import TERMINAL
from clusterctl.store import choice, jobs, migrations, totals, worker_rows
from clusterctl.store.jobs import Selection
from clusterctl.text import masked


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen jobs, and what the limit cut off."""

    jobs: tuple[JobPicture, ...]
    more: int  # how many the limit cut off


def queue(cluster: Cluster, selection: Selection, limit: int = 500) -> JobList:
    """Jobs: those that run, those that wait, those that ended, newest last of each."""
    found = jobs.read(cluster.db, selection, limit + 1)
    more = choice.count(cluster.db, selection) - limit if len(found) > limit else 0
    return JobList(jobs=tuple(found[:limit]), more=max(more, 0))


def job_ids(cluster: Cluster, selection: Selection, limit: int = 100_000) -> list[int]:
    """The numbers of the chosen jobs, ascending."""
    return choice.ids(cluster.db, selection, limit)


def last_id(cluster: Cluster, user: str) -> int:
    """The newest job that *user* submitted. Raises NotFound."""
    found = jobs.last_id(cluster.db, user)
    if found is None:
        raise NotFound(f"{user} has submitted no job yet")
    return found


def exit_code(cluster: Cluster, ids: Sequence[int]) -> int:
    """With what a program that stands for these jobs should end, once all have ended: the highest of theirs."""
    return choice.exit_code(cluster.db, ids)


def job(cluster: Cluster, job_id: int) -> JobStory:
    """One job and all that is known about it. Raises NotFound."""
    found = jobs.read(cluster.db, Selection(ranges=((job_id, job_id),)), 1)
    told = jobs.story(cluster.db, job_id)
    if not found or told is None:
        raise NotFound(f"no job {job_id}", "`clusterctl jobs` lists them; ended ones are kept for keep_jobs")
    spec, after = told
    return JobStory(job=found[0], attempts=tuple(jobs.attempts(cluster.db, job_id)), after=tuple(after), spec=spec)


def progress(cluster: Cluster, ids: Sequence[int]) -> dict[str, int]:
    """How many of *ids* are in each state; unknown ids are in none."""
    return jobs.counts(cluster.db, ids)


def ended(counts: dict[str, int]) -> int:
    """How many of a ``progress`` have ended."""
    return sum(count for state, count in counts.items() if state in TERMINAL)


def worker_list(cluster: Cluster, name: str | None = None) -> list[WorkerPicture]:
    """All workers, or the one, with the life left in their Redis keys. Raises NotFound for an unknown name."""
    from clusterctl.live import heartbeats  # noqa: PLC0415 - see Cluster.redis

    found = workers_on_record(cluster, name)
    if name is not None and not found:
        raise NotFound(f"no worker {name!r}", "`clusterctl workers` lists them")
    ttls = heartbeats.ttls(cluster.redis, [worker.name for worker in found])
    return [msgspec.structs.replace(worker, heartbeat_ttl_s=ttls.get(worker.name)) for worker in found]


def worker(cluster: Cluster, name: str) -> WorkerStory:
    """One worker and what it holds. Raises NotFound."""
    (found,) = worker_list(cluster, name)
    return WorkerStory(worker=found, holds=tuple(worker_rows.holdings(cluster.db, name)))


def workers_on_record(cluster: Cluster, name: str | None = None) -> list[WorkerPicture]:
    """The same as Postgres knows them, Redis unasked."""
    return worker_rows.read(cluster.db, name)


def status(cluster: Cluster) -> StatusPicture:
    """The health of the cluster; what cannot be reached is said, not raised. SchemaMismatch is raised."""
    redis = redis_picture(cluster)
    url = masked(cluster.settings.database_url)
    try:
        version = str(cluster.db.value("SHOW server_version"))
        schema = migrations.check(cluster.db)
        sums = totals.read(cluster.db)
        counts = jobs.counts(cluster.db)
        findings = count_findings(cluster)
    except Outage as outage:
        return StatusPicture(database=DatabasePicture(url=url, up=False, trouble=str(outage)), redis=redis)
    return StatusPicture(
        database=DatabasePicture(url=url, up=True, version=version.partition(" ")[0], schema=schema),
        redis=redis,
        leader=sums.leader,
        workers=sums.workers,
        cpus=sums.cpus,
        allocations=sums.allocations,
        jobs=counts,
        oldest_wait_s=sums.oldest_wait_s,
        findings=findings,
    )


def findings(cluster: Cluster, targets: Sequence[str] = ()) -> Examination:
    """What is wrong, with the evidence and a fix each; of *targets* only, if there are any.

    What cannot be reached is said, not raised. Raises BadInput and NotFound for targets that are none, SchemaMismatch.
    """
    from clusterctl.doctor import examination  # noqa: PLC0415 - it has many parts, and most commands need none
    from clusterctl.doctor import targets as meant  # noqa: PLC0415 - as above

    wanted = meant.parse(targets)
    return meant.narrow(cluster, examination.examine(cluster, wanted.codes), wanted)


def findings_left(cluster: Cluster, findings: Sequence[Finding]) -> list[Finding]:
    """Those of *findings* that are there still."""
    from clusterctl.doctor import examination  # noqa: PLC0415 - as above

    return examination.remaining(cluster, findings)


def finding_codes() -> list[tuple[str, str]]:
    """Every kind of finding: its code, and what it means."""
    from clusterctl.doctor import registry  # noqa: PLC0415 - as above

    return [(check.code, check.meaning) for check in registry.CHECKS]


def count_findings(cluster: Cluster) -> FindingCounts:
    """How many there are of each severity, of those that are cheap to look for."""
    from clusterctl.doctor import examination  # noqa: PLC0415 - as above

    return examination.count(cluster)


def check_schema(cluster: Cluster) -> int:
    """The schema's version. Raises SchemaMismatch, with what to do, if it is not the one that this program speaks."""
    return migrations.check(cluster.db)


def missing_migrations(cluster: Cluster) -> list[str]:
    """The names of the steps that the database lacks."""
    have = migrations.applied(cluster.db)
    migrations.refuse_strangers(have)
    return [step.name for step in migrations.known() if step.version not in have]


def redis_picture(cluster: Cluster) -> RedisPicture:
    """Whether Redis answers."""
    url = masked(cluster.settings.redis_url)
    try:
        cluster.redis.ping()
    except Outage as outage:
        return RedisPicture(url=url, up=False, trouble=str(outage))
    return RedisPicture(url=url, up=True)


def output(cluster: Cluster, job_id: int, *, attempt: int | None = None, stderr: bool = False) -> OutputPicture:
    """Where an attempt's output lies (the newest one's, unless told). Raises NotFound, and Refused before a start."""
    facts = jobs.output_facts(cluster.db, job_id, attempt)
    if facts is None:
        if attempt is None:
            state = job(cluster, job_id).job.state
            raise Refused(f"job {job_id} has not started yet, it is {state}", f"`clusterctl job {job_id}` says why")
        raise NotFound(f"job {job_id} has no attempt {attempt} that started")
    number, status, worker, hostname, spool, name, array_id, array_index, spec_json, _ = facts
    spec = msgspec.json.decode(spec_json, type=Spec)
    pattern = spec.stderr if stderr and spec.stderr else spec.stdout
    expanded = expand_pattern(pattern, job_id=job_id, array_id=array_id, array_index=array_index, name=name)
    path = Path(spec.cwd, expanded) if pattern else Path(spool, default_output(job_id, number))
    return OutputPicture(
        job_id=job_id,
        attempt=number,
        worker=worker,
        hostname=hostname,
        path=str(path),
        ended=status == "released",
    )
