"""Markdown from rows and paragraphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `python -m docs`. Change the code, not this page. -->"


def document(title: str, *blocks: str) -> str:
    """A whole page: the notice, the title, and the blocks that are not empty."""
    return "\n\n".join([NOTICE, f"# {title}", *(block for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; every row has as many cells as *head*."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """*text* on one line, with no bar that would end the cell."""
    return " ".join(text.split()).replace("|", r"\|")


def code(text: str) -> str:
    """*text* as it is typed; nothing for nothing."""
    return f"`{text}`" if text else ""


def fence(lines: Iterable[str], language: str) -> str:
    """A block of code."""
    return "\n".join([f"```{language}", *lines, "```"])
