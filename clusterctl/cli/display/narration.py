"""What is happening, sentence by sentence, on stderr: for commands that take their time."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from clusterctl.text import visible

if TYPE_CHECKING:
    from rich.status import Status


def tell(sentence: str) -> None:
    """Say it, on a line of its own."""
    sys.stderr.write(f"{visible(sentence)}\n")
    sys.stderr.flush()


class Narration:
    """On a terminal a spinner beside what is being done, and above it what took how long; on a pipe, plain lines.

    Entered, it spins until `rest`; before and after, sentences are plain lines.
    """

    def __init__(self) -> None:
        self._spinner: Status | None = None
        self._doing = ""
        self._since = 0.0

    def __enter__(self) -> Self:
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        if console.is_terminal and not console.is_dumb_terminal:
            self._spinner = console.status("")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.rest()

    def tell(self, sentence: str) -> None:
        """This is what happens now."""
        if self._spinner is None:
            tell(sentence)
            return
        from rich.text import Text

        self._settle()
        self._doing, self._since = sentence, time.monotonic()
        self._spinner.update(Text(visible(sentence)))
        self._spinner.start()

    def rest(self) -> None:
        """Nothing is being done any more."""
        if self._spinner is not None:
            self._settle()
            self._spinner.stop()
            self._spinner = None

    def _settle(self) -> None:
        """Leave a line about what was done until now."""
        from rich.text import Text

        if self._spinner is not None and self._doing:
            took = f"{time.monotonic() - self._since:.1f}s"
            self._spinner.console.print(Text.assemble(("✓ ", "green"), f"{visible(self._doing)}  ", (took, "dim")))
        self._doing = ""
