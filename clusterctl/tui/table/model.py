"""The rows of a table by key, and a cursor and marks that stay with theirs, wherever they move. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clusterctl.model.looks import Key

STRUCK = 5.0  # seconds that a row which has vanished under the cursor, or marked, can still be seen


class TableModel:
    """Keys in order; rows of some of them; where the cursor is, and what is marked.

    ``total``: how many there are, also beyond the reach of ``keys``. ``gone``: which of ``keys`` are no longer in the
    list, and until when they are shown. ``hidden``: how many marks another filter hides: no deed is about those.
    Moments are arguments, seconds of a clock that never goes back.
    """

    def __init__(self, *, follows: bool = False) -> None:
        self.keys: Sequence[Key] = ()
        self.rows: dict[Key, Any] = {}
        self.total = 0
        self.cursor: Key | None = None
        self.marked: set[Key] = set()
        self.gone: dict[Key, float] = {}
        self.range_from: Key | None = None
        self._follows = follows  # no cursor until somebody moves: new rows come in above
        self._listed: Sequence[Key] = ()
        self._asked: object = None
        self._kept: dict[Key, float] = {}
        self._hidden_before: set[Key] = set()
        self._places: dict[Key, int] = {}

    def apply(
        self,
        keys: Sequence[Key],
        rows: Mapping[Key, Any],
        total: int,
        *,
        keep_order: bool = False,
        now: float = 0.0,
        asked: object = None,
    ) -> set[Key]:
        """Take in what was seen; the keys of rows that show something else now.

        *keep_order*: nothing changes place; what is new stands at the end. *asked*: what the list was asked for, a
        filter: if that is another one, what is missing has not vanished, and marks on it wait for its return.
        """
        another = asked != self._asked
        as_before = not another and not self.gone and (keep_order or self.keys is self._listed) and keys == self._listed
        if not as_before:
            self._asked = asked
            self._take_in(keys, now, another=another, keep_order=keep_order)
        old = self.rows
        changed = {key for key, row in rows.items() if old.get(key) != row}
        self.rows = {**{key: old[key] for key in self.gone if key in old}, **rows}
        self.total = total
        return changed

    def _take_in(self, keys: Sequence[Key], now: float, *, another: bool, keep_order: bool) -> None:
        """Other rows are in the list, or in other places."""
        seen = set(keys)
        self._strike(seen, now, another)
        self._listed = keys
        self._show(self._in_place(keys, seen) if keep_order else self._with_gone(keys))
        if self.marked and not another:
            self.marked &= self._places.keys() | self._hidden_before

    def sweep(self, now: float) -> bool:
        """Let go of what has been struck through for long enough; whether there was any."""
        over = {key for key, until in self.gone.items() if until <= now}
        if not over:
            return False
        for key in over:
            del self.gone[key]
            self.rows.pop(key, None)
        self.marked -= over
        self._show([key for key in self.keys if key not in over])
        return True

    def keep(self, keys: Iterable[Key], until: float) -> None:
        """Let these be seen until then, even if they vanish."""
        self._kept.update(dict.fromkeys(keys, until))

    @property
    def asked(self) -> object:
        """What the list that stands here was asked for: a filter."""
        return self._asked

    @property
    def hidden(self) -> int:
        """How many marks are on rows that are not in this list."""
        return len(self.marked - self._places.keys())

    def at(self) -> int:
        """In which place the cursor is; 0 if it is nowhere."""
        return self._places.get(self.cursor, 0) if self.cursor is not None else 0

    def place_of(self, key: Key) -> int | None:
        """Where that row stands, if it does."""
        return self._places.get(key)

    def go(self, place: int) -> None:
        """Put the cursor on the row that stands there, or nearest to it."""
        if self.keys:
            self.cursor = self.keys[min(max(place, 0), len(self.keys) - 1)]

    def toggle(self, key: Key) -> None:
        """Mark a row, or unmark it."""
        if key in self._places:
            self.marked ^= {key}

    def mark_all(self) -> None:
        """Mark all that is in the list: those that were seen, and no others."""
        self.marked |= set(self._listed)

    def clear_marks(self) -> None:
        """Unmark everything, also what is hidden."""
        self.marked = set()
        self.range_from = None

    def range_keys(self) -> Sequence[Key]:
        """From where the range was begun to the cursor; nothing if none was."""
        start = None if self.range_from is None else self._places.get(self.range_from)
        if start is None or self.cursor is None:
            return ()
        low, high = sorted((start, self.at()))
        return self.keys[low : high + 1]

    def chosen(self) -> set[Key]:
        """What is marked, and what would be if the range ended now."""
        return self.marked.union(self.range_keys())

    def end_range(self) -> None:
        """Mark what the range reached."""
        self.marked |= set(self.range_keys())
        self.range_from = None

    def meant(self) -> list[Key]:
        """What a deed would be about: in order what is marked, or in an open range; or else what the cursor is on."""
        if marked := self.chosen() & self._places.keys():
            return sorted(marked, key=self._places.__getitem__)
        return [] if self.cursor is None else [self.cursor]

    def _strike(self, seen: set[Key], now: float, another: bool) -> None:
        """Find out what has vanished, and what of that can be seen a little longer."""
        self._hidden_before = self.marked - self._places.keys()
        self._kept = {key: until for key, until in self._kept.items() if until > now}
        if another:
            self.gone, self.range_from = {}, None
            return
        watched = {key for key in (self.cursor, *self.marked, *self._kept) if key is not None and key in self._places}
        struck = dict.fromkeys(watched - seen, now + STRUCK)
        struck.update({key: max(struck[key], self._kept[key]) for key in struck.keys() & self._kept.keys()})
        struck.update({key: until for key, until in self.gone.items() if key not in seen})
        self.gone = {key: until for key, until in struck.items() if until > now}

    def _in_place(self, keys: Sequence[Key], seen: set[Key]) -> list[Key]:
        """The old order, without what has vanished and with what is new at its end."""
        staying = [key for key in self.keys if key in seen or key in self.gone]
        new = [key for key in keys if key not in self._places]
        return [*staying, *new]

    def _with_gone(self, keys: Sequence[Key]) -> Sequence[Key]:
        """The new order, with what has vanished where it was."""
        if not self.gone:
            return keys
        shown = list(keys)
        for key in sorted(self.gone, key=lambda key: self._places.get(key, math.inf)):
            shown.insert(self._places.get(key, len(shown)), key)
        return shown

    def _show(self, keys: Sequence[Key]) -> None:
        """These stand in the table now; the cursor goes to a neighbour if its row does not."""
        places = self._places if keys is self.keys else {key: place for place, key in enumerate(keys)}
        if self.cursor is not None and self.cursor not in places:
            self.cursor = self._neighbour(places)
        self.keys, self._places = keys, places
        if self.cursor is None and keys and not self._follows:
            self.cursor = keys[0]

    def _neighbour(self, places: Mapping[Key, int]) -> Key | None:
        """Of those that stood around the cursor the nearest that is still there; below it, if two are as near."""
        at = self.at()
        for distance in range(1, len(self.keys) + 1):
            for place in (at + distance, at - distance):
                if 0 <= place < len(self.keys) and self.keys[place] in places:
                    return self.keys[place]
        return next(iter(places), None)
