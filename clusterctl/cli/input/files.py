"""Files of data that an option names: lists of jobs, lines of arrays. ``-`` is standard input."""

from __future__ import annotations

import os
import sys

from clusterctl.model.spec import MAX_CALL
from clusterctl.text import visible

STDIN = "-"


def read_lines(path: str) -> list[str]:
    """The lines of a text; ended by LF or CRLF, the last one perhaps by nothing.

    Raises ValueError with a sentence for what cannot be read, has none, is no text, or is larger than one call may be.
    """
    name = called(path)
    content = read_bytes(path)
    if len(content) > MAX_CALL:
        raise ValueError(f"{name} is larger than {MAX_CALL >> 20} MiB, the most that is submitted at once")
    lines = content.removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")
    if not content.strip():
        raise ValueError(f"{name} is empty")
    for number, line in enumerate(lines, 1):
        if b"\0" in line:
            raise ValueError(f"{name}, line {number} holds a NUL byte")
    return [text_of(line, name, number) for number, line in enumerate(lines, 1)]


def read_bytes(path: str, most: int = MAX_CALL) -> bytes:
    """What is there, up to one byte more than *most*. Raises ValueError."""
    try:
        with open(sys.stdin.fileno() if path == STDIN else path, "rb", closefd=path != STDIN) as file:
            return file.read(most + 1)
    except OSError as error:
        raise ValueError(f"cannot read {called(path)}: {error.strerror or error}") from None
    except (AttributeError, ValueError):  # no standard input (`<&-`), or a NUL in the name
        raise ValueError(f"cannot read {called(path)}") from None


def text_of(line: bytes, name: str, number: int) -> str:
    """A line as text. Raises ValueError."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{name}, line {number} is not valid UTF-8") from None


def called(path: str) -> str:
    """How messages call it."""
    return "standard input" if path == STDIN else visible(os.fspath(path), 80)
