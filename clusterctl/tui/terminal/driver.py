"""The terminal that the console is drawn on: left clean whatever ends it, and let go of when it has vanished.

Textual leaves some things to be done. It has no handlers for SIGTERM and its like, so these would leave the terminal in
raw mode on its other screen. Its thread that reads keys spins when the terminal is gone and SIGHUP is ignored; its
thread that writes dies of that, and whoever draws then waits for it for ever. It stops in the midst of whatever it
does, be that writing; when it goes on it does not draw again what the terminal has forgotten; and where SIGSTOP has
stopped it, it takes the terminal a second time, and then for its raw mode as what was there before.
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

from clusterctl.tui.terminal.thrift import ThriftyApp

HANGUP = 128 + signal.SIGHUP
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
FOR_DAEMONS = (signal.SIGUSR1, signal.SIGUSR2)  # "log what you do", to ours: whoever sends it here means no harm


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
        for number in FOR_DAEMONS:
            self._loop.add_signal_handler(number, lambda: None)  # ours: children would inherit SIG_IGN
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        self._loop.add_signal_handler(signal.SIGCONT, self._go_on)
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no types there

    @property
    def _has_terminal(self) -> bool:
        """Whether it is ours, and drawn on."""
        return self._writer_thread is not None and self._writer_thread.is_alive()

    def _stop(self) -> None:
        """Give the terminal back, and stop until somebody says SIGCONT."""
        if self._has_terminal:
            self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self) -> None:
        """Take the terminal and draw all of it, also after a stop that gave no time to give it back."""
        if self._app._exit or not self._app.is_running:  # it is being given back for good
            return
        if self._has_terminal:
            self.suspend_application_mode()
        self.resume_application_mode()
        if isinstance(self._app, ThriftyApp):
            self._app.forget_terminal()

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
