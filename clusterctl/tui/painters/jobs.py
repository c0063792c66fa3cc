"""Jobs as rows: how far each is, how long it has waited or run, and why it is where it is."""

from __future__ import annotations

from collections.abc import Mapping

from clusterctl.model.pictures import JobPicture
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.table.columns import Column
from clusterctl.units import format_age, format_cpus
from clusterctl.wording import jobs as words
from clusterctl.wording.moments import span
from clusterctl.wording.reasons import first_that_fits, fitting

SIGNS: Mapping[str, str] = {
    "held": "=", "pending": ".", "scheduled": ":", "running": ">", "stopping": "<",
    "completed": "+", "failed": "!", "timeout": "!", "lost": "!", "cancelled": "x",
}  # fmt: skip
MOODS: Mapping[str, Tone] = {
    "held": "accent", "pending": "warning", "scheduled": "reserved", "running": "good", "stopping": "warning",
    "completed": "good", "failed": "bad", "timeout": "bad", "lost": "bad", "cancelled": "dim",
}  # fmt: skip


def number(job: JobPicture, sight: Sight, width: int) -> Line:
    """Its number, as it is typed."""
    del sight, width
    return (Piece(str(job.id)),)


def name(job: JobPicture, sight: Sight, width: int) -> Line:
    """Its name; of one of an array with its index."""
    del sight
    return (data(words.name_of(job), width=width),)


def state(job: JobPicture, sight: Sight, width: int) -> Line:
    """A sign and a word."""
    del sight
    return (told_state(words.state_of(job), width),)


def told_state(word: str, width: int | None = None) -> Piece:
    """``> running``."""
    return data(f"{SIGNS.get(word, '?')} {word}", MOODS.get(word, "plain"), width)


def cpus(job: JobPicture, sight: Sight, width: int) -> Line:
    """What it asks for."""
    del sight, width
    return (Piece(format_cpus(round(job.cpus * 1000))),)


def memory(job: JobPicture, sight: Sight, width: int) -> Line:
    """The same of memory."""
    del sight, width
    return (Piece(words.memory_of(job)),)


def gpus(job: JobPicture, sight: Sight, width: int) -> Line:
    """The same of GPUs."""
    del sight, width
    return (Piece(str(job.gpus) if job.gpus else "-"),)


def wait(job: JobPicture, sight: Sight, width: int) -> Line:
    """How long it has waited for its start, or did."""
    del width
    waits = job.started_at is None and job.finished_at is None
    told = span(job.submitted_at, job.started_at or job.finished_at or sight.now)
    return (Piece(told, "plain" if waits else "dim"),)


def ran(job: JobPicture, sight: Sight, width: int) -> Line:
    """How long its newest attempt has run, or ran."""
    del width
    return (Piece(words.runtime(job, sight.now) if job.state not in ("held", "scheduled") else "-"),)


def worker(job: JobPicture, sight: Sight, width: int) -> Line:
    """Where it is, or was."""
    del sight
    return (data(job.worker, width=width) if job.worker else Piece("-", "dim"),)


def attempt(job: JobPicture, sight: Sight, width: int) -> Line:
    """Which try of how many; the first of one is not worth a word."""
    del sight, width
    return (Piece(words.tries(job), "dim" if job.attempt <= 1 else "warning"),) if job.attempt else (Piece("-", "dim"),)


def reason(job: JobPicture, sight: Sight, width: int) -> Line:
    """Why it is where it is: a sentence where there is room for one, else a few words. Of one that is well, where."""
    word, sentence = words.reason_of(job, sight.now), words.why(job, sight.now)
    if not sentence and job.worker:
        return Piece("on ", "dim"), data(job.worker, "dim", max(1, width - 3))
    tone: Tone = "bad" if job.state in ("failed", "timeout", "lost") else "plain"
    if job.finished_at is None and (sentence == word or sentence.startswith(f"{word}:")):
        return (data(fitting(word, job.detail, width), tone, width),)
    return (data(first_that_fits((sentence, job.detail), width) or job.detail or word, tone, width),)


def tenant(job: JobPicture, sight: Sight, width: int) -> Line:
    """Whose it is."""
    del sight
    return (data(job.tenant, width=width),)


def user(job: JobPicture, sight: Sight, width: int) -> Line:
    """Who submitted it."""
    del sight
    return (data(job.user or "-", width=width),)


def priority(job: JobPicture, sight: Sight, width: int) -> Line:
    """Higher goes first."""
    del sight, width
    return (Piece(str(job.priority)),)


def age(job: JobPicture, sight: Sight, width: int) -> Line:
    """Since when it is there."""
    del width
    return (Piece(format_age((sight.now - job.submitted_at).total_seconds())),)


COLUMNS: tuple[Column[JobPicture], ...] = (
    Column("id", "ID", number, 6, sort="id", right=True),
    Column("name", "NAME", name, 10, sort="name", grows=True, most=28),
    Column("tenant", "TENANT", tenant, 8, sort="tenant", rank=4),
    Column("state", "STATE", state, 11, sort="state"),
    Column("cpus", "CPUS", cpus, 4, sort="cpus", right=True, rank=3),
    Column("memory", "MEM", memory, 5, sort="memory_mb", right=True, rank=8),
    Column("gpus", "GPUS", gpus, 4, sort="gpus", right=True, extra=True),
    Column("wait", "WAIT", wait, 6, sort="wait", right=True),
    Column("ran", "RAN", ran, 6, sort="ran", right=True, rank=2),
    Column("worker", "WORKER", worker, 8, sort="worker", rank=5),
    Column("attempt", "TRY", attempt, 3, sort="attempt", right=True, rank=6),
    Column("priority", "PRIO", priority, 4, sort="priority", right=True, rank=9),
    Column("user", "USER", user, 8, sort="user", extra=True),
    Column("age", "AGE", age, 6, sort="age", right=True, extra=True),
    Column("reason", "REASON, OR WHERE", reason, 27, sort="reason", grows=True),
)
