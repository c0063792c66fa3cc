"""Moments and spans in the words of a table."""

from __future__ import annotations

from datetime import UTC, datetime

from clusterctl.units import format_age


def now() -> datetime:
    """This machine's idea of the time: good enough for "2m ago"."""
    return datetime.now(UTC)


def ago(moment: datetime | None) -> str:
    """``2m10s ago``; a dash for what has not happened."""
    return "-" if moment is None else f"{format_age((now() - moment).total_seconds())} ago"


def span(start: datetime | None, end: datetime | None = None) -> str:
    """From *start* to *end*, or to now; a dash without a start."""
    return "-" if start is None else format_age(((end or now()) - start).total_seconds())


def stamp(moment: datetime) -> str:
    """``2026-03-01 12:00:05Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
