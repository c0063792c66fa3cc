"""What a filter compares with, in the units of the field: numbers, seconds, MiB, truth and moments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from clusterctl import units
from clusterctl.model.filters import Kind, Number

TRUTH = {"true": 1, "yes": 1, "false": 0, "no": 0}
FIRST_YEAR, LAST_YEAR = 1970, 9998  # beyond them there is no job, nor always a next day
TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def number(text: str) -> Number:
    """A whole number or a decimal one."""
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"-?[0-9]{0,15}\.[0-9]{1,9}", text):
        return float(text)
    raise ValueError(f"{text!a:.60} is not a number")


def truth(text: str) -> Number:
    """``true`` or ``false``, ``yes`` or ``no``."""
    if text.lower() not in TRUTH:
        raise ValueError(f"{text!a:.60} is neither true nor false")
    return TRUTH[text.lower()]


def moment(text: str) -> tuple[float, float]:
    """When what was written begins, and when it is over: a day, a minute, a second or a part of one. UTC, unless said.

    In seconds since 1970. Raises ValueError.
    """
    found = TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{text!a:.60} is not a time: write 2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00:05Z")
    day, minute, second, part, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    try:
        begin = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}.{part or '0':0<3}{zone}")
    except ValueError:
        raise ValueError(f"{text!a:.60} is not in the calendar") from None
    steps = ((part, timedelta(milliseconds=1)), (second, timedelta(seconds=1)), (minute, timedelta(minutes=1)))
    length = next((step for given, step in steps if given), timedelta(days=1))
    if not FIRST_YEAR <= begin.year <= LAST_YEAR:
        raise ValueError(f"{text!a:.60} is not from {FIRST_YEAR} to {LAST_YEAR}")
    return begin.timestamp(), begin.timestamp() + length.total_seconds()


# Amounts that have names, by the field in which they have them.
NAMED: dict[str, Mapping[str, int]] = {"priority": units.PRIORITIES}


def amount(field: str, kind: Kind, text: str) -> Number:
    """What *text* means in that field. Raises ValueError."""
    named = NAMED.get(field, {})
    return named[text.lower()] if text.lower() in named else READERS[kind](text)


READERS: dict[Kind, Callable[[str], Number]] = {
    "number": number,
    "duration": units.parse_duration,
    "memory": units.parse_memory,
    "flag": truth,
}
