"""Rows for a table that is about nothing in particular."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from clusterctl.model.looks import Key, Page
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.table.columns import Column
from clusterctl.tui.table.table import Table
from clusterctl.units import format_age


class Thing(NamedTuple):
    """A row."""

    name: str
    state: str = "pending"
    age_s: float = 60.0
    reason: str = "no worker has 2 CPUs free"


def show_name(thing: Thing, sight: Sight, width: int) -> Line:
    """Its name."""
    del sight
    return [data(thing.name, width=width)]


def show_state(thing: Thing, sight: Sight, width: int) -> Line:
    """Its state."""
    del sight
    return [data(thing.state, "good" if thing.state == "running" else "warning", width)]


def show_age(thing: Thing, sight: Sight, width: int) -> Line:
    """How old it is, and growing."""
    del width
    return [Piece(format_age(thing.age_s + sight.elapsed_s))]


def show_reason(thing: Thing, sight: Sight, width: int) -> Line:
    """A sentence."""
    del sight
    return [data(thing.reason, "dim", width)]


COLUMNS: tuple[Column[Thing], ...] = (
    Column("name", "NAME", show_name, 12, sort="name", grows=True, most=30),
    Column("state", "STATE", show_state, 9, sort="state"),
    Column("age", "AGE", show_age, 7, sort="age", right=True),
    Column("reason", "REASON", show_reason, 20, rank=1, grows=True),
    Column("name2", "AGAIN", show_name, 30, rank=2),
    Column("secret", "ASIDE", show_name, 8, extra=True),
)


def a_table(**options: Any) -> Table:
    """A table of things."""
    return Table(COLUMNS, **options)


def a_page(keys: Iterable[Key], *, loaded: Iterable[Key] | None = None, **fields: Any) -> Page[Thing]:
    """The things of these *keys*, all of them *loaded* unless told otherwise."""
    order = tuple(keys)
    rows = {key: Thing(f"thing-{key}", **fields) for key in (order if loaded is None else loaded)}
    return Page(keys=order, rows=rows, total=len(order))
