"""Logs on stdout: their newest rows, and then row by row what is new."""

from __future__ import annotations

import select
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import typer

from clusterctl import units
from clusterctl.cli.display import colours, listing, table
from clusterctl.cli.display.ages import ago, now
from clusterctl.cli.display.listing import MOST, Form, Listing
from clusterctl.cli.display.table import Cell
from clusterctl.cli.input.wishes import told
from clusterctl.cli.outage import patiently
from clusterctl.model.errors import BadInput
from clusterctl.model.log_marks import Reach
from clusterctl.text import cells
from clusterctl.units import format_duration
from clusterctl.wording.moments import stamp

T = TypeVar("T")

SOONEST, LATEST = 0.2, 1.0  # seconds between two looks, growing while there is nothing new
WIDEST, NARROWEST = 24, 8  # cells of a column while others follow, and of the last
MOST_LISTED, MOST_BEFORE = 500, 10  # rows without --limit: of a list, and before those that follow

SinceOption = Annotated[
    float | None,
    typer.Option(parser=told(units.parse_duration), metavar="TIME", help="Not older than 90s, 10m, 2h, 7d."),
]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on, and print what is new, until Ctrl-C.")]
NewestOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        max=MOST,
        metavar="N",
        help=f"Most rows, the newest; without it {MOST_LISTED}, with -f {MOST_BEFORE}.",
    ),
]


def most_rows(listed: Listing[Any], limit: int | None, *, follow: bool, sort: str) -> int:
    """How many rows to ask for. Raises BadInput for fields that there are not, and for an order of what is to come."""
    listing.read_sort(listed, sort)
    if follow and sort:
        raise BadInput("what is followed cannot be sorted", "leave out --sort, or -f")
    if sort:
        return MOST
    return limit or (MOST_BEFORE if follow else MOST_LISTED)


def show_log(
    listed: Listing[T], rows: Sequence[T], form: Form | None, *, sort: str, limit: int | None, more: int
) -> None:
    """Print the newest rows, oldest first; or, *sort*-ed, those that are first then."""
    if sort:
        most = limit or MOST_LISTED
        rows, more = listing.ordered(listed, rows, sort), more + max(0, len(rows) - most)
        rows = rows[:most]
    listing.show(listed, rows, form, more=more)


def narrate(reach: Reach, what: str, since_s: float | None) -> None:
    """Say on stderr that the log does not go back as far as was asked."""
    if since_s is None or reach.begins_at is None or (now() - reach.begins_at).total_seconds() >= since_s:
        return
    begins = f"{stamp(reach.begins_at)}, {ago(reach.begins_at)}"
    sys.stderr.write(f"{what} begins {begins}; what is older than {format_duration(reach.keep_s)} is forgotten\n")


def follow(roll: Roll[T], rows: Sequence[T], look: Callable[[], Sequence[T]]) -> None:
    """Print *rows*, and then what each *look* brings, through outages, until nobody reads it any more."""
    roll.show(rows)
    rest = SOONEST
    while not reader_leaves_within(rest):
        rows = patiently(look)
        roll.show(rows)
        rest = SOONEST if rows else min(rest * 1.5, LATEST)


def reader_leaves_within(seconds: float) -> bool:
    """Rest for so long, or until whoever reads our stdout has gone: else `| head` would wait for the next row."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        time.sleep(seconds)
        return False
    poll = select.poll()
    poll.register(descriptor, 0)  # nothing is asked for: of a closed pipe one is told anyway
    return bool(poll.poll(seconds * 1000))


class Roll(Generic[T]):
    """A listing without an end: titles once, and columns that only grow wider. JSON is one object a line."""

    def __init__(self, listed: Listing[T], form: Form | None) -> None:
        self._listing = listed
        self._form = listing.form_of(form)
        self._columns = [column for column in listed.columns if self._form == "wide" or not column.wide]
        self._widths = [max(cells(column.title), column.least) for column in self._columns]
        self._is_new = True

    def show(self, rows: Sequence[T]) -> None:
        """Print some more, at once."""
        if self._form in ("table", "wide"):
            if not rows:
                return  # the titles stand where the first rows want them
            self._draw(rows)
        elif self._form == "tsv":
            self._write_fields(rows)
        else:
            listing.write(self._listing, rows, "ids" if self._form == "ids" else "jsonl")
        self._is_new = False
        sys.stdout.flush()

    def _write_fields(self, rows: Sequence[T]) -> None:
        names = self._listing.fields.split()
        if self._is_new:
            sys.stdout.write("\t".join(names) + "\n")
        for row in map(self._listing.plain, rows):
            sys.stdout.write("\t".join(listing.field(listing.pick(row, name)) for name in names) + "\n")

    def _draw(self, rows: Sequence[T]) -> None:
        """All columns as wide as they ever were, but for the last, which has what is left of the terminal."""
        longest = table.LONGEST_WIDE if self._form == "wide" else WIDEST
        *grid, last = [[table.read(column.show(row), table.LONGEST_WIDE) for row in rows] for column in self._columns]
        for at, column in enumerate(grid):
            self._widths[at] = max(self._widths[at], *(min(longest, cells(cell.text)) for cell in column), 0)
        before = sum(width + table.GAP for width in self._widths[:-1])
        room = shutil.get_terminal_size().columns - before if self._form == "table" else table.LONGEST_WIDE
        titles = [Cell(column.title, colours.DIM) for column in self._columns]
        lines = [titles] if self._is_new else []
        for line in (*lines, *map(list, zip(*grid, last, strict=True))):
            widths = [*self._widths[:-1], max(room, NARROWEST)]
            sys.stdout.write(table.line(self._columns, line, widths, colours.wanted()) + "\n")
