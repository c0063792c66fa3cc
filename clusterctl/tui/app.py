"""The console: its screens, and how one goes from one to another."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from clusterctl.text import visible
from clusterctl.tui.dialogs.acting import DEED_ACTIONS, Acting
from clusterctl.tui.engine.messages import GoTo
from clusterctl.tui.engine.source import Source
from clusterctl.tui.frame import frame
from clusterctl.tui.frame.filter_bar import FilterBar
from clusterctl.tui.frame.help import HelpDialog, groups_of, nodes_of
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.frame.tabs import tab_at
from clusterctl.tui.lists.shaping import Shaping
from clusterctl.tui.lists.taking import Taking
from clusterctl.tui.palette import Palette
from clusterctl.tui.places import Places, filter_of, home_of
from clusterctl.tui.screens.audit import AuditScreen
from clusterctl.tui.screens.claims import ClaimsScreen
from clusterctl.tui.screens.doctor import DoctorScreen
from clusterctl.tui.screens.jobs import JobsScreen
from clusterctl.tui.screens.logs import LogsScreen
from clusterctl.tui.screens.overview import OverviewScreen
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.screens.services import ServicesScreen
from clusterctl.tui.screens.stuck import StuckScreen
from clusterctl.tui.screens.trends import TrendsScreen
from clusterctl.tui.screens.workers import WorkersScreen
from clusterctl.tui.table.table import Table

# Each with the key that leads there, in the order of the tabs; those without a tab come last.
SCREENS: tuple[tuple[str, type[ConsoleScreen]], ...] = (
    ("1", OverviewScreen),
    ("2", WorkersScreen),
    ("3", JobsScreen),
    ("4", StuckScreen),
    ("5", ClaimsScreen),
    ("6", TrendsScreen),
    ("7", DoctorScreen),
    ("8", ServicesScreen),
    ("a", AuditScreen),
    ("", LogsScreen),
)


class Console(Shaping, Taking, Acting):
    """``clusterctl top``."""

    HELP_GROUP = "Everywhere"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[Any]] = {Palette}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-middle"), (120, "-wide"), (140, "-widest")]
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(key, f"show('{screen.name_of}')", screen.title, show=False) for key, screen in SCREENS if key),
        Binding("grave_accent", "previous", "Screen before", show=False),
        Binding("escape", "step_back", "Back", show=False),
        Binding("z", "zoom", "Zoom", show=False),
        Binding("l", "visit('job', 'logs')", "Logs"),
        Binding("W", "visit('worker', 'workers')", "Its worker", show=False),
        Binding("D", "decisions", "Its claims", show=False),
        Binding("colon", "command_palette", "Command"),
        Binding("question_mark", "help", "Help"),
    ]

    def __init__(self, source: Source, **options: Any) -> None:
        super().__init__(source, **options)
        names = [screen.name_of for _, screen in SCREENS]
        self.places = Places(self.setup.screen if self.setup.screen in names else names[0])

    def compose(self) -> ComposeResult:
        yield Painted(id="header")
        yield Painted(id="tabs")
        yield Painted(id="title")
        with ContentSwitcher(initial=self.places.here, id="body"):
            for _, screen in SCREENS:
                yield screen(id=screen.name_of)
        yield FilterBar(id="filter-bar")
        yield Painted(id="keys")
        yield Painted(id="too-small")

    def on_mount(self) -> None:
        self.set_class(self.setup.ascii, "-ascii")
        self.here.shape.sort = self.setup.sort
        self.bar.about(self.here.shape)
        if self.setup.filter:
            self.bar.type(self.setup.filter)
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.draw_frame())
        self.focus_list()
        self.draw_frame()

    @property
    def here(self) -> ConsoleScreen:
        """The screen that is shown, under whatever dialog."""
        return self.screen_of(self.places.here)

    @property
    def is_standing(self) -> bool:
        return bool(self.screen_stack) and self.screen_stack[0].query_one_optional(f"#{self.places.here}") is not None

    def screen_of(self, name: str) -> ConsoleScreen:
        """The screen of that name."""
        return self.screen_stack[0].query_one(f"#{name}", ConsoleScreen)

    def draw_frame(self) -> None:
        frame.draw(self)

    def show_place(self) -> None:
        """Show the screen where one is now."""
        below = self.screen_stack[0]
        below.query_one("#body", ContentSwitcher).current = self.places.here
        self.bar.about(self.here.shape)
        self.call_after_refresh(self.arrive)

    def arrive(self) -> None:
        """The screen has its size now, and knows what it wants."""
        self.focus_list()
        self.show_look()
        self.here.show_findings(self.found, self.sight())
        self.ask_again()
        self.draw_frame()

    def action_show(self, name: str) -> None:
        self.places.go(name)
        self.show_place()

    def action_previous(self) -> None:
        self.action_show(self.places.before)

    def on_go_to(self, message: GoTo) -> None:
        self.go_to(message.subject, message.screen, message.filter)

    def go_to(self, subject: str, screen: str | None = None, filter: str = "") -> None:
        """Show *subject* there, or where such subjects are at home."""
        name = screen or home_of(subject)
        if name not in {each.name_of for _, each in SCREENS}:
            self.say(f"there is no screen that shows {subject}", "warning")
            return
        self.places.visit(name, subject)
        self.show_place()
        if filter:
            self.filter_by(filter)
        self.settle()

    def settle(self) -> None:
        """Put the cursor on what is sought; where it is not in the list, filter for it."""
        subject = self.places.sought
        if not subject:
            return
        if self.here.go_to(subject):
            self.places.sought = ""
        elif self.look is not None and self.look.want.screen == self.here.name_of:
            self.places.sought = ""
            if wanted := filter_of(subject, self.here.name_of):
                self.filter_by(wanted)

    def concerned(self, kind: str) -> str:
        """The nearest subject of that *kind* that the row under the cursor is about; empty if there is none."""
        return next((each for each in self.here.concerns() if each.startswith(f"{kind}:")), "")

    def action_visit(self, kind: str, screen: str) -> None:
        subject = self.concerned(kind)
        if subject:
            self.go_to(subject, screen)
        else:
            self.say(f"the row under the cursor is about no {kind}", "warning")

    def action_decisions(self) -> None:
        self.action_visit("job" if self.concerned("job") else "worker", "claims")

    def action_step_back(self) -> None:
        """One step: out of the zoom, out of the detail, without the filter, to where one came from."""
        here = self.here
        if here.has_class("-zoomed"):
            self.action_zoom()
        elif here.has_class("-opened"):
            here.remove_class("-opened")
            self.focus_list()
        elif self.places.came_from and not self.bar.is_typed_in:
            self.places.back()
            self.show_place()
        elif not self.clear_filter():
            self.focus_list()
        self.draw_frame()

    def on_table_opened(self, message: Table.Opened) -> None:
        """A row was chosen: what is known of it is shown beside the list, or instead of it."""
        here = self.here
        if message.table is here.table and (detail := self.detail_of(here)) is not None:
            here.add_class("-opened")
            self.call_after_refresh(self.focus_in, detail)

    def action_zoom(self) -> None:
        here = self.here
        panes = list(here.children)
        chosen = next((pane for pane in panes if pane.has_focus or pane.has_focus_within), panes[0])
        zoomed = not here.has_class("-zoomed")
        here.set_class(zoomed, "-zoomed")
        for pane in panes:
            pane.set_class(zoomed and pane is chosen, "-zoom")
        self.draw_frame()

    def detail_of(self, screen: ConsoleScreen) -> Widget | None:
        """What stands beside its list."""
        found = [child for child in screen.children if child.has_class("detail")]
        return found[0] if found else None

    def panes(self) -> list[Widget]:
        """All of the screen that keys can go to, in order."""
        return [each for each in self.here.walk_children(Widget) if each.focusable]

    def focus_in(self, within: Widget) -> None:
        """Let keys go there."""
        for each in [within, *within.walk_children(Widget)]:
            if each.focusable:
                each.focus(scroll_visible=False)
                return

    def focus_list(self) -> None:
        """Let keys go to the screen."""
        self.focus_in(self.here)

    def action_focus_next(self) -> None:
        self.step_focus(1)

    def action_focus_previous(self) -> None:
        self.step_focus(-1)

    def step_focus(self, by: int) -> None:
        """To the next pane; in a dialog as Textual does."""
        if len(self.screen_stack) > 1:
            _ = self.screen.focus_next() if by > 0 else self.screen.focus_previous()
            return
        panes = self.panes()
        if panes:
            at = panes.index(self.focused) if self.focused in panes else -1
            panes[(at + by) % len(panes)].focus(scroll_visible=False)

    def on_click(self, event: events.Click) -> None:
        """On the name of a screen."""
        is_tabs = event.widget is not None and event.widget.id == "tabs"
        tab = tab_at(frame.tabs_of(self), self.size.width, self.glyphs, event.x) if is_tabs else None
        if tab is not None:
            self.action_show(tab.name)

    def action_help(self) -> None:
        without = DEED_ACTIONS if self.read_only else ()
        _ = self.push_screen(HelpDialog(groups_of(nodes_of(self), self.glyphs, without), self.glyphs))

    async def on_event(self, event: events.Event) -> None:
        """What is pasted may be anybody's, and goes into lines of Textual's that would show it as it is."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event = events.Paste(visible(event.text, keep="\n"))
        await super().on_event(event)

    def on_resize(self, event: events.Resize) -> None:
        small = event.size.width < frame.LEAST[0] or event.size.height < frame.LEAST[1]
        self.screen_stack[0].set_class(small, "-small")
        self.draw_frame()
        self.call_after_refresh(self.ask_if_started)

    def ask_if_started(self) -> None:
        """Other rows may be in sight."""
        if self.is_ready:
            self.ask_again()
