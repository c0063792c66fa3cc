"""What a filter means: terms, which must all hold, about the fields of a row.

Rows of one kind have one ``Vocabulary``. ``filter_text`` makes a Filter of what somebody typed, ``matches`` asks it of
a row as plain data; ``store.filters`` makes SQL of it, which says the same of the same rows.

Letters A to Z are the same as a to z; no others are folded, for Postgres and Python disagree on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

Kind = Literal["text", "number", "duration", "memory", "time", "flag", "map"]
Operator = Literal["is", "differs", "<", "<=", ">", ">="]
Number = int | float
SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Vocabulary(NamedTuple):
    """The fields that rows of one kind have (``cpus.total`` is one of an inner object), and which a bare word means.

    ``words``: all that a field of text can be, where that is known.
    """

    kinds: Mapping[str, Kind]
    searched: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition. It holds if it does for one of ``fields`` (of a bare word several, else one).

    What it compares with: ``patterns`` for text, as SQL's LIKE writes them and in small letters; ``numbers`` for
    numbers, seconds, MiB and truth (0, 1); ``moments`` for times: what was written is each moment from the first to
    before the second, in seconds since 1970. ``unknown``: a row without that field, or with an empty one, is meant too.

    A comparison with what is unknown does not hold; so its negation does.
    """

    fields: tuple[str, ...]
    operator: Operator = "is"
    key: str = ""  # in a map
    patterns: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    moments: tuple[tuple[float, float], ...] = ()
    unknown: bool = False
    negated: bool = False


class Filter(msgspec.Struct, frozen=True):
    """All of these must hold. At least one: an empty filter is none."""

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        """Raise ValueError, which a decoder takes for bad input, if nothing need hold: that would mean all."""
        if not self.terms:
            raise ValueError("a filter has a term at least")


def matches(filter: Filter, row: Mapping[str, Any]) -> bool:
    """Whether a row, as the plain data that its JSON is made of, is one of those that are meant."""
    return all(is_met(term, row) for term in filter.terms)


def is_met(term: Term, row: Mapping[str, Any]) -> bool:
    """Whether one condition holds for a row."""
    return any(holds(term, value_of(row, name, term.key)) for name in term.fields) != term.negated


def value_of(row: Mapping[str, Any], name: str, key: str = "") -> Any:
    """What stands in a field; None if nothing does."""
    value: Any = row
    for part in [*name.split("."), key] if key else name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def holds(term: Term, value: Any) -> bool:
    """Whether *value* is what the term, not negated, says."""
    if value is None or value in ("", [], (), {}):
        return term.unknown and term.operator == "is"
    if term.operator == "differs":
        return not any(compare(value, "is", term))
    return any(compare(value, term.operator, term))


def compare(value: Any, operator: Operator, term: Term) -> Iterator[bool]:
    """How *value* stands to each of what it is compared with."""
    if term.patterns:
        text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        yield from (expression(pattern).fullmatch(text.translate(SMALL)) is not None for pattern in term.patterns)
    yield from (ordered(float(value), operator, number, number, is_moment=False) for number in term.numbers)
    if term.moments:
        at = seconds(value)
        yield from (ordered(at, operator, begin, end, is_moment=True) for begin, end in term.moments)


def ordered(value: float, operator: Operator, begin: Number, end: Number, *, is_moment: bool) -> bool:
    """Whether *value* is (``is``), or is before or after, what reaches from *begin* to *end*: a moment to before it."""
    before, after = value < begin, value >= end if is_moment else value > end
    return {"is": not before and not after, "<": before, "<=": not after, ">": after, ">=": not before}[operator]


def seconds(value: Any) -> float:
    """A time, or the text of one, since 1970."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=256)
def expression(pattern: str) -> re.Pattern[str]:
    r"""What LIKE understands: ``%`` is anything, ``_`` is one character, and ``\`` takes the sense of the next."""
    letters = iter(pattern)
    wild = {"%": ".*", "_": "."}
    parts = (re.escape(next(letters, "")) if each == "\\" else wild.get(each, re.escape(each)) for each in letters)
    return re.compile("".join(parts), re.DOTALL)


def literal(pattern: str) -> str | None:
    """The only text that *pattern* means; None if there are others."""
    parts, letters = [], iter(pattern)
    for letter in letters:
        if letter in "%_":
            return None
        parts.append(next(letters, "") if letter == "\\" else letter)
    return "".join(parts)
