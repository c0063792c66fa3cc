"""What a run of the tower has shown, as JSON and as a short table."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.tower.checker import LOSSES, Violation
from tests.tower.evidence import Evidence
from tests.tower.takeovers import Takeover

Entries = Sequence[Mapping[str, Any]]
AFTERMATH_S = 3.0  # Postgres recovers, daemons come back
CONCERNS_LEADERS = re.compile(r"postgres|(process|line) s\d+")  # places; the submitter is not one


def undisturbed(takeovers: Iterable[Takeover], entries: Entries) -> tuple[float, ...]:
    """The seconds of those takeovers during which neither Postgres nor the way of any schedd to it was harmed besides.

    Infinite for one that never came. Both are on the same clock; the fault that ended the leader is one of *entries*.
    """
    others = [
        (each["began"], each["ended"] + AFTERMATH_S) for each in entries if CONCERNS_LEADERS.fullmatch(each["place"])
    ]
    return tuple(
        each.until - each.harmed if each.came else math.inf
        for each in takeovers
        if sum(first < each.until and each.harmed < last for first, last in others) == 1
    )


def summary(
    seed: int, seconds: float, evidence: Evidence, violations: Sequence[Violation], entries: Entries, **more: object
) -> dict[str, Any]:
    """All figures. *more* is added as it is."""
    promises = Counter(violation.promise for violation in violations)
    releases = Counter(row["release_reason"] for row in evidence.allocations.values())
    return {
        "seed": seed,
        "seconds": seconds,
        "jobs": len(evidence.acknowledged),
        "states": dict(Counter(row["state"] for row in evidence.jobs.values()).most_common()),
        "attempts": len(evidence.runs),
        "releases": dict(releases.most_common()),
        "losses": sum(count for reason, count in releases.items() if reason in LOSSES),
        "terms": max((row["term"] for row in evidence.allocations.values()), default=0),
        "takeovers": len(evidence.takeovers),
        "takeovers_that_never_came": evidence.takeovers.count(math.inf),
        "slowest_takeover_s": round(max((each for each in evidence.takeovers if each < math.inf), default=0.0), 1),
        "faults": len(entries),
        "faults_by_kind": dict(sorted(Counter(entry["kind"] for entry in entries).items())),
        "faults_missed": sum("missed" in entry for entry in entries),
        **more,
        "lost": promises["nothing_acknowledged_is_lost"],
        "overlapping": promises["no_two_attempts_overlap"],
        "violations": len(violations),
        "broken": [violation._asdict() for violation in violations[:50]],
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures that matter, one a line."""
    lines = []
    for name, value in figures.items():
        if name == "broken" or value == []:
            continue
        words = ", ".join(f"{count} {word}" for word, count in value.items()) if isinstance(value, Mapping) else value
        lines.append(f"{name.replace('_', ' '):<20} {words}")
    return "\n".join(lines)
