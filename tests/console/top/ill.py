"""A cluster that is not well: findings of every kind, deeds in the audit, and a history with a gap."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from clusterctl.model.audit import AuditPicture
from clusterctl.model.findings import Examination, Finding, Fix, Unchecked
from clusterctl.model.trends import Happening, Trend
from tests.console.top.stage import NOW, StageSource, a_finding, small_cluster

STUCK_S = 352.0


def an_expired(number: int, job: int, worker: str, **other: Any) -> Finding:
    """A reservation that nobody has started."""
    subject = f"allocation:{number}"
    start_by = NOW - timedelta(seconds=STUCK_S - 60)
    known: dict[str, Any] = {
        "severity": "warning",
        "since": start_by,
        "sentence": f"8 CPUs of {worker} held for job {job}, which {worker} (silent) did not start in time",
        "evidence": {
            "job_id": job,
            "worker": worker,
            "live_state": "silent",
            "cpus": 8.0,
            "reserved_at": NOW - timedelta(seconds=STUCK_S),
            "start_by": start_by,
        },
        "concerns": (subject, f"job:{job}", f"worker:{worker}"),
        "fix": Fix(
            command=f"clusterctl doctor --fix-stuck reserved_expired {subject}",
            available=True,
            change=f"allocation {number} is released, job {job} waits again",
            risk="none: nobody has started it, and a start that is won meanwhile wins",
            guard={"allocation_id": number},
        ),
    }
    return a_finding("reserved_expired", subject, **{**known, **other})


BY_HAND = Fix(
    kind="confirm_dead",
    command="clusterctl worker gpu-07 --confirm-dead",
    available=False,
    change="if the machine is dead",
)


def findings() -> tuple[Finding, ...]:
    """Two that can be mended, one that cannot, and two that are not stuck."""
    return (
        a_finding(
            "dead_worker_jobs",
            "worker:gpu-07",
            sentence="gpu-07 is not heard for 5m52s and holds 3 jobs; they are given up after 16m30s",
            evidence={"jobs": [37, 38, 39], "silent_s": 352.0, "cpus": 12},
            fix=BY_HAND,
            concerns=("worker:gpu-07", "job:37", "job:38", "job:39"),
        ),
        an_expired(4471, 38, "gpu-07"),
        an_expired(4490, 39, "cpu-03"),
        a_finding(
            "clock_skew",
            "worker:cpu-03",
            stuck=False,
            sentence="the clock of cpu-03 is 3.4 s ahead of Postgres's",
            evidence={"worker": "cpu-03", "ahead_s": 3.4},
            fix=Fix(command="", available=False, change="let it be set by NTP"),
            since=None,
        ),
        a_finding(
            "cache_drift",
            "cluster",
            stuck=False,
            severity="critical",
            sentence="redis says 4 CPUs reserved and 9 allocated; it is 3 reserved and 9 allocated",
            evidence={"cached": {"reserved": 4.0, "allocated": 9.0}, "postgres": {"reserved": 3.0, "allocated": 9.0}},
            fix=Fix(
                command="clusterctl doctor --fix cache_drift",
                available=True,
                change="the totals in redis are written anew",
                risk="none: they are a cache",
            ),
        ),
    )


def deeds() -> list[AuditPicture]:
    """What was done of late, newest first."""
    known: dict[str, Any] = {"subjects": 1, "reason": "", "detail": {}}
    entries: list[dict[str, Any]] = [
        {"actor": "ada", "verb": "drain", "subject": "worker:cpu-04", "reason": "new disk"},
        {"actor": "ada", "verb": "cancel", "subject": "job:7-12", "subjects": 6, "detail": {"grace_s": 30.0}},
        {"actor": "worker gpu-07", "verb": "late_report", "subject": "allocation:4470", "detail": {"exit_code": 0}},
        {"actor": "bob", "verb": "mend reserved_expired", "subject": "allocation:4399", "reason": "nobody started it"},
    ]
    return [
        AuditPicture(id=90 - at, at=NOW - timedelta(minutes=3 * at), **{**known, **entry})
        for at, entry in enumerate(entries)
    ]


class IllSource(StageSource):
    """``history``: whether there is any; ``examination``: what a look for findings brings."""

    def __init__(self) -> None:
        well = small_cluster()
        super().__init__(
            workers=tuple(well.workers.values()),
            jobs=tuple(well.jobs.values()),
            claims=tuple(well.log.values()),
            findings=findings(),
            deeds=deeds(),
        )
        self.history = True
        self.unchecked: tuple[Unchecked, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.asked_trends: list[tuple[float, int]] = []

    def findings(self) -> Examination:
        """What is wrong, and what could not be looked at."""
        return Examination(findings=self.found, unchecked=self.unchecked, notes=self.notes)

    def trend(self, span_s: float, points: int) -> Trend:
        """Waves with a gap, a point every 15 s at most."""
        self.asked_trends.append((span_s, points))
        points = min(points, int(span_s / 15))
        known = {
            "pending": [60 + 50 * math.sin(at / points * 7) for at in range(points)],
            "running": [37.0] * points,
            "wait_p50_s": [18.0 + at / points for at in range(points)],
            "wait_p95_s": [200 + 50 * math.sin(at / points * 9) for at in range(points)],
            "cpu_total": [96.0] * points,
            "cpu_allocated": [52.0] * points,
            "cpu_reserved": [6.0] * points,
            "cpu_used": [40 + 8 * math.cos(at / points * 5) for at in range(points)],
            "claims": [6 + math.sin(at / points * 3) for at in range(points)],
            "failed": [0.02] * points,
        }
        gap = range(points // 2, points // 2 + points // 12)
        series: Any = {
            name: tuple(None if at in gap or not self.history else value for at, value in enumerate(values))
            for name, values in known.items()
        }
        happenings = tuple(
            Happening(at=NOW - timedelta(seconds=span_s * share), sentence=sentence)
            for share, sentence in (
                (0.9, "gpu-07 lost"),
                (0.3, "ada drain worker:cpu-04"),
                (0.1, "bob cancel job:7-12"),
            )
        )
        return Trend(until=self.at, span_s=span_s, step_s=span_s / points, series=series, happenings=happenings)
