"""The terminal that the console is drawn on: left clean whatever ends it, and let go of when it has vanished.

Textual leaves three things to be done. It has no handlers for SIGTERM and SIGHUP, so these would leave the terminal in
raw mode on its other screen. Its thread that reads keys spins when the terminal is gone and SIGHUP is ignored; its
thread that writes dies of that, and whoever draws then waits for it for ever.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import IO, Any

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

HANGUP = 128 + signal.SIGHUP
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Lasting:
    """A file that can be written to when it is closed: then nothing happens."""

    def __init__(self, file: IO[str], on_gone: Callable[[], object]) -> None:
        self._file = file
        self._on_gone = on_gone
        self._is_gone = False

    def write(self, text: str) -> None:
        """Write it, if anybody is there."""
        self._try(lambda: self._file.write(text))

    def flush(self) -> None:
        """Let go of what was written."""
        self._try(self._file.flush)

    def fileno(self) -> int:
        """Of the file."""
        return self._file.fileno()

    def _try(self, what: Callable[[], object]) -> None:
        if self._is_gone:
            return
        try:
            what()
        except (OSError, ValueError):
            self._is_gone = True
            self._on_gone()


class ConsoleDriver(LinuxDriver):
    """Textual's, that ends as a program of a terminal should."""

    def __init__(self, app: App[int], **options: Any) -> None:
        super().__init__(app, **options)
        if self._file is not None:
            self._file = Lasting(self._file, self._lost)  # type: ignore[assignment]  # all that is used of a file

    def start_application_mode(self) -> None:
        for number in SIGNALS:  # before the terminal is changed: there is no moment in which they would leave it so
            self._loop.add_signal_handler(number, self.leave, 128 + number)
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no types there

    def _lost(self) -> None:
        self._loop.call_soon_threadsafe(self.leave, HANGUP)

    def leave(self, code: int) -> None:
        """End the console with *code*."""
        self._app.exit(return_code=code)

    def run_input_thread(self) -> None:
        """Read keys until the end, or until nobody is there any more to press them."""
        try:
            super().run_input_thread()
        except OSError:  # EIO: the other end of the terminal is closed
            self._lost()

    def _get_terminal_size(self) -> tuple[int, int]:
        """Of the terminal that is drawn on. COLUMNS and LINES say nothing: they do not change with its window."""
        try:
            size = os.get_terminal_size(self._file.fileno()) if self._file else None
        except (OSError, ValueError):
            return 80, 24
        return (size.columns or 80, size.lines or 24) if size else (80, 24)


def driver_for(theirs: type[Driver]) -> type[Driver]:
    """Ours where Textual would take its own for a terminal; a browser's and a test's stay."""
    return ConsoleDriver if theirs is LinuxDriver else theirs


def is_gone(app: App[int]) -> bool:
    """Whether the terminal that keys came from has vanished."""
    stdin = sys.__stdin__
    return isinstance(app._driver, ConsoleDriver) and (stdin is None or stdin.closed or not os.isatty(stdin.fileno()))
