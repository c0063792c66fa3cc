"""Who did what, when, to what, and why they said they did. Fields of the JSON are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from clusterctl.model.filters import Filter
from clusterctl.model.log_marks import Mark, Reach


class AuditPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done. ``subject``: ``job:7``, ``worker:w1``, ``allocation:9``. ``detail`` is the verb's own.

    Folded, rows that differ in nothing but their subject are one: what somebody did at one stroke, to thousands maybe.
    Its ``subject`` names all ``subjects`` of them, ``worker:w1 job:7-12,15``, and ``id`` is the last one's.
    """

    id: int
    at: datetime
    actor: str
    verb: str
    subject: str
    subjects: int
    reason: str
    detail: dict[str, Any]


class AuditChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows, and whether ``folded``. Everything given must hold. ``since_s``: not older than so many seconds.

    Of a job also what concerns its attempts; of a worker also what its agent did.
    """

    job_id: int | None = None
    worker: str | None = None
    actor: str | None = None
    verb: str | None = None
    since_s: float | None = None
    filter: Filter | None = None
    folded: bool = False


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of the chosen rows, oldest first."""

    entries: tuple[AuditPicture, ...]
    reach: Reach


class AuditNews(msgspec.Struct, frozen=True, kw_only=True):
    """What is new since a mark, and the mark behind it."""

    entries: tuple[AuditPicture, ...]
    mark: Mark
