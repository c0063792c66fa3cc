"""Rows for people: columns that fit the terminal, cut where they must be, never wrapped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from clusterctl.cli.display import colours
from clusterctl.text import cells, visible

T = TypeVar("T")

GAP = 2  # cells between two columns
LONGEST_CELL, LONGEST_WIDE = 60, 240  # cells, however wide the terminal
WRAPPED = 32  # cells of a column that wraps: no other column goes to give it more


class Cell(NamedTuple):
    """What stands in one place, and the SGR parameters that paint it."""

    text: str
    sgr: str | None = None


class Column(NamedTuple, Generic[T]):
    """One column of a table.

    ``least``: how far it may shrink (0: not at all). ``spare``: where room is short it may go, sooner if it says the
    same in each row. ``right``: numbers, aligned at their end. ``wide``: only in the wide table. ``wraps``, of the last
    column only: what is too long for a line of the terminal goes on in the next, instead of being cut.
    """

    title: str
    show: Callable[[T], str | Cell]
    least: int = 0
    spare: bool = False
    right: bool = False
    wide: bool = False
    wraps: bool = False


def draw(columns: Sequence[Column[T]], rows: Sequence[T], *, wide: bool = False) -> None:
    """Print the table on stdout: within the terminal, or as wide as it is if *wide*."""
    room = 10_000 if wide else shutil.get_terminal_size().columns
    chosen = [column for column in columns if wide or not column.wide]
    for line in lines(chosen, rows, room, colours.wanted(), LONGEST_WIDE if wide else LONGEST_CELL):
        sys.stdout.write(line + "\n")


def lines(
    columns: Sequence[Column[T]], rows: Sequence[T], room: int, colour: bool, longest: int = LONGEST_CELL
) -> list[str]:
    """The table's lines: titles, then rows. At most *room* cells each where columns can shrink so far."""
    grid = [[read(column.show(row), LONGEST_WIDE if column.wraps else longest) for column in columns] for row in rows]
    kept = worth_showing(columns, grid, room)
    columns = [columns[at] for at in kept]
    grid = [[row[at] for at in kept] for row in grid]
    widths = fitting(columns, grid, room)
    titles = [Cell(column.title, colours.DIM) for column in columns]
    wrapped = [each for row in grid for each in (wrap(row, widths) if columns[-1].wraps else [row])]
    return [line(columns, row, widths, colour) for row in (titles, *wrapped)]


def read(shown: str | Cell, longest: int) -> Cell:
    """A cell that is safe to print."""
    cell = shown if isinstance(shown, Cell) else Cell(shown)
    return Cell(visible(cell.text, longest), cell.sgr)


def wrap(row: Sequence[Cell], widths: Sequence[int]) -> list[list[Cell]]:
    """The row, and under it what is left of its last cell."""
    *others, (text, sgr) = row
    first, *rest = textwrap.wrap(text, widths[-1], break_on_hyphens=False) or [""]
    blank = [Cell("") for _ in others]
    return [[*others, Cell(first, sgr)], *([*blank, Cell(more, sgr)] for more in rest)]


def worth_showing(columns: Sequence[Column[Any]], grid: list[list[Cell]], room: int) -> list[int]:
    """Which columns stay: while they do not fit, spare ones without news go, the last first.

    Where not even that is enough, and nothing can shrink any further, the other spare ones follow; on a terminal so
    narrow that its lines would wrap even then, all but the first.
    """
    every = range(len(columns))
    full = [natural(columns, grid, at) for at in every]
    full = [min(width, WRAPPED) if column.wraps else width for width, column in zip(full, columns, strict=True)]
    least = [min(width, column.least or width) for width, column in zip(full, columns, strict=True)]
    spare = [at for at in every if columns[at].spare]
    dull = [at for at in spare if len({row[at].text for row in grid}) <= 1]
    kept = list(every)
    for widths, may_go in ((full, dull), (least, spare), (least, every[1:])):
        for at in reversed(may_go):
            if at in kept and sum(widths[at] + GAP for at in kept) - GAP > room:
                kept.remove(at)
    return kept


def natural(columns: Sequence[Column[Any]], grid: list[list[Cell]], at: int) -> int:
    """How wide a column is if nothing is cut."""
    return max([cells(columns[at].title), *(cells(row[at].text) for row in grid)])


def fitting(columns: Sequence[Column[Any]], grid: list[list[Cell]], room: int) -> list[int]:
    """Widths whose sum fits into *room*: what can shrink does, the widest first, down to its least."""
    widths = [natural(columns, grid, at) for at in range(len(columns))]
    while sum(widths) + GAP * (len(widths) - 1) > room:
        shrinkable = [at for at, column in enumerate(columns) if column.least and widths[at] > column.least]
        if not shrinkable:
            break
        widths[max(shrinkable, key=lambda at: widths[at])] -= 1
    return widths


def line(columns: Sequence[Column[Any]], row: Sequence[Cell], widths: Sequence[int], colour: bool) -> str:
    """One line, without trailing blanks."""
    pieces = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        text = visible(cell.text, width)
        blanks = " " * (width - cells(text))
        painted = colours.painted(text, cell.sgr, colour)
        pieces.append(blanks + painted if column.right else painted + blanks)
    return (" " * GAP).join(pieces).rstrip()
