"""Why a job is where it is, and what would help: in the sentences of ``explain``."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.model.explanation import Blocker, Explanation
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.jobs import told_state
from clusterctl.tui.painters.ruled import grid, labelled, rule
from clusterctl.units import about_memory, format_cpus
from clusterctl.wording import explanations as words
from clusterctl.wording.candidates import told_parts

TONES: dict[str, Tone] = {"why": "warning", "try": "good", "helps": "good", "deadline": "warning"}
NAME = 20  # cells of a name in a table


def why_topic(job_id: int) -> Topic:
    """The page."""
    return Topic(
        subject=f"job:{job_id}",
        title=(Piece(f"job {job_id}, why", "title"),),
        ask=lambda source: source.explain(job_id),
        paint=lambda told, sight, width: list(why_lines(told, sight, width)),
        aspect="why",
    )


def why_lines(told: Explanation, sight: Sight, width: int) -> Iterator[Line]:
    """The sentence first, what would help, then who was asked and why not."""
    yield (Piece(" "), told_state(told.state), Piece("  "), data(told.name, "title", NAME * 2))
    yield from sentences(told, sight, width)
    if told.steps or told.candidates:
        yield rule((Piece(f"{told.workers:,} worker{'' if told.workers == 1 else 's'} asked"),), width, sight.glyphs)
        yield from steps(told, width)
    if scored := words.best_of(told.candidate_table):
        yield rule((Piece("could have it"),), width, sight.glyphs)
        rows = [
            [data(each.worker, width=NAME), Piece(f"{each.score:.4g}"), data(told_parts(each.parts))] for each in scored
        ]
        yield from grid(("WORKER", "SCORE", "PARTS"), rows, width, right=(1,))
    if told.blockers:
        yield rule((Piece("in its way"),), width, sight.glyphs)
        yield from blockers(told, sight, width)
    if told.replicas:
        yield rule((Piece("replicas"),), width, sight.glyphs)
        replicas = [
            [Piece(str(each.job_id)), told_state(each.state), data(each.worker or "-", width=NAME), data(each.sentence)]
            for each in told.replicas
        ]
        yield from grid(("ID", "STATE", "WORKER", "BECAUSE"), replicas, width, right=(0,))


def sentences(told: Explanation, sight: Sight, width: int) -> Iterator[Line]:
    """What is known in words, each beside its label."""
    yield from labelled(words.facts(told, sight.now), width, TONES)


def steps(told: Explanation, width: int) -> list[Line]:
    """The filters in the order in which they are asked, how many workers each removed, and what those lack."""
    rows = [
        [
            data(step.filter, "good" if step.filter == "left" and step.removed else "plain"),
            Piece(f"{step.removed:,}"),
            data(words.names(step) or "-", width=NAME),
            data(step.sentence),
        ]
        for step in (*told.steps, words.rest(told))
    ]
    return grid(("FILTER", "WORKERS", "WHICH", "BECAUSE"), rows, width, right=(1,))


def blockers(told: Explanation, sight: Sight, width: int) -> Iterator[Line]:
    """The jobs that must end first, and when they should."""
    rows = [
        [
            Piece(str(each.job_id)),
            data(each.worker or "-", width=NAME),
            Piece(holding(each)),
            Piece(words.ending(each, sight.now)),
            data(each.basis),
        ]
        for each in told.blockers
    ]
    yield from grid(("JOB", "WORKER", "HOLDS", "ENDS", "BECAUSE"), rows, width, right=(0,))
    if told.more_blockers:
        yield (Piece(f" … and {told.more_blockers:,} more", "dim"),)


def holding(blocker: Blocker) -> str:
    """``4 CPUs 2G``."""
    parts = [f"{format_cpus(round(blocker.cpus * 1000))} CPUs" if blocker.cpus else ""]
    parts.append(about_memory(blocker.memory_mb) if blocker.memory_mb else "")
    parts.append(f"{blocker.gpus} GPU{'' if blocker.gpus == 1 else 's'}" if blocker.gpus else "")
    return " ".join(filter(None, parts)) or "-"
