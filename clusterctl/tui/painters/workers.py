"""Workers as rows: how alive, how full, and what of that is truly used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clusterctl.model.pictures import Amounts, WorkerPicture
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.paint.bars import over, spark, three_way_bar
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.sums import thinned
from clusterctl.tui.table.columns import Column
from clusterctl.units import about_memory, format_age
from clusterctl.wording.workers import aside_of, why_of

LATE = 2 / 3  # of the fuse: a beat has been missed
SIGNS: Mapping[str, str] = {
    "up": " ", "late": "~", "silent": "~", "lost": "!", "draining": "v", "closed": "x", "troubled": "*",
}  # fmt: skip
MOODS: Mapping[str, Tone] = {
    "up": "good", "late": "warning", "silent": "warning", "lost": "bad", "draining": "accent", "closed": "dim",
    "troubled": "warning",
}  # fmt: skip


def name(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """Its name, in the tone of what is with it."""
    word = standing(worker, sight)
    return (data(worker.name, "plain" if word == "up" else MOODS.get(word, "plain"), width),)


def standing(worker: WorkerPicture, sight: Sight) -> str:
    """What an operator should know first: that it is not up, else that it takes nothing new, else ``up``.

    ``late``: it is called up, and was not heard for so long that a leader would have called it silent.
    """
    if worker.live_state != "up":
        return worker.live_state
    return "late" if is_late(worker, sight) else aside_of(worker) or "up"


def is_late(worker: WorkerPicture, sight: Sight) -> bool:
    """Whether nobody has called it silent who should have: when it was seen, not since."""
    return worker.live_state == "up" and worker.heartbeat_age_s > sight.silent_after_s


def is_heard(worker: WorkerPicture, sight: Sight) -> bool:
    """Whether what it was measured to use says anything of now: not beyond the fuse, as far as anybody knows."""
    since_seen = sight.elapsed_s if sight.stale else 0.0
    return worker.live_state == "up" and worker.heartbeat_age_s + since_seen <= sight.silent_after_s


def state(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """``~ silent``: a sign and a word; where there is room also that it drains besides."""
    word, aside = standing(worker, sight), aside_of(worker)
    sign = "?" if word == "up" and not is_heard(worker, sight) else SIGNS.get(word, "?")
    told = data(f"{sign} {word}", MOODS.get(word, "plain"), width)
    if aside and aside != word and len(told.text) + len(aside) < width:
        return told, Piece(" "), data(aside, MOODS.get(aside, "plain"))
    return (told,)


def beat(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """``2.1s/15s``: how long ago it was heard, and the fuse: when it is silent, and once it is, when it is lost.

    A sign stands before a beat that is late: one has been missed, at least.
    """
    del width
    age = worker.heartbeat_age_s + sight.elapsed_s
    if worker.live_state == "lost":
        return (Piece(format_age(age), "bad"),)
    fuse = sight.silent_after_s if worker.live_state == "up" else sight.lost_after_s
    late = worker.live_state == "up" and age > LATE * fuse
    tone: Tone = "warning" if late or worker.live_state == "silent" else "plain"
    return Piece(f"{'~' if late else ''}{format_age(age)}", tone), Piece(f"/{brief(fuse)}", "dim")


def brief(seconds: float) -> str:
    """``15s``, ``16m``: a fuse, without the odd rest."""
    return (
        f"{seconds:.0f}s" if seconds < 100 else f"{seconds / 60:.0f}m" if seconds < 6000 else f"{seconds / 3600:.0f}h"
    )


def load(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """The machine's own; of one that is not heard nobody knows."""
    del width
    return (Piece("?" if worker.load1 is None or not is_heard(worker, sight) else f"{worker.load1:.1f}"),)


