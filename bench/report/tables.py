"""Results as tables in Markdown, by topic and with units, whatever a benchmark measured.

Nested data become sections; siblings of one shape share a table, in which each is a row (or a column, if they have more
fields than they are); lists are runs, and stand beneath their table, whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeGuard

from bench.report.words import heading, label, number, unit, with_unit

WORD = re.compile(r"[^\W\d]{3}|[^\W\d]+ |`|\*")
LOOKS = 15  # rows
WIDEST = 7  # columns; more stand better on end

Row = Mapping[str, object]


def tables(values: Row, path: tuple[str, ...] = ()) -> Iterator[str]:
    """All of *values*, which stand at *path* in the result."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping) and not is_rows(value)}
    if plain:
        yield from title(path)
        yield from pairs(plain, inherited(path))
    for key, value in values.items():
        if is_rows(value):
            yield from title((*path, key))
            yield from courses(value)
    nested = [(key, value) for key, value in values.items() if isinstance(value, Mapping)]
    for shape, siblings in groupby(nested, key=lambda pair: shape_of(pair[1])):
        together = dict(siblings)
        if shape is None or len(together) == 1:
            for key, value in together.items():
                yield from tables(value, (*path, key))
        else:
            yield from title(path if not plain else (), otherwise=path)
            yield from matrix(together, inherited(path))


def title(path: tuple[str, ...], otherwise: tuple[str, ...] = ()) -> Iterator[str]:
    """A line over a table, if there is something to say."""
    words = ": ".join(label(key) for key in path or otherwise)
    if words:
        yield f"**{words[0].upper()}{words[1:]}{'' if path else ', in parts'}**\n"


def inherited(path: tuple[str, ...]) -> str:
    """The unit that a key above names for all beneath it."""
    return next((sign for key in reversed(path) if (sign := unit(key))), "")


def shape_of(value: Row) -> tuple[tuple[str, bool], ...] | None:
    """The keys, and which of them are runs, if nothing is nested any deeper."""
    if any(isinstance(each, Mapping) or is_rows(each) for each in value.values()):
        return None
    return tuple((key, is_list(each)) for key, each in value.items())


def pairs(values: Row, above: str) -> Iterator[str]:
    """A value a line."""
    single, runs = split(values)
    if single:
        yield from table(
            ["", ""], [[label(key), with_unit(value, sign_for(key, value, above))] for key, value in single]
        )
    for key, each in runs:
        yield f"- {in_units(key, above)}: {number(each)}"
    if runs:
        yield ""


def matrix(siblings: Mapping[str, Row], above: str) -> Iterator[str]:
    """Siblings of one shape."""
    fields = [key for key, value in next(iter(siblings.values())).items() if not is_list(value)]
    rows = [[heading(name), *(number(row[field]) for field in fields)] for name, row in siblings.items()]
    head = ["", *(in_units(field, above) for field in fields)]
    if fields:
        yield from table(*(turned(head, rows) if len(fields) > max(WIDEST, len(siblings)) else (head, rows)))
    lists = [(name, key, value) for name, row in siblings.items() for key, value in row.items() if is_list(value)]
    for name, key, value in lists:
        yield f"- {label(name)}, {heading(key)}: {number(value)}"
    if lists:
        yield ""


def turned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The same table on end."""
    first, *others = zip(head, *rows, strict=True)
    return list(first), [list(row) for row in others]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A column of words to the left, others to the right. A blank line after it."""
    worded = [any(WORD.match(row[at]) for row in rows) for at in range(len(head))]
    yield f"| {' | '.join(head)} |"
    yield f"|{''.join('---|' if left or not at else '---:|' for at, left in enumerate(worded))}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""


def courses(rows: Sequence[Row]) -> Iterator[str]:
    """What was looked at again and again, a look a row: as many as show the course, evenly, and no parts of sums."""
    step = max(1, -(-len(rows) // LOOKS))
    shown = [*rows[:-1:step], rows[-1]]
    if len(shown) < len(rows):
        yield f"{len(shown)} of {len(rows)} looks, evenly; the JSON has all.\n"
    names = [name for name, value in rows[0].items() if isinstance(value, int | float) and "." not in name]
    yield from table([heading(name) for name in names], [[number(row.get(name)) for name in names] for row in shown])


def is_rows(value: object) -> TypeGuard[Sequence[Row]]:
    """Whether it is a list of looks."""
    return is_list(value) and bool(value) and all(isinstance(each, Mapping) for each in value)


def split(values: Row) -> tuple[list[tuple[str, object]], list[tuple[str, object]]]:
    """Single values, and lists."""
    return (
        [(key, value) for key, value in values.items() if not is_list(value)],
        [(key, value) for key, value in values.items() if is_list(value)],
    )


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether it is the values of several runs."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def sign_for(key: str, value: object, above: str) -> str:
    """The unit behind a value: its own or one from above; words and flags have none."""
    return "" if isinstance(value, bool | str) else unit(key) or above


def in_units(key: str, above: str) -> str:
    """Over a column."""
    return heading(key) if unit(key) or not above else f"{label(key)}, {above}"
