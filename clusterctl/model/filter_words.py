"""The words of a filter: what stands between blanks, and which of its characters stood in quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from clusterctl.model.errors import BadInput
from clusterctl.model.filters import SMALL

SHOWN = 60  # characters of a word that an error repeats


class Letter(NamedTuple):
    """One character, and whether it stood in quotes: then it means nothing but itself."""

    text: str
    quoted: bool


class Word(NamedTuple):
    """What stands between blanks, and at which character it begins, counted from 1."""

    letters: tuple[Letter, ...]
    at: int


def split(text: str) -> Iterator[Word]:
    """The words, in order. Quotes, single or double, keep blanks and signs together. Raises BadInput."""
    letters: list[Letter] = []
    quote, opened, begin = "", 0, 0  # begin is 0 between two words
    for at, letter in enumerate(text, start=1):
        if quote:
            letters.append(Letter("" if letter == quote else letter, True))
            quote = "" if letter == quote else quote
        elif letter.isspace():
            if begin:
                yield Word(tuple(letters), begin)
            letters, begin = [], 0
        else:
            begin = begin or at
            opens = letter in "\"'"
            quote, opened = (letter, at) if opens else ("", opened)
            letters.append(Letter("" if opens else letter, opens))  # also for the quote, so that "" is a word too
    if quote:
        raise BadInput(f"the filter's quote at character {opened} is never closed", f"close it with {quote}")
    if begin:
        yield Word(tuple(letters), begin)


def listed(letters: Sequence[Letter]) -> list[tuple[Letter, ...]]:
    """What stands between commas."""
    values: list[list[Letter]] = [[]]
    for letter in letters:
        if letter == Letter(",", False):
            values.append([])
        else:
            values[-1].append(letter)
    return [tuple(value) for value in values]


def text_of(letters: Sequence[Letter]) -> str:
    """As it was meant, without its quotes."""
    return "".join(letter.text for letter in letters)


def pattern_of(letters: Sequence[Letter]) -> str:
    """As LIKE writes it, in small letters: outside of quotes ``*`` is anything and ``?`` one character."""
    parts = []
    for text, quoted in letters:
        if text in ("*", "?") and not quoted:
            parts.append("%" if text == "*" else "_")
        else:
            parts.append("\\" + text if text in ("\\", "%", "_") else text)
    return "".join(parts).translate(SMALL)


def refuse(word: Word, why: str, hint: str) -> NoReturn:
    """BadInput that names the place."""
    text = text_of(word.letters)
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    raise BadInput(f"the filter's term {shown!a} (character {word.at}): {why}", hint)
