"""What workers have used lately, as far as it was asked for, and whose is to be asked for next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from clusterctl.model.looks import Key
from clusterctl.model.trends import Course

AGAIN_S = 30.0


class Courses:
    """Asked for all that are in sight: at once when others are, else now and then."""

    def __init__(self) -> None:
        self.known: Mapping[str, Course] = {}
        self._asked: frozenset[Key] = frozenset()
        self._asked_at: datetime | None = None

    def due(self, names: Iterable[Key], now: datetime) -> list[str]:
        """Whom to ask for now; nobody if that is not due. *now* is the moment of the asking."""
        wanted = frozenset(names)
        is_old = self._asked_at is None or (now - self._asked_at).total_seconds() >= AGAIN_S
        if not wanted or not (is_old or wanted - self._asked):
            return []
        self._asked, self._asked_at = wanted, now
        return sorted(str(name) for name in wanted)

    def know(self, courses: Mapping[str, Course]) -> None:
        """An answer; of those who are not in sight any more nothing is kept."""
        kept = {name: course for name, course in self.known.items() if name in self._asked}
        self.known = {**kept, **courses}

    def forget(self) -> None:
        """No answer: it is asked again."""
        self._asked_at = None
