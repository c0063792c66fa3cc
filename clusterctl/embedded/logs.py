"""Output files of processes that do not rotate their own."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

LONGEST = 10 * 2**20  # bytes; with the one older copy, what a server's log takes at most


def trim(log: Path, longest: int = LONGEST) -> None:
    """Move the content of *log* to ``<log>.1`` once it is too long.

    Copied and cut, not renamed: the writer keeps its descriptor, and appends at the new end.
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size > longest:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            with log.open("r+b") as file:
                file.truncate(0)


def last_words(log: Path) -> str:
    """The last line that says something, without its time stamp's length mattering: at most 300 characters."""
    with suppress(FileNotFoundError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line or "rror" in line] or lines
        return telling[-1].strip()[-300:] if telling else "it said nothing"
    return "it said nothing"