def cpu_bar(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """Used, allocated but idle, reserved, free."""
    return three_way_bar(worker.cpus, width, sight.glyphs, up=is_heard(worker, sight))


def memory_bar(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """The same of memory."""
    return three_way_bar(worker.memory_mb, width, sight.glyphs, up=is_heard(worker, sight))


def cpu_numbers(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """``3.1/6/8/8``: used, allocated, reserved, and what there is; more than there is stands out."""
    return numbers(worker.cpus, is_heard(worker, sight), "{:.3g}".format, width)


def memory_numbers(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """The same of memory."""
    return numbers(worker.memory_mb, is_heard(worker, sight), lambda mib: about_memory(mib) if mib else "0", width)


def numbers(of: Amounts, up: bool, say: Callable[[float], str], width: int) -> Line:
    """Used (``?`` if nobody knows), allocated, reserved, capacity."""
    used = say(round(of.used, 1)) if up and of.used is not None else "?"
    too_much = up and of.used is not None and over(of.used, of.total)
    rest = f"/{say(of.allocated)}/{say(of.reserved)}/{say(of.total)}"
    if not too_much:
        return (Piece(used + rest),)
    word = len(used) + len(rest) + 5 <= width
    return Piece(used if word else f"{used}!", "bad"), Piece(rest), Piece(" OVER" if word else "", "bad")


def gpus(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """``2/4``: held, of all."""
    del sight, width
    of = worker.gpus
    return (Piece(f"{of.reserved + of.allocated:g}/{of.total:g}" if of.total else "-", "plain" if of.total else "dim"),)


def jobs(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """How many it holds."""
    del sight, width
    return (Piece(str(worker.jobs), "plain" if worker.jobs else "dim"),)


def services(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """How many of them are replicas."""
    del sight, width
    return (Piece(str(worker.services), "plain" if worker.services else "dim"),)


def labels(worker: WorkerPicture, sight: Sight, width: int) -> Line:
    """What it carries; of one that gets no new work, why."""
    word = standing(worker, sight)
    if word != "up" and (why := why_of(worker)) != "-":
        return (data(why, MOODS.get(word, "plain"), width),)
    return (data(" ".join(f"{key}={value}" for key, value in sorted(worker.labels.items())), "dim", width),)


def hour(courses: Courses) -> Callable[[WorkerPicture, Sight, int], Line]:
    """A column: an hour in a few cells, from nothing to all that the worker has."""

    def strip(worker: WorkerPicture, sight: Sight, width: int) -> Line:
        course = courses.known.get(worker.name)
        if course is None:
            return (Piece(" " * width),)
        return spark(thinned(course.cpus, width), 0.0, worker.cpus.total, width, sight.glyphs)

    return strip


def columns(courses: Courses) -> tuple[Column[WorkerPicture], ...]:
    """All that a list of workers can show."""
    return (
        Column("name", "WORKER", name, 8, sort="name", grows=True, most=24),
        Column("beat", "BEAT/FUSE", beat, 9, sort="heartbeat_age_s", right=True, rank=1),
        Column("state", "STATE", state, 10, sort="live_state"),
        Column("load", "LOAD", load, 5, sort="load1", right=True, rank=7),
        Column("cpus", "CPUS", cpu_bar, 10, sort="cpus.used", grows=True, most=40, bar=True),
        Column("numbers", "U/A/R/CAP", cpu_numbers, 13, sort="cpus.allocated"),
        Column("memory", "MEMORY", memory_bar, 8, sort="memory_mb.used", rank=5, grows=True, most=16, bar=True),
        Column("memory_numbers", "U/A/R/CAP", memory_numbers, 19, sort="memory_mb.allocated", rank=9),
        Column("gpus", "GPUS", gpus, 4, sort="gpus.allocated", right=True, rank=8),
        Column("jobs", "JOBS", jobs, 4, sort="jobs", right=True, rank=4),
        Column("services", "SERV", services, 4, sort="services", right=True, rank=10),
        Column("hour", "LAST HOUR", hour(courses), 10, rank=6, bar=True),
        Column("labels", "LABELS, OR WHY", labels, 14, rank=11, grows=True),
    )
