"""The cluster over time: which curves belong together, and the page around their chart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clusterctl.model.trends import Happening, SeriesName, Trend
from clusterctl.text import cells
from clusterctl.tui.paint.axes import HOUR, MINUTE, Unit, amount, in_words
from clusterctl.tui.paint.charts import MARKS, PLAIN_MARKS, Curve, Mark, Values, chart
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line, Piece, Sight, Tone, data
from clusterctl.tui.painters.ruled import rule, wrapped
from clusterctl.wording.moments import clock

SPANS: tuple[tuple[str, float], ...] = (
    ("15m", 15 * MINUTE),
    ("1h", HOUR),
    ("6h", 6 * HOUR),
    ("24h", 24 * HOUR),
)
FEW_ROWS = 26  # rows of a page; above there is room for more happenings
HAPPENINGS = (2, 8)  # rows for them, on a low page and on a high one


class Drawn(NamedTuple):
    """How one series of the history is shown. ``factor``: from the unit of the history to that of the chart."""

    series: SeriesName
    name: str
    tone: Tone
    mark: Mark = "line"
    factor: float = 1.0


class Panel(NamedTuple):
    """Curves that are shown together, the most important first."""

    name: str
    unit: Unit
    drawn: tuple[Drawn, ...]


PANELS: tuple[Panel, ...] = (
    Panel("queue", "count", (Drawn("pending", "pending", "accent"), Drawn("running", "running", "good", "dots"))),
    Panel(
        "wait",
        "seconds",
        (
            Drawn("wait_p95_s", "p95", "accent"),
            Drawn("wait_p50_s", "p50", "good", "dots"),
            Drawn("oldest_wait_s", "oldest", "warning", "crosses"),
        ),
    ),
    Panel(
        "cpu",
        "cpus",
        (
            Drawn("cpu_used", "used", "used"),
            Drawn("cpu_allocated", "allocated", "allocated", "dots"),
            Drawn("cpu_reserved", "reserved", "reserved", "crosses"),
            Drawn("cpu_total", "total", "dim", "dashes"),
        ),
    ),
    Panel(
        "memory",
        "memory",
        (
            Drawn("memory_used", "used", "used"),
            Drawn("memory_held", "held", "allocated", "dots"),
            Drawn("memory_total", "total", "dim", "dashes"),
        ),
    ),
    Panel("claims", "rate", (Drawn("claims", "claims", "accent"), Drawn("conflicts", "conflicts", "bad", "crosses"))),
    Panel(
        "failures",
        "pace",
        (
            Drawn("failed", "failed", "bad", "line", MINUTE),
            Drawn("completed", "completed", "good", "dots", MINUTE),
            Drawn("cancelled", "cancelled", "dim", "crosses", MINUTE),
        ),
    ),
    Panel("workers", "count", (Drawn("workers_up", "up", "good"),)),
)


class View(NamedTuple):
    """What the operator has chosen to see. ``cursor``: the moment that is pointed at; None: now."""

    panel: int = 0
    span: int = 1
    cursor: datetime | None = None

    @property
    def span_s(self) -> float:
        """How far back it reaches."""
        return SPANS[self.span][1]


def page(trend: Trend | None, view: View, sight: Sight, size: tuple[int, int], *, trouble: str = "") -> list[Line]:
    """All of it: as many lines as *size* says, each no longer than it says. *sight* is that of when *trend* came."""
    width, height = size
    panel = PANELS[view.panel]
    head = [head_line(view, width, sight.glyphs), legend(trend, panel, view, sight.glyphs)]
    if trend is None or trend.span_s != view.span_s:
        said = trouble or "looking…"
        return filled([*head, *centred(said, size, "warning" if trouble else "dim")], size)
    feet = [values_line(trend, panel, view, sight)]
    most = HAPPENINGS[height > FEW_ROWS]
    feet += happenings(trend.happenings, view.cursor or trend.until, sight, width, most)
    feet += [source_line(trend, sight, trouble)]
    room = (width, height - len(head) - len(feet))
    curves = [Curve(each.name, values(trend, each), each.tone, each.mark) for each in panel.drawn]
    if all(value is None for curve in curves for value in curve.values):
        return filled([*head, *centred(NO_HISTORY, room, "dim"), *feet], size)
    body = chart(
        curves,
        until=trend.until,
        span_s=trend.span_s,
        size=room,
        unit=panel.unit,
        glyphs=sight.glyphs,
        cursor=view.cursor,
        events=tuple(each.at for each in trend.happenings),
    )
    return filled([*head, *body, *feet], size)


NO_HISTORY = "no history yet: the leader keeps a point every few seconds, as long as there is one"


def values(trend: Trend, drawn: Drawn) -> Values:
    """A series in the unit of its chart."""
    known = trend.series.get(drawn.series, ())
    return tuple(None if value is None else value * drawn.factor for value in known)


def head_line(view: View, width: int, glyphs: Glyphs) -> Line:
    """``─ 15m [1h] 6h 24h ───── [queue] wait  cpu ─``: what is chosen stands in brackets."""
    spans = list(choices([name for name, _ in SPANS], view.span))
    panels = list(choices([panel.name for panel in PANELS], view.panel))
    if sum(cells(piece.text) for piece in (*spans, *panels)) + 8 > width:
        at = f" {view.panel + 1} of {len(PANELS)}"
        panels = [Piece(f"[{PANELS[view.panel].name}]", "accent"), Piece(at, "dim")]
    return rule(spans, width, glyphs, panels)


def choices(names: Sequence[str], chosen: int) -> Iterator[Piece]:
    """Names beside each other, one of them chosen."""
    for at, name in enumerate(names):
        blank = "" if at in (0, chosen, chosen + 1) else " "
        yield Piece(f"[{name}]", "accent") if at == chosen else Piece(f"{blank}{name}", "dim")
        if at + 1 < len(names):
            yield Piece(" ")


def legend(trend: Trend | None, panel: Panel, view: View, glyphs: Glyphs) -> Line:
    """Which sign is which curve, and how much of it there is by now."""
    marks: Mapping[Mark, str] = PLAIN_MARKS if glyphs == PLAIN_GLYPHS else {**MARKS, "line": glyphs.rule}
    pieces = [Piece(" ")]
    for drawn in panel.drawn:
        newest = None if trend is None else last_known(values(trend, drawn))
        told = "" if newest is None else f" {amount(newest, panel.unit)}"
        pieces += [Piece(f" {marks[drawn.mark]} {drawn.name}{told} ", drawn.tone)]
    return [*pieces, Piece(f"  last {SPANS[view.span][0]}", "dim")]


def last_known(known: Values) -> float | None:
    """The newest value, if it is of the last few points."""
    return next((value for value in reversed(known[-3:]) if value is not None), None)


def values_line(trend: Trend, panel: Panel, view: View, sight: Sight) -> Line:
    """What the curves say at the cursor, and how fast that changes there."""
    at = view.cursor or trend.until
    place = point_at(trend, at)
    named = "now" if view.cursor is None else f"at {clock(at, sight.now)[:5]}"
    pieces = [Piece(f" {named} ", "accent")]
    for drawn in panel.drawn:
        known = values(trend, drawn)
        here = known[place] if place < len(known) else None
        if view.cursor is None:
            here = last_known(known)
        told = "-" if here is None else amount(here, panel.unit)
        pieces += [Piece(f" {drawn.name} ", "dim"), Piece(told + slope(trend, known, place, panel.unit))]
        pieces += [Piece(" ")]
    return pieces


def point_at(trend: Trend, at: datetime) -> int:
    """Which point of the history covers that moment."""
    count = max((len(known) for known in trend.series.values()), default=1)
    since = (at - (trend.until - timedelta(seconds=trend.span_s))).total_seconds()
    return min(max(int(since / trend.step_s), 0), count - 1)


def slope(trend: Trend, known: Values, place: int, unit: Unit) -> str:
    """`` (+12/min)``: how fast a level changes there; nothing for what is a rate itself, or stands still."""
    if unit not in ("count", "cpus") or not known:
        return ""
    back = max(1, round(MINUTE / trend.step_s))
    if place - back < 0 or place >= len(known):
        return ""
    here, before = known[place], known[place - back]
    if here is None or before is None:
        return ""
    change = (here - before) / (back * trend.step_s) * MINUTE
    return f" ({'+' if change > 0 else '-'}{amount(abs(change), unit)}/min)" if abs(change) >= 0.5 else ""


def happenings(told: Sequence[Happening], at: datetime, sight: Sight, width: int, most: int) -> Iterator[Line]:
    """What happened nearest to that moment, in the order in which it happened."""
    near = sorted(told, key=lambda each: abs((each.at - at).total_seconds()))[:most]
    for each in sorted(near, key=lambda each: each.at):
        head = f" {sight.glyphs.warn} {clock(each.at, sight.now)} "
        yield [Piece(head, "warning"), data(each.sentence, "plain", max(8, width - len(head)))]


def source_line(trend: Trend, sight: Sight, trouble: str) -> Line:
    """What a point of the chart is, of when the newest is, and what keeps us from a newer one."""
    if trouble:
        return [Piece(" "), data(trouble, "warning"), Piece(f"; as of {clock(sight.now, sight.now)} UTC", "dim")]
    return [
        Piece(f" data: 1 point per {in_words(round(trend.step_s))}, as of {clock(sight.now, sight.now)} UTC", "dim"),
        Piece(f"  {sight.glyphs.dot}  ( ) span", "dim"),
    ]


def centred(text: str, size: tuple[int, int], tone: Tone) -> list[Line]:
    """A sentence in the middle of an empty page."""
    width, height = size
    told = wrapped(text, width - 4)
    above = max(0, (height - len(told)) // 2)
    lines: list[Line] = [[] for _ in range(above)]
    lines += [[Piece(" " * ((width - cells(line)) // 2)), Piece(line, tone)] for line in told]
    return [*lines, *([] for _ in range(max(0, height - len(lines))))]


def filled(lines: Sequence[Line], size: tuple[int, int]) -> list[Line]:
    """Exactly as many lines as there is room for."""
    _, height = size
    return [*lines, *([] for _ in range(height - len(lines)))][:height]


def moved(trend: Trend, view: View, columns: int, width: int) -> View:
    """The view after the cursor has gone so many *columns* of *width*; beyond the newest point it is none."""
    at = view.cursor or trend.until
    at += timedelta(seconds=columns * trend.span_s / max(1, width - 1))
    first = trend.until - timedelta(seconds=trend.span_s)
    if at >= trend.until:
        return view._replace(cursor=None)
    return view._replace(cursor=max(at, first).astimezone(UTC))
