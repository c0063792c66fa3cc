"""A worker on a page: how it fares, what it holds, what it has used, and what was decided about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.pictures import Amounts, HoldingPicture, WorkerPicture, WorkerStory
from clusterctl.model.trends import Course
from clusterctl.tui.details.claim_lines import claim_lines
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint.bars import three_way_bar
from clusterctl.tui.paint.charts import Curve, chart
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.ruled import LABEL, grid, labelled, rule
from clusterctl.tui.painters.workers import MOODS, SIGNS, cpu_numbers, is_heard, memory_numbers, standing
from clusterctl.units import about_memory
from clusterctl.wording import workers as words
from clusterctl.wording.moments import ago, span

SPAN_S, POINTS = 900.0, 120  # of the chart: a quarter of an hour
CHART = 7  # lines
MOST_CLAIMS = 8
NUMBERS = 20  # cells beside a bar


class WorkerTold(NamedTuple):
    """All that the page is made of."""

    story: WorkerStory
    course: Course | None
    claims: tuple[ClaimPicture, ...]


def worker_topic(name: str) -> Topic:
    """The page."""
    return Topic(
        subject=f"worker:{name}",
        title=(data(name, "title", 40),),
        ask=lambda source: ask(name, source),
        paint=lambda told, sight, width: list(worker_lines(told, sight, width)),
    )


def ask(name: str, source: Source) -> WorkerTold:
    """What is known of it. Raises NotFound."""
    story = source.worker(name)
    course = source.worker_courses([name], SPAN_S, POINTS).get(name)
    return WorkerTold(story, course, source.claims(ClaimChoice(worker=name), MOST_CLAIMS))


def worker_lines(told: WorkerTold, sight: Sight, width: int) -> Iterator[Line]:
    """How it fares; what it holds; what it has used; what was decided."""
    worker, holds = told.story.worker, told.story.holds
    yield from standing_lines(worker, sight, width)
    yield rule((Piece(f"holds {len(holds)} job{'' if len(holds) == 1 else 's'}"),), width, sight.glyphs)
    if holds:
        yield from holding_lines(told.story, sight, width)
    if told.course is not None:
        yield rule((Piece("CPUs used, last 15 min"),), width, sight.glyphs)
        yield from course_lines(told.course, sight, width)
    if told.claims:
        yield rule((Piece("last claims that name it"),), width, sight.glyphs)
        yield from claim_lines(told.claims, sight, width)


def standing_lines(worker: WorkerPicture, sight: Sight, width: int) -> Iterator[Line]:
    """What it is, and how it fares."""
    word = standing(worker, sight)
    why = words.why_of(worker)
    yield (
        Piece(" "),
        data(f"{SIGNS.get(word, '?')} {word}".strip(), MOODS.get(word, "plain")),
        data(f"  {words.aside_of(worker)}" if words.aside_of(worker) not in ("", word) else ""),
        data(f"  {why}" if why != "-" else "", "warning"),
    )
    bars = (("CPUs", worker.cpus, cpu_numbers), ("memory", worker.memory_mb, memory_numbers))
    for label, of, numbers in bars:
        yield bar_line(label, of, numbers(worker, sight, NUMBERS), sight, width, up=is_heard(worker, sight))
    yield from labelled(facts(worker, sight), width)


def bar_line(label: str, of: Amounts, numbers: Line, sight: Sight, width: int, *, up: bool) -> Line:
    """A label, the bar, and the numbers: used, allocated, reserved, and what there is."""
    room = min(40, max(8, width - LABEL - 2 - NUMBERS - 2))
    bar = three_way_bar(of, room, sight.glyphs, up=up)
    return (Piece(f" {label:{LABEL}} ", "dim"), *bar, Piece("  "), *numbers)


def facts(worker: WorkerPicture, sight: Sight) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    yield "GPUs", words.amounts(worker.gpus) if worker.gpus.total else ""
    if worker.drain_by is not None:
        yield "drains", f"for {span(sight.now, worker.drain_by)} more; then what runs is stopped, and runs elsewhere"
    yield "heard", words.heard(worker, sight.elapsed_s)
    yield "machine", f"{worker.hostname}, version {worker.version}"
    yield "load", "" if worker.load1 is None or not is_heard(worker, sight) else f"{worker.load1:.1f}"
    yield "registered", f"{ago(worker.registered_at, sight.now)}, incarnation {worker.incarnation}"
    yield "serves", words.serves(worker)
    yield "most of it", words.dominant(worker.slo) if worker.slo.tenant else ""
    yield "labels", " ".join(f"{key}={value}" for key, value in sorted(worker.labels.items()))


def holding_lines(story: WorkerStory, sight: Sight, width: int) -> list[Line]:
    """What it holds for whom, the oldest first; of one that is not up also when each is lost."""
    titles = ["JOB", "NAME", "STATUS", "CPUS", "MEM", "SINCE"]
    gone = story.worker.live_state != "up"
    titles += ["LOST"] if gone else []
    rows = []
    for each in sorted(story.holds, key=lambda each: each.reserved_at):
        row = [Piece(str(each.job_id)), data(each.name, width=18), status(each), Piece(f"{each.cpus:g}")]
        row += [Piece(about_memory(each.memory_mb) if each.memory_mb else "-")]
        row += [Piece(span(each.allocated_at or each.reserved_at, sight.now))]
        row += [Piece(words.lost_after(each, sight.elapsed_s), "bad")] if gone else []
        rows.append(row)
    return grid(titles, rows, width, right=(0, 3, 4, 5))


def status(holding: HoldingPicture) -> Piece:
    """Reserved or allocated; and whether its agent is asked to stop it."""
    stop = ", to stop" if holding.stop_requested else ""
    return data(holding.status + stop, "warning" if stop else "reserved" if holding.status == "reserved" else "plain")


def course_lines(course: Course, sight: Sight, width: int) -> list[Line]:
    """The chart; that there is nothing to draw yet is said instead."""
    if all(each is None for each in course.cpus):
        return [(Piece(" nothing measured yet", "dim"),)]
    span_s = course.step_s * len(course.cpus)
    curve = Curve("used", course.cpus, "used")
    return list(
        chart([curve], until=course.until, span_s=span_s, size=(width, CHART), unit="cpus", glyphs=sight.glyphs)
    )
