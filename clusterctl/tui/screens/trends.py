"""The cluster over time: one chart, and what happened meanwhile."""

from __future__ import annotations

from datetime import timedelta

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.strip import Strip
from textual.widget import Widget

from clusterctl.model.looks import Look, Want
from clusterctl.model.trends import Trend
from clusterctl.tui.engine.messages import Asks, GoTo
from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint import charts
from clusterctl.tui.paint.pieces import Line, Sight, fit
from clusterctl.tui.paint.tones import glyphs_of, style_of
from clusterctl.tui.painters import trends as painter
from clusterctl.tui.painters.trends import PANELS, SPANS, View
from clusterctl.tui.screens.screen import ConsoleScreen

AGAIN_S = 10.0  # between two questions, while it is seen
AROUND_S = 120.0  # what happened here: so long before, and after
POINTS_A_COLUMN = 2  # a cell of a fine line is two points wide


class TrendChart(Widget, can_focus=True):
    """The chart, as large as there is room for. Drawn when something of it has changed, and only while it is seen."""

    HELP_GROUP = "In a chart"
    DEFAULT_CSS = "TrendChart { height: 1fr; width: 1fr; }"
    BINDINGS = [
        Binding("left,h", "move(-1)", "Cursor"),
        Binding("right", "move(1)", "Cursor", show=False),
        Binding("ctrl+u,pageup", "move(-10)", "Far back", show=False),
        Binding("ctrl+d,pagedown", "move(10)", "Far on", show=False),
        Binding("g,home", "move(-1000000)", "Oldest", show=False),
        Binding("G,end", "move(1000000)", "Newest", show=False),
        Binding("escape", "forget_cursor", "Newest", show=False),
        Binding("tab", "panel(1)", "Series"),
        Binding("shift+tab", "panel(-1)", "Series before", show=False),
        Binding("left_parenthesis", "span(-1)", "Span", key_display="( )"),
        Binding("right_parenthesis", "span(1)", "Longer", show=False),
        Binding("enter", "happened", "What happened here"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self.trend: Trend | None = None
        self.trouble = ""
        self.sight = Sight()
        self.told_at = self.sight.now  # when the trend came
        self.lines: list[Line] = []
        self._is_asked = False

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    def show_sight(self, sight: Sight) -> None:
        """A look has come, or a second has passed."""
        self.sight = sight
        self.ask(only_if_old=True)
        self.paint()

    def ask(self, *, only_if_old: bool = False) -> None:
        """Ask for the history that the view needs."""
        fresh = self.trend is not None and self.trend.span_s == self.view.span_s and not self._is_old()
        if self._is_asked or (only_if_old and (fresh or self.sight.stale)) or not self.size.width:
            return
        self._is_asked = True
        span_s, points = self.view.span_s, POINTS_A_COLUMN * self.size.width

        def ask(source: Source) -> Trend:
            charts.prepare()  # in the thread that waits for the answer anyway
            return source.trend(span_s, points)

        self.post_message(Asks("trend", ask, self.answered, self.unanswered))

    def _is_old(self) -> bool:
        return (self.sight.now - self.told_at).total_seconds() >= AGAIN_S

    def answered(self, trend: Trend) -> None:
        """Here it is; it may be of a span that nobody wants to see any more."""
        self._is_asked, self.trend, self.trouble, self.told_at = False, trend, "", self.sight.now
        if trend.span_s != self.view.span_s:
            self.ask()
        self.paint()

    def unanswered(self, error: Exception) -> None:
        """What is shown stays."""
        self._is_asked, self.trouble = False, str(error)
        self.paint()

    def paint(self) -> None:
        """Make the lines anew, and draw those that are others now."""
        if not self.size.width or not self.is_on_screen:
            return
        seen = self.sight._replace(at=self.told_at, elapsed_s=0.0)
        lines = painter.page(self.trend, self.view, seen, (self.size.width, self.size.height), trouble=self.trouble)
        if self.sight.stale:
            lines = [[piece._replace(tone="dim") for piece in line] for line in lines]
        if lines != self.lines:
            self.lines = lines
            self.refresh()

    @property
    def is_on_screen(self) -> bool:
        """Whether anybody sees it."""
        return all(each.display for each in self.ancestors_with_self if isinstance(each, Widget))

    def on_resize(self) -> None:
        self.paint()

    def on_show(self) -> None:
        self.paint()

    def render_line(self, y: int) -> Strip:
        line = self.lines[y] if y < len(self.lines) else []
        pieces, ground = fit(line, self.size.width, cut=self.sight.glyphs.cut), self.rich_style
        segments = [Segment(piece.text, ground + style_of(piece.tone, self.app)) for piece in pieces]
        return Strip(segments, self.size.width)

    def action_move(self, columns: int) -> None:
        if self.trend is not None:
            self.view = painter.moved(self.trend, self.view, columns, self.size.width)
            self.paint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a cursor there is nothing to forget: the key goes back, as everywhere."""
        del parameters
        return self.view.cursor is not None if action == "forget_cursor" else True

    def action_forget_cursor(self) -> None:
        self.view = self.view._replace(cursor=None)
        self.paint()

    def action_panel(self, by: int) -> None:
        self.view = self.view._replace(panel=(self.view.panel + by) % len(PANELS))
        self.paint()

    def action_span(self, by: int) -> None:
        self.view = self.view._replace(span=min(max(self.view.span + by, 0), len(SPANS) - 1), cursor=None)
        self.ask(only_if_old=True)
        self.paint()

    def action_happened(self) -> None:
        if self.trend is not None:
            at = self.view.cursor or self.trend.until
            around = (at - timedelta(seconds=AROUND_S), at + timedelta(seconds=AROUND_S))
            begin, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in around)
            self.post_message(GoTo("", "audit", f"at>={begin} at<={end}"))


class TrendsScreen(ConsoleScreen):
    """Charts of the queue, waits, CPUs, claims and failures."""

    name_of = "trends"
    title = "Trends"
    has_title_line = False

    def compose(self) -> ComposeResult:
        yield TrendChart()

    @property
    def chart(self) -> TrendChart:
        """The one widget that it has."""
        return self.query_one(TrendChart)

    def want(self) -> Want:
        return Want(screen="trends")

    def show_look(self, look: Look, sight: Sight) -> None:
        del look
        self.chart.show_sight(sight)

    def tick(self, sight: Sight) -> None:
        self.chart.show_sight(sight)

    def look_again(self) -> None:
        """Ask anew, at once."""
        self.chart.ask()
