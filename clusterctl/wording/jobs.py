"""What is said of a job: what it is called, why it is where it is, what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from clusterctl.model.pictures import AttemptPicture, DependencyPicture, JobPicture
from clusterctl.units import about_memory, format_age, format_cpus, format_duration, format_numbers, parse_numbers
from clusterctl.wording.moments import span, stamp

HALTED = ("held", "running")  # a replica that is being stopped, to be held
CONDITIONS = {"ok": "complete", "notok": "fail", "any": "end"}
RUNS = (None, "resting", "starting", "unready")  # reasons of a replica that runs: how it fares


def name_of(job: JobPicture) -> str:
    """The name; of one of an array with its index."""
    return job.name if job.array_index is None else f"{job.name}[{job.array_index}]"


def state_of(job: JobPicture) -> str:
    """The state; of a job that is being stopped, to end or to run again, that."""
    return "stopping" if is_stopping(job) else job.state


def is_stopping(job: JobPicture) -> bool:
    """Whether its agent has been asked to stop it."""
    if job.finished_at is not None:
        return False
    return job.cancel_requested_at is not None or job.reason == "requeued" or (job.reason, job.state) == HALTED


def reason_of(job: JobPicture, now: datetime) -> str:
    """Why it is where it is, in a word; of a process that ended, how; of a replica that runs, how it fares."""
    if job.service and job.state == "running" and job.reason in (None, "resting"):
        return doing(job, now)
    if job.reason != "exited":
        return job.reason or "-"
    return f"signal {job.signal}" if job.signal else f"exit {job.exit_code}" if job.exit_code else "-"


def doing(job: JobPicture, now: datetime) -> str:
    """What a replica does just now: ``ready``, ``unready``, ``restarts in 4s: exit code 1``; of others the reason."""
    replica = job.service
    if replica is None or job.state != "running" or job.reason not in RUNS:
        return job.reason or "-"
    if replica.ready_at is not None:
        return "ready"
    if replica.resting_until is None:
        return "unready" if job.reason == "unready" else "starting"
    rest = max(0.0, (replica.resting_until - now).total_seconds())
    return f"restarts in {format_age(rest)}" + (f": {replica.last_exit}" if replica.last_exit else "")


def why_label(job: JobPicture) -> str:
    """What the reason explains."""
    if job.finished_at is not None:
        return "ended"
    if is_stopping(job):
        return "stopping"
    if job.service and job.state == "running" and job.reason in RUNS:
        return "fares"
    return "trouble" if job.state in ("scheduled", "running") else "waits"


def why(job: JobPicture, now: datetime) -> str:
    """The reason in a word, and in a sentence if there is one; of a replica that runs, the sentence alone."""
    word = "-" if job.service and job.state == "running" and job.detail else reason_of(job, now)
    if job.detail.startswith(f"{word} "):  # ``held by ada``
        return job.detail
    return ": ".join(part for part in ("" if word == "-" else word, job.detail) if part)


def why_ended(job: JobPicture, now: datetime) -> str:
    """The reason in a word, and in a sentence if there is one; of a process that ended by itself, how."""
    word = reason_of(job, now)
    return ": ".join(part for part in ("" if word in ("-", job.state) else word, job.detail) if part)


def replica_line(job: JobPicture, now: datetime) -> str:
    """Of which service it is one, and what of its process is worth a word."""
    if job.service is None:
        return ""
    parts = [f"{job.service.id}, replica {job.array_index}"]
    parts += [f"ready for {span(job.service.ready_at, now)}"] if job.service.ready_at else []
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


def runtime(job: JobPicture, now: datetime) -> str:
    """How long its newest attempt has run, or ran."""
    return span(job.started_at, job.finished_at or now) if job.state != "pending" else "-"


def tries(job: JobPicture) -> str:
    """Which attempt of how many; what costs none of them, such as a requeue, may have made them more."""
    return f"{job.attempt}/{job.max_attempts}" if job.attempt <= job.max_attempts else str(job.attempt)


def memory_of(job: JobPicture) -> str:
    """What it reserves."""
    return about_memory(job.memory_mb) if job.memory_mb else "-"


def request(job: JobPicture) -> str:
    """What the job was given or wants."""
    plural = "" if job.cpus == 1 else "s"
    parts = [f"{format_cpus(round(job.cpus * 1000))} CPU{plural}", f"{memory_of(job)} memory" if job.memory_mb else ""]
    parts.append(f"{job.gpus} GPU{'' if job.gpus == 1 else 's'}" if job.gpus else "")
    parts.append(f"at most {format_duration(job.time_limit_s)}" if job.time_limit_s else "")
    parts.append(f"{job.max_attempts} tries" if job.max_attempts > 1 else "")
    return ", ".join(part for part in parts if part)


def deadline(job: JobPicture, now: datetime) -> str:
    """By when it should have ended; and whether it is, or was, late."""
    if job.deadline is None:
        return ""
    late = ((job.finished_at or now) - job.deadline).total_seconds()
    if job.reason == "deadline":
        aside = "given up"
    elif late > 0:
        aside = f"{format_age(late)} late"
    else:
        aside = "kept" if job.finished_at else f"in {format_age(-late)}"
    return f"{stamp(job.deadline)}, {aside}"


def timeline(job: JobPicture) -> Iterator[tuple[str, str]]:
    """What happened when, and how long it took since the step before."""
    before = job.submitted_at
    for label, moment in (("scheduled", job.scheduled_at), ("started", job.started_at), ("finished", job.finished_at)):
        if moment is not None and moment >= before:
            where = f" on {job.worker}" if label == "started" else ""
            yield label, f"{stamp(moment)}, after {span(before, moment)}{where}"
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


def attempt_end(attempt: AttemptPicture) -> str:
    """How an attempt ended, or that it has not."""
    if attempt.released_at is None:
        return "runs" if attempt.allocated_at is not None else "starts"
    code = f" {attempt.exit_code}" if attempt.exit_code is not None else ""
    signal = f" by signal {attempt.signal}" if attempt.signal else ""
    return f"{attempt.release_reason}{code}{signal}"


def ended_well(attempt: AttemptPicture) -> bool:
    """Whether its process came to a good end."""
    return attempt.release_reason == "exited" and attempt.exit_code == 0
