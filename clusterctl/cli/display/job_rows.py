"""Jobs as rows of a listing."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from clusterctl.cli.display.ages import span
from clusterctl.cli.display.colours import STATES
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import JobPicture
from clusterctl.units import about_memory, format_age, format_cpus

HALTED = ("held", "running")  # a replica that is being stopped, to be held


def state_of(job: JobPicture) -> Cell:
    """The state; of a job that is being stopped, to end or to run again, that."""
    return Cell("stopping" if is_stopping(job) else job.state, STATES.get(job.state))


def is_stopping(job: JobPicture) -> bool:
    """Whether its agent has been asked to stop it."""
    if job.finished_at is not None:
        return False
    return job.cancel_requested_at is not None or job.reason == "requeued" or (job.reason, job.state) == HALTED


def reason_of(job: JobPicture) -> str:
    """Why it is where it is, in a word; of a process that ended, how; of a replica that runs, how it fares."""
    if job.service and job.state == "running" and job.reason in (None, "resting"):
        return doing(job)
    if job.reason != "exited":
        return job.reason or "-"
    return f"signal {job.signal}" if job.signal else f"exit {job.exit_code}" if job.exit_code else "-"


def doing(job: JobPicture) -> str:
    """What a replica does just now: ``ready``, ``unready``, ``restarts in 4s: exit code 1``; of others the reason."""
    replica = job.service
    if replica is None or job.state != "running" or job.reason not in (None, "resting", "starting", "unready"):
        return job.reason or "-"
    if replica.ready_at is not None:
        return "ready"
    if replica.resting_until is None:
        return "unready" if job.reason == "unready" else "starting"
    rest = max(0.0, (replica.resting_until - datetime.now(UTC)).total_seconds())
    return f"restarts in {format_age(rest)}" + (f": {replica.last_exit}" if replica.last_exit else "")


def why_ended(job: JobPicture) -> str:
    """The reason in a word, and in a sentence if there is one; of a process that ended by itself, how."""
    word = reason_of(job)
    return ": ".join(part for part in ("" if word in ("-", job.state) else word, job.detail) if part)


def name_of(job: JobPicture) -> str:
    """The name; of one of an array with its index."""
    return job.name if job.array_index is None else f"{job.name}[{job.array_index}]"


def runtime(job: JobPicture) -> str:
    """How long its newest attempt has run, or ran."""
    return span(job.started_at, job.finished_at) if job.state != "pending" else "-"


def tries(job: JobPicture) -> str:
    """Which attempt of how many; what costs none of them, such as a requeue, may have made them more."""
    return f"{job.attempt}/{job.max_attempts}" if job.attempt <= job.max_attempts else str(job.attempt)


def memory_of(job: JobPicture) -> str:
    """What it reserves."""
    return about_memory(job.memory_mb) if job.memory_mb else "-"


COLUMNS: list[Column[JobPicture]] = [
    Column("ID", lambda job: str(job.id), right=True),
    Column("NAME", name_of, least=8),
    Column("STATE", state_of),
    Column("REASON", reason_of, least=7, spare=True),
    Column("TENANT", lambda job: job.tenant, least=5, spare=True),
    Column("USER", lambda job: job.user, wide=True),
    Column("PRIO", lambda job: str(job.priority), right=True, wide=True),
    Column("CPUS", lambda job: format_cpus(round(job.cpus * 1000)), right=True),
    Column("MEM", memory_of, right=True, spare=True),
    Column("GPUS", lambda job: str(job.gpus), right=True, wide=True),
    Column("WORKER", lambda job: job.worker or "-", least=5, spare=True),
    Column("TRY", tries, right=True, spare=True),
    Column("AGE", lambda job: span(job.submitted_at), right=True),
    Column("RAN", runtime, right=True, spare=True),
    Column("COMMAND", lambda job: shlex.join(job.command), wide=True),
]
FIELDS = (
    "id name kind state reason tenant user priority cpus memory_mb gpus worker attempt max_attempts time_limit_s"
    " array_id array_index command submitted_at scheduled_at started_at finished_at exit_code signal detail labels"
    " usage.cpus usage.memory_mb usage.memory_peak_mb deadline"
)
# Of these Postgres makes what they are; see store/job_filters.py.
SPANS = {"age": ("submitted_at", ""), "wait": ("submitted_at", "started_at"), "ran": ("started_at", "finished_at")}


def plain_job(job: JobPicture) -> dict[str, object]:
    """A job as data."""
    plain: dict[str, object] = plain_of(job)
    return plain


JOBS: Listing[JobPicture] = Listing(
    "jobs", COLUMNS, plain_job, FIELDS, "id", JobPicture, SPANS, searched="id name command"
)
