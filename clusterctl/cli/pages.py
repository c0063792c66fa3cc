"""Help pages: usage, one sentence, examples, and only then the rest. Readable at 40 columns as at 100."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from clusterctl.cli.display import colours

WIDEST = 100  # columns: longer lines are hard to follow
NARROW = 60  # columns: beneath, an explanation stands under its term, not beside it
TERM_COLUMN = 26


def width() -> int:
    """Columns of a page on this terminal."""
    return max(20, min(shutil.get_terminal_size().columns, WIDEST))


def page(ctx: Any, sections: Iterable[tuple[str, list[tuple[str, str]]]], closing: str = "") -> str:
    """The page of *ctx*'s command. *sections*: heading, and pairs of a term and its explanation."""
    columns = width()
    summary, examples, text = parts_of(ctx.command.help or "")
    blocks = [wrapped(usage(ctx), columns, hang=4), wrapped(summary, columns)]
    if examples:
        blocks.append(section("Examples", example_lines(examples, columns)))
    blocks += [wrapped(paragraph, columns) for paragraph in text]
    filled = [(heading, pairs) for heading, pairs in sections if pairs]
    column = min(TERM_COLUMN, max((len(term) for _, pairs in filled for term, _ in pairs), default=0))
    blocks += [section(heading, definitions(pairs, columns, column)) for heading, pairs in filled]
    blocks.append(wrapped(closing, columns))
    return "\n\n".join(block for block in blocks if block)


def usage(ctx: Any) -> str:
    """How the command is called."""
    pieces = (piece.strip("{}") for piece in ctx.command.collect_usage_pieces(ctx))  # typer's sign for "required"
    return "Usage: " + " ".join([ctx.command_path, *pieces])


def parts_of(text: str) -> tuple[str, list[str], list[str]]:
    """A docstring's first paragraph, the lines of its examples (they begin with ``$``), and its other paragraphs."""
    paragraphs = [part.strip("\n") for part in text.strip().split("\n\n")]
    examples = [line for part in paragraphs if part.startswith("$") for line in part.splitlines()]
    others = [part for part in paragraphs[1:] if not part.startswith("$")]
    return paragraphs[0], [line.removeprefix("$ ") for line in examples], others


def example_lines(examples: list[str], columns: int) -> list[str]:
    """Commands, and beside each its comment if that fits for all of them; else above it."""
    pairs = [
        (command.rstrip(), comment.strip()) for command, _, comment in (line.partition(" # ") for line in examples)
    ]
    longest = max(len(command) for command, _ in pairs)
    if all(2 + longest + 4 + len(comment) <= columns for _, comment in pairs):
        return [f"  {command:<{longest}}  # {comment}" if comment else f"  {command}" for command, comment in pairs]
    lines = []
    for command, comment in pairs:
        lines += (
            textwrap.wrap(f"# {comment}", columns, initial_indent="  ", subsequent_indent="  # ") if comment else []
        )
        lines.append(f"  {command}")
    return lines


def section(heading: str, lines: Iterable[str]) -> str:
    """A block with a heading."""
    return "\n".join([colours.painted(f"{heading}:", colours.BOLD, colours.wanted()), *lines])


def definitions(pairs: list[tuple[str, str]], columns: int, column: int) -> Iterator[str]:
    """Terms and their explanations: side by side, or on a narrow terminal one under the other."""
    if columns < NARROW:
        for term, explanation in pairs:
            yield f"  {term}"
            yield from textwrap.wrap(explanation, columns, initial_indent="    ", subsequent_indent="    ")
        return
    for term, explanation in pairs:
        first, *rest = textwrap.wrap(explanation, columns - column - 4) or [""]
        if len(term) > column:
            yield f"  {term}"
            yield f"  {'':{column}}  {first}"
        else:
            yield f"  {term:{column}}  {first}".rstrip()
        for line in rest:
            yield f"  {'':{column}}  {line}"


def wrapped(paragraph: str, columns: int, hang: int = 0) -> str:
    """One paragraph, anew in lines."""
    return textwrap.fill(" ".join(paragraph.split()), columns, subsequent_indent=" " * hang, break_on_hyphens=False)
