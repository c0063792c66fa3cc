"""What must be marked in a list, by the promise alone: a mark is lost by a key, or with its row, and else never."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusterctl.model.looks import Key

LINGERS = 5.0  # seconds that a marked row which has vanished can still be seen


class Marks:
    """Plays the operator's memory. ``now``: what is marked; moments are arguments, in seconds."""

    def __init__(self) -> None:
        self.now: set[Key] = set()
        self.seen: Sequence[Key] = ()
        self.vanished: dict[Key, float] = {}

    def look(self, seen: Sequence[Key], at: float, *, another: bool = False) -> None:
        """These are in the list; with *another* filter nothing has vanished, however little is left."""
        if another:
            self.vanished = {}
        else:
            for key in set(self.seen) - set(seen):
                self.vanished.setdefault(key, at)
        self.seen = seen
        self.vanished = {key: since for key, since in self.vanished.items() if key not in seen}
        self.wait(at)

    def wait(self, at: float) -> None:
        """What has vanished long enough ago takes its mark with it."""
        over = {key for key, since in self.vanished.items() if at - since >= LINGERS}
        self.now -= over
        for key in over:
            del self.vanished[key]

    def toggle(self, key: Key) -> None:
        """Somebody marks a row, or takes that back."""
        self.now ^= {key}

    def mark(self, keys: Iterable[Key]) -> None:
        """Somebody marks these."""
        self.now |= set(keys)

    def mark_all(self) -> None:
        """All that is in the list."""
        self.mark(self.seen)

    def clear(self) -> None:
        """None is marked any more."""
        self.now = set()
