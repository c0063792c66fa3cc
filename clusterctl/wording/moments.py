"""Moments and spans."""

from __future__ import annotations

from datetime import UTC, datetime

from clusterctl.units import format_age


def ago(moment: datetime | None, now: datetime) -> str:
    """``2m10s ago``; a dash for what has not happened."""
    return "-" if moment is None else f"{format_age((now - moment).total_seconds())} ago"


def span(start: datetime | None, end: datetime) -> str:
    """From *start* to *end*; a dash without a start."""
    return "-" if start is None else format_age((end - start).total_seconds())


def stamp(moment: datetime) -> str:
    """``2026-03-01 12:00:05Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def clock(moment: datetime, now: datetime) -> str:
    """``13:57:02``; of another day ``03-01 13:57``."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%H:%M:%S" if utc.date() == now.astimezone(UTC).date() else "%m-%d %H:%M")
