"""What came of a deed, for each that it was about."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.proposals import Outcome
from clusterctl.tui.dialogs.box import Dialog
from clusterctl.tui.dialogs.words import outcome_lines
from clusterctl.tui.paint.pieces import Glyphs, Line


class Outcomes(Dialog[None]):
    """A list; those first that somebody has to look after."""

    LEAVE = "close"

    def __init__(self, outcomes: Sequence[Outcome], glyphs: Glyphs) -> None:
        super().__init__("What came of it", glyphs)
        self.outcomes = outcomes

    def body(self, width: int) -> list[Line]:
        return outcome_lines(self.outcomes, width)
