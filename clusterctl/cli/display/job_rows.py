"""Jobs as rows of a listing."""

from __future__ import annotations

import shlex

from clusterctl.cli.display.ages import now, span
from clusterctl.cli.display.colours import STATES
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import JobPicture
from clusterctl.units import format_cpus
from clusterctl.wording import jobs
from clusterctl.wording.jobs import memory_of, name_of, tries


def state_of(job: JobPicture) -> Cell:
    """The state; of a job that is being stopped, to end or to run again, that."""
    return Cell(jobs.state_of(job), STATES.get(job.state))


COLUMNS: list[Column[JobPicture]] = [
    Column("ID", lambda job: str(job.id), right=True),
    Column("NAME", name_of, least=8),
    Column("STATE", state_of),
    Column("REASON", lambda job: jobs.reason_of(job, now()), least=7, spare=True),
    Column("TENANT", lambda job: job.tenant, least=5, spare=True),
    Column("USER", lambda job: job.user, wide=True),
    Column("PRIO", lambda job: str(job.priority), right=True, wide=True),
    Column("CPUS", lambda job: format_cpus(round(job.cpus * 1000)), right=True),
    Column("MEM", memory_of, right=True, spare=True),
    Column("GPUS", lambda job: str(job.gpus), right=True, wide=True),
    Column("WORKER", lambda job: job.worker or "-", least=5, spare=True),
    Column("TRY", tries, right=True, spare=True),
    Column("AGE", lambda job: span(job.submitted_at), right=True),
    Column("RAN", lambda job: jobs.runtime(job, now()), right=True, spare=True),
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
