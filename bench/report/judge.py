"""Whether a target was reached.

A miss is called noisy, and not a miss, only by this rule: while it was measured, others took more of the machine than
OTHERS percent of its CPU time, or the hypervisor more than STOLEN percent; and with that share added back the target
would have been reached. That holds for times and paces only: noise takes no memory, and a ratio of two things that were
measured beside each other suffers from it on both sides. So noise excuses what it took and no more, and a target that
is reached in spite of it is reached. Noisy is not reached either: it is counted apart, with its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from bench.report.targets import TARGETS, Target

OTHERS = 30.0  # percent of all CPU time, used by neither us nor our jobs
STOLEN = 10.0  # percent of all CPU time, which the hypervisor gave to other machines
TIMED = ("ms", "s", "/s")  # units of what lasts longer, or is less, where others take CPU time
NARROW = 0.1  # of the bound: a target that is reached by less could be missed tomorrow

Word = Literal["pass", "missed", "noisy", "not measured"]
WORDS: tuple[Word, ...] = ("pass", "missed", "noisy", "not measured")


class Verdict(NamedTuple):
    """A target and what came of it. *measured* is None if it was not; *ahead* is how many times better than a peer."""

    target: Target
    measured: float | None
    others_percent: float | None
    stolen_percent: float | None
    ahead: Mapping[str, float]

    @property
    def word(self) -> Word:
        """One of the four."""
        if self.measured is None:
            return "not measured"
        if reached(self.target, self.measured):
            return "pass"
        return "noisy" if self._excused(self.measured) else "missed"

    @property
    def narrow(self) -> bool:
        """Whether it was reached, but by less than a tenth of the bound."""
        if self.measured is None or self.word != "pass":
            return False
        worse = 1 + NARROW if self.target.at_most is not None else 1 - NARROW
        return not reached(self.target, self.measured * worse)

    def _excused(self, measured: float) -> bool:
        """Whether what was taken from us is much, and as much as is missing."""
        taken = max(
            (
                share
                for share, most in ((self.others_percent, OTHERS), (self.stolen_percent, STOLEN))
                if share and share > most
            ),
            default=0.0,
        )
        left = 1 - min(taken, 99) / 100
        return taken > 0 and reached(
            self.target, measured * left if self.target.at_most is not None else measured / left
        )


def reached(target: Target, measured: float) -> bool:
    """Whether the value keeps the bound."""
    if target.at_most is not None:
        return measured <= target.at_most
    if target.more_than is not None:
        return measured > target.more_than
    assert target.at_least is not None
    return measured >= target.at_least


def judge(report: Mapping[str, object], targets: Iterable[Target] = TARGETS) -> Iterator[Verdict]:
    """Every target against what the report has."""
    results = report.get("results")
    for target in targets:
        ahead = find(results, target.ahead)
        yield Verdict(
            target,
            look_up(results, target.keys),
            look_up(results, target.noise) if target.noise else None,
            look_up(report, ("noise", target.keys[0], "stolen_percent")) if target.unit in TIMED else None,
            {str(peer): float(times) for peer, times in ahead.items()} if isinstance(ahead, Mapping) else {},
        )


def look_up(data: object, keys: tuple[str, ...]) -> float | None:
    """The number to which *keys* lead; None if there is none."""
    found = find(data, keys)
    return float(found) if isinstance(found, int | float) else None


def find(data: object, keys: tuple[str, ...]) -> object:
    """What lies at the end of *keys*; None if they lead nowhere, or there are none."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if keys else None
