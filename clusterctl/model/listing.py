"""Which rows of a list that is whole in memory are wanted, and in which order: as a database does it for its own. Pure.

Rows come as pairs: what one is as plain data, which is what its JSON is made of, and the row itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter, matches, seconds, value_of
from clusterctl.model.findings import RANKS

T = TypeVar("T")

Plain = Mapping[str, Any]
Pair = tuple[Plain, T]
RANKED: Mapping[str, Mapping[str, int]] = {"severity": RANKS}  # fields whose words have an order of their own


def fields_of_sort(sort: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """*sort*, most important field first, ``-field`` turned round. Raises BadInput for one that is not *known*."""
    names = tuple(part.strip() for part in sort if part.strip())
    fields = dict.fromkeys(known)
    for name in names:
        if name.removeprefix("-") not in fields:
            raise BadInput(f"cannot sort by {name.removeprefix('-')!a}", f"one of {', '.join(fields)}")
    return names


def chosen(pairs: Iterable[Pair[T]], filter: Filter | None, sort: Sequence[str]) -> list[T]:
    """Those that *filter* leaves, in order."""
    left = [pair for pair in pairs if filter is None or matches(filter, pair[0])]
    return [row for _, row in ordered(left, sort)]


def ordered(pairs: Iterable[Pair[T]], sort: Sequence[str]) -> list[Pair[T]]:
    """By these fields; ``-field`` turned round. What has none comes last, and equals stay as they were."""
    pairs = list(pairs)
    for name in reversed(sort):
        field = name.removeprefix("-")
        empty = [pair for pair in pairs if value_of(pair[0], field) is None]
        filled = [pair for pair in pairs if value_of(pair[0], field) is not None]
        pairs = sorted(filled, key=lambda pair: comparable(field, pair[0]), reverse=name.startswith("-")) + empty
    return pairs


def comparable(field: str, plain: Plain) -> Any:
    """What can be ordered: words that are ranked by their rank, what is no plain value by its text."""
    value = value_of(plain, field)
    if field in RANKED:
        return RANKED[field].get(value, len(RANKED[field]))
    if isinstance(value, Mapping):
        return str(sorted(value.items()))
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, str | int | float | datetime) else str(value)


def with_spans(plain: Plain, spans: Mapping[str, tuple[str, str]], now: datetime) -> dict[str, Any]:
    """A row as data, and beside it how long it was from one of its times to another: seconds."""
    return {**plain, **{name: span_of(plain, begin, end, now) for name, (begin, end) in spans.items()}}


def span_of(plain: Plain, begin: str, end: str, now: datetime) -> float | None:
    """Seconds between two times of a row; to *now*, if *end* is empty or has not come. None before the first."""
    since, until = value_of(plain, begin), value_of(plain, end) if end else None
    return None if since is None else seconds(until or now) - seconds(since)
