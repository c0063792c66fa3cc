"""The cluster in three or four lines: how full, how busy, how fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from clusterctl.model.looks import Sums
from clusterctl.model.pictures import Amounts
from clusterctl.model.trends import Trend
from clusterctl.text import cells
from clusterctl.tui.paint.bars import spark, three_way_bar
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data, fit
from clusterctl.units import about_memory, format_age

LABEL = 8  # cells
LEADERLESS_AFTER_S = 15.0  # a standby would have taken over
STRIP, LEAST_BAR = 10, 10  # cells of an hour, and of a bar
MEMORY_FROM, SHARE_FROM = 92, 140  # columns
WIDEST_BAR = 64
LONGEST_NAME = 24  # cells


class Part(NamedTuple):
    """Something to say, which goes where room is short: the highest rank first; 0 never goes."""

    rank: int
    line: Line


def sum_lines(sums: Sums, trend: Trend | None, sight: Sight, width: int) -> list[Line]:
    """CPUs, from 100 columns also memory (and GPUs where there are any), jobs, claims."""
    cpus = Amounts(
        total=sums.cpus.total, reserved=sums.cpus.reserved, allocated=sums.cpus.allocated, used=sums.cpus.used
    )
    away = sums.cpus.unreachable
    aside = (Piece(f"  {away:g} out of reach", "warning"),) if away else ()
    sure = not sums.late
    lines = [capacity(CPUS._replace(sure=sure), cpus, sight, width, aside)]
    if width >= MEMORY_FROM:
        lines.append(capacity(MEMORY._replace(sure=sure), sums.memory_mb, sight, width))
        lines += [capacity(GPUS, sums.gpus, sight, width)] if sums.gpus.total else []
    lines.append(packed("JOBS", job_parts(sums), strip(trend, "pending", sight), width))
    lines.append(packed("CLAIMS", claim_parts(sums, sight), strip(trend, "claims", sight), width))
    return [[Piece(piece.text, "dim") for piece in line] if sight.stale else line for line in lines]


class Kind(NamedTuple):
    """One kind of resource: what it is called, and how its amounts are written.

    Not ``sure``: of some workers that are counted nobody knows what they use now.
    """

    label: str
    say: Callable[[float], str]
    sure: bool = True

    def used(self, of: Amounts) -> str:
        """``41.2``; with a question mark where that is not sure."""
        return "?" if of.used is None else f"{self.say(round(of.used, 1))}{'' if self.sure else '?'}"


CPUS, GPUS = Kind("CPUS", "{:.4g}".format), Kind("GPUS", "{:g}".format)
MEMORY = Kind("MEMORY", lambda mib: about_memory(mib) if mib else "0")


def capacity(kind: Kind, of: Amounts, sight: Sight, width: int, aside: Line = ()) -> list[Piece]:
    """A bar and its numbers: used, allocated, reserved, and what there is. Words where there is room for them."""
    for numbers in (told(kind, of, "   "), told(kind, of, " "), bare(kind, of)):
        pieces = [*numbers, *(share(of) if width >= SHARE_FROM else ()), *aside]
        room = width - LABEL - 3 - sum(cells(piece.text) for piece in pieces)
        if room >= LEAST_BAR:
            break
    bar = three_way_bar(of, max(LEAST_BAR, min(WIDEST_BAR, room)), sight.glyphs)
    return fit([Piece(f" {kind.label:{LABEL - 1}}", "title"), *bar, Piece("  "), *pieces], width, cut=sight.glyphs.cut)


def told(kind: Kind, of: Amounts, gap: str) -> list[Piece]:
    """``41.2 used 52 allocated 8 reserved of 96``."""
    return [
        Piece(f"{kind.used(of)} ", "used"), Piece(f"used{gap}", "dim"),
        Piece(f"{kind.say(of.allocated)} ", "allocated"), Piece(f"allocated{gap}", "dim"),
        Piece(f"{kind.say(of.reserved)} ", "reserved"), Piece(f"reserved{gap}", "dim"),
        Piece(f"of {kind.say(of.total)}"),
    ]  # fmt: skip


def bare(kind: Kind, of: Amounts) -> list[Piece]:
    """``41.2/52/8/96``."""
    return [Piece("/".join((kind.used(of), *map(kind.say, (of.allocated, of.reserved, of.total)))))]


def share(of: Amounts) -> Line:
    """``79% of allocated is used``: the rest was asked for in vain."""
    if of.used is None or of.allocated <= 0:
        return ()
    return (Piece(f"   {of.used / of.allocated:.0%} of allocated is used", "dim"),)


def job_parts(sums: Sums) -> Iterator[Part]:
    """What runs, what waits, what ended badly, how long one waits."""
    counts = sums.jobs
    yield Part(0, (Piece(f"{counts.get('running', 0):,} ", "good"), Piece("running")))
    if starting := counts.get("scheduled", 0):
        yield Part(4, (Piece(f"{starting:,} ", "reserved"), Piece("scheduled")))
    pending = counts.get("pending", 0)
    yield Part(0, (Piece(f"{pending:,} ", "warning" if pending else "plain"), Piece("pending")))
    if held := counts.get("held", 0):
        yield Part(5, (Piece(f"{held:,} ", "accent"), Piece("held")))
    bad = sums.ended_badly
    yield Part(1, (Piece(f"{bad:,} ", "bad" if bad else "plain"), Piece("failed/1h")))
    yield Part(6, (Piece(f"{sums.ended_well:,} completed/1h", "plain"),))
    if sums.wait_p50_s is not None and sums.wait_p95_s is not None:
        yield Part(2, (Piece(f"wait p50 {format_age(sums.wait_p50_s)} p95 {format_age(sums.wait_p95_s)}"),))
    if sums.oldest_wait_s is not None:
        yield Part(3, (Piece(f"oldest {format_age(sums.oldest_wait_s)}"),))


def leaderless_s(sums: Sums, sight: Sight) -> float | None:
    """For how long nobody has led; None if somebody does. While nobody can see it that grows no longer."""
    age_s = sums.leader.age_s or 0.0
    if sums.leader.name is not None and age_s <= LEADERLESS_AFTER_S:
        return None
    return age_s + (0.0 if sight.stale else sight.elapsed_s)


def claim_parts(sums: Sums, sight: Sight) -> Iterator[Part]:
    """How fast it decides, and who does, or did when that was seen some time ago."""
    yield Part(0, (Piece(f"{rate(sums.claims_per_s)} claims"),))
    conflicts = sums.conflicts_per_s or 0.0
    tone: Tone = "warning" if conflicts else "plain"
    yield Part(2, (Piece(f"{rate(sums.conflicts_per_s)} conflicts", tone),))
    held = sums.allocations
    yield Part(3, (Piece(f"{held.allocated:,} allocated"), Piece(f"  {held.reserved:,} reserved")))
    leader, missed_s = sums.leader, leaderless_s(sums, sight)
    if missed_s is not None:
        yield Part(0, (Piece(f"NO LEADER for {format_age(missed_s)}" if missed_s else "NO LEADER", "bad"),))
    else:
        yield Part(1, (Piece("leader was " if sight.stale else "leader "), *named(leader.name or "?", sight)))
        yield Part(4, (Piece(f"term {leader.term}"),))


def named(name: str, sight: Sight) -> Line:
    """*name*, cut: in ASCII too, where each letter may become an escape."""
    shown = fit([data(name, width=LONGEST_NAME)], LONGEST_NAME, cut=sight.glyphs.cut)
    return [piece for piece in shown if piece.text.strip()]  # without the blanks that fill it


def rate(per_s: float | None) -> str:
    """``6.2/s``; of what is rare ``3/min``; a question mark where nobody knows."""
    if per_s is None:
        return "?"
    return f"{per_s * 60:.3g}/min" if 0 < per_s < 0.1 else f"{per_s:.2g}/s"


def strip(trend: Trend | None, name: str, sight: Sight) -> Line:
    """The last hour of a series, from nothing to its most."""
    values = () if trend is None else trend.series.get(name, ())  # type: ignore[call-overload]  # one of its names
    known = [each for each in values if each is not None]
    if not known:
        return ()
    top = max(*known, 1.0 if name == "pending" else 0.1)
    return (*spark(thinned(values, STRIP), 0.0, top, STRIP, sight.glyphs), Piece(" 1h", "dim"))


def thinned(values: Sequence[float | None], width: int) -> tuple[float | None, ...]:
    """So many values for so many cells: each the mean of those that it stands for, None where nothing is known."""
    if len(values) <= width:
        return tuple(values)
    size = len(values) / width
    groups = [values[int(at * size) : max(int((at + 1) * size), int(at * size) + 1)] for at in range(width)]
    known = [[each for each in group if each is not None] for group in groups]
    return tuple(sum(group) / len(group) if group else None for group in known)


def packed(label: str, parts: Iterator[Part], strip: Line, width: int) -> list[Piece]:
    """A label and as many of the parts as fit, the strip at the end if there is room for it."""
    kept = list(parts)
    for with_strip in (strip, ()):
        room = width - LABEL - sum(cells(piece.text) for piece in with_strip) - (1 if with_strip else 0)
        while needed(kept) > room and max(part.rank for part in kept) > (2 if with_strip else 0):
            kept.remove(max(kept, key=lambda part: part.rank))
        if needed(kept) <= room:
            break
    pieces = [Piece(f" {label:{LABEL - 1}}", "title")]
    for at, part in enumerate(kept):
        pieces += [Piece("   " if at and needed(kept, 3) <= room else "  " if at else ""), *part.line]
    return [*fit(pieces, width - sum(cells(piece.text) for piece in with_strip)), *with_strip]


def needed(parts: Sequence[Part], gap: int = 2) -> int:
    """Cells for all of them."""
    return sum(cells(piece.text) for part in parts for piece in part.line) + gap * (len(parts) - 1)
