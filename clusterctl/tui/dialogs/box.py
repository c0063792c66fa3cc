"""What all dialogs are: a box over the screen, which goes on below; lines that scroll, and choices under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from clusterctl.text import cells
from clusterctl.tui.dialogs.sheet import SIGN, Sheet
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line, Piece, Tone, in_ascii
from clusterctl.tui.paint.tones import style_of

Result = TypeVar("Result")
WIDEST = 100  # cells; longer lines are hard to read
FRAME = 4 + SIGN  # cells beside what is said: the border, a blank at each side, and the sign that there is more


class Choice(Widget, can_focus=True):
    """Something to choose, by its key, by mouse, or by enter once it has the focus."""

    DEFAULT_CSS = "Choice { width: auto; height: 1; margin-right: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", "Choose", show=False)]

    @dataclass
    class Chosen(Message):
        """That one."""

        action: str

    def __init__(self, key: str, label: str, action: str, id: str | None = None) -> None:
        super().__init__(id=id or action)
        self.key, self.label, self.action = key, label, action

    def pieces(self) -> Line:
        """The key, and what it does."""
        return [Piece(f" {self.key} ", "dim" if self.disabled else "accent"), Piece(f"{self.label} ", self.tone())]

    def rename(self, label: str, key: str = "") -> None:
        """Say something else, or that it has another key."""
        if (label, key or self.key) != (self.label, self.key):
            self.label, self.key = label, key or self.key
            self.refresh(layout=True)

    def tone(self) -> Tone:
        """How it looks: dim while it cannot be chosen."""
        return "dim" if self.disabled else "plain"

    def get_content_width(self, *_: Any) -> int:
        return sum(cells(piece.text) for piece in self.pieces())

    def render_line(self, y: int) -> Strip:
        del y
        focused = Style(reverse=True) if self.has_focus else Style.null()
        segments = [Segment(piece.text, style_of(piece.tone, self.app) + focused) for piece in self.pieces()]
        return Strip(segments).apply_style(self.rich_style)

    def on_click(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self.action))


class Dialog(ModalScreen[Result]):
    """A title, lines, and choices. ``body`` says what the lines are; it is asked again when there is another width."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #box { border: round $primary; padding: 0 1; height: auto; background: $surface; }
    Dialog > #box.ascii { border: ascii $primary; }
    Dialog > #box.severe { border: round $error; }
    Dialog > #box.severe.ascii { border: ascii $error; }
    Dialog Toast { display: none; }
    Dialog #choices { height: 1; margin-top: 1; }
    """
    HELP_GROUP = "In a dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d", "scroll(8)", "Further down", show=False),
        Binding("pageup,ctrl+u", "scroll(-8)", "Further up", show=False),
        Binding("right", "app.focus_next", "Next", show=False),
        Binding("left", "app.focus_previous", "Previous", show=False),
    ]
    AUTO_FOCUS = "Choice"
    LEAVE: ClassVar[str] = "Leave it"

    def __init__(self, title: str, glyphs: Glyphs = Glyphs()) -> None:  # noqa: B008  # a frozen tuple
        super().__init__()
        self.title_piece = Piece(title)
        self.glyphs = glyphs
        self.room = 20  # lines that are seen at once
        self._below: Sequence[Strip] = ()
        self._framed: tuple[int, str] | None = None  # how wide, and under which title

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="ascii" if self.glyphs is PLAIN_GLYPHS else ""):
            yield Sheet(self.glyphs)
            yield from self.entries()
            with Horizontal(id="choices"):
                yield from self.choices()

    def entries(self) -> ComposeResult:
        """What is written into, between the lines and the choices."""
        yield from ()

    def choices(self) -> Sequence[Choice]:
        """Those that there are. The first of them has the focus."""
        return [Choice("esc", self.LEAVE, "leave")]

    def body(self, width: int) -> list[Line]:
        """What is said, in lines of at most *width* cells."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        stack = self.app.screen_stack
        self._below = stack[stack.index(self) - 1]._compositor.render_strips() if self in stack[1:] else ()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The screen below, shaded. Textual would lead it through rich, thrice when a dialog opens, 30 ms each."""
        if y >= len(self._below):
            return Strip.blank(self.size.width, self.rich_style)
        shade, strip = self.styles.background, self._below[y]
        return Strip([Segment(text, shaded(style, shade)) for text, style, _ in strip], strip.cell_length)

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.draw()

    def draw(self) -> None:
        """Say everything anew, as there is room."""
        if not self.query("#box") or not self.query(Sheet):  # it is being taken down, and still hears of its size
            return
        box, terminal = self.query_one("#box"), self.app.size
        width = min(WIDEST, terminal.width - 2)
        title = self.plainly(self.title_piece.text)
        if (width, title) != self._framed:  # Textual would draw all of it anew
            self._framed = (width, title)
            box.styles.width = width
            box.border_title = Content(f" {title} ") if title else None
        self.room = terminal.height - self.lines_beside()
        self.query_one(Sheet).show(self.body(width - FRAME), most=self.room)

    def plainly(self, text: str) -> str:
        """*text*, in ASCII where the console knows no other letters."""
        cut = self.glyphs.cut
        return "".join(piece.text for piece in in_ascii([Piece(text)], cut)) if cut.isascii() else text

    def lines_beside(self) -> int:
        """How many lines the frame and the choices take."""
        return 4

    def action_scroll(self, lines: int) -> None:
        self.query_one(Sheet).scroll_by(lines)

    def on_choice_chosen(self, message: Choice.Chosen) -> None:
        message.stop()
        self.call_later(self.run_action, message.action)

    def action_leave(self) -> None:
        """Nothing is done."""
        self.end_with(None)

    def end_with(self, result: Result | None) -> None:
        """Close, and give *result* to whoever opened it. From its own messages it must not be awaited."""
        _ = self.dismiss(result)


@lru_cache(1024)
def shaded(style: Style | None, shade: Color) -> Style | None:
    """A style as it looks under a dialog."""
    return next(iter(BackgroundScreen.process_segments([Segment(" ", style)], shade))).style
