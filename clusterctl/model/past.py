"""What is kept of a job's waiting: what was done to it, which attempts it had, and why it was refused.

Moments are seconds since the epoch, by the database's clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. ``retry_at``: what its end made the job wait for, if it did."""

    attempt: int
    worker: str
    reserved_at: float
    allocated_at: float | None
    released_at: float | None
    release_reason: str | None
    exit_code: int | None
    signal: int | None
    detail: str
    retry_at: float | None


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody held the job, or let it wait for a worker again."""

    at: float
    verb: Literal["hold", "release"]
    actor: str
    reason: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A "no" to all jobs of its shape: from when to when it stood, and when it was last said. Open: not over yet."""

    at: float
    last_at: float
    closed_at: float | None
    reason: str
    text: str


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """The job's own row, as far as it tells of waiting.

    ``parents``: some of the jobs that it came after, and ``met_at``: when the last of those still known has ended; None
    while ``unmet``. ``log_from``: the oldest that the claim log has of anybody; None if it has forgotten nothing.
    """

    at: float  # now
    kind: Literal["batch", "service"]
    state: str
    submitted_at: float
    finished_at: float | None
    unmet: bool
    parents: list[int]
    met_at: float | None
    log_from: float | None


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. ``tries``, ``deeds`` and ``refusals``: oldest first."""

    life: Life
    tries: tuple[Try, ...] = ()
    deeds: tuple[Deed, ...] = ()
    refusals: tuple[Refusal, ...] = ()
