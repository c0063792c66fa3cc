"""The last claims about something, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.claims import event_of, mood_of, short_why
from clusterctl.wording.moments import clock

EVENT = 8  # cells


def claim_lines(claims: Sequence[ClaimPicture], sight: Sight, width: int) -> list[Line]:
    """The newest first."""
    return [claim_line(each, sight, width) for each in claims]


def claim_line(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """``14:03:21 CLAIM    job 7 → w1  best of 4, by pack``."""
    head = Piece(f" {clock(claim.at, sight.now)} ", "dim"), data(f"{event_of(claim):{EVENT}} ", mood_of(claim))
    room = max(0, width - sum(cells(piece.text) for piece in head))
    return (*head, data(short_why(claim, sight, room), width=room))
