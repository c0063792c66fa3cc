"""What a job wrote, and writes: any attempt, either stream, wherever it ran."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from clusterctl.model.looks import Look, Want
from clusterctl.model.output import OutputPicture
from clusterctl.tui.engine.messages import Asks
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.logs.place import Place, Sought, find, is_other
from clusterctl.tui.logs.reader import LogRead, LogReader
from clusterctl.tui.logs.view import LogView
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.painters.logs import title
from clusterctl.tui.screens.log_search import Purpose, SearchLine
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.wording.outputs import begun, ended, gone

WIDE = 100  # columns: from there on the pattern of a search is told, too
AGAIN_S = 2.0  # between two questions where an output lies, and whether its attempt has ended


class LogsScreen(ConsoleScreen):
    """One output at a time. It is followed while it is seen, as long as its attempt runs."""

    DEFAULT_CSS = "LogsScreen Vertical { width: 1fr; }"
    BINDINGS = [
        Binding("left_square_bracket", "attempt(-1)", "Attempt", key_display="[ ]"),
        Binding("right_square_bracket", "attempt(1)", "Next attempt", show=False),
        Binding("s", "stream", "stdout/stderr"),
        Binding("slash", "search('find')", "Find"),
        Binding("ampersand", "search('only')", "Only lines with", show=False),
        Binding("escape", "clear_search", "Clear the search", show=False),
    ]
    name_of = "logs"
    title = "Logs"
    has_title_line = False

    def compose(self) -> ComposeResult:
        self.sought: Sought | None = None
        self.place: Place | None = None
        self.output: OutputPicture | None = None  # what the view shows, whether or not it can be reached just now
        self.trouble = ""
        self.is_lost = self.has_ended = self.has_said_end = False
        self.sight = Sight()
        self.asked_at: float | None = None
        self.reader = LogReader(self.post_message)
        with Vertical():
            yield Painted(classes="log-title")
            yield LogView()
            yield SearchLine()

    @property
    def view(self) -> LogView:
        """The lines."""
        return self.query_one(LogView)

    def on_unmount(self) -> None:
        self.reader.stop()

    def on_hide(self) -> None:
        """Nothing is read that nobody sees; where it was, it goes on later."""
        self.reader.rest()

    def on_show(self) -> None:
        if self.output is not None:
            self.reader.go_on(self.output)

    def want(self) -> Want:
        """Of looks only the sums."""
        return Want(screen="trends")

    def go_to(self, subject: str) -> bool:
        kind, _, name = subject.partition(":")
        if kind != "job" or not name.isdecimal():
            return False
        if self.sought is None or self.sought.job_id != int(name):
            self.seek(Sought(int(name)))
        return True

    def subjects(self) -> tuple[str, ...]:
        return () if self.sought is None else (f"job:{self.sought.job_id}",)

    def concerns(self) -> tuple[str, ...]:
        found = None if self.place is None else self.place.found
        return (*self.subjects(), f"worker:{found.worker}") if found is not None else self.subjects()

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    def show_look(self, look: Look, sight: Sight) -> None:
        del look
        self.tick(sight)

    def tick(self, sight: Sight) -> None:
        self.sight = sight
        if not self.has_ended:
            self.ask(only_if_old=True)
        self.view.tick(sight)
        self.paint()

    def look_again(self) -> None:
        """Ask anew, at once."""
        self.ask()

    def seek(self, sought: Sought) -> None:
        """Show that instead."""
        self.reader.forget()
        self.sought, self.place, self.output, self.trouble, self.asked_at = sought, None, None, "", None
        self.is_lost = False
        self.view.reset()
        self.ask()
        self.paint()

    def ask(self, *, only_if_old: bool = False) -> None:
        """Ask where the output lies."""
        now = self.sight.now.timestamp()
        is_fresh = self.asked_at is not None and now - self.asked_at < AGAIN_S
        if self.sought is None or (only_if_old and (is_fresh or self.sight.stale)):
            return
        self.asked_at, sought = now, self.sought
        self.post_message(
            Asks(
                "log",
                lambda source: find(source, sought),
                lambda place: self.found(sought, place),
                lambda error: self.missed(sought, error),
            )
        )

    def found(self, sought: Sought, place: Place) -> None:
        """Here it lies. A newer attempt takes the place of the one that was shown, if that was the newest."""
        if sought != self.sought:
            return
        self.place, self.trouble = place, place.trouble
        old, new = self.output, place.found
        if new is not None and sought.stderr and new.stream == "stdout":
            self.trouble = "its standard error has no file of its own: both stand here"
        if new is not None and (old is None or is_other(old, new)):
            self.show_output(place, new)
        elif new is not None and self.is_lost:
            self.is_lost = False
            self.reader.go_on(new)
        self.has_ended = new is not None and new.ended
        self.paint()

    def show_output(self, place: Place, new: OutputPicture) -> None:
        """Let the view show that, from its end."""
        old, self.output = self.output, new
        self.is_lost = self.has_said_end = False
        self.view.reset()
        if old is not None and old.attempt != new.attempt:
            self.view.note(f"{ended(place.story, old.attempt)}; [ shows it")
        self.reader.open(new)

    def missed(self, sought: Sought, error: Exception) -> None:
        """Nobody could say."""
        if sought == self.sought:
            self.trouble = str(error)
            self.paint()

    def on_log_read(self, message: LogRead) -> None:
        """Something was read, by the thread that does that."""
        message.stop()
        if message.kind in ("text", "older"):
            self.reader.taken()
        if message.key != self.reader.key:
            return
        if message.kind == "text":
            self.view.feed(message.text)
        elif message.kind == "older":
            if message.text or message.whole:  # else it is only said that there is more
                self.view.feed_older(message.text)
            self.view.begins_at(1 if message.whole else None)
        elif message.kind == "note":
            self.view.note(message.text)
        elif message.kind == "lost":
            self.lose(message.text)
        else:
            self.come_to_end(has_file=not message.whole)

    def lose(self, why: str) -> None:
        """It is out of reach: its agent is away, or listens elsewhere by now. It is looked for anew."""
        self.trouble = f"{why}; looking for it again every {AGAIN_S:.0f} s"
        self.is_lost, self.has_ended = True, False
        self.paint()

    def come_to_end(self, *, has_file: bool) -> None:
        """All has been read that there is; if nothing more will come, how it ended is told once."""
        found = None if self.place is None else self.place.found
        if self.place is None or found is None or not self.has_ended or self.has_said_end:
            return
        self.has_said_end = True
        self.view.note(ended(self.place.story, found.attempt) if has_file else gone(found))
        self.paint()

    def on_log_view_older_asked(self) -> None:
        """Somebody is at the top of what is known."""
        self.reader.older()

    def paint(self) -> None:
        """The line over the log."""
        if not self.size.width:
            return
        place = self.place
        story, found = (None, None) if place is None else (place.story, place.found)
        lines = title(story, found, self.sight, self.size.width, trouble=self.trouble, aside=self.aside())
        self.query_one(".log-title", Painted).show(lines)

    def aside(self) -> str:
        """How the log is shown, in a few words."""
        state = self.view.state
        if self.place is None:
            return "looking…"
        told = ["ended" if self.has_ended else "following" if state.following else "G follows"]
        told += [f"only {state.only}"] if state.only and self.size.width >= WIDE else []
        counts = state.counts
        told += [f"{counts.shown:,} of {counts.kept:,} lines" if state.only else f"{counts.kept:,} lines"]
        told += [f"{counts.dropped:,} dropped"] if counts.dropped else []
        return ", ".join(told)

    def on_log_view_shifted(self) -> None:
        """Other lines are in sight."""
        self.paint()

    def action_attempt(self, by: int) -> None:
        if self.sought is None or self.place is None:
            return
        numbers = begun(self.place.story)
        shown = self.place.found.attempt if self.place.found else None
        if shown not in numbers or not 0 <= numbers.index(shown) + by < len(numbers):
            self.app.bell()
            return
        number = numbers[numbers.index(shown) + by]
        newest = number == numbers[-1]
        self.seek(self.sought._replace(attempt=None if newest else number))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a search there is nothing to clear: the key goes back, as everywhere."""
        del parameters
        if action != "clear_search":
            return True
        state = self.view.state
        return bool(state.only or state.looked_for)

    def action_search(self, purpose: Purpose) -> None:
        state = self.view.state
        self.query_one(SearchLine).open(purpose, state.only if purpose == "only" else "")

    def action_clear_search(self) -> None:
        self.view.find("")
        self.view.show_only("")
        self.paint()

    def on_search_line_typed(self, message: SearchLine.Typed) -> None:
        """What is typed holds at once."""
        line = self.query_one(SearchLine)
        try:
            if message.purpose == "only":
                self.view.show_only(message.text)
                found = True
            else:
                found = self.view.find(message.text)
            line.say("" if found else "it stands nowhere in what was read")
        except ValueError as error:
            line.say(str(error))
        self.paint()

    def on_search_line_left(self) -> None:
        """Back to the lines."""
        self.view.focus()

    def action_stream(self) -> None:
        if self.sought is not None:
            self.seek(self.sought._replace(stderr=not self.sought.stderr))
