"""How far an output has been read, forwards and backwards, through cuts, gaps and files that are replaced."""

from __future__ import annotations

import codecs
import os
from contextlib import closing, suppress
from typing import Literal, Protocol

from clusterctl.model.errors import ClusterError
from clusterctl.model.output import OutputPicture
from clusterctl.output.here import Here
from clusterctl.output.pieces import Piece, Span, about_bytes, shown
from clusterctl.output.reader import Reader, Readers

BLOCK = 1 << 16  # bytes from the end with which one begins, and by which one goes back
FAR = 4 << 20  # bytes behind its end: whoever follows is not shown them all
FARTHEST = 1 << 58  # bytes: beyond any output, and still a place that an agent and a file system can be asked for
LONGEST_LETTER = 4  # bytes, in UTF-8
LONGEST_LINE = 16 << 20  # bytes: of a longer one the middle is a beginning, too

Kind = Literal["text", "older", "note", "quiet", "lost"]


def last_lines(found: OutputPicture, count: int) -> tuple[str, ...]:
    """The last lines of an output, of its last block only; none of what is out of reach just now."""
    if found.live_state != "up":  # nobody waits for an agent that nobody hears
        return ()
    try:
        with Readers() as readers, closing(readers.open(found)) as reader:
            piece = reader.read(max(reader.tail(count), (reader.read(FARTHEST).size or 0) - BLOCK))
    except ClusterError:
        return ()
    lines = shown(piece).decode("utf-8", "backslashreplace").splitlines()
    return tuple(lines[-count:])


def beginning(data: bytes) -> int:
    """Where one may begin to read in what was cut anywhere: after a line, or else not in the middle of a letter."""
    line = data.find(b"\n") + 1
    if line:
        return line
    return next((at for at, byte in enumerate(data[:LONGEST_LETTER]) if byte & 0xC0 != 0x80), 0)


class Tell(Protocol):
    """Hears what was read."""

    def __call__(self, kind: Kind, text: str, whole: bool = False, /) -> None:
        """See LogRead."""


def silence(kind: Kind, text: str, whole: bool = False, /) -> None:
    """Nobody listens yet."""


class Reading:
    """How far one output has been read, in both directions, by whichever reader. Raises Outage and Refused."""

    def __init__(self, found: OutputPicture) -> None:
        self._found = found
        self._reader: Reader | None = None
        self._tell: Tell = silence
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._first = self._end = -1  # all between these places has been told; -1: nothing
        self._last = b"\n"  # how the text before ends
        self._identity: tuple[int, int] | None = None
        self._is_deleted = False

    def is_of(self, found: OutputPicture) -> bool:
        """Whether that is the same output."""
        ours = self._found
        return (ours.allocation_id, ours.stream, ours.path) == (found.allocation_id, found.stream, found.path)

    def by(self, reader: Reader, tell: Tell) -> Reading:
        """The same, read by another reader."""
        self._reader, self._tell = reader, tell
        return self

    def begin(self) -> None:
        """Where the last block begins, at the beginning of a line; if something was read before, go on from there."""
        if self._end >= 0:
            return
        place = max(0, (self._read(FARTHEST).size or 0) - BLOCK)  # nothing stands there, but the size is told
        if place:
            piece = self._read(place)
            if piece.gap is not None and not piece.data:
                place = self._gap_around(place, piece.gap).begin
            else:
                place += beginning(piece.data)
        self._first = self._end = place
        self._identity = self._who()
        self._tell("older", "", place == 0)

    def go_on(self) -> bool:
        """Tell what has been written since; whether that was anything."""
        piece = self._read(self._end)
        if piece.size is not None and piece.size < self._end:
            self._start_over("the output was cut; from its new beginning on:")
            return True
        if piece.size is not None and piece.size - self._end > FAR:
            self._skip(piece.size)
            return True
        if piece.end == self._end:
            replaced = self._is_replaced()
            if not replaced:
                self._tell("quiet", "", piece.size is None)
            return replaced
        data = shown(piece, self._last)
        self._last, self._end = data[-1:] or self._last, piece.end
        self._tell("text", self._decoder.decode(data))
        return True

    def go_back(self) -> None:
        """Tell the block before all that was told: from the beginning of a line on, or with the gap that it lies in."""
        step = BLOCK
        while self._first > 0:
            begin = max(0, self._first - step)
            piece = self._read(begin)
            if piece.gap is not None and not piece.data:
                self._tell_older(self._gap_around(begin, piece.gap).begin)
                return
            cut = piece.data.find(b"\n") + 1 if begin else 0
            if begin and step < LONGEST_LINE and (not cut or begin + cut >= self._first):
                step *= 4  # nothing but the middle of a long line
                continue
            cut = beginning(piece.data) if begin else 0
            self._tell_older(begin + cut if begin + cut < self._first else begin)
            return
        self._tell("older", "", True)

    def _tell_older(self, begin: int) -> None:
        """Tell what stands from there to before all that was told, gaps in words."""
        data, at = b"", begin
        while at < self._first:
            piece = self._read(at)
            if piece.end == at:
                break
            told = piece.gap if piece.gap is not None and piece.gap.begin < self._first else None
            data += shown(piece._replace(data=piece.data[: self._first - at], gap=told), data[-1:] or b"\n")
            at = piece.end
        self._first = begin
        self._tell("older", data.decode("utf-8", "backslashreplace"), begin == 0)

    def _gap_around(self, place: int, gap: Span) -> Span:
        """The gap in which *place* lies, of which a reader tells only where it ends; its beginning is halved in."""
        lower, upper = 0, place  # before it, and in it
        while lower < upper:
            piece = self._read(lower)
            if piece.gap is not None and piece.gap.end == gap.end:
                return piece.gap
            lower = max(piece.end, lower + 1)
            middle = (lower + upper) // 2
            probe = self._read(middle)
            if not probe.data and probe.gap is not None and probe.gap.end == gap.end:
                upper = middle
            else:
                lower = middle
        return Span(upper, gap.end)

    def _skip(self, size: int) -> None:
        """It is written faster than anybody can read: go to its end."""
        place = size - BLOCK
        place += beginning(self._read(place).data)
        missing = about_bytes(place - self._end)
        self._tell("note", f"[… {missing} not shown: they were written faster than anybody reads …]")
        self._end, self._last = place, b"\n"
        self._decoder.reset()

    def _start_over(self, why: str) -> None:
        self._tell("note", why)
        self._end, self._last = 0, b"\n"
        self._first = 0  # what stood there before is gone
        self._decoder.reset()

    def _read(self, begin: int) -> Piece:
        assert self._reader is not None  # noqa: S101 - by() comes first
        return self._reader.read(begin)

    def _who(self) -> tuple[int, int] | None:
        """Which file stands at its path on this machine, if we read it here."""
        if isinstance(self._reader, Here):
            with suppress(OSError):
                status = os.stat(self._found.path)
                return status.st_dev, status.st_ino
        return None

    def _is_replaced(self) -> bool:
        """Whether another file stands at its path now, which is read instead. That it was deleted is told once."""
        now = self._who()
        if not isinstance(self._reader, Here) or now == self._identity:
            return False
        if now is None:
            if not self._is_deleted:
                self._tell("note", "the output was deleted; nothing more will be seen of it")
            self._is_deleted = True
            return False
        had_one, self._identity, self._is_deleted = self._identity is not None, now, False
        if had_one:
            self._reader.close()  # it opens what stands there now
            self._start_over("another file has taken its place; from its beginning on:")
        return had_one
