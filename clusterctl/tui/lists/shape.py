"""How an operator wants a list: filtered, in which order, with only what is not well. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import msgspec

from clusterctl.model.errors import BadInput
from clusterctl.model.filter_text import parse
from clusterctl.model.filters import Filter, Vocabulary
from clusterctl.model.vocabulary import vocabulary_of

SIGNS = ":=!<>~"  # one of these ends the name of a field
MOST_REMEMBERED = 50  # filters


class Completed(NamedTuple):
    """A text with a name finished as far as it is certain, and the names that it could still be."""

    text: str
    choices: tuple[str, ...]


class Shape:
    """One list's. ``text`` is what was typed; ``filter`` the last of it that made sense; ``trouble`` why it makes none.

    A half-typed filter keeps the one before in force: it never means all.
    """

    def __init__(
        self,
        *,
        noun: type[msgspec.Struct] | None = None,
        spans: Sequence[str] = (),
        faults_filter: str = "",
    ) -> None:
        known = vocabulary_of(noun) if noun else Vocabulary({})
        kinds = {**known.kinds, **dict.fromkeys(spans, "duration")}
        self.vocabulary = Vocabulary(kinds, known.searched, known.words)  # type: ignore[arg-type]  # a dict of literals
        self.text = ""
        self.trouble = ""
        self.hint = ""
        self.sort: tuple[str, ...] = ()
        self.faults = False
        self.history = History()
        self._typed: Filter | None = None
        self._faults = parse(faults_filter, self.vocabulary) if faults_filter else None

    @property
    def can_filter(self) -> bool:
        """Whether its rows have fields that a filter could name."""
        return bool(self.vocabulary.kinds)

    @property
    def can_show_faults(self) -> bool:
        """Whether it is known which of its rows are not well."""
        return self._faults is not None

    @property
    def filter(self) -> Filter | None:
        """All that must hold; None if nothing need."""
        terms = [term for each in (self._typed, self._faults if self.faults else None) if each for term in each.terms]
        return Filter(tuple(terms)) if terms else None

    def type(self, text: str) -> bool:
        """Take *text* for the filter; whether another one is in force now."""
        before = self._typed
        self.text, self.trouble, self.hint = text, "", ""
        try:
            self._typed = parse(text, self.vocabulary) if text.strip() else None
        except BadInput as error:
            self.trouble, self.hint = str(error).removeprefix("the filter's "), error.hint
        return self._typed != before

    def refuse(self, error: BadInput) -> None:
        """The database does not know what was asked for: the order is given up first, and then the filter."""
        if self.sort:
            self.sort = ()
        else:
            self._typed = None
            self.trouble, self.hint = str(error), error.hint

    def order_by(self, field: str) -> None:
        """Order by *field*; the other way round if it is ordered by that already."""
        self.sort = (f"-{field}",) if self.sort == (field,) else (field,)

    def complete(self) -> Completed:
        """What was typed, with the name that stands at its end finished."""
        head, blank, word = self.text.rpartition(" ")
        sign = word[: len(word) - len(word.lstrip("-!"))]
        begun = word[len(sign) :]
        if not begun or any(letter in SIGNS for letter in begun):
            return self._complete_value(head + blank + sign, begun)
        names = tuple(name for name in self.vocabulary.kinds if name.startswith(begun.lower()))
        return finished(head + blank + sign, begun, names, end=":")

    def _complete_value(self, before: str, word: str) -> Completed:
        """The same for what a field can be, where that is known."""
        field, colon, value = word.partition(":")
        listed, comma, last = value.rpartition(",")
        known = self.vocabulary.words.get(field.lower(), ()) if colon else ()
        choices = tuple(each for each in known if each.startswith(last.lower()))
        return finished(f"{before}{field}{colon}{listed}{comma}", last, choices, end="")


def finished(before: str, begun: str, names: tuple[str, ...], *, end: str) -> Completed:
    """*begun*, with as many more letters as all *names* have in common; *end* comes after the only one."""
    if not names:
        return Completed(before + begun, ())
    common = "".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, zip(*names, strict=False)))
    return Completed(before + common + (end if len(names) == 1 else ""), names if len(names) > 1 else ())


class History:
    """What was typed before, newest last; walked with the arrow keys."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._at = 0

    def keep(self, text: str) -> None:
        """Remember *text* as the newest, and stand after it."""
        if text.strip():
            self._texts = [*(each for each in self._texts if each != text), text][-MOST_REMEMBERED:]
        self._at = len(self._texts)

    def step(self, by: int) -> str | None:
        """The text before (-1) or after (1) the last one; empty after the newest, None before the oldest."""
        if not 0 <= self._at + by <= len(self._texts):
            return None
        self._at += by
        return self._texts[self._at] if self._at < len(self._texts) else ""
