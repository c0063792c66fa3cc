"""The widget: lines about one thing, asked for when the cursor has come to rest on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from clusterctl.model.errors import NotFound
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.engine.messages import Asks
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data, fit
from clusterctl.tui.paint.tones import glyphs_of, style_of
from clusterctl.tui.painters.ruled import rule, wrapped
from clusterctl.units import format_age

REST_S = 0.15  # the cursor may only be passing by
AGAIN_S = 5.0  # from one answer to the next question
OLD_S = 15.0  # from then on the age is told
END = 1_000_000  # lines: beyond any page


class DetailPane(ScrollView, can_focus=True):
    """Shows what is known of its topic, and asks again and again for as long as it is seen."""

    HELP_GROUP = "On a page"
    DEFAULT_CSS = "DetailPane { width: 1fr; height: 1fr; overflow-x: hidden; scrollbar-size: 0 0; }"
    BINDINGS = [
        Binding("j,down", "go(1)", "Down", show=False),
        Binding("k,up", "go(-1)", "Up", show=False),
        Binding("g,home", f"go({-END})", "First", show=False),
        Binding("G,end", f"go({END})", "Last", show=False),
        Binding("ctrl+d", "turn(0.5)", "Half a page down", show=False),
        Binding("ctrl+u", "turn(-0.5)", "Half a page up", show=False),
        Binding("pagedown", "turn(1.0)", "Page down", show=False),
        Binding("pageup", "turn(-1.0)", "Page up", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str = "detail") -> None:
        super().__init__(id=id, classes=classes)
        self.topic: Topic | None = None
        self.sight = Sight()
        self.lines: Sequence[Line] = ()
        self._story: Any = None
        self._told_at: datetime | None = None
        self._trouble = ""
        self._is_asked = self._is_seen = self._returns = False
        self._rest: Timer | None = None

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    @property
    def told(self) -> bool:
        """Whether its question has been answered, well or not."""
        return self._told_at is not None

    def about(self, topic: Topic | None) -> None:
        """Show that from now on; what is shown stays if it is about the same."""
        if topic is not None and topic.is_same(self.topic):
            self.topic = topic
            return
        self.topic, self._story, self._told_at, self._trouble = topic, None, None, ""
        self.scroll_to(y=0, animate=False)
        self._come_to_rest()
        self._paint()

    def show_sight(self, sight: Sight) -> None:
        """Time has passed: ages have grown, and what is shown may be old."""
        is_back, self.sight = self.sight.stale and not sight.stale, sight
        if self._returns:
            self._returns = False
            self._forget_the_last_visit()
        waits = is_back if self._told_at is None else (sight.now - self._told_at).total_seconds() >= AGAIN_S
        if waits:  # nobody could be asked when it came to rest, or the answer is old
            self._ask()
        if self._is_seen:
            self._paint()

    def look_again(self) -> None:
        """Ask anew, at once."""
        self._is_asked = False
        self._ask()

    def on_show(self) -> None:
        """Nothing is asked while nobody sees it."""
        self._is_seen = self._returns = True  # the look of this visit may come before this, or after
        self._forget_the_last_visit()
        self._come_to_rest()
        self._paint()

    def _forget_the_last_visit(self) -> None:
        """A page much older than the list beside it would contradict it."""
        if self._told_at is not None and (self.sight.at - self._told_at).total_seconds() >= OLD_S:
            self._story, self._told_at, self._trouble = None, None, ""
            self._come_to_rest()

    def on_hide(self) -> None:
        """As above."""
        self._is_seen = False

    def on_resize(self) -> None:
        """Other lines fit."""
        self._paint()

    def _come_to_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._is_asked = False
        if self.topic is not None and self._is_seen:
            self._rest = self.set_timer(REST_S, self._ask)

    def _ask(self) -> None:
        topic = self.topic
        if topic is None or self._is_asked or not self._is_seen or self.sight.stale:
            return
        self._is_asked = True
        self.post_message(Asks("detail", topic.ask, partial(self._answered, topic), partial(self._unanswered, topic)))

    def _answered(self, topic: Topic, story: Any) -> None:
        if topic.is_same(self.topic):
            self._story, self._told_at, self._trouble, self._is_asked = story, self.sight.now, "", False
            self._paint()

    def _unanswered(self, topic: Topic, error: Exception) -> None:
        if topic.is_same(self.topic):
            gone = isinstance(error, NotFound)  # then what is shown is no more
            self._story = None if gone else self._story
            self._told_at, self._trouble, self._is_asked = self.sight.now, str(error), False
            self._paint()

    def _paint(self) -> None:
        width = self.size.width
        if not width:
            return
        lines = self.page(width)
        if len(lines) != len(self.lines) or self.virtual_size.width != width:
            self.virtual_size = Size(width, len(lines))
            self.lines = lines
            self.refresh()
            return
        changed = [at for at, (old, new) in enumerate(zip(self.lines, lines, strict=True)) if tuple(old) != tuple(new)]
        self.lines = lines
        self.refresh(Region(0, 0, width, 1))  # the title
        for at in changed:
            self.refresh_lines(at, 1)

    def page(self, width: int) -> list[Line]:
        """All that is shown, a line for the title first."""
        if self.topic is None:
            return [(), (Piece("  j and k choose a row; what is known of it stands here", "dim"),)]
        if self._story is None:
            looking = "nobody can be asked: Postgres does not answer" if self.sight.stale else "looking…"
            said = wrapped(self._trouble or looking, width - 2)
            return [(), *((Piece(" "), data(line, "warning" if self._trouble else "dim")) for line in said)]
        trouble = [(Piece(" "), data(line, "warning")) for line in wrapped(self._trouble, width - 2)]
        since = self._told_at or self.sight.at
        seen = self.sight._replace(at=since, elapsed_s=max(0.0, (self.sight.now - since).total_seconds()))
        return [(), *(trouble if self._trouble else ()), *self.topic.paint(self._story, seen, width)]

    def heading(self) -> Line:
        """The title, which stays where it is; how old the page is, and how much of it lies below."""
        if self.topic is None:
            return ()
        return rule(self.topic.title, self.size.width, self.sight.glyphs, self._aside())

    def _aside(self) -> Sequence[Piece]:
        age = 0.0 if self._told_at is None else (self.sight.now - self._told_at).total_seconds()
        below = len(self.lines) - self.size.height - int(self.scroll_offset.y)
        told = [Piece(f"{format_age(age)} old ", "warning")] if age >= OLD_S else []
        return [*told, *([Piece(f"{below} more below", "dim")] if below > 0 else [])]

    def action_go(self, by: int) -> None:
        """So many lines down, or up."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_turn(self, pages: float) -> None:
        """So many pages down, or up."""
        self.action_go(round(pages * max(1, self.size.height - 2)))

    def render_line(self, y: int) -> Strip:
        width, at = self.size.width, y + int(self.scroll_offset.y)
        if y and at >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        pieces = fit(self.lines[at] if y else self.heading(), width, cut=self.sight.glyphs.cut)
        stale, base = self.sight.stale, self.rich_style
        styled = [Segment(each.text, base + style_of("dim" if stale else each.tone, self.app)) for each in pieces]
        return Strip(styled, width)
