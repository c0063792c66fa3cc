"""The lines of a log that are kept, which of them are shown, and where something was found. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from clusterctl.tui.logs.lines import ERROR, overwritten, plain

MOST_LINES = 100_000
MOST_WEIGHT = 32 * 1024 * 1024  # letters, and some for each line
LINE_WEIGHT = 80
LONGEST = 64 * 1024  # letters of one line; what is behind is counted, and not kept
NOTE = "\0note\0"  # begins a line of ours: the log's own NULs are gone by then


class Counts(NamedTuple):
    """How much there is: lines kept and shown, and what was dropped at the head to make room."""

    kept: int
    shown: int
    dropped: int


class LogModel:
    """Lines by id: an id stays with its line, whatever comes before it or is dropped. Ids of older text are negative.

    Text comes in pieces that may end anywhere. The oldest lines make room for new ones; older text that is asked for
    is taken only while there is room.
    """

    def __init__(self, *, most_lines: int = MOST_LINES, most_weight: int = MOST_WEIGHT) -> None:
        self._most_lines, self._most_weight = most_lines, most_weight
        self._only: Callable[[str], bool] | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all lines, but not what they are searched for."""
        self._lines: list[str] = []
        self._first = 0  # the id of the oldest line
        self._weight = 0
        self._open = False  # the last line may go on
        self._cut = 0  # letters of the last line that were not kept
        self._offset: int | None = None  # number of a line minus its ordinal
        self._notes: list[int] = []  # their ids: they are not lines of the log, and have no number
        self._notes_dropped = 0
        self.dropped = 0
        self._shown: list[int] | None = None if self._only is None else []

    def feed(self, text: str) -> None:
        """More of the log, at its end."""
        if not text:
            return
        *whole, rest = text.split("\n")
        for line in whole:
            self._extend(line)
            self._close()
        if rest:
            self._extend(rest)
        self._make_room()

    def note(self, sentence: str) -> None:
        """A line of ours, at the end."""
        self._close()
        self._notes.append(self._first + len(self._lines))
        self._append(NOTE + sentence)

    def feed_older(self, text: str) -> None:
        """What stands before the first line that is kept. Without a line end at its end it is that line's beginning."""
        *older, rest = clean(text).split("\n")
        if rest and self._lines:
            self._weight += len(rest)
            self._lines[0] = rest + self._lines[0]
        elif rest:
            older.append(rest)
        older = self._as_many_as_fit([line[:LONGEST] for line in older])
        self._lines[:0] = older
        self._first -= len(older)
        self._weight += weight(older)
        if self._shown is not None:
            self._shown[:0] = [self._first + at for at, line in enumerate(older) if self._passes(line)]

    def _as_many_as_fit(self, older: list[str]) -> list[str]:
        """The newest of these lines that there is room for."""
        room, heavy = self._most_lines - len(self._lines), self._weight
        for at in range(len(older) - 1, -1, -1):
            heavy += weight([older[at]])
            if heavy > self._most_weight or len(older) - at > room:
                self.dropped += at + 1
                return older[at + 1 :]
        return older

    @property
    def has_room(self) -> bool:
        """Whether older text would be taken."""
        return not self.dropped and len(self._lines) < self._most_lines and self._weight < self._most_weight

    def begins_at(self, line: int | None) -> None:
        """The oldest line that is kept is the log's *line*-th, counted from 1; None: nobody knows."""
        self._offset = None if line is None else line - self._ordinal(self._first)

    def number(self, id: int) -> int | None:
        """Which line of the log this is; of a note, the line that comes after it."""
        return None if self._offset is None else self._ordinal(id) + self._offset

    def is_note(self, id: int) -> bool:
        """Whether it is a line of ours."""
        return self.text(id).startswith(NOTE)

    def _ordinal(self, id: int) -> int:
        return id - bisect_left(self._notes, id) - self._notes_dropped

    def text(self, id: int) -> str:
        """The line as it came."""
        return self._lines[id - self._first]

    @property
    def ids(self) -> Sequence[int]:
        """The lines that are shown, in order."""
        return range(self._first, self._first + len(self._lines)) if self._shown is None else self._shown

    @property
    def counts(self) -> Counts:
        """How much there is."""
        return Counts(len(self._lines), len(self.ids), self.dropped)

    def place(self, id: int) -> int:
        """Where among those that are shown that line stands, or the next one does."""
        return bisect_left(self.ids, id)

    def show_only(self, test: Callable[[str], bool] | None) -> None:
        """Hide lines of whose text *test* is not true; None: hide nothing. Notes are always shown."""
        self._only = test
        self._shown = None
        if test is not None:
            self._shown = [self._first + at for at, line in enumerate(self._lines) if self._passes(line)]

    def next(self, id: int, test: Callable[[str], bool], step: int = 1) -> int | None:
        """The next line after *id* that passes, or with *step* -1 the one before; round the end. None: none does."""
        ids = self.ids
        place = bisect_right(ids, id) if step > 0 else bisect_left(ids, id) - 1
        for moved in range(len(ids)):
            found = ids[(place + step * moved) % len(ids)]
            if test(plain(self.text(found))):
                return found
        return None

    def _passes(self, line: str) -> bool:
        return self._only is None or line.startswith(NOTE) or self._only(plain(line))

    def _extend(self, text: str) -> None:
        """Add to the line that is being written."""
        if not self._open:
            self._append("")
            self._open, self._cut = True, 0
        line = overwritten_so_far(self._lines[-1] + clean(text))
        self._cut += max(0, len(line) - LONGEST)
        self._weight += min(len(line), LONGEST) - len(self._lines[-1])
        self._lines[-1] = line[:LONGEST]
        self._show_last()

    def _close(self) -> None:
        if self._open and self._cut:
            told = f" [{self._cut} more characters]"
            self._lines[-1] += told
            self._weight += len(told)
        self._open = False

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._weight += weight([line])
        self._show_last()

    def _show_last(self) -> None:
        """Keep the last line among those that are shown, if it is."""
        if self._shown is None:
            return
        last = self._first + len(self._lines) - 1
        if self._shown and self._shown[-1] == last:
            self._shown.pop()
        if self._passes(self._lines[-1]):
            self._shown.append(last)

    def _make_room(self) -> None:
        if len(self._lines) <= self._most_lines and self._weight <= self._most_weight:
            return
        gone = max(0, len(self._lines) - self._most_lines)
        left = self._weight - weight(self._lines[:gone])
        while left > self._most_weight and gone < len(self._lines) - 1:
            left -= weight([self._lines[gone]])
            gone += 1
        gone = min(gone + len(self._lines) // 100, len(self._lines) - 1)  # some more, so that each line need not
        self._weight -= weight(self._lines[:gone])
        del self._lines[:gone]
        self._first += gone
        notes = bisect_left(self._notes, self._first)
        del self._notes[:notes]
        self._notes_dropped += notes
        self.dropped += gone
        if self._shown is not None:
            del self._shown[: bisect_left(self._shown, self._first)]


def weight(lines: Sequence[str]) -> int:
    """About how many bytes they take in memory."""
    return sum(map(len, lines)) + LINE_WEIGHT * len(lines)


def clean(text: str) -> str:
    """*text*, which can no longer be taken for a line of ours."""
    return text.replace("\0", "\\x00") if "\0" in text else text


def overwritten_so_far(line: str) -> str:
    """An unfinished line, without what its carriage returns have overwritten; one at its end may be half of a CR LF."""
    ends = len(line) - len(line.rstrip("\r"))
    return overwritten(line) + "\r" * min(ends, 1) if "\r" in line else line


def wanted(text: str) -> re.Pattern[str]:
    """What somebody looks for: as it is written, or between slashes a pattern. Small letters stand for large ones too.

    Raises ValueError with a sentence if the pattern is none.
    """
    pattern = text[1:-1] if len(text) > 2 and text.startswith("/") and text.endswith("/") else re.escape(text)
    try:
        return re.compile(pattern, re.IGNORECASE if text == text.lower() else 0)
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from None


def is_error(line: str) -> bool:
    """Whether a line looks like trouble."""
    return ERROR.search(line) is not None
