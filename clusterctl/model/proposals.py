"""What an operator is about to do: proposed first, with why, what and at what risk; then carried out as proposed.

A proposal is bound to identities and versions, never to a place in a list. Where one of them is no longer what it was,
that one is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from clusterctl.model.findings import Finding
from clusterctl.model.pictures import WorkerPicture

DeedVerb = Literal[
    "cancel", "hold", "release", "requeue",      # of jobs
    "drain", "resume", "confirm_dead", "forget",  # of workers
    "scale", "restart",                           # of a service
    "mend",                                       # of findings
    "prune",
]  # fmt: skip
Weight = Literal["mild", "moderate", "severe"]  # severe: the number, or the name, has to be typed
DeedFate = Literal["done", "changed", "unchanged", "refused"]
MANY = 10  # more than so many things at once are severe


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants done, and to what. ``older_than_s`` and ``what`` (``jobs``, ``claims`` …) are of prune."""

    verb: DeedVerb
    jobs: tuple[int, ...] = ()
    workers: tuple[str, ...] = ()
    service: int | None = None
    replicas: int | None = None
    findings: tuple[Finding, ...] = ()
    deadline_s: float | None = None
    what: tuple[str, ...] = ()
    older_than_s: float | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that will be otherwise: ``job:7``, ``running on w1`` before, ``cancelled`` after."""

    subject: str  # job:7, worker:w1, allocation:9, service:3
    before: str
    after: str


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """One that was meant and will be left as it is, and why."""

    subject: str
    why: str


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A deed, thought through: what a dialog shows, and what is carried out.

    ``why``: the evidence, in sentences; empty where the operator needs none. ``precondition``: what must still hold
    when it is carried out, in a sentence; ``guard``: the same for the machine, opaque. ``command``: the same as words
    of a shell, empty if one is not enough; ``commands``: all that it takes. ``undo``: the deed that takes it back,
    None if nothing does; ``by_hand``: what does, but not at once. ``typed``: what has to be typed to confirm, empty for
    a key. Without ``changes`` there is nothing to do, and it cannot be carried out. ``deed`` may be another than was
    asked for: what was meant by it.
    """

    deed: Deed
    title: str
    why: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    more: int = 0  # changes that are not listed
    asides: tuple[Aside, ...] = ()
    risk: str = ""
    precondition: str = ""
    command: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    undo: Deed | None = None
    by_hand: str = ""
    weight: Weight = "moderate"
    typed: str = ""
    guard: Mapping[str, Any] = {}
    seen: tuple[WorkerPicture, ...] = ()  # workers as they were, of deeds that take them so


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one subject: ``changed``: it was no longer as proposed, and was left as it is."""

    subject: str
    fate: DeedFate
    sentence: str
