"""A large cluster for measuring the console alone: no server, the same every time.

In a look with changes a few jobs have ended, and as many have come; the newest claim is another one. In a look
without, only ages have grown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NoReturn

from msgspec.structs import replace

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.errors import NotFound
from clusterctl.model.explanation import Estimate, Explanation, Position
from clusterctl.model.findings import Examination, Finding, Fix
from clusterctl.model.looks import Look, Page, RedisSight, Sums, Want
from clusterctl.model.pictures import (
    AllocationCounts,
    Amounts,
    ClusterCpus,
    JobPicture,
    JobStory,
    LeaderPicture,
    WorkerCounts,
    WorkerPicture,
    WorkerStory,
)
from clusterctl.model.proposals import Change, Deed, Proposal
from clusterctl.model.spec import Spec
from clusterctl.model.trends import Course

JOBS, WORKERS = 10_000, 1_000
COME_AND_GO = 10  # jobs, in a look with changes
CLAIMS, FINDINGS = 40, 25
NOW = datetime(2026, 5, 6, 14, 3, 22, tzinfo=UTC)


class Crowd:
    """Each look is a little different from the one before. It answers what the console asks while nobody acts."""

    def __init__(self, jobs: int = JOBS, workers: int = WORKERS) -> None:
        self.jobs = {number: a_job(number) for number in range(1, jobs + 1)}
        self.workers = {f"w{number:04d}": a_worker(f"w{number:04d}", number) for number in range(workers)}
        self.looks = 0
        self.come = jobs
        self.chance = Random(7)
        self.found = tuple(a_finding(job) for job in range(1, min(FINDINGS, jobs) + 1))

    def look(self, want: Want, changes: int = 0) -> Look:
        """The next look: *changes* of the rows in sight say something else."""
        self.looks += 1
        if changes and want.screen == "jobs":
            self.turn_over()
        rows: dict[Any, Any] = self.jobs if want.screen == "jobs" else self.workers
        keys = tuple(rows)
        shown = {key: rows[key] for key in keys[want.first : want.first + want.rows]}
        for at, key in enumerate(shown):
            shown[key] = rows[key] = self.changed(shown[key], at < changes)
        page = Page[Any](keys=keys, rows=shown, total=len(keys))
        return Look(
            want=want, at=NOW + timedelta(seconds=2 * self.looks), took_ms=4.0, statements=3, sums=sums(),
            redis=RedisSight(used=True, up=True, took_ms=1.0), jobs=page if want.screen == "jobs" else None,
            workers=page if want.screen in ("workers", "overview") else None,
            claims=self.claims_page(self.looks if changes else 0) if want.screen == "overview" else None,
        )  # fmt: skip

    def turn_over(self) -> None:
        """Some jobs end, anywhere, and as many come."""
        for key in self.chance.sample(tuple(self.jobs), min(COME_AND_GO, len(self.jobs))):
            del self.jobs[key]
            self.come += 1
            self.jobs[self.come] = a_job(self.come)

    def claims_page(self, newest: int) -> Page[ClaimPicture]:
        """The newest decisions."""
        keys = tuple(range(newest + CLAIMS, newest, -1))
        return Page[ClaimPicture](keys=keys, rows={key: a_claim(key) for key in keys}, total=len(keys))

    def changed(self, row: Any, differs: bool) -> Any:
        """It says something else now, or it does not *differ*; but a worker was heard a moment ago, never then."""
        if isinstance(row, JobPicture):
            detail = f"needs {self.looks % 90} more CPUs"
            return replace(row, detail=detail, priority=self.looks % 100) if differs else row
        heard = replace(row, heartbeat_age_s=(self.looks * 2 + row.beat) % 50 / 10)
        cpus = replace(row.cpus, used=self.looks % 80 / 10)
        return replace(heard, cpus=cpus, load1=self.looks % 160 / 10) if differs else heard

    look_beside = look

    def findings(self) -> Examination:
        """A few jobs wait for long."""
        return Examination(findings=self.found)

    def job(self, job_id: int) -> JobStory:
        """One of them."""
        job = self.jobs.get(job_id) or a_job(job_id)
        return JobStory(job=job, attempts=(), after=(), spec=Spec(command=job.command))

    def worker(self, name: str) -> WorkerStory:
        """One of them."""
        return WorkerStory(worker=self.workers[name], holds=())

    def explain(self, job_id: int) -> Explanation:
        """Why one waits."""
        return an_explanation(self.jobs.get(job_id) or a_job(job_id))

    def worker_courses(self, names: Sequence[str], span_s: float, points: int) -> Mapping[str, Course]:
        """The same of each."""
        wave = tuple(float(at % 5) for at in range(points))
        return {name: Course(until=NOW, step_s=span_s / points, cpus=wave, memory_mb=wave) for name in names}

    def propose(self, deed: Deed) -> Proposal:
        """As much of it as a dialog shows."""
        changes = tuple(Change(subject=f"job:{number}", before="pending", after="cancelled") for number in deed.jobs)
        return Proposal(deed=deed, title=f"Cancel {len(changes):,} jobs?", changes=changes[:20], more=len(changes[20:]))

    def close(self) -> None:
        """Nothing to hang up."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def nobody_knows(*_: object) -> NoReturn:
            raise NotFound(f"nobody knows any {name} here")

        return nobody_knows


