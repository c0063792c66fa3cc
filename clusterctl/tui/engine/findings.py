"""What the last look for findings has brought, and when the next one is due. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from clusterctl.model.findings import RANKS, Examination, Finding, Severity

SEEN_S, UNSEEN_S = 10.0, 30.0  # between two looks: while somebody sees the findings, and for the badges only


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the findings. ``at``: of when that is, by the database's clock; None before the first look.

    ``trouble``: why the last look failed; what the one before it brought stays. ``kept``: the findings that the last
    look could not check, by their keys, each with the moment at which somebody could.
    """

    examination: Examination = Examination()
    at: datetime | None = None
    trouble: str = ""
    kept: Mapping[str, datetime] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The worst first, and among equals as the doctor has them: causes before what they bring."""
        return tuple(sorted(self.examination.findings, key=lambda each: RANKS.get(each.severity, len(RANKS))))

    @property
    def stuck(self) -> tuple[Finding, ...]:
        """Those that hold resources or jobs for no reason."""
        return tuple(each for each in self.findings if each.stuck)

    @property
    def worst(self) -> Severity | None:
        """How bad it is."""
        return self.findings[0].severity if self.examination.findings else None

    @property
    def seen_at(self) -> datetime | None:
        """Of when is the oldest of them."""
        return min(self.kept.values(), default=self.at)

    def taken(self, examination: Examination, at: datetime) -> Found:
        """After a look at *at*. What it could not check is no better for that: such findings stay as they were."""
        missed = {each.code for each in examination.unchecked}
        fresh = {key_of(each) for each in examination.findings}
        old = [each for each in self.examination.findings if each.code in missed and key_of(each) not in fresh]
        return Found(
            examination=msgspec.structs.replace(examination, findings=(*examination.findings, *old)),
            at=at,
            kept={key_of(each): self.kept.get(key_of(each), self.at or at) for each in old},
        )

    def failed(self, trouble: str) -> Found:
        """After a look that has brought nothing."""
        return msgspec.structs.replace(self, trouble=trouble)


def key_of(finding: Finding) -> str:
    """What a finding is known by, from one look to the next."""
    return f"{finding.code} {finding.subject}"


class FindingsRound:
    """When to look: soon again while somebody sees the findings, at once after ``hurry``, never twice at a time."""

    def __init__(self) -> None:
        self._ended_at: float | None = None
        self._is_under_way = False
        self._hurries = True

    def due(self, now: float, *, seen: bool) -> bool:
        """Whether to look now. *now* is in seconds of a clock that never goes back."""
        if self._is_under_way:
            return False
        rest = SEEN_S if seen else UNSEEN_S
        return self._hurries or self._ended_at is None or now - self._ended_at >= rest

    def begun(self) -> None:
        """A look is under way."""
        self._is_under_way, self._hurries = True, False

    def ended(self, now: float, *, in_vain: bool = False) -> None:
        """It has ended, well or not. *in_vain*: in an outage; the next one comes as soon as that is over."""
        self._is_under_way, self._ended_at = False, now
        self._hurries = self._hurries or in_vain

    def hurry(self) -> None:
        """Something was done, or somebody wants to know: what is under way may have looked before that."""
        self._hurries = True
