"""Curves over time, drawn with plotext: the one place that knows it.

plotext makes the curves, in a canvas without frame; what stands around it is made here, in our words and signs. Pure,
but for one thing: plotext has a single figure, so charts are drawn by one thread at a time. It takes 0.2 s to import:
``prepare`` does that where nobody waits. Its documentation: https://github.com/piccolomo/plotext.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from clusterctl.tui.paint.axes import Scale, Unit, amount, column_of, scale, stamps
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line, Piece, Tone, fit

Values = tuple[float | None, ...]
Mark = Literal["line", "dots", "crosses", "dashes"]
FEWEST_COLUMNS, FEWEST_ROWS = 12, 3  # of a canvas; in less nothing could be read
FINE = "braille"  # plotext's name: eight points a cell

# The marks differ, so that curves can be told apart without colours.
MARKS: dict[Mark, str] = {"line": FINE, "dots": "•", "crosses": "×", "dashes": "–"}
PLAIN_MARKS: dict[Mark, str] = {"line": "*", "dots": "o", "crosses": "x", "dashes": "-"}
COLOURED = re.compile(r"\x1b\[(?:0|38;5;([0-9]+))m")  # all that plotext writes between its letters here


class Curve(NamedTuple):
    """A series of values at equal distances, None where nothing is known."""

    name: str
    values: Values
    tone: Tone = "accent"
    mark: Mark = "line"


class Frame(NamedTuple):
    """The signs around a chart."""

    wall: str = "│"
    notch: str = "┤"
    corner: str = "└"
    floor: str = "─"
    stud: str = "┬"
    event: str = "▲"


SIGNS = Glyphs()
FRAME, PLAIN_FRAME = Frame(), Frame("|", "+", "+", "-", "+", "^")


class Cell(NamedTuple):
    """One letter of a canvas. ``curve``: whose it is, counted from 0; None where nothing is drawn."""

    letter: str
    curve: int | None = None


BLANK = Cell(" ")


def prepare() -> None:
    """Import plotext, so that the first chart need not."""
    import plotext  # noqa: F401, PLC0415 - see above


def chart(
    curves: Sequence[Curve],
    *,
    until: datetime,
    span_s: float,
    size: tuple[int, int],
    unit: Unit = "count",
    glyphs: Glyphs = SIGNS,
    cursor: datetime | None = None,
    events: Sequence[datetime] = (),
    top: float = 0.0,
) -> list[Line]:
    """*curves* over the time from *span_s* before *until*, in *size* cells: columns and rows, all of them filled.

    Of curves that meet the first is seen. The scale begins at 0, and reaches to *top* at least. *cursor* is a moment
    that is pointed at; *events* are marked on the line under the chart.
    """
    width, height = size
    rows = height - 2  # under it are the line and the times
    highest = max((value for curve in curves for value in curve.values if value is not None), default=0.0)
    ruler = scale(max(highest, top), rows, unit)
    labels = {row_of(each, ruler, rows): amount(each, unit, ruler.step) for each in ruler.amounts()}
    margin = max(map(len, labels.values()))
    columns = width - margin - 1
    if columns < FEWEST_COLUMNS or rows < FEWEST_ROWS:
        return [fit([], width) for _ in range(height)]
    is_plain = glyphs == PLAIN_GLYPHS
    frame = PLAIN_FRAME if is_plain else FRAME
    canvas = drawn(tuple(curve[1:] for curve in curves), columns, rows, ruler.top, is_plain)
    at = None if cursor is None else column_of(cursor, until, span_s, columns)
    lines: list[Line] = []
    for row, cells in enumerate(canvas):
        label = Piece(f"{labels.get(row, ''):>{margin}}{frame.notch if row in labels else frame.wall}", "dim")
        lines.append([label, *in_tones(cells, curves, at, frame)])
    return [*lines, *foot(until, span_s, columns, margin=margin, events=events, frame=frame)]


def row_of(value: float, ruler: Scale, rows: int) -> int:
    """In which row of a canvas a value is drawn, counted from the top."""
    return round((rows - 1) * (1 - value / ruler.top))


def in_tones(cells: Sequence[Cell], curves: Sequence[Curve], cursor: int | None, frame: Frame) -> Iterator[Piece]:
    """A row of the canvas, each curve in its tone. Where nothing is drawn, the cursor is a thin line."""
    text, tone = "", Piece("").tone
    for column, cell in enumerate(cells):
        points = column == cursor
        letter = frame.wall if points and cell.curve is None else cell.letter
        own: Tone = "plain" if cell.curve is None else curves[cell.curve].tone
        if own != tone or points:
            yield Piece(text, tone)
            text, tone = "", "accent" if points and cell.curve is None else own
        text += letter
    yield Piece(text, tone)


def foot(
    until: datetime, span_s: float, columns: int, *, margin: int, events: Sequence[datetime], frame: Frame
) -> list[Line]:
    """The line under a chart, with what happened on it, and the times below."""
    times = stamps(until, span_s, columns)
    studs = {stamp.column for stamp in times}
    happened = {column_of(at, until, span_s, columns) for at in events}
    edge: list[Piece] = [Piece(" " * margin + frame.corner, "dim")]
    for column in range(columns):
        if column in happened:
            edge.append(Piece(frame.event, "warning"))
        else:
            edge.append(Piece(frame.stud if column in studs else frame.floor, "dim"))
    below = " " * (margin + 1)
    for stamp in times:
        begin = max(0, min(stamp.column - len(stamp.text) // 2, columns - len(stamp.text))) + margin + 1
        if begin >= len(below):
            below += " " * (begin - len(below)) + stamp.text + " "
    return [edge, fit([Piece(below.rstrip(), "dim")], margin + 1 + columns)]


@lru_cache(maxsize=16)
def drawn(
    curves: tuple[tuple[Values, Tone, Mark], ...], columns: int, rows: int, top: float, is_plain: bool
) -> tuple[tuple[Cell, ...], ...]:
    """The canvas: *rows* of *columns* cells. Costs milliseconds, so the last ones are kept."""
    shown = [(at, curve) for at, curve in enumerate(curves) if any(value is not None for value in curve[0])]
    if not shown:
        return tuple((BLANK,) * columns for _ in range(rows))
    import plotext  # noqa: PLC0415 - see above

    plotext.terminal.limit(False, False)  # a chart may be larger than the terminal that plotext thinks it has
    figure: Any = plotext.figure
    figure.clear()  # what it holds from before would be drawn again, and never be given back
    figure.plot_size(columns, rows)
    figure.axes(False)
    figure.canvas("default")
    figure.ruler("x").frequency(0).lim(0, 1)
    figure.ruler("y").frequency(0).lim(0, top)
    marks = PLAIN_MARKS if is_plain else MARKS
    for at, (values, _, mark) in reversed(shown):  # what is drawn later lies above
        marker = plotext.marker(marks[mark], at + 1)  # its colour tells us later whose a letter is
        told = values if mark == "line" else spread(values, columns)
        count = len(told)
        for begin, part in parts(told):
            places = [(begin + place + 0.5) / count for place in range(len(part))]
            signal = figure.signal(places, part, marker=marker)
            figure.draw(signal.lines() if mark == "line" else signal)
    return tuple(cells_of(line, columns) for line in figure.build().string().splitlines()[:rows])


def spread(values: Values, columns: int) -> Values:
    """At least a value for each of *columns*, so that marks without a line between them stand side by side."""
    count = len(values)
    return values if count >= columns else tuple(values[at * count // columns] for at in range(columns))


def parts(values: Values) -> Iterator[tuple[int, list[float]]]:
    """What is known of *values* in a row, and where it begins: between two parts is a gap."""
    begin, part = 0, list[float]()
    for at, value in enumerate(values):
        if value is None:
            if part:
                yield begin, part
            part = []
        else:
            begin = begin if part else at
            part.append(value)
    if part:
        yield begin, part


def cells_of(line: str, columns: int) -> tuple[Cell, ...]:
    """A line of plotext's, cell by cell."""
    cells: list[Cell] = []
    pieces = COLOURED.split(line)  # text, colour, text, colour …
    for text, colour in zip(pieces[::2], [None, *pieces[1::2]], strict=True):
        curve = None if colour is None else int(colour) - 1
        cells += [Cell(letter, None if letter == " " else curve) for letter in text]
    return (*cells, *[BLANK] * (columns - len(cells)))[:columns]
