"""One job on a page: what it is, how it went, what it waits for."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence

from clusterctl.cli.display import card, colours, table
from clusterctl.cli.display.ages import ago, now, span, stamp
from clusterctl.cli.display.job_rows import is_stopping, memory_of, name_of, reason_of, state_of
from clusterctl.cli.display.service_rows import script_words
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import AttemptPicture, DependencyPicture, JobPicture, JobStory
from clusterctl.units import about_memory, format_age, format_cpus, format_duration, format_numbers, parse_numbers

CONDITIONS = {"ok": "complete", "notok": "fail", "any": "end"}


def show_card(story: JobStory, output: str) -> None:
    """Print all that is known about a job. *output*: where what it wrote lies, in words."""
    job = story.job
    card.draw(f"job {job.id}  {name_of(job)}", state_of(job), (*facts(story), ("output", output)))
    if story.attempts:
        sys.stdout.write("\n")
        table.draw(ATTEMPTS, story.attempts)


def facts(story: JobStory) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    job = story.job
    yield why_label(job), why(job)
    yield "more", f"`clusterctl explain {job.id}`" if job.state in ("held", "pending") else ""
    yield "waits for" if job.finished_at is None else "waited for", ", ".join(dependencies(story.after))
    yield "command", command(story)
    yield "in", story.spec.cwd
    yield "asks for", request(job)
    yield "deadline", deadline(job)
    yield "whose", f"{job.user or '-'}, tenant {job.tenant}, priority {job.priority}"
    yield "array", f"{job.array_id}, index {job.array_index}" if job.array_id is not None and not job.service else ""
    yield "service", replica_line(job)
    yield "line", story.array_line or ""
    yield "again of", f"job {story.again_of}" if story.again_of is not None else ""
    yield "again", ", ".join(f"job {id}" for id in story.again)
    yield "submitted", moment_line(job)
    yield from timeline(job)
    yield "uses" if job.finished_at is None else "used", usage(job)


def why_label(job: JobPicture) -> str:
    """What the reason explains."""
    if job.finished_at is not None:
        return "ended"
    if is_stopping(job):
        return "stopping"
    if job.service and job.state == "running" and job.reason in (None, "resting", "starting", "unready"):
        return "fares"
    return "trouble" if job.state in ("scheduled", "running") else "waits"


def why(job: JobPicture) -> str:
    """The reason in a word, and in a sentence if there is one; of a replica that runs, the sentence alone."""
    word = "-" if job.service and job.state == "running" and job.detail else reason_of(job)
    if job.detail.startswith(f"{word} "):  # ``held by ada``
        return job.detail
    return ": ".join(part for part in ("" if word == "-" else word, job.detail) if part)


def replica_line(job: JobPicture) -> str:
    """Of which service it is one, and what of its process is worth a word."""
    if job.service is None:
        return ""
    parts = [f"{job.service.id}, replica {job.array_index}"]
    parts += [f"ready for {span(job.service.ready_at)}"] if job.service.ready_at else []
    parts += [f"restarted {job.service.restarts}×"] if job.service.restarts else []
    last = f"; its last end: {job.service.last_exit}" if job.service.last_exit else ""
    return ", ".join(parts) + last


def dependencies(parents: Sequence[DependencyPicture]) -> Iterator[str]:
    """What must become of other jobs first, and how those are; jobs that are alike together."""
    alike: dict[tuple[str, str], list[int]] = {}
    for parent in parents:
        alike.setdefault((parent.condition, parent.state or "pruned"), []).append(parent.job_id)
    for (condition, state), ids in alike.items():
        verb = CONDITIONS.get(condition, condition)
        which = format_numbers(parse_numbers(",".join(map(str, ids))))
        yield f"{which} that {'they' if len(ids) > 1 else 'it'} {verb}{'' if len(ids) > 1 else 's'} ({state})"


def command(story: JobStory) -> str:
    """What runs; of a script, that it is one."""
    words = shlex.join(story.spec.command)
    return script_words(len(story.spec.script.splitlines()), words) if story.spec.script else words


def request(job: JobPicture) -> str:
    """What the job was given or wants."""
    plural = "" if job.cpus == 1 else "s"
    parts = [f"{format_cpus(round(job.cpus * 1000))} CPU{plural}", f"{memory_of(job)} memory" if job.memory_mb else ""]
    parts.append(f"{job.gpus} GPU{'' if job.gpus == 1 else 's'}" if job.gpus else "")
    parts.append(f"at most {format_duration(job.time_limit_s)}" if job.time_limit_s else "")
    parts.append(f"{job.max_attempts} tries" if job.max_attempts > 1 else "")
    return ", ".join(part for part in parts if part)


def deadline(job: JobPicture) -> str:
    """By when it should have ended; and whether it is, or was, late."""
    if job.deadline is None:
        return ""
    late = ((job.finished_at or now()) - job.deadline).total_seconds()
    if job.reason == "deadline":
        aside = "given up"
    elif late > 0:
        aside = f"{format_age(late)} late"
    else:
        aside = "kept" if job.finished_at else f"in {format_age(-late)}"
    return f"{stamp(job.deadline)}, {aside}"


def moment_line(job: JobPicture) -> str:
    """When it came."""
    return f"{stamp(job.submitted_at)}, {ago(job.submitted_at)}"


def timeline(job: JobPicture) -> Iterator[tuple[str, str]]:
    """What happened when, and how long it took since the step before."""
    before = job.submitted_at
    for label, moment in (("scheduled", job.scheduled_at), ("started", job.started_at), ("finished", job.finished_at)):
        if moment is not None and moment >= before:
            yield (
                label,
                f"{stamp(moment)}, after {span(before, moment)}" + (f" on {job.worker}" if label == "started" else ""),
            )
            before = moment


def usage(job: JobPicture) -> str:
    """What was measured."""
    if job.usage is None:
        return ""
    used = job.usage
    parts = [
        f"{used.cpus:g} CPUs" if used.cpus is not None else "",
        f"{about_memory(used.memory_mb)} memory" if used.memory_mb is not None else "",
        f"peak {about_memory(used.memory_peak_mb)}" if used.memory_peak_mb else "",
        f"{used.processes} processes" if used.processes else "",
    ]
    return ", ".join(part for part in parts if part)


def end_of(attempt: AttemptPicture) -> Cell:
    """How an attempt ended, or that it has not."""
    if attempt.released_at is None:
        return Cell("runs" if attempt.allocated_at is not None else "starts", colours.STATES["running"])
    code = f" {attempt.exit_code}" if attempt.exit_code is not None else ""
    signal = f" by signal {attempt.signal}" if attempt.signal else ""
    good = attempt.release_reason == "exited" and attempt.exit_code == 0
    return Cell(f"{attempt.release_reason}{code}{signal}", colours.STATES["completed" if good else "failed"])


ATTEMPTS: list[Column[AttemptPicture]] = [
    Column("TRY", lambda each: str(each.attempt), right=True),
    Column("WORKER", lambda each: each.worker, least=6),
    Column("ALLOCATION", lambda each: str(each.allocation_id), right=True),
    Column("STARTED", lambda each: ago(each.allocated_at)),
    Column("RAN", lambda each: span(each.allocated_at, each.released_at), right=True),
    Column("ENDED AS", end_of, least=8),
]
