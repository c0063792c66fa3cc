"""A bug in the console: one line for whoever sat before it, and a file for whoever mends it.

The file has the traceback and nothing of what the program held at that moment: that would be other people's data, and
the passwords of URLs.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from clusterctl.text import masked, visible

LONGEST_LINE = 600  # cells


class Crash(NamedTuple):
    """What is told of it. ``file``: where the traceback is, None if it could be written nowhere."""

    sentence: str
    file: Path | None

    @property
    def lines(self) -> str:
        """As all errors are told: a sentence, and what to do."""
        where = f"the traceback is in {self.file}" if self.file else "the traceback could be written nowhere"
        return f"clusterctl: error: {self.sentence}\nhint: this is a bug; {where}\n"


def crash(error: BaseException, directory: Path) -> Crash:
    """Write *error* down, in *directory* or, if that takes nothing, where temporary files are."""
    sentence = visible(masked(f"{type(error).__name__}: {error}"), LONGEST_LINE)
    text = masked("".join(traceback.format_exception(error)))
    for place in (directory, Path(tempfile.gettempdir())):
        try:
            return Crash(sentence, written(text, place))
        except OSError:
            continue
    return Crash(sentence, None)


def written(text: str, place: Path) -> Path:
    """A new file with *text*, for nobody but us. Raises OSError."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"top-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    descriptor = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
        file.write(text)
    return place / name
