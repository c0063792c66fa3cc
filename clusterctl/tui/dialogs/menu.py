"""Everything that can be done here, and what cannot, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from clusterctl.tui.deeds import Meant, Offer, called
from clusterctl.tui.dialogs.box import Dialog
from clusterctl.tui.dialogs.sheet import Sheet
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone, data

LEAST_KINDS = 3  # what is wrong, one kind of things, the cluster: that needs no headings


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
        self.rows = rows_of(offers)  # of each line the offer, or a heading
        self.cursor = 0  # also where that does nothing: enter must not begin what nobody has chosen

    def body(self, width: int) -> list[Line]:
        lines = [self.line(row) for row in self.rows]
        left = Piece(f"  {self.hidden:,} more marked hidden by the filter: left alone", "dim")
        return [*lines, [], [left]] if self.hidden else lines

    def line(self, at: int | str) -> Line:
        """One offer: its key, what it does, or why it cannot be done; or a heading."""
        if isinstance(at, str):
            return [data(at, "dim", width=60)]
        offer = self.offers[at]
        tone: Tone = "dim" if offer.why_not else "plain"
        sign = self.glyphs.cursor if at == self.cursor else " "
        why = [Piece("  "), data(offer.why_not, "dim", width=200)] if offer.why_not else []
        key = Piece(f" {offer.key:2} ", "dim" if offer.why_not else "accent")
        label = data(offer.label, "title" if at == self.cursor and not offer.why_not else tone, width=60)
        return [Piece(sign, "accent"), key, label, *why]

    def action_move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), len(self.offers) - 1)
        self.draw()
        self.query_one(Sheet).bring_into_sight(self.rows.index(self.cursor))

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
        row = self.rows[message.at] if message.at < len(self.rows) else ""
        if isinstance(row, int):
            self.pick(row)


def rows_of(offers: Sequence[Offer]) -> list[int | str]:
    """The places of all offers; where things of several kinds are meant, each kind under a heading."""
    kinds = dict.fromkeys(each.about for each in offers)
    rows: list[int | str] = []
    for about in kinds:
        rows += [f"  {about}"] if about and len(kinds) > LEAST_KINDS else []
        rows += [at for at, each in enumerate(offers) if each.about == about]
    return rows


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
