"""What all screens of the console are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from textual.containers import Container

from clusterctl.model.findings import Finding
from clusterctl.model.looks import Key, Look, Page, Want
from clusterctl.model.proposals import Outcome
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.engine.messages import Wants
from clusterctl.tui.lists.shape import Shape
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.table.table import Table


class ConsoleScreen(Container):
    """One of the screens. Knows nothing of where looks come from.

    Its children are made once, looks only change what they show: one that fills it, and then, if there is one, a
    ``.detail`` about what the cursor is on, which the shell shows beside it or instead of it. When it may want
    something else than last time it posts ``Wants``. The shell keeps ``shape``: how the operator wants its list.
    """

    DEFAULT_CSS = "ConsoleScreen { height: 1fr; }"
    name_of: ClassVar[str]
    title: ClassVar[str]
    noun: ClassVar[type[msgspec.Struct] | None] = None  # what its rows are: a filter may name their fields
    spans: ClassVar[tuple[str, ...]] = ()  # durations that a filter may name besides, as ``wait``
    faults_filter: ClassVar[str] = ""  # what is added to the filter to see only what is not well
    has_title_line: ClassVar[bool] = True  # over its table: how many rows, in which order, of when

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shape = Shape(noun=self.noun, spans=self.spans, faults_filter=self.faults_filter)

    @property
    def table(self) -> Table | None:
        """Its list, the first if there are several."""
        found = self.query(Table)
        return found.first() if found else None

    @property
    def is_behind(self) -> bool:
        """Whether its list is not yet the one that the filter asks for."""
        return self.table is not None and self.table.is_behind

    def want(self) -> Want:
        """What the next look shall bring."""
        if self.table is None:
            return self.wanting()
        first, rows = self.table.window()
        cursor = self.table.model.cursor
        return self.wanting(first=first, rows=rows, also=() if cursor is None else (cursor,))

    def wanting(self, **window: Any) -> Want:
        """A want in the shape that the operator has given the list; *window*: first, rows, also."""
        return Want(screen=self.name_of, filter=self.shape.filter, sort=self.shape.sort, **window)  # type: ignore[arg-type]  # those that are no list of a look say so in a want of their own

    def show_look(self, look: Look, sight: Sight) -> None:
        """Show what was seen. While one switches, looks come that another screen wished for: without a list of ours."""

    def tick(self, sight: Sight) -> None:
        """A second has passed: ages have grown."""

    def show_findings(self, found: Found, sight: Sight) -> None:
        """Show what is wrong. Every screen is told, also one that is not shown."""

    def look_again(self) -> None:
        """Somebody wants to know at once: ask anew for what looks do not bring."""

    def shape_changed(self) -> None:
        """The operator wants the list otherwise: filtered, ordered."""
        self.post_message(Wants())

    def seen_at(self, sight: Sight) -> datetime:
        """Of when is what it shows, by the database's clock."""
        return sight.at

    def subjects(self) -> tuple[str, ...]:
        """What a deed would be about: what is marked, or else what the cursor is on: ``job:7``, ``worker:w1``."""
        return ()

    def concerns(self) -> tuple[str, ...]:
        """All that the row under the cursor is about, nearest first: ``claim:17``, ``job:7``, ``worker:w1``."""
        return self.subjects()[:1]

    def meant_findings(self) -> tuple[Finding, ...]:
        """The findings that are marked, or else the one under the cursor."""
        return ()

    def hidden_marks(self) -> int:
        """How many rows are marked that the filter hides."""
        return 0

    def acted(self, outcomes: Sequence[Outcome]) -> None:
        """Something was done: what it was done to stays in sight for a while, and is not marked any more."""
        table = self.table
        if table is None:
            return
        keys = {key: each.fate for each in outcomes for key in keys_of(each.subject)}
        table.keep(keys)
        table.model.end_range()
        table.model.marked -= {key for key, fate in keys.items() if fate == "done"}
        table.refresh()

    def go_to(self, subject: str) -> bool:
        """Put the cursor on that; false if it is not in the list."""
        table = self.table
        if table is None:
            return False
        keys = keys_of(subject)
        at = next((at for at, key in enumerate(table.model.keys) if key in keys), None)
        if at is not None:
            table.action_move(at - table.model.at())
        return at is not None

    def page_of(self, look: Look) -> Page[Any] | None:
        """Its list, as it was seen; None if looks bring none, or more than one."""
        del look
        return None

    def shown(self) -> Sequence[Any]:
        """The rows of its list whose fields are known, in the order in which they are shown."""
        if self.table is None:
            return ()
        model = self.table.model
        return [model.rows[key] for key in model.keys if key in model.rows]

    def row(self) -> Any:
        """The row under the cursor; None if there is none, or its fields are not known yet."""
        if self.table is None or self.table.model.cursor is None:
            return None
        return self.table.model.rows.get(self.table.model.cursor)


def keys_of(subject: str) -> tuple[Key, ...]:
    """By which key its row may be known: a number, but a worker may be called so too."""
    name = subject.partition(":")[2]
    return (int(name), name) if name.isdecimal() else (name,)
