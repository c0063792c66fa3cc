"""A job on a page: how it went so far, why it waits, what it asks for and uses, its attempts, its last words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from clusterctl.model.explanation import Explanation
from clusterctl.model.pictures import AttemptPicture, JobPicture, JobStory
from clusterctl.model.trends import Course
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.details.why import sentences
from clusterctl.tui.details.worker import course_lines
from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint.bars import bar
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.jobs import told_state
from clusterctl.tui.painters.ruled import LABEL, grid, labelled, rule
from clusterctl.units import about_memory, format_cpus
from clusterctl.wording import jobs as words
from clusterctl.wording.moments import ago, clock, span
from clusterctl.wording.services import script_words

SPAN_S, POINTS = 900.0, 120  # of the chart
LAST_LINES = 5
WAITS = ("pending", "held")
NUMBERS = 26  # cells beside a bar


class JobTold(NamedTuple):
    """All that the page is made of."""

    story: JobStory
    explanation: Explanation | None = None  # of one that waits
    course: Course | None = None  # of one that runs
    output: tuple[str, ...] = ()


def job_topic(job_id: int, row: JobPicture | None) -> Topic:
    """The page."""
    name = () if row is None else (Piece("  "), data(words.name_of(row), "title", 40))
    return Topic(
        subject=f"job:{job_id}",
        title=(Piece(f"job {job_id}", "title"), *name),
        ask=lambda source: ask(job_id, source),
        paint=lambda told, sight, width: list(job_lines(told, sight, width)),
    )


def ask(job_id: int, source: Source) -> JobTold:
    """What is known of it. Raises NotFound."""
    story = source.job(job_id)
    job = story.job
    if job.state in WAITS:
        return JobTold(story, explanation=source.explain(job_id))
    runs = job.state == "running" and job.allocation is not None
    course = source.attempt_course(job.allocation.id, SPAN_S, POINTS) if runs and job.allocation else None
    return JobTold(story, course=course, output=source.last_lines(job_id, LAST_LINES))


def job_lines(told: JobTold, sight: Sight, width: int) -> Iterator[Line]:
    """What it is and why; what it uses; its attempts; what it has written last."""
    job = told.story.job
    where = (Piece("  on ", "dim"), data(job.worker)) if job.worker else ()
    yield (Piece(" "), told_state(words.state_of(job)), *where)
    yield from timeline(job, sight, width)
    if told.explanation is not None:
        yield rule((Piece("why"),), width, sight.glyphs, (Piece("w all of it", "dim"),))
        yield from sentences(told.explanation, sight, width)
        yield rule((Piece("what it is"),), width, sight.glyphs)
    elif why := words.why(job, sight.now):
        tone: Tone = "bad" if job.state in ("failed", "timeout", "lost") else "warning"
        yield from labelled([(words.why_label(job), why)], width, {words.why_label(job): tone})
    yield from used_lines(job, sight, width)
    yield from labelled(facts(told.story, sight), width)
    if told.story.attempts:
        yield rule((Piece("attempts"),), width, sight.glyphs)
        yield from attempt_lines(told.story.attempts, sight, width)
    if told.course is not None:
        yield rule((Piece("CPUs used, last 15 min"),), width, sight.glyphs)
        yield from course_lines(told.course, sight, width)
    if told.output:
        yield rule((Piece("its last lines"),), width, sight.glyphs, (Piece("l all of them", "dim"),))
        yield from ((Piece(" "), data(line, width=max(1, width - 2))) for line in told.output)


def timeline(job: JobPicture, sight: Sight, width: int) -> Iterator[Line]:
    """``submitted 14:00:01 ─18s─ scheduled ─0.4s─ started ─3m05s─ now``, as far as it has come."""
    steps: list[tuple[str, datetime]] = [("submitted", job.submitted_at)]
    later = (("scheduled", job.scheduled_at), ("started", job.started_at), ("ended", job.finished_at))
    steps += [(label, moment) for label, moment in later if moment is not None and moment >= steps[0][1]]
    dash, brief = sight.glyphs.rule, width < 60
    pieces = [Piece(f" {clock(job.submitted_at, sight.now)} ", "dim"), Piece("submitted")]
    for (_, before), (label, moment) in pairwise(steps):
        gap = f"{dash}{span(before, moment)}{dash}"
        pieces += [Piece(f" {gap} ", "dim"), Piece(label[:5] if brief else label)]
    if job.finished_at is None:
        pieces += [Piece(f" {dash}{span(steps[-1][1], sight.now)}{dash} ", "dim"), Piece("now", "accent")]
    yield tuple(pieces)


def used_lines(job: JobPicture, sight: Sight, width: int) -> Iterator[Line]:
    """What it uses of what it was given, as bars."""
    used = job.usage
    if used is None or job.state != "running":
        return
    room = min(40, max(8, width - LABEL - 2 - NUMBERS))
    if used.cpus is not None:
        asked = format_cpus(round(job.cpus * 1000))
        tone: Tone = "bad" if used.cpus > job.cpus * 1.01 else "used"
        filled = bar(used.cpus, job.cpus, room, sight.glyphs, tone=tone)
        yield (Piece(f" {'CPUs':{LABEL}} ", "dim"), *filled, Piece(f"  {used.cpus:.3g} used of {asked}"))
    if used.memory_mb is not None and job.memory_mb:
        filled = bar(used.memory_mb, job.memory_mb, room, sight.glyphs)
        told = f"  {about_memory(used.memory_mb)} used of {about_memory(job.memory_mb)}"
        yield (Piece(f" {'memory':{LABEL}} ", "dim"), *filled, Piece(told))


def facts(story: JobStory, sight: Sight) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    job, spec = story.job, story.spec
    typed = shlex.join(spec.command)
    yield "waits for" if job.finished_at is None else "waited for", ", ".join(words.dependencies(story.after))
    yield "asks for", words.request(job)
    yield "on workers", " ".join(f"{key}={value}" for key, value in sorted(job.labels.items()))
    yield "deadline", words.deadline(job, sight.now)
    yield "command", script_words(len(spec.script.splitlines()), typed) if spec.script else typed
    yield "in", spec.cwd
    yield "whose", f"{job.user or '-'}, tenant {job.tenant}, priority {job.priority}"
    yield "array", f"{job.array_id}, index {job.array_index}" if job.array_id is not None and not job.service else ""
    yield "service", words.replica_line(job, sight.now)
    yield "line", story.array_line or ""
    yield "again of", f"job {story.again_of}" if story.again_of is not None else ""
    yield "again", ", ".join(f"job {id}" for id in story.again)
    yield "uses" if job.finished_at is None else "used", words.usage(job)


def attempt_lines(attempts: tuple[AttemptPicture, ...], sight: Sight, width: int) -> list[Line]:
    """Each try: where, for how long, and how it ended."""
    rows = [
        [
            Piece(str(each.attempt)),
            data(each.worker, width=16),
            Piece(str(each.allocation_id)),
            Piece(ago(each.allocated_at, sight.now)),
            Piece(span(each.allocated_at, each.released_at or sight.now)),
            data(words.attempt_end(each), mood(each)),
            data(each.detail, "dim"),
        ]
        for each in attempts
    ]
    titles = ("TRY", "WORKER", "ALLOCATION", "STARTED", "RAN", "ENDED AS", "")
    return grid(titles, rows, width, right=(0, 2, 4))


def mood(attempt: AttemptPicture) -> Tone:
    """Of how it ended."""
    if attempt.released_at is None:
        return "plain"
    return "good" if words.ended_well(attempt) else "bad"
