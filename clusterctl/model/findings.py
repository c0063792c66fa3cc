"""What is wrong with a cluster, how one knows, and what would put it right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

Severity = Literal["critical", "warning", "info"]
RANKS: Mapping[str, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}  # the worst first
Server = Literal["postgres", "redis", "this machine"]
Fate = Literal["done", "changed", "refused"]
FixKind = Literal["", "mend", "confirm_dead"]


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What would put it right.

    ``available``: the doctor does it, by ``command``; otherwise ``command`` is what a person may do, or empty.
    ``change`` and ``risk`` are sentences. ``guard`` is the precondition: the identities and versions of what was seen;
    where they no longer hold, nothing is done. ``kind``: what sort of mend it is, ``mend`` if the doctor's own; empty
    if only a person knows.
    """

    command: str
    available: bool
    change: str = ""
    risk: str = ""
    guard: Mapping[str, Any] = {}
    kind: FixKind = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. Subjects are ``job:42``, ``allocation:7``, ``worker:w1`` or ``cluster``.

    ``since``: by the database's clock, None if nobody knows. ``sentence`` tells people what ``evidence`` tells
    programs. ``stuck``: it holds resources or jobs for no reason. ``concerns``: all subjects that it is about.
    """

    code: str
    severity: Severity
    subject: str
    since: datetime | None
    sentence: str
    evidence: Mapping[str, Any]
    fix: Fix
    stuck: bool
    concerns: tuple[str, ...]


class Unchecked(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody could look for, and why not."""

    code: str
    reason: str


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the whole cluster has brought. ``notes``: what was beyond its reach, for people."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mend: ``done``; ``changed``: it was no longer as it had been seen; or ``refused``.

    After the last two everything is as it was.
    """

    code: str
    subject: str
    fate: Fate
    sentence: str


class FindingCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many findings there are of each severity."""

    critical: int = 0
    warning: int = 0
    info: int = 0
