"""Colour, where a terminal wants it. It only repeats what the words say already."""

from __future__ import annotations

import os
import sys
from typing import TextIO

STATES = {
    "held": "35",
    "pending": "33",
    "scheduled": "36",
    "running": "1;34",
    "completed": "32",
    "failed": "1;31",
    "timeout": "1;31",
    "lost": "1;31",
    "cancelled": "2",
    "up": "32",
    "silent": "33",
    "draining": "35",
    "closed": "35",
    "troubled": "33",
    "current": "32",
    "unreachable": "1;31",
}  # SGR parameters of the eight colours that every terminal's own theme makes readable
BOLD, DIM = "1", "2"


def wanted(stream: TextIO | None = None) -> bool:
    """Whether *stream* (stdout) is a terminal that shows colours, and nobody has asked for none (no-color.org)."""
    terminal = (stream or sys.stdout).isatty()
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in ("", "dumb")


def painted(text: str, sgr: str | None, colour: bool) -> str:
    """*text* between the escapes that paint it; unchanged without *colour*."""
    return f"\x1b[{sgr}m{text}\x1b[0m" if colour and sgr and text.strip() else text
