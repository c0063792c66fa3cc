"""Moments and spans in the words of a table, by this machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from clusterctl.wording import moments


def now() -> datetime:
    """This machine's idea of the time: good enough for "2m ago"."""
    return datetime.now(UTC)


def ago(moment: datetime | None) -> str:
    """``2m10s ago``; a dash for what has not happened."""
    return moments.ago(moment, now())


def span(start: datetime | None, end: datetime | None = None) -> str:
    """From *start* to *end*, or to now; a dash without a start."""
    return moments.span(start, end or now())


def clock(moment: datetime) -> str:
    """``13:57:02``; of another day ``03-01 13:57``."""
    return moments.clock(moment, now())
