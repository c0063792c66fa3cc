"""One job on a page: what it is, how it went, what it waits for."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

from clusterctl.cli.display import card, colours, table
from clusterctl.cli.display.ages import ago, now, span
from clusterctl.cli.display.job_rows import state_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import AttemptPicture, JobPicture, JobStory
from clusterctl.wording import jobs
from clusterctl.wording.moments import stamp
from clusterctl.wording.services import script_words


def show_card(story: JobStory, output: str) -> None:
    """Print all that is known about a job. *output*: where what it wrote lies, in words."""
    job = story.job
    card.draw(f"job {job.id}  {jobs.name_of(job)}", state_of(job), (*facts(story), ("output", output)))
    if story.attempts:
        sys.stdout.write("\n")
        table.draw(ATTEMPTS, story.attempts)


def facts(story: JobStory) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    job = story.job
    yield jobs.why_label(job), jobs.why(job, now())
    yield "more", f"`clusterctl explain {job.id}`" if job.state in ("held", "pending") else ""
    yield "waits for" if job.finished_at is None else "waited for", ", ".join(jobs.dependencies(story.after))
    yield "command", command(story)
    yield "in", story.spec.cwd
    yield "asks for", jobs.request(job)
    yield "deadline", jobs.deadline(job, now())
    yield "whose", f"{job.user or '-'}, tenant {job.tenant}, priority {job.priority}"
    yield "array", f"{job.array_id}, index {job.array_index}" if job.array_id is not None and not job.service else ""
    yield "service", jobs.replica_line(job, now())
    yield "line", story.array_line or ""
    yield "again of", f"job {story.again_of}" if story.again_of is not None else ""
    yield "again", ", ".join(f"job {id}" for id in story.again)
    yield "submitted", moment_line(job)
    yield from jobs.timeline(job)
    yield "uses" if job.finished_at is None else "used", jobs.usage(job)


def command(story: JobStory) -> str:
    """What runs; of a script, that it is one."""
    words = shlex.join(story.spec.command)
    return script_words(len(story.spec.script.splitlines()), words) if story.spec.script else words


def moment_line(job: JobPicture) -> str:
    """When it came."""
    return f"{stamp(job.submitted_at)}, {ago(job.submitted_at)}"


def end_of(attempt: AttemptPicture) -> Cell:
    """How an attempt ended, or that it has not."""
    like = "running" if attempt.released_at is None else "completed" if jobs.ended_well(attempt) else "failed"
    return Cell(jobs.attempt_end(attempt), colours.STATES[like])


ATTEMPTS: list[Column[AttemptPicture]] = [
    Column("TRY", lambda each: str(each.attempt), right=True),
    Column("WORKER", lambda each: each.worker, least=6),
    Column("ALLOCATION", lambda each: str(each.allocation_id), right=True),
    Column("STARTED", lambda each: ago(each.allocated_at)),
    Column("RAN", lambda each: span(each.allocated_at, each.released_at), right=True),
    Column("ENDED AS", end_of, least=8),
]
