"""What somebody has to say before a deed can be thought up: how many, by when, how old."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

from msgspec.structs import replace
from textual.app import ComposeResult

from clusterctl.model.proposals import Deed
from clusterctl.model.retention import Kind
from clusterctl.model.spec import MAX_REPLICAS
from clusterctl.tui.deeds import Asked, Offer
from clusterctl.tui.dialogs.box import Choice, Dialog
from clusterctl.tui.dialogs.entry import Entry
from clusterctl.tui.dialogs.words import flowed
from clusterctl.tui.frame.key_line import key_name
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, data
from clusterctl.units import parse_duration

KINDS = get_args(Kind)
LABELS: dict[Asked, str] = {"replicas": "How many replicas ", "deadline": "In what time ", "prune": "What, how old "}
EXPLAINED: dict[Asked, str] = {
    "replicas": "So many there shall be from now on, such as 3.",
    "deadline": "What still runs then is stopped, and runs elsewhere. Such as 30m, or 2h.",
    "prune": f"Such as `claims 7d`: what is older is forgotten for good. There are {', '.join(KINDS)}.",
}


class Question(Dialog[Offer]):
    """Asks, until what is said makes sense."""

    AUTO_FOCUS = "Input"

    def __init__(self, offer: Offer, glyphs: Glyphs) -> None:
        super().__init__(data(offer.label, width=60).text, glyphs)
        self.offer = offer
        self.trouble = ""

    def entries(self) -> ComposeResult:
        yield Entry("answer")

    def choices(self) -> Sequence[Choice]:
        return [Choice("esc", self.LEAVE, "leave"), Choice(key_name("enter", self.glyphs), "Go on", "go_on")]

    def on_mount(self) -> None:
        self.query_one(Entry).ask(LABELS[self.offer.asks])
        super().on_mount()

    def body(self, width: int) -> list[Line]:
        said = [[Piece(line, "dim")] for line in flowed(EXPLAINED[self.offer.asks], width)]
        wrong = [[Piece(line, "bad")] for line in flowed(data(self.trouble, width=500).text, width)]
        return [*said, *(wrong if self.trouble else [])]

    def lines_beside(self) -> int:
        return 5

    def on_entry_said(self, message: Entry.Said) -> None:
        message.stop()
        self.action_go_on()

    def action_go_on(self) -> None:
        """Take what was said, if it makes sense."""
        deed = self.offer.deed
        try:
            told = answered(deed, self.offer.asks, self.query_one(Entry).said) if deed else None
        except ValueError as error:
            self.trouble = str(error)
            self.draw()
        else:
            self.end_with(self.offer._replace(deed=told, asks=""))

    def on_entry_changed(self, message: Entry.Changed) -> None:
        message.stop()
        self.trouble = ""
        self.draw()


def answered(deed: Deed, asks: Asked, text: str) -> Deed:
    """*deed*, with what was said. Raises ValueError, with a sentence, for what makes no sense."""
    if asks == "deadline":
        return replace(deed, deadline_s=parse_duration(text))
    if asks == "prune":
        *kinds, age = text.replace(",", " ").split() or [""]
        if strangers := [each for each in kinds if each not in KINDS]:
            raise ValueError(f"{strangers[0]!a} is none of {', '.join(KINDS)}")
        if not kinds:
            raise ValueError(f"say what, and how old: `claims 7d`; there are {', '.join(KINDS)}")
        return replace(deed, what=tuple(dict.fromkeys(kinds)), older_than_s=parse_duration(age))
    if not re.fullmatch("[0-9]{1,9}", text.strip()) or int(text) > MAX_REPLICAS:
        raise ValueError(f"{text.strip()!a:.40} is no number of replicas: 0 to {MAX_REPLICAS:,}")
    return replace(deed, replicas=int(text))
