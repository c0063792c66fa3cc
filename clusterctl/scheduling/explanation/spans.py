"""Moments and spans in the words of an explanation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from clusterctl.units import format_numbers, parse_numbers


def about(seconds: float) -> str:
    """``40 s``, ``12 min``, ``5 h``, ``3 days``: as exact as an estimate deserves."""
    if seconds < 99.5:
        return f"{max(0, round(seconds))} s"
    if seconds < 99.5 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 48 * 3600 else f"{round(seconds / 86_400)} days"


def instant(at: float) -> datetime:
    """Seconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)


def moment(at: float | None) -> datetime | None:
    """The same of what may be unknown."""
    return None if at is None else instant(at)


def clock(at: float, now: float) -> str:
    """``12:05:10Z``; with the date if that is another day's."""
    then, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    return then.strftime("%H:%M:%SZ" if then.date() == today.date() else "%Y-%m-%d %H:%M:%SZ")


def counted(count: int, noun: str) -> str:
    """``1 job``, ``1,200 jobs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def numbered(ids: Iterable[int]) -> str:
    """``job 7``, ``jobs 7-9,12``; the first few of many."""
    chosen = sorted(set(ids))
    shown = format_numbers(parse_numbers(",".join(map(str, chosen[:20]))))
    return f"job{'s' if len(chosen) > 1 else ''} {shown}{' and more' if len(chosen) > 20 else ''}"