def a_job(number: int) -> JobPicture:
    """One that waits."""
    return JobPicture(
        id=number, name=f"step-{number}", kind="batch", state="pending", reason="fits_now",
        detail="needs 16 CPUs; every worker that could hold it is full for now", tenant=f"team-{number % 9}",
        user="ada", priority=50, cpus=2.0, memory_mb=2048, gpus=0, worker=None, attempt=0, max_attempts=1,
        time_limit_s=None, deadline=None, array_id=None, array_index=None, command=("sleep", "60"), labels={},
        submitted_at=NOW - timedelta(seconds=100 + number), scheduled_at=None, started_at=None, finished_at=None,
        cancel_requested_at=None, exit_code=None, signal=None, usage=None, allocation=None,
    )  # fmt: skip


def a_claim(number: int) -> ClaimPicture:
    """A job was given to a worker."""
    at = NOW + timedelta(seconds=2 * number)
    return ClaimPicture(
        id=number, at=at, last_at=at, closed_at=None, round=number, event="Claimed", job_id=number, worker="w0001",
        allocation_id=1000 + number, policy="pack", score=-3.0, candidates=4, reason=None, reasons={}, duration_ms=1.9,
        repeats=1, open=False, waiting=None, detail={},
    )  # fmt: skip


def an_explanation(job: JobPicture) -> Explanation:
    """Why it waits, at some length."""
    return Explanation(
        job_id=job.id, name=job.name, state=job.state, reason=job.reason, headline="every worker is full for now",
        workers=WORKERS, candidates=WORKERS, advice="wait, or ask for less", position=Position(before=12, of=JOBS),
        starts_at=Estimate(at=NOW + timedelta(hours=2), basis="when job 7 has reached its time limit"),
    )  # fmt: skip


def a_finding(job: int) -> Finding:
    """Something that is stuck."""
    return Finding(
        code="reserved_expired", subject=f"job:{job}", severity="warning", since=NOW - timedelta(minutes=4),
        sentence="reserved, and never started", evidence={"reserved_s": 252}, stuck=True, concerns=(f"job:{job}",),
        fix=Fix(command=f"clusterctl doctor --fix-stuck reserved_expired job:{job}", available=True, change="released"),
    )  # fmt: skip


def a_worker(name: str, beat: int) -> WorkerPicture:
    """One that is well."""
    return WorkerPicture(
        name=name, hostname=f"{name}.lab", registered_at=NOW, last_heartbeat_at=NOW, admin_state="open",
        live_state="up", live_reason="", admin_reason="", drain_by=None, trouble="", incarnation=1, beat=beat,
        heartbeat_age_s=0.4, heartbeat_ttl_s=59.6, cpus=Amounts(total=8, reserved=1, allocated=5, used=3.1),
        memory_mb=Amounts(total=16384, reserved=1024, allocated=8192, used=4096),
        gpus=Amounts(total=0, reserved=0, allocated=0), jobs=3, services=0, load1=3.2, labels={"zone": "b"},
        version="0.1.0",
    )  # fmt: skip


def sums() -> Sums:
    """The cluster in a few numbers."""
    return Sums(
        leader=LeaderPicture(name="schedd-1", term=7, since=NOW, age_s=0.2), workers=WorkerCounts(up=WORKERS),
        cpus=ClusterCpus(total=8000, reserved=1000, allocated=5000, used=3100),
        memory_mb=Amounts(total=65536, reserved=1024, allocated=32768, used=16384),
        gpus=Amounts(total=0, reserved=0, allocated=0), allocations=AllocationCounts(reserved=3, allocated=7),
        jobs={"pending": JOBS},
    )  # fmt: skip
