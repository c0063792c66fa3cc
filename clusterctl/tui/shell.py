"""The engine room of the console: its threads, what they bring, its clock, and what happens when something breaks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from textual.binding import Binding
from textual.driver import Driver
from textual.screen import ModalScreen

from clusterctl.model.console import WITH_FINDINGS
from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode
from clusterctl.model.findings import Examination
from clusterctl.model.looks import Look, Want
from clusterctl.text import visible
from clusterctl.tui.dialogs.gate import Circumstances
from clusterctl.tui.dialogs.words import flowed
from clusterctl.tui.engine.errands import Errands
from clusterctl.tui.engine.feed import Feed
from clusterctl.tui.engine.findings import FindingsRound, Found
from clusterctl.tui.engine.messages import Answered, Asks, Broken, Looked, LookFailed, Unanswered, Wants
from clusterctl.tui.engine.outlook import Outlook
from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Sight
from clusterctl.tui.paint.tones import themes
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.setup import Setup, ThemeName
from clusterctl.tui.terminal.crash import Crash, crash
from clusterctl.tui.terminal.driver import HANGUP, driver_for, is_gone
from clusterctl.tui.terminal.thrift import ThriftyApp

TICK = 1.0  # seconds: how often ages grow
LONGEST_TOAST = 500  # cells
WIDEST_TOAST, BESIDE_TOAST = 60, 5  # cells; longer lines would be broken, and the last ones hidden
Severity = Literal["information", "warning", "error"]


class Shell(ThriftyApp[int]):
    """Looks come in, and are handed to the screen that is shown; its questions go out, and their answers come back."""

    HELP_GROUP = "Everywhere"
    BINDINGS = [
        Binding("r", "look_now", "Refresh", show=False),
        Binding("p", "pause", "Pause"),
        Binding("plus,equals_sign", "pace(1)", "Look more often", show=False),
        Binding("minus", "pace(-1)", "Look less often", show=False),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "interrupt", "Quit, with exit code 130", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(self, source: Source, *, driver_class: type[Driver] | None = None, **options: Any) -> None:
        self.setup = Setup(**options)
        # Without colours too: only of the terminal's own ones Textual takes the colour off, of others it makes greys.
        own = self.setup.theme == "ansi" or "NO_COLOR" in os.environ
        super().__init__(driver_class, ansi_color=True if own else None)
        for theme in themes():
            self.register_theme(theme)
        self.take_theme("ansi" if own else self.setup.theme)
        self.animation_level = "none"
        self.source = source
        self.clock = self.setup.clock
        self.glyphs = PLAIN_GLYPHS if self.setup.ascii else Glyphs()
        self.outlook = Outlook(
            self.setup.cluster,
            interval=self.setup.interval,
            read_only=self.setup.read_only,
            glyphs=self.glyphs,
            nowhere=self.setup.nowhere,
        )
        self.feed = Feed(source, self.post_message, interval=self.setup.interval, clock=self.clock)
        self.errands = Errands(self.post_message)
        self.deed_errands = Errands(self.post_message, "deeds")  # nobody waits for a doctor before he can act
        self.found = Found()
        self.findings_round = FindingsRound()
        self.crash: Crash | None = None

    @property
    def here(self) -> ConsoleScreen:
        """The screen that is shown, under whatever dialog."""
        raise NotImplementedError

    @property
    def is_standing(self) -> bool:
        """Whether its widgets are there: messages still come when the console is being taken down."""
        raise NotImplementedError

    def draw_frame(self) -> None:
        """Draw what stands around the screen."""

    def settle(self) -> None:
        """A look was shown: do what waited for it."""

    @property
    def is_ready(self) -> bool:
        """Whether the first look has come, or failed."""
        return self.outlook.is_ready

    @property
    def read_only(self) -> bool:
        """Whether this console only looks."""
        return self.setup.read_only

    @property
    def look(self) -> Look | None:
        """The one that is shown."""
        return self.outlook.look

    @property
    def examination(self) -> Examination | None:
        """The last findings."""
        return self.found.examination if self.found.at else None

    def sight(self) -> Sight:
        """How what is shown looks at this moment."""
        return self.outlook.sight(self.clock())

    def circumstances(self) -> Circumstances:
        """Whether anything may be done now."""
        now = self.outlook.circumstances(self.clock(), self.here.shape.trouble)
        return now._replace(is_behind=self.here.is_behind)

    def on_mount(self) -> None:
        self.set_interval(TICK, self.tick)
        self.errands.start()
        self.deed_errands.start()
        self.call_after_refresh(self.begin_to_look)

    def begin_to_look(self) -> None:
        """Not before all is laid out: a list does not know what it wants before it knows its height."""
        self.feed.start(self.here.want())

    def on_unmount(self) -> None:
        self.feed.stop()
        self.errands.stop()
        self.deed_errands.stop()

    def on_looked(self, message: Looked) -> None:
        if not self.is_standing:
            return
        if self.outlook.look is None:
            self.outlook.cluster = self.setup.called() or self.outlook.cluster
        if self.outlook.looked(message.look, message.got_at, message.postgres):
            self.show_look()
        self.look_for_findings()
        self.draw_frame()

    def show_look(self) -> None:
        """Show the look that is to be shown."""
        if self.outlook.look is not None:
            with self.batch_update():
                self.here.show_look(self.outlook.look, self.sight())
            self.settle()

    def on_look_failed(self, message: LookFailed) -> None:
        if not self.is_standing:
            return
        self.outlook.failed(message.error, message.postgres, message.redis)
        if not message.postgres.failures and isinstance(message.error, BadInput):
            self.misunderstood(message.error, message.want)
        self.here.tick(self.sight())
        self.draw_frame()

    def misunderstood(self, error: BadInput, want: Want | None) -> None:
        """Postgres answers, but knows no such field."""

    def on_answered(self, message: Answered) -> None:
        if self.is_standing:
            message.then(message.answer)

    def on_unanswered(self, message: Unanswered) -> None:
        if self.is_standing:
            message.otherwise(message.error)

    def on_asks(self, message: Asks) -> None:
        self.errands.run(message.key, lambda: message.ask(self.source), message.then, message.otherwise)

    def on_broken(self, message: Broken) -> None:
        self._handle_exception(message.error)

    def on_wants(self, _: Wants) -> None:
        self.ask_again()

    def ask_again(self) -> None:
        """What is wanted has changed: look for that, also while the view is paused."""
        if self.is_standing:
            self.outlook.awaits = True
            self.feed.ask(self.here.want())

    def tick(self) -> None:
        """A second has passed."""
        if not self.is_running:  # its screens are being taken down
            return
        if is_gone(self):
            self.exit(return_code=HANGUP)
        if not self.is_standing:
            return
        now = self.clock()
        self.feed.pace(self.outlook.pace(now))
        if self.outlook.look is not None and not isinstance(self.screen, ModalScreen):
            self.here.tick(self.sight())
        self.look_for_findings()
        self.draw_frame()

    def look_for_findings(self) -> None:
        """If it is time."""
        seen = self.here.name_of in WITH_FINDINGS
        known = self.outlook.look is not None  # before the first look nobody could say of when they are
        if not known or self.outlook.postgres.failures or not self.findings_round.due(self.clock(), seen=seen):
            return
        self.findings_round.begun()
        self.errands.run("findings", self.source.findings, self.take_findings, self.miss_findings)

    def take_findings(self, examination: Examination) -> None:
        """They have come."""
        self.findings_round.ended(self.clock(), in_vain=bool(self.outlook.postgres.failures))
        self.show_findings(self.found.taken(examination, self.sight().now))

    def miss_findings(self, error: Exception) -> None:
        """They have not."""
        self.findings_round.ended(self.clock(), in_vain=bool(self.outlook.postgres.failures))
        self.show_findings(self.found.failed(str(error)))

    def show_findings(self, found: Found) -> None:
        """Tell every screen."""
        self.found = found
        for screen in self.screen_stack[0].query(ConsoleScreen):
            screen.show_findings(found, self.sight())
        self.draw_frame()

    def hurry(self) -> None:
        """Look at everything anew: somebody wants to know, or something was done."""
        self.findings_round.hurry()
        self.here.look_again()
        self.ask_again()
        self.look_for_findings()

    def action_look_now(self) -> None:
        self.forget_terminal()
        self.hurry()

    def action_pause(self) -> None:
        if not self.outlook.pause():
            self.show_look()
        self.draw_frame()

    def action_pace(self, by: int) -> None:
        self.outlook.faster(by)
        self.feed.pace(self.outlook.pace(self.clock()))
        self.draw_frame()

    def action_interrupt(self) -> None:
        self.exit(return_code=ExitCode.INTERRUPTED)

    def on_app_blur(self) -> None:
        self.outlook.blur(self.clock())

    def on_app_focus(self) -> None:
        self.outlook.focus()
        self.feed.pace(self.outlook.pace(self.clock()))

    def say(self, text: str, severity: Severity = "information", timeout: float | None = None) -> None:
        """Tell in a corner, for so many seconds. The only way to do so: what is told may have come from anybody."""
        room = min(WIDEST_TOAST, self.size.width * 3 // 4) - BESIDE_TOAST
        said = [line for part in visible(text, LONGEST_TOAST, keep="\n").split("\n") for line in flowed(part, room)]
        self.notify("\n".join(said), severity=severity, timeout=timeout, markup=False)

    def take_theme(self, name: ThemeName) -> None:
        """These colours from now on."""
        if name == "ansi" or "NO_COLOR" in os.environ:
            self.ansi_color = True
            self.theme = "ansi-dark"
        else:
            self.ansi_color = None
            self.theme = f"console-{name}"

    def get_driver_class(self) -> type[Driver]:
        return driver_for(super().get_driver_class())

    def _handle_exception(self, error: Exception) -> None:
        """A bug. What Textual would print holds the values of all variables, and with them passwords."""
        self._return_code = ExitCode.FAILED
        if self.crash is None:  # the first is the cause of the others
            self.crash = crash(error, self.setup.log or Path(tempfile.gettempdir()))
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def panic(self, *_: Any) -> None:
        """Textual's way out for its own threads; there is nothing in what it would print that an operator could use."""
        self._handle_exception(RuntimeError("the terminal can no longer be read"))
