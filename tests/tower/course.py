"""One run of the tower, from an empty directory to a verdict."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.tower.checker import Violation, check
from tests.tower.evidence import Evidence, gather
from tests.tower.report import summary, undisturbed
from tests.tower.schedule import Schedule
from tests.tower.tower import Tower

Tell = Callable[[str], None]


class Verdict(NamedTuple):
    """What was seen, what was wrong with it, and all figures."""

    evidence: Evidence
    violations: list[Violation]
    figures: dict[str, Any]


def run(directory: Path, *, seconds: float, seed: int, every: float, patience: float, tell: Tell) -> Verdict:
    """Build a tower in the empty *directory*, strike it for *seconds* about every *every*, let it rest, and judge.

    *patience*: how many seconds it has for coming to rest. The directory keeps all evidence.
    """
    with Tower(directory, seed) as tower:
        for sentence in tower.omitted:
            tell(f"left out: {sentence}")
        tower.start()
        tell(f"{len(tower.daemons)} daemons are up, faults about every {every:g} s for {seconds:g} s, seed {seed}")
        schedule = Schedule(tower, seed, every, directory / "faults", tell)
        try:
            schedule.run(seconds)
        finally:
            schedule.stop()
        tell(f"{len(schedule.entries)} faults; coming to rest")
        tower.come_to_rest(patience)
        evidence = collect(tower, schedule)
        violations = check(evidence)
        figures = summary(
            seed,
            seconds,
            evidence,
            violations,
            schedule.entries,
            lost_answers=sum(line.lost_answers for daemon in tower.daemons for line in daemon.lines.values()),
            drains=len(tower.drains),
            omitted=tower.omitted,
        )
        (directory / "report.json").write_text(json.dumps(figures, indent=1, default=str) + "\n")
        return Verdict(evidence, violations, figures)


def collect(tower: Tower, schedule: Schedule) -> Evidence:
    """All that the checker is told. The daemons have ended then."""
    machines = {machine.name: (machine.cpus * 1000, machine.spool) for machine in tower.machines}
    found = gather(tower.servers.url, tower.directory, machines)
    tower.shut_down()
    return dataclasses.replace(
        found,
        left_running=tuple(tower.left_running()),
        deaths=tuple(f"{daemon.name} with {code}" for daemon in tower.daemons for code in daemon.deaths),
        takeovers=undisturbed(tower.takeovers, schedule.entries),
    )
