"""Amounts as people write them: durations, memory, CPUs, array indices, job numbers, priorities.

Every ``parse_*`` takes what stood on a command line, in an environment variable or in a file, and either
returns the amount in its inner unit or raises ``ValueError`` with a sentence for the operator. Every
``format_*`` writes what its parser reads back as the same amount.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, NoReturn

LONGEST_DURATION = 10 * 366 * 86_400  # seconds: ten years; also keeps whole seconds inside a Postgres integer
MOST_MEMORY = 2**31 - 1  # MiB: two PiB, a Postgres integer
MOST_CPUS = 1_000_000  # so that thousandths stay inside a Postgres integer
MOST_INDICES = 100_000  # jobs in one array
HIGHEST_INDEX = 2**31 - 2
HIGHEST_JOB = 2**63 - 1
PRIORITIES = {"low": 25, "medium": 50, "high": 75}
STRONGEST_PRIORITY = 1_000_000

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WORDED_UNITS = (*_SECONDS.values(), 0.001)
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_WORDED = re.compile(rf"(?:({_NUMBER})d)?(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s)?(?:({_NUMBER})ms)?")
_CLOCKED = re.compile(r"(?:([0-9]{1,9})-)?([0-9]{1,9})(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?")
_MEMORY = re.compile(rf"({_NUMBER})(?:([kmgtp])(?:b|ib?)?)?", re.IGNORECASE)
_MIB = {"K": Decimal(1) / 1024, "M": Decimal(1), "G": Decimal(1024), "T": Decimal(1024**2), "P": Decimal(1024**3)}
_RANGE = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19})(?::([0-9]{1,10}))?)?")


class Array(NamedTuple):
    """What ``--array`` asks for: ascending *indices*, and how many may run at once (None: all)."""

    indices: tuple[int, ...]
    limit: int | None = None


def parse_duration(text: str) -> float:
    """Seconds, from ``90``, ``90s``, ``500ms``, ``1.5h``, ``1h30m`` or the clock forms of sbatch.

    Clock forms: ``M:S``, ``H:M:S``, ``D-H``, ``D-H:M``, ``D-H:M:S``. As in sbatch a field may exceed sixty. Only
    the bare number differs from sbatch: here it is seconds, there minutes.
    """
    word = text.strip().lower()
    if re.fullmatch(_NUMBER, word):
        seconds = float(word)
    elif word and (found := _WORDED.fullmatch(word)):
        seconds = sum(float(part) * unit for part, unit in zip(found.groups(), _WORDED_UNITS, strict=True) if part)
    elif found := _CLOCKED.fullmatch(word):
        seconds = _clock_seconds(*(int(part) if part else None for part in found.groups()))
    else:
        _refuse(text, "a duration", "write 90s, 10m, 2h, 7d, 1:30:00 or 2-12:00:00")
    if seconds > LONGEST_DURATION:
        _refuse(text, "a duration", "longer than ten years")
    return round(seconds, 6)


def _clock_seconds(days: int | None, first: int | None, second: int | None, third: int | None) -> float:
    """With days the fields are hours, minutes, seconds; without, the last one given is seconds."""
    fields = [field for field in (first, second, third) if field is not None]
    if days is None:
        fields = [0] * (3 - len(fields)) + fields
    hours, minutes, seconds = (*fields, 0, 0)[:3]
    return float((days or 0) * 86_400 + hours * 3_600 + minutes * 60 + seconds)


def format_duration(seconds: float) -> str:
    """``1m30s``, ``2h``, ``500ms``, ``1.5s``; exact to the millisecond."""
    left = round(seconds * 1000)
    if 0 < left < 1000:
        return f"{left}ms"
    parts = []
    for unit, size in _SECONDS.items():
        if unit != "s":
            count, left = divmod(left, size * 1000)
            parts.append(f"{count}{unit}" if count else "")
    if left or not any(parts):
        parts.append(f"{left / 1000:.3f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def format_age(seconds: float) -> str:
    """For a column: two units at most, ``0.4s``, ``12s``, ``4m12s``, ``3h05m``, ``2d04h``; ``?`` if not a number."""
    if not math.isfinite(seconds):
        return "?"
    whole = int(max(0.0, seconds))
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}s"
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3_600}h{whole % 3_600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3_600:02d}h"


def parse_memory(text: str) -> int:
    """MiB, from ``512M``, ``4G``, ``1.5G``, ``4GiB`` or ``1024`` (MiB); part of a MiB counts as a whole one."""
    found = _MEMORY.fullmatch(text.strip())
    if not found:
        _refuse(text, "an amount of memory", "write 512M, 4G, 1.5G or a number of MiB")
    mib = math.ceil(Decimal(found[1]) * _MIB[(found[2] or "M").upper()])
    if mib > MOST_MEMORY:
        _refuse(text, "an amount of memory", "more than two PiB")
    return mib


def format_memory(mib: int) -> str:
    """``512M``, ``1.5G``, ``2T``: the largest unit that tells it exactly with one decimal."""
    for letter in "TG":
        size = int(_MIB[letter])
        if mib >= size and mib * 10 % size == 0:
            return f"{mib / size:.1f}".removesuffix(".0") + letter
    return f"{mib}M"


def about_memory(mib: float) -> str:
    """For a column, rounded to three digits: ``126G``, ``1.54G``."""
    for letter in "TG":
        size = int(_MIB[letter])
        if mib >= size:
            return f"{mib / size:.3g}{letter}" if mib / size < 999.5 else f"{mib / size:.0f}{letter}"
    return f"{mib:.0f}M"


def parse_cpus(text: str) -> int:
    """Thousandths of a CPU, from ``8``, ``0.5`` or ``500m``; at least one."""
    word = text.strip()
    if re.fullmatch(r"[0-9]{1,10}m", word):
        milli = int(word[:-1])
    elif re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", word):
        milli = int(Decimal(word) * 1000)
    else:
        _refuse(text, "a number of CPUs", "write 8 or 0.5, with three decimals at most")
    if not 0 < milli <= MOST_CPUS * 1000:
        _refuse(text, "a number of CPUs", "it must be above 0 and at most 1,000,000")
    return milli


def format_cpus(milli: int) -> str:
    """``8``, ``0.5``."""
    return f"{Decimal(milli) / 1000:.3f}".rstrip("0").rstrip(".")


def parse_array(text: str) -> Array:
    """Indices from ``0-99``, ``1,3,5-9``, ``0-99:2``, each optionally with ``%4`` (at most four at once)."""
    body, percent, limit = text.strip().partition("%")
    if percent and not re.fullmatch("[0-9]{0,8}[1-9][0-9]{0,8}", limit):
        _refuse(text, "an array", "after % comes how many may run at once, from 1")
    ranges = [_range(text, part, "an array", HIGHEST_INDEX) for part in body.split(",")]
    if sum(map(len, ranges)) > MOST_INDICES:  # counted before anything is spread out
        _refuse(text, "an array", f"more than {MOST_INDICES:,} jobs")
    indices = sorted(index for each in ranges for index in each)
    if len(set(indices)) < len(indices):
        _refuse(text, "an array", "an index stands there twice")
    return Array(tuple(indices), int(limit) if percent else None)


def parse_numbers(text: str) -> tuple[range, ...]:
    """Job numbers from ``7``, ``7-12``, ``3,5,9-11``: ascending ranges that neither touch nor overlap."""
    kind = "a list of job numbers"
    ranges = [_range(text, part, kind, HIGHEST_JOB, steps=False) for part in text.strip().split(",")]
    if any(each.start < 1 for each in ranges):
        _refuse(text, kind, "jobs are counted from 1")
    return merged(ranges)


def merged(ranges: Iterable[range]) -> tuple[range, ...]:
    """The same numbers in ascending ranges that neither touch nor overlap."""
    found: list[range] = []
    for each in sorted(ranges, key=lambda each: each.start):
        if found and each.start <= found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, each.stop))
        else:
            found.append(each)
    return tuple(found)


def format_numbers(ranges: tuple[range, ...]) -> str:
    """``3,5,9-11``: what ``parse_numbers`` reads."""
    return ",".join(f"{each.start}-{each[-1]}" if len(each) > 1 else str(each.start) for each in ranges)


def parse_priority(text: str) -> int:
    """``low``, ``medium``, ``high`` (25, 50, 75), or a whole number; higher goes first."""
    word = text.strip().lower()
    if word in PRIORITIES:
        return PRIORITIES[word]
    if not re.fullmatch("-?[0-9]{1,7}", word) or abs(int(word)) > STRONGEST_PRIORITY:
        _refuse(text, "a priority", "write low, medium, high or a whole number up to 1,000,000")
    return int(word)


def _range(text: str, part: str, kind: str, highest: int, *, steps: bool = True) -> range:
    found = _RANGE.fullmatch(part.strip())
    if not found or (found[3] and not steps):
        _refuse(text, kind, "write 7, 7-12 or 3,5,9-11")
    first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    if last < first:
        _refuse(text, kind, f"{part.strip()} runs backwards")
    if step < 1:
        _refuse(text, kind, "the step after : must be at least 1")
    if last > highest:
        _refuse(text, kind, f"{last} is too large")
    return range(first, last + 1, step)


def _refuse(text: str, kind: str, why: str) -> NoReturn:
    shown = text if len(text) <= 40 else text[:39] + "…"
    raise ValueError(f"{shown!a} is not {kind}: {why}" if text.strip() else f"{kind} is missing: {why}")
