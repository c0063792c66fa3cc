"""What is printed where the letters are few: our own signs as plain ones, a stranger's as escapes."""

from __future__ import annotations

import codecs

PLAINLY = "clusterctl_plainly"  # the name of a stream's error handler
# One sign for one, so that columns stay where they are: the cells of bars, what is cut, dashes.
PLAIN = {"█": "#", "▒": "=", "░": ".", "…": "~", "–": "-", "—": "-", "·": ".", "→": ">"}


def plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for letters that an encoding has not, and where to go on."""
    if isinstance(error, UnicodeEncodeError) and (plain := PLAIN.get(error.object[error.start])):
        return plain, error.start + 1
    if isinstance(error, UnicodeEncodeError):
        error.end = error.start + 1  # what follows may be a sign of ours
    return codecs.backslashreplace_errors(error)


codecs.register_error(PLAINLY, plainly)
