"""The dialog before every deed: why, what will change, at what risk, only if what, and the same as a command."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from clusterctl.model.proposals import Proposal
from clusterctl.text import cells
from clusterctl.tui.dialogs.box import Choice, Dialog
from clusterctl.tui.dialogs.entry import Entry
from clusterctl.tui.dialogs.sheet import Sheet
from clusterctl.tui.dialogs.words import Room, as_typed, flowed, proposal_lines
from clusterctl.tui.frame.key_line import key_name
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, data
from clusterctl.units import format_age

# ``looking``: it is thought up; ``asking``: somebody has to say yes; ``idle``: there is nothing to say yes to;
# ``working``: it is carried out; ``over``.
Stage = Literal["looking", "asking", "idle", "working", "over"]
TICK_S = 1.0
READ_S = 0.5  # seconds that it must have stood before a yes: a key that is held down has read nothing


class Confirmation(Dialog[None]):
    """Shows a proposal once it comes, and tells when somebody has said yes to it, once.

    *refusal*: why nothing may be done now, asked again and again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Do it"),
        Binding("n", "leave", "Leave it", show=False),
        Binding("c", "copy", "Copy command"),
        Binding("r", "reason", "Reason"),
    ]

    @dataclass
    class Confirmed(Message):
        """Somebody said yes. It is *dialog*'s until it is told what came of it."""

        dialog: Confirmation
        proposal: Proposal
        reason: str

    def __init__(self, title: str, refusal: Callable[[], str], glyphs: Glyphs, clock: Callable[[], float]) -> None:
        super().__init__(data(title, width=200).text, glyphs)
        self.stage: Stage = "looking"
        self.proposal: Proposal | None = None
        self.things, self.hidden = 1, 0
        self._refusal, self._clock = refusal, clock
        self._since = clock()
        self.stands_since = math.inf  # since when the proposal can be read, and no yes has come too early
        self._hasty = False
        self._note: Sequence[str] = ()  # why not, or what went wrong

    def entries(self) -> ComposeResult:
        yield Entry("reason")
        yield Entry("typed")

    def choices(self) -> Sequence[Choice]:
        confirm, copy = Choice("y", "Do it", "confirm"), Choice("c", "copy", "copy")
        reason = Choice("r", "reason", "reason", "reason-choice")
        said = Choice(key_name("enter", self.glyphs), "that is why", "said")
        more = Choice("tab", "more", "app.focus_next", "more")
        return [Choice("esc", "Leave it", "leave"), confirm, copy, reason, said, more]

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(TICK_S, self.draw)

    def show_proposal(self, proposal: Proposal) -> None:
        """It has been thought up. Not any more, if nobody waits for it now."""
        if self.stage != "looking":
            return
        self.proposal = proposal
        self.stage = "asking" if proposal.changes else "idle"
        self.title_piece = data(proposal.title, width=200)
        self.begin_to_stand()
        self.draw()

    def begin_to_stand(self) -> None:
        """From now on it can be read."""
        self.stands_since = self._clock()
        self.set_timer(READ_S, self.draw)

    def show_trouble(self, sentences: Sequence[str]) -> None:
        """There is no proposal, or nothing came of it, and why."""
        if self.stage != "over":
            self.stage, self._note = "idle", sentences
            self.draw_from_the_top()

    def refuse(self) -> None:
        """It cannot be done now, for the reason that is shown; perhaps later."""
        self.stage = "asking"
        self.draw_from_the_top()

    def end(self) -> None:
        """It has been carried out: what came of it is told elsewhere."""
        was, self.stage = self.stage, "over"
        if was != "over" and self.is_current:
            self.end_with(None)

    def body(self, width: int) -> list[Line]:
        head: list[Line] = []  # first, for what is below may be out of sight
        if self.stage == "working":
            head.append([Piece(f"under way{self.glyphs.cut} {self.waited()}; esc lets it go on without this box")])
        if self.stage == "looking":
            head.append([Piece(f"looking{self.glyphs.cut} {self.waited()}", "dim")])
        for sentence in self.notes():
            head += [[Piece(line, "bad")] for line in flowed(data(sentence, width=2000).text, width)]
        if self.proposal is None:
            return head
        head += [[]] if head else []
        return [*head, *proposal_lines(self.proposal, Room(width, self.room - len(head)), self.glyphs, self.aside())]

    def aside(self) -> str:
        """What is marked, and cannot be seen."""
        if not self.hidden:
            return ""
        are = "is" if self.hidden == 1 else "are"
        return f"{self.hidden:,} of {self.hidden + self.things:,} marked {are} hidden by the filter"

    def notes(self) -> Iterator[str]:
        """Why it cannot be done now, and what went wrong."""
        if self.stage in ("looking", "asking") and (why := self._refusal()):
            yield f"Not now: {why}"
        if self.stage == "asking" and self._hasty:
            yield "That yes came before anybody could have read this: read it, then y once more."
        yield from self._note

    def waited(self) -> str:
        """``3s``: since this stage began; nothing while that is short."""
        waited = self._clock() - self._since
        return format_age(waited) if waited >= 1 else ""

    def lines_beside(self) -> int:
        return 4 + sum(bool(entry.display) for entry in self.query(Entry))

    def draw(self) -> None:
        if not self.query("#more"):  # not there yet, or not any more
            return
        self.ask_for_typed()
        self.draw_choices(self.written_into())
        self.query_one("#box").set_class(bool(self.proposal and self.proposal.weight == "severe"), "severe")
        super().draw()

    def draw_from_the_top(self) -> None:
        """Something is said first that has to be seen."""
        self.draw()
        for sheet in self.query(Sheet):
            sheet.bring_into_sight(0)

    def draw_choices(self, writing: str) -> None:
        """What each key does; while something is written, letters are letters, and enter is what goes on."""
        asking = self.stage == "asking"
        confirm = self.query_one("#confirm", Choice)
        confirm.rename(self.plainly(self.yes()), key_name("enter", self.glyphs) if writing == "typed" else "y")
        confirm.display = asking and writing != "reason"
        confirm.disabled = not self.may_be_confirmed()
        self.query_one("#said").display = writing == "reason"
        self.query_one("#copy").display = bool(self.proposal and as_typed(self.proposal)) and not writing
        self.query_one("#reason-choice").display = asking and not writing
        self.query_one("#more").display = bool(writing)

    def written_into(self) -> str:
        """Which entry the letters go to; empty if to none."""
        return next((entry.id or "" for entry in self.query(Entry) if entry.has_focus_within), "")

    def ask_for_typed(self) -> None:
        """Once, if something has to be typed."""
        entry = self.query_one("#typed", Entry)
        if self.stage == "asking" and self.proposal is not None and self.proposal.typed and not entry.display:
            entry.ask(self.plainly(f"Type {data(self.proposal.typed, width=40).text} to confirm "))

    def on_descendant_focus(self) -> None:
        self.draw()

    def on_descendant_blur(self) -> None:
        self.draw()

    def yes(self) -> str:
        """What saying yes does, in as many words as there is room for beside the other choices."""
        words = data(self.proposal.title.rstrip("?")).text if self.proposal else ""
        return words if words and cells(words) <= min(self.app.size.width - 50, 34) else "Do it"

    def may_be_confirmed(self) -> bool:
        """Whether a yes is a yes now: it can have been read, or has been typed, and nothing stands against it."""
        if self.stage != "asking" or self.proposal is None or self._refusal():
            return False
        if self.proposal.typed:  # nobody types that unseen
            return self.query_one("#typed", Entry).said == self.proposal.typed
        return self.has_stood()

    def has_stood(self) -> bool:
        """Whether the proposal has been there for long enough, and no yes came before that."""
        return self._clock() - self.stands_since >= READ_S

    def action_confirm(self) -> None:
        if self.stage == "asking" and self.proposal and not self.proposal.typed and not self.has_stood():
            self._hasty = True
            self.begin_to_stand()
        if self.proposal is not None and self.may_be_confirmed():
            self.stage, self._since, self._hasty = "working", self._clock(), False  # a second y finds it so
            self.post_message(self.Confirmed(self, self.proposal, self.query_one("#reason", Entry).said.strip()))
        self.draw_from_the_top()

    def action_said(self) -> None:
        self.query_one("#leave").focus()

    def action_reason(self) -> None:
        if self.stage == "asking":
            self.query_one("#reason", Entry).ask("Reason ")
            self.draw()

    def action_copy(self) -> None:
        if self.proposal is not None and (typed := as_typed(self.proposal)):
            self.app.copy_to_clipboard(typed)
            self.query_one("#copy", Choice).rename("copied")

    def action_leave(self) -> None:
        self.stage = "over"
        self.end_with(None)

    def on_entry_changed(self, message: Entry.Changed) -> None:
        message.stop()
        self._note = ()
        self.draw()

    def on_entry_said(self, message: Entry.Said) -> None:
        message.stop()
        if message.entry.id == "typed":
            typed = self.proposal.typed if self.proposal else ""
            if message.entry.said != typed:
                message.entry.complain(self.plainly(f"Not that. Type {data(typed, width=40).text} to confirm "))
            self.action_confirm()
        else:
            self.action_said()
