"""Everything that can be done here, and what cannot, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from clusterctl.tui.deeds import Meant, Offer, called
from clusterctl.tui.dialogs.box import Dialog
from clusterctl.tui.dialogs.sheet import Sheet
from clusterctl.tui.paint import Glyphs, Line, Piece, Tone, data


class Menu(Dialog[Offer]):
    """Picks an offer: by its key, or with the cursor and enter, or by mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Choose"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("x", "leave", "Leave it", show=False),
    ]
    AUTO_FOCUS = ""  # enter is the cursor's

    def __init__(self, meant: Meant, offers: Sequence[Offer], glyphs: Glyphs) -> None:
        super().__init__(data(title(meant), width=60).text, glyphs)
        self.offers = offers
        self.hidden = meant.hidden
        self.cursor = 0  # also where that does nothing: enter must not begin what nobody has chosen

    def body(self, width: int) -> list[Line]:
        lines = [self.line(at, offer) for at, offer in enumerate(self.offers)]
        left = Piece(f"  {self.hidden:,} more marked hidden by the filter: left alone", "dim")
        return [*lines, [], [left]] if self.hidden else lines

    def line(self, at: int, offer: Offer) -> Line:
        """One offer: its key, what it does, or why it cannot be done."""
        tone: Tone = "dim" if offer.why_not else "plain"
        sign = self.glyphs.cursor if at == self.cursor else " "
        why = [Piece("  "), data(offer.why_not, "dim", width=200)] if offer.why_not else []
        key = Piece(f" {offer.key:2} ", "dim" if offer.why_not else "accent")
        label = data(offer.label, "title" if at == self.cursor and not offer.why_not else tone, width=60)
        return [Piece(sign, "accent"), key, label, *why]

    def action_move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), len(self.offers) - 1)
        self.draw()
        self.query_one(Sheet).bring_into_sight(self.cursor)

    def action_pick(self) -> None:
        self.pick(self.cursor)

    def pick(self, at: int) -> None:
        """Take what stands there, if it can be done."""
        if at < len(self.offers) and not self.offers[at].why_not:
            self.end_with(self.offers[at])

    def on_key(self, event: events.Key) -> None:
        at = [at for at, each in enumerate(self.offers) if each.key == event.character and not each.why_not]
        if event.character and at:
            event.stop()
            self.pick(at[0])

    def on_sheet_clicked(self, message: Sheet.Clicked) -> None:
        message.stop()
        self.pick(message.at)


def title(meant: Meant) -> str:
    """What it would be done to."""
    if len(meant.subjects) == 1:
        return called(*split(meant.subjects[0]))
    kinds = {subject.partition(":")[0] for subject in meant.subjects}
    if len(kinds) == 1:
        return called(kinds.pop(), meant.subjects)
    return f"{len(meant.subjects)} marked" if meant.subjects else "The cluster"


def split(subject: str) -> tuple[str, list[str]]:
    """The kind, and the name."""
    kind, _, name = subject.partition(":")
    return kind, [name]
