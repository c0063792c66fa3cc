"""What a detail pane is about: how it is asked for, and how the answer is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clusterctl.tui.engine.source import Source
from clusterctl.tui.paint.pieces import Line, Piece, Sight


class Topic(NamedTuple):
    """One subject. Topics are the same if their ``subject`` and their ``aspect`` are.

    ``title`` stands over the page. ``ask`` may take long, and raise errors of ours; ``paint`` makes lines of what it
    answered, for so many cells. ``aspect``: which of several pages about the subject, as ``why``.
    """

    subject: str
    title: Sequence[Piece]
    ask: Callable[[Source], Any]
    paint: Callable[[Any, Sight, int], Sequence[Line]]
    aspect: str = ""

    def is_same(self, other: Topic | None) -> bool:
        """Whether what is known of *other* may stay on the page."""
        return other is not None and (self.subject, self.aspect) == (other.subject, other.aspect)
