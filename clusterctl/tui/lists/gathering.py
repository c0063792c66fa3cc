"""All rows of a list, also those that nobody has scrolled to: asked for in pieces, as long as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from clusterctl.model.looks import Look, Page, Want
from clusterctl.tui.engine.source import Source

PIECE = 500  # rows asked for at once: what a look brings in a moment


class Gathered(NamedTuple):
    """``rows`` in order. ``gone``: how many vanished while they were asked for; ``beyond``: how many match besides.

    A list reaches no further than so many keys; ``more``: there are more than anybody counted.
    """

    rows: Sequence[Any]
    gone: int = 0
    beyond: int = 0
    more: bool = False

    def told(self) -> str:
        """``10,000 rows; 2,312 more match, and are not in it: a filter finds them``."""
        parts = [f"{len(self.rows):,} row{'' if len(self.rows) == 1 else 's'}"]
        parts += [f"{self.gone:,} vanished meanwhile"] if self.gone else []
        if self.beyond or self.more:
            count = f"{self.beyond:,}{'+' if self.more else ''}"
            parts.append(f"{count} more match, and are not in it: a filter finds them")
        return "; ".join(parts)


def foretold(page: Page[Any]) -> str:
    """What an export of this list would hold."""
    reached, total = len(page.keys), f"{page.total:,}{'+' if page.beyond else ''}"
    if reached < page.total or page.beyond:
        return f"the first {reached:,} of the {total} that match, as they are now: no list reaches further"
    return f"all {reached:,} of the list, as they are now"


def gathered(source: Source, want: Want, page_of: Callable[[Look], Page[Any] | None]) -> Gathered:
    """All that a list holds, in its order as it was at the first piece: later ones are asked for by their keys.

    So none is there twice, and none is left out because others changed their places. May take long.
    """
    first = page_of(source.look_beside(replace(want, first=0, rows=PIECE, also=()))) or Page()
    rows = dict(first.rows)
    for at in range(PIECE, len(first.keys), PIECE):
        keys = first.keys[at : at + PIECE]
        piece = page_of(source.look_beside(replace(want, first=0, rows=0, also=keys))) or Page()
        rows.update(piece.rows)
    found = [rows[key] for key in first.keys if key in rows]
    return Gathered(found, len(first.keys) - len(found), first.total - len(first.keys), first.beyond)
