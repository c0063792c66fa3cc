"""The columns of a table: how each shows a row, which of them there is room for, and which somebody chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from clusterctl.tui.paint.pieces import Line, Sight

Row = TypeVar("Row")
GAP = 1  # cells between two columns


class Column(NamedTuple, Generic[Row]):
    """One column.

    ``key`` names it for good; ``sort``: the field that ``--sort`` knows, empty if there is no order by it. ``width`` is
    in cells; ``grows``: it takes what room is left, up to ``most`` cells (0: all). ``rank``: where room is short the
    highest goes first; 0 never goes. ``extra``: shown only to those who ask for it. ``spills``: where the cells behind
    it are blank it takes their room too. ``bar``: it fills whatever width it has, and has none of its own.
    """

    key: str
    title: str
    show: Callable[[Row, Sight, int], Line]  # the width that it has is the last argument
    width: int
    sort: str = ""
    right: bool = False
    rank: int = 0
    grows: bool = False
    extra: bool = False
    most: int = 0
    spills: bool = False
    bar: bool = False


class Placed(NamedTuple):
    """A column where it stands: *x* cells from the left edge of the columns."""

    column: Column[Any]
    width: int
    x: int = 0


def place(columns: Sequence[Column[Any]], room: int, chosen: str = "") -> list[Placed]:
    """The columns that fit into *room* cells, how wide each is, and where it stands. The one *chosen* always does."""
    kept = list(columns)
    while len(kept) > 1 and taken(kept) > room:
        last = max(kept, key=lambda each: 0 if each.key == chosen else each.rank)
        if not last.rank or last.key == chosen:
            break
        kept.remove(last)
    spare = room - taken(kept)
    widths = grown(kept, spare) if spare >= 0 else shrunk(kept, -spare)
    placed, x = [], 0
    for column, width in zip(kept, widths, strict=True):
        placed.append(Placed(column, width, x))
        x += width + GAP
    return placed


def taken(columns: Sequence[Column[Any]]) -> int:
    """How many cells they need at least."""
    return sum(each.width for each in columns) + GAP * (len(columns) - 1)


def grown(columns: Sequence[Column[Any]], left: int) -> list[int]:
    """How wide each is when those that grow have shared what is left."""
    widths = [each.width for each in columns]
    growing = [at for at, each in enumerate(columns) if each.grows]
    while left and growing:
        share = max(1, left // len(growing))
        for at in list(growing):
            most = columns[at].most
            more = min(share, left, most - widths[at]) if most else min(share, left)
            widths[at] += max(0, more)
            left -= max(0, more)
            if most and widths[at] >= most:
                growing.remove(at)
    return widths


def shrunk(columns: Sequence[Column[Any]], over: int) -> list[int]:
    """How wide each is where there is not even room for those that never go: the last give way."""
    widths = [each.width for each in columns]
    for at in range(len(widths) - 1, -1, -1):
        less = min(over, widths[at] - 1)
        widths[at] -= less
        over -= less
    return widths


def turned(sort: Sequence[str], column: Column[Any]) -> tuple[str, ...]:
    """The order after somebody asked for that of *column*: by it, or if it was by it already, the other way round."""
    return (f"-{column.sort}",) if tuple(sort[:1]) == (column.sort,) else (column.sort,)


def direction(sort: Sequence[str], column: Column[Any]) -> str:
    """``up`` or ``down`` if rows are in the order of *column*, else nothing."""
    if not column.sort or not sort or sort[0].removeprefix("-") != column.sort:
        return ""
    return "down" if sort[0].startswith("-") else "up"
