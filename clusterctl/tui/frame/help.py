"""The help: every key that does something, and every sign that is drawn. Made of the bindings, never by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widgets import Input

from clusterctl.text import cells, visible
from clusterctl.tui.dialogs.box import Dialog
from clusterctl.tui.frame.key_line import key_name
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece

OURS = "clusterctl."
END = 100_000  # lines: beyond any help
SIGNS: dict[str, str] = {  # of Glyphs: what each says
    "used": "CPUs or memory in use", "allocated": "allocated, and not in use", "reserved": "reserved for what starts",
    "free": "free", "unknown": "nobody knows: the worker is not heard", "cursor": "the row that keys are about",
    "mark": "a marked row", "live": "the picture is fresh", "stale": "the picture is old: its age stands beside it",
    "warn": "how many findings there are", "rising": "smallest first", "falling": "ordered so, largest first",
    "cut": "there is more than fits",
}  # fmt: skip
FILTERS = (
    ("word", "any text of a row has it in it"),
    ("state:failed,lost", "one of these"),
    ("name:train*", "* is anything, ? one letter"),
    ("-tenant:ada", "not that one"),
    ("cpus>=4 wait>2m", "both must hold; < <= > >= != compare"),
    ("worker:none", "has none; worker:any has one"),
)


class Entry(NamedTuple):
    """Some keys, and what they do."""

    keys: str
    text: str


class Group(NamedTuple):
    """Where keys do that."""

    title: str
    entries: tuple[Entry, ...]


def groups_of(nodes: Iterable[DOMNode], glyphs: Glyphs, without: Collection[str] = ()) -> list[Group]:
    """The keys of *nodes*, as our classes bind them: what belongs together under one title, in the order of *nodes*.

    What has no description is left out, and the actions that stand in *without*.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for title, binding in bound_by(nodes):
        if not binding.description or action_of(binding) in without:
            continue
        keys = found.setdefault(title, {}).setdefault(binding.description, [])
        if (shown := key_name(binding.key, glyphs)) not in keys:
            keys.append(shown)
    return [
        Group(title, tuple(Entry(" ".join(keys), text) for text, keys in entries.items()))
        for title, entries in found.items()
    ]


def bound_by(nodes: Iterable[DOMNode]) -> Iterator[tuple[str, Binding]]:
    """Every key that a class of ours binds, under the title of its group; not what it has from Textual.

    What several screens have is told of the first.
    """
    told: set[Binding] = set()
    for node in nodes:
        known: set[str] = set()
        for kind in type(node).__mro__:
            if not kind.__module__.startswith(OURS):
                continue
            title = str(getattr(kind, "HELP_GROUP", ""))
            for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS", ())):
                if binding.key not in known and (title or binding not in told):
                    yield title or str(getattr(type(node), "title", "")), binding
                known.add(binding.key)
                told.add(binding)


def action_of(binding: Binding) -> str:
    """Its name, without what it is called with."""
    return binding.action.rpartition(".")[2].partition("(")[0]


def pages(groups: Sequence[Group], glyphs: Glyphs) -> list[Group]:
    """*groups*, and what is no key: how filters are written, and the signs."""
    signs = tuple(Entry(str(getattr(glyphs, name)), text) for name, text in SIGNS.items())
    return [*groups, Group("Filters", tuple(Entry(*each) for each in FILTERS)), Group("Signs", signs)]


def help_lines(groups: Sequence[Group], search: str) -> Iterator[Line]:
    """Those that have *search* in them, under their titles."""
    sought = search.strip().lower()
    wide = max((cells(entry.keys) for group in groups for entry in group.entries), default=0)
    for group in groups:
        whole = sought in group.title.lower()
        found = [each for each in group.entries if whole or sought in f"{each.keys} {each.text}".lower()]
        if found:
            yield [Piece(group.title, "title")]
        for entry in found:
            blanks = " " * (min(wide, 24) - cells(entry.keys))
            yield [Piece("  "), Piece(entry.keys, "accent"), Piece(f"{blanks}  {entry.text}")]


class HelpDialog(Dialog[None]):
    """All of it, and a line to search in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,enter", "leave", "Close", show=False, priority=True),
        Binding("down", "scroll(1)", "Down", show=False, priority=True),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True),
        Binding("home", f"scroll({-END})", "First", show=False, priority=True),  # not the input's
        Binding("end", f"scroll({END})", "Last", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    HelpDialog Input, HelpDialog Input:focus { height: 1; border: none; padding: 0; background: $panel; margin-top: 1; }
    """
    AUTO_FOCUS = "Input"
    LEAVE = "Close"

    def __init__(self, groups: Sequence[Group], glyphs: Glyphs) -> None:
        super().__init__("Help", glyphs)
        self._groups = pages(groups, glyphs)
        self._search = ""

    def entries(self) -> ComposeResult:
        field = Input(placeholder="type to search")
        field.cursor_blink = False
        yield field

    def body(self, width: int) -> list[Line]:
        del width
        return list(help_lines(self._groups, self._search)) or [
            [Piece(f"no key and no sign has {self._search!a} in it", "dim")]
        ]

    def lines_beside(self) -> int:
        return super().lines_beside() + 2

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._search = visible(message.value)
        self.draw()


def nodes_of(app: Any) -> list[DOMNode]:
    """All that can have keys: the screen that one sees first, then the console, what comes over it, other screens."""
    here = list(app.here.walk_children(with_self=True))
    others = [node for node in app.screen_stack[0].walk_children(with_self=False) if node not in set(here)]
    return [*here, app, Dialog(""), *others]
