"""The real program on a real terminal: what it writes is drawn here as a terminal would, and keys are typed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import psutil

from clusterctl.text import cells
from tests.house.tree import ROOT
from tests.until import until

SEQUENCE = re.compile(
    r"\x1b\[([?<>=]?)([0-9;]*)([ -/]*[@-~])|\x1b[()][0-9A-Za-z]|\x1b[=>78cM]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
CLEAN = ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?2004l")  # what leaves a terminal as it was


class Picture:
    """What stands on a terminal: enough of one for programs that place the cursor and write."""

    def __init__(self, columns: int, rows: int) -> None:
        self.size = columns, rows
        self.row = self.column = 0
        self.cells: list[list[str]] = []
        self.clear()

    def clear(self) -> None:
        """All blank."""
        self.cells = [[" "] * self.size[0] for _ in range(self.size[1])]

    def lines(self) -> list[str]:
        """What stands in each row."""
        return ["".join(row).rstrip() for row in self.cells]

    def draw(self, text: str) -> str:
        """Take in what was written; what is left of a sequence that is not all there yet."""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                if found is None and len(text) - at < 64:
                    return text[at:]
                if found is not None and found[0] == "\x1b[?1049h":
                    self.clear()  # the other screen is empty when one comes there
                if found is not None and found[3] and not found[1]:
                    self.move(found[3], [int(part or 0) for part in (found[2] or "").split(";")])
                at = found.end() if found else at + 1
                continue
            self.put(text[at])
            at += 1
        return ""

    def put(self, letter: str) -> None:
        """One letter where the cursor is."""
        if letter == "\n":
            self.row = min(self.row + 1, self.size[1] - 1)
        elif letter == "\r":
            self.column = 0
        elif letter >= " " and self.row < self.size[1] and self.column < self.size[0]:
            self.cells[self.row][self.column] = letter
            if cells(letter) == 2 and self.column + 1 < self.size[0]:
                self.cells[self.row][self.column + 1] = ""
            self.column += cells(letter)

    def move(self, what: str, by: Sequence[int]) -> None:
        """One sequence that says where."""
        if what == "H":
            self.row, self.column = max(by[0], 1) - 1, (max(by[1], 1) if len(by) > 1 else 1) - 1
        elif what == "J":
            self.clear()
        elif what == "C":
            self.column += max(by[0], 1)
        elif what == "B":
            self.row += max(by[0], 1)


class Terminal:
    """One, with a program in it that was started there."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (80, 24)) -> None:
        self.written = ""
        self.picture = Picture(*size)
        self._rest = ""
        self._ours, theirs = pty.openpty()
        self._first_modes = self._modes()
        self.resize(*size)
        self.process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(env), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing else runs in this child
        )  # fmt: skip
        os.close(theirs)

    def resize(self, columns: int, rows: int) -> None:
        """Another size; what stood there is drawn anew."""
        self.picture = Picture(columns, rows)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def read(self) -> None:
        """Take in what was written meanwhile."""
        with suppress(OSError):  # EIO: the program has gone
            while select.select([self._ours], [], [], 0)[0] and (data := os.read(self._ours, 1 << 16)):
                text = data.decode(errors="replace")
                self.written += text
                self._rest = self.picture.draw(self._rest + text)

    def lines(self) -> list[str]:
        """What stands there now."""
        self.read()
        return self.picture.lines()

    def shows(self, *words: str) -> list[str]:
        """Wait until all of *words* are there."""
        try:
            until(lambda: self.has(*words), what=f"{words}")
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.lines()])) from None
        return self.lines()

    def has(self, *words: str) -> bool:
        """Whether they are there; a program that has ended will never show them."""
        text = "\n".join(self.lines())
        assert self.process.poll() is None or all(word in text for word in words), (self.process.returncode, text)
        return all(word in text for word in words)

    def hides(self, *words: str) -> None:
        """Wait until none of *words* is there."""
        until(lambda: not any(word in "\n".join(self.lines()) for word in words), what=f"{words} to go")

    def ends(self) -> int:
        """Wait until the program has ended; its exit code."""

        def ended() -> bool:
            self.read()  # who writes to a terminal that nobody reads waits
            return self.process.poll() is not None

        until(ended, what="the program to end")
        self.read()
        return self.process.returncode

    def is_clean(self) -> bool:
        """Whether all was taken back that was done to the terminal."""
        last = self.written[self.written.rfind("\x1b[?1049h") :]
        return all(sequence in last for sequence in CLEAN) and self._modes() == self._first_modes

    def _modes(self) -> list[int]:
        """Of the line: whether it echoes what is typed, and the like."""
        return termios.tcgetattr(self._ours)[:4]

    def cpu_s(self) -> float:
        """Seconds of CPU that the program has used."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    def hang_up(self) -> None:
        """Close it, as one closes a window."""
        os.close(self._ours)
        self._ours = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        if self._ours >= 0:
            os.close(self._ours)


@contextmanager
def console(
    *words: str, size: tuple[int, int] = (80, 24), before: Sequence[str] = (), **settings: str
) -> Iterator[Terminal]:
    """``clusterctl top`` with *words*, on a terminal of its own and with *settings* alone."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    known = {f"CLUSTERCTL_{name.upper()}": value for name, value in settings.items()}
    env = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **known}
    argv = [*before, sys.executable, "-m", "clusterctl", "top", "--interval", "0.5s", *words]
    with Terminal(argv, env, size) as terminal:
        yield terminal
