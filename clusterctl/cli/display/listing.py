"""Listings and pictures on stdout, for people (table, wide) and for programs (json, jsonl, tsv, ids).

A command that lists takes FormOption, FilterOption, SortOption and LimitOption, calls ``read_filter`` before it asks
the cluster, and ends with ``show_chosen``; or, where the database chooses and counts, with ``show``.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import typer

from clusterctl.cli.display import table
from clusterctl.cli.display.table import Column
from clusterctl.model import listing as model
from clusterctl.model.filters import Filter, Kind
from clusterctl.text import inert, visible

T = TypeVar("T")

Form = Literal["table", "wide", "json", "jsonl", "tsv", "ids"]
PictureForm = Literal["table", "json"]
MOST = 100_000  # rows that are fetched to be sorted here
PLAIN = frozenset({str, int, float, bool, type(None)})  # spelled as they are

FormOption = Annotated[
    Form | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FORM",
        help="table, wide, json, jsonl, tsv or ids; without it a table on a terminal, else tsv.",
        show_default=False,
    ),
]
PictureFormOption = Annotated[
    PictureForm, typer.Option("-o", "--output", metavar="FORM", help="table or json.", show_default=False)
]


def filter_option(*examples: str) -> Any:
    """``--filter`` of one listing, with *examples* of its own fields."""
    shown = ", ".join(f"'{each}'" for each in examples)
    return typer.Option("--filter", metavar="FILTER", help=f"What must hold: {shown}, or a word.", show_default=False)


FilterOption = Annotated[  # of jobs
    str | None, filter_option("state:failed,timeout name:train* -tenant:ada age>2h", "cpus>=4")
]
SortOption = Annotated[
    str, typer.Option(metavar="FIELD,…", help="Order by these fields of the JSON; `-field` turns it round.")
]
LimitOption = Annotated[
    int, typer.Option(min=1, max=MOST, metavar="N", help="Most rows; how many more there are is said.")
]


class Listing(NamedTuple, Generic[T]):
    """How rows of one kind are printed. ``plain``: what they are as data; ``fields``: a TSV line's; ``id``: for ids.

    ``noun`` is the struct that a row is: ``--filter`` may name its fields. ``spans`` are durations that can be named
    besides: from one time to another, or (empty) to now, as in ``{"age": ("submitted_at", "")}``. A word alone is
    looked for in the fields of ``searched``; without any, in all that are text.
    """

    what: str
    columns: Sequence[Column[T]]
    plain: Callable[[T], dict[str, Any]]
    fields: str
    id: str
    noun: type | None = None
    spans: Mapping[str, tuple[str, str]] = {}
    searched: str = ""


def read_filter(listing: Listing[Any], text: str | None) -> Filter | None:
    """What ``--filter`` means for these rows; None without one. Raises BadInput: call it before asking the cluster."""
    if text is None:
        return None
    from clusterctl.model.filter_text import parse
    from clusterctl.model.filters import Vocabulary
    from clusterctl.model.vocabulary import vocabulary_of

    known = vocabulary_of(listing.noun) if listing.noun else Vocabulary({})
    kinds: dict[str, Kind] = {**known.kinds, **dict.fromkeys(listing.spans, "duration")}
    return parse(text, Vocabulary(kinds, tuple(listing.searched.split()) or known.searched, known.words))


def show_chosen(
    listing: Listing[T], rows: Sequence[T], form: Form | None, *, wanted: Filter | None, sort: str, limit: int
) -> None:
    """Print those of *rows*, which are all that there are, that are *wanted*: in order, and at most *limit* of them.

    The tail of every command that lists: ``--filter``, ``--sort``, ``--limit`` and ``-o``.
    """
    found = chosen(listing, rows, wanted=wanted, sort=sort)
    show(listing, found[:limit], form, more=len(found) - limit)


def chosen(listing: Listing[T], rows: Sequence[T], *, wanted: Filter | None, sort: str) -> Sequence[T]:
    """Those of *rows* that are *wanted*, in order."""
    if wanted is None and not sort:
        return rows
    return model.chosen([(searchable(listing, row), row) for row in rows], wanted, read_sort(listing, sort))


def searchable(listing: Listing[T], row: T) -> dict[str, Any]:
    """A row as data, its spans beside it."""
    plain = listing.plain(row)
    return {**plain, **{name: span_of(plain, *ends) for name, ends in listing.spans.items()}}


def span_of(plain: Mapping[str, Any], begin: str, end: str) -> float | None:
    """Seconds between two times of a row; to now, if *end* is empty or has not come. None before the first."""
    return model.span_of(plain, begin, end, datetime.now(UTC))


def show(listing: Listing[T], rows: Sequence[T], form: Form | None, *, more: int = 0) -> None:
    """Print *rows*; without a *form*, as a table on a terminal, and as TSV for a program.

    That there are none, or *more* of them, is said on stderr.
    """
    write(listing, rows, form_of(form))
    sys.stdout.flush()  # so that what follows on stderr stands beneath
    if not rows:
        sys.stderr.write(f"no {listing.what}\n")
    tell_more(more)


def tell_more(more: int) -> None:
    """Say how many rows the limit has cut off, if it has."""
    if more > 0:
        sys.stderr.write(f"… {more:,} more; --limit shows them\n")


def form_of(form: Form | None) -> Form:
    """The form that was asked for; else a table on a terminal, and TSV for a program."""
    return form or ("table" if sys.stdout.isatty() else "tsv")


def is_for_people(form: Form | None) -> bool:
    """Whether somebody reads it, not something."""
    return form_of(form) in ("table", "wide")


def write(listing: Listing[T], rows: Sequence[T], form: Form) -> None:
    """Print *rows* in that form."""
    if form in ("table", "wide"):
        table.draw(listing.columns, rows, wide=form == "wide") if rows else None
        return
    plain = [listing.plain(row) for row in rows]
    if form == "json":
        sys.stdout.write(json_of(plain, indent=2) + "\n")
    elif form == "jsonl":
        sys.stdout.writelines(json_of(row) + "\n" for row in plain)
    elif form == "ids":
        sys.stdout.writelines(f"{visible(str(row[listing.id]))}\n" for row in plain)
    else:
        names = listing.fields.split()
        inner = {name for name in names if "." in name}
        sys.stdout.write("\t".join(names) + "\n")
        for row in plain:
            values = [pick(row, name) if name in inner else row.get(name) for name in names]
            sys.stdout.write("\t".join(map(field, values)) + "\n")


def show_plain(value: Any) -> None:
    """Print a picture, or what stands for one, as JSON."""
    sys.stdout.write(json_of(plain_of(value), indent=2) + "\n")


def plain_of(value: Any) -> Any:
    """A picture as dicts, lists, numbers and text; times as ISO-8601 in UTC."""
    import msgspec

    return spelled(msgspec.to_builtins(value, builtin_types=(datetime,)))


def spelled(value: Any) -> Any:
    """The same with every time spelled out."""
    if isinstance(value, dict):  # of 500 rows 20,000 values are plain ones: none of these is worth a call
        return {key: inner if inner.__class__ in PLAIN else spelled(inner) for key, inner in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    if isinstance(value, list | tuple):
        return [spelled(inner) for inner in value]
    return value


def json_of(plain: Any, indent: int = 0) -> str:
    """JSON as text."""
    import msgspec

    encoded = msgspec.json.encode(plain)
    return inert((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode())


def pick(row: Mapping[str, Any], name: str) -> Any:
    """The field *name*; ``cpus.total`` is one of an inner object."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def field(value: Any) -> str:
    """One field of TSV: on one line, without a tab of its own, never cut."""
    if value is None:
        return ""
    if value.__class__ is str or value.__class__ is int:  # first: nearly all are
        return visible(value) if value.__class__ is str else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return visible(shlex.join(map(str, value)))
    if isinstance(value, dict):
        told = {key: json_of(inner) if isinstance(inner, dict | list) else inner for key, inner in value.items()}
        return visible(",".join(f"{key}={inner}" for key, inner in told.items()))
    return visible(str(value).removesuffix(".0") if isinstance(value, float) else str(value))


def read_sort(listing: Listing[Any], text: str) -> tuple[str, ...]:
    """The fields that ``--sort`` names, most important first; ``-field`` turned round. Raises BadInput."""
    return model.fields_of_sort(text.split(","), (*listing.fields.split(), *listing.spans))


def ordered(listing: Listing[T], rows: Sequence[T], sort: str) -> list[T]:
    """*rows* by the fields that *sort* names; what has none comes last. Raises BadInput for an unknown field."""
    return model.chosen([(searchable(listing, row), row) for row in rows], None, read_sort(listing, sort))
