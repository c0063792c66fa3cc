"""How the overview is divided, and what stands between its parts."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.model.looks import Sums
from clusterctl.tui.paint.pieces import Line, Piece, Sight
from clusterctl.tui.painters.ruled import rule


class Shares(NamedTuple):
    """Rows of each list."""

    workers: int
    needs: int
    claims: int


LEAST = Shares(3, 2, 1)
WORTH = (3, 2, 1)  # how many rows each gets in turn, of what is left


def shares(rows: int, wanted: Shares) -> Shares:
    """*rows* among the lists: each what it needs at least, then in turn, and what nobody needs to the last.

    An empty list takes one row all the same: it says that it is empty.
    """
    needed = [max(1, count) for count in wanted]
    given = [min(need, least) for need, least in zip(needed, LEAST, strict=True)]
    while sum(given) > max(rows, len(given)):
        given[given.index(max(given))] -= 1
    left = rows - sum(given)
    while left > 0:
        before = left
        for at, worth in enumerate(WORTH):
            more = min(worth, needed[at] - given[at], left)
            given[at] += max(0, more)
            left -= max(0, more)
        if left == before:
            given[-1] += left
            left = 0
    return Shares(*given)


def workers_rule(sums: Sums, sight: Sight, width: int) -> Line:
    """``─ Workers 9 up · 1 silent · 2 lost ──``: the three-way bar's signs beside it, where there is room."""
    counts, glyphs = sums.workers, sight.glyphs
    up = counts.up - sums.late
    told = [Piece("Workers "), Piece(f"{up} up", "good" if up else "bad")]
    for count, word, tone in (
        (sums.late, "late", "warning"), (counts.silent, "silent", "warning"), (counts.lost, "lost", "bad"),
        (counts.draining, "draining", "accent"),
    ):  # fmt: skip
        told += [Piece(f" {glyphs.dot} ", "dim"), Piece(f"{count} {word}", tone)] if count else []  # type: ignore[arg-type]  # tones
    legend = (
        Piece(f"{glyphs.used} used ", "used"), Piece(f"{glyphs.allocated} allocated ", "allocated"),
        Piece(f"{glyphs.reserved} reserved ", "reserved"), Piece(f"{glyphs.free} free", "free"),
    )  # fmt: skip
    return rule(told, width, glyphs, legend)
