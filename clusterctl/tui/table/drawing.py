"""The lines of a table as they are drawn: pieces in their cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from clusterctl.model.looks import Key
from clusterctl.tui.paint.pieces import Glyphs, Piece, Sight, Tone, data, fit
from clusterctl.tui.table.columns import Column, Placed, direction

GUTTER = 3  # cells before the first column: the cursor, or what has vanished; the mark; a blank
NEAR = 4  # cells: so many are sooner written again than jumped over
Bar = Literal["", "bar", "quiet_bar"]


class Cell(NamedTuple):
    """Some pieces that fill exactly *width* cells, *x* from the left."""

    x: int
    width: int
    pieces: tuple[Piece, ...]


class Drawn(NamedTuple):
    """One line: what is not in a cell of it is blank. ``bar``: how the whole line is set off; ``thumb``: its end."""

    cells: tuple[Cell, ...] = ()
    bar: Bar = ""
    thumb: bool = False


class Standing(NamedTuple):
    """How a row stands: what the table knows of it beside its fields."""

    key: Key
    cursor: bool = False
    marked: bool = False
    gone: bool = False
    ranged: bool = False


def titles(
    placed: Sequence[Placed], width: int, glyphs: Glyphs, *, sort: Sequence[str], chosen: str, all_fit: bool
) -> Drawn:
    """The first line: what the columns are called, which is chosen, and by which the rows are in order."""
    cells = []
    end = width if all_fit else width - 1
    for each in placed:
        room = min(each.width, end - GUTTER - each.x)
        cells.append(Cell(GUTTER + each.x, max(0, room), title(each.column, room, glyphs, sort, chosen)))
    if not all_fit:
        cells = [*within(cells, end, glyphs.cut), Cell(end, 1, (Piece(glyphs.more, "accent"),))]
    return Drawn(tuple(cells))


def title(column: Column[Any], room: int, glyphs: Glyphs, sort: Sequence[str], chosen: str) -> tuple[Piece, ...]:
    """What one column is called, with a sign if rows are in its order."""
    sorted_by = direction(sort, column)
    tone: Tone = "accent" if column.key == chosen else "title" if sorted_by else "dim"
    text = column.title
    if sorted_by:
        sign = glyphs.rising if sorted_by == "up" else glyphs.falling
        text = f"{text} {sign}" if len(text) + 2 <= room else text[: max(0, room - 1)] + sign
    return tuple(fit([Piece(text, tone)], max(0, room), right=column.right, cut=glyphs.cut))


def row(placed: Sequence[Placed], row: Any, standing: Standing, sight: Sight, width: int) -> Drawn:
    """One row; of one that is not known yet only its key."""
    glyphs = sight.glyphs
    cells = [Cell(0, GUTTER, gutter(standing, glyphs))]
    if row is None:
        room = max(0, width - GUTTER)
        known = fit([data(str(standing.key), "dim", room)], room, cut=glyphs.cut)
        return Drawn((*cells, Cell(GUTTER, room, tuple(known))))
    tone: Tone | None = "gone" if standing.gone else "dim" if sight.stale else None
    for x, room, pieces in row_cells(placed, row, sight):
        shown = pieces if tone is None else tuple(Piece(piece.text, tone) for piece in pieces)
        cells.append(Cell(GUTTER + x, room, shown))
    return Drawn(tuple(cells))


def row_cells(placed: Sequence[Placed], row: Any, sight: Sight) -> list[Cell]:
    """What the columns show of *row*, each in its place; one that spills has the room of blank cells behind it."""
    cells = [cell_of(each, row, sight) for each in placed]
    at = next((at for at, each in enumerate(placed) if each.column.spills), None)
    if at is None:
        return cells
    end = at + 1
    while end < len(cells) and all(piece.text.isspace() for piece in cells[end].pieces if piece.text):
        end += 1
    if end > at + 1:
        last = cells[end - 1]
        cells[at:end] = [cell_of(placed[at]._replace(width=last.x + last.width - placed[at].x), row, sight)]
    return cells


def cell_of(placed: Placed, row: Any, sight: Sight) -> Cell:
    """What one column shows of *row*."""
    column, room, x = placed
    return Cell(x, room, tuple(fit(column.show(row, sight, room), room, right=column.right, cut=sight.glyphs.cut)))


def gutter(standing: Standing, glyphs: Glyphs) -> tuple[Piece, ...]:
    """The signs before a row. A terminal that cannot strike through still shows that it has gone."""
    first = glyphs.gone if standing.gone else glyphs.cursor if standing.cursor else " "
    second = glyphs.mark if standing.marked else glyphs.dot if standing.ranged else " "
    return (Piece(f"{first}{second} ", "accent"),)


def within(cells: Sequence[Cell], width: int, cut: str = "…") -> list[Cell]:
    """What of *cells* lies left of *width*."""
    kept = []
    for cell in cells:
        if cell.x + cell.width <= width:
            kept.append(cell)
        elif cell.x < width:
            room = width - cell.x
            kept.append(Cell(cell.x, room, tuple(fit(cell.pieces, room, cut=cut))))
    return kept


def differences(old: Drawn | None, new: Drawn, width: int) -> list[tuple[int, int]]:
    """Which cells of a line look different now: where each span begins, and how wide it is."""
    if old is None or old.bar != new.bar or len(old.cells) != len(new.cells):
        return [(0, width)]
    spans: list[tuple[int, int]] = []
    for before, after in zip(old.cells, new.cells, strict=True):
        if before != after:
            start, end = altered(before, after)
            if spans and start - sum(spans[-1]) <= NEAR:
                start = spans.pop()[0]
            spans.append((start, end - start))
    if old.thumb != new.thumb:
        spans.append((width - 1, 1))
    return spans


def altered(before: Cell, after: Cell) -> tuple[int, int]:
    """From where to where a cell looks different: of an age that has grown often only one digit."""
    start, end = min(before.x, after.x), max(before.x + before.width, after.x + after.width)
    shapes = [[(len(text), tone) for text, tone in cell.pieces] for cell in (before, after)]
    old, new = ("".join(text for text, _ in cell.pieces) for cell in (before, after))
    if shapes[0] != shapes[1] or before.x != after.x or not (old.isascii() and new.isascii()):
        return start, end
    changed = [at for at, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    return start + changed[0], start + changed[-1] + 1


def thumb(top: int, height: int, count: int) -> range:
    """On which of *height* lines the thumb is, when *top* of *count* is the first; on none if all are in sight."""
    if count <= height or height < 2:
        return range(0)
    size = max(1, height * height // count)
    start = round(top * (height - size) / (count - height))
    return range(start, start + size)


def anchored(top: int, before: int, after: int, height: int, *, at_top: bool) -> int:
    """The first line in sight, so that the cursor's row stays on the screen line where it was.

    *before* and *after*: where it stood, and stands. A view that nobody has moved, *at_top*, stays there while it can.
    """
    if at_top and after < height:
        return 0
    return after - (before - top) if top <= before < top + height else top
