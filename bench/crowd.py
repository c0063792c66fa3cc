"""A large cluster that stands still, for measuring the console alone: no server, the same rows every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from msgspec.structs import replace

from clusterctl.model.errors import NotFound
from clusterctl.model.findings import Examination
from clusterctl.model.looks import Look, Page, RedisSight, Sums, Want
from clusterctl.model.pictures import (
    AllocationCounts,
    Amounts,
    ClusterCpus,
    JobPicture,
    LeaderPicture,
    WorkerCounts,
    WorkerPicture,
)

JOBS, WORKERS = 10_000, 1_000
NOW = datetime(2026, 5, 6, 14, 3, 22, tzinfo=UTC)


class Crowd:
    """A large cluster that nobody asks but for looks: each a little different from the one before."""

    def __init__(self, jobs: int = JOBS, workers: int = WORKERS) -> None:
        self.jobs = {number: a_job(number) for number in range(1, jobs + 1)}
        self.workers = {f"w{number:04d}": a_worker(f"w{number:04d}", number) for number in range(workers)}
        self.looks = 0

    def look(self, want: Want, changes: int = 0) -> Look:
        """The next look: *changes* of the rows in sight say something else."""
        self.looks += 1
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
        )  # fmt: skip

    def changed(self, row: Any, differs: bool) -> Any:
        """It says something else now, or it does not *differ*; but a worker was heard a moment ago, never then."""
        if isinstance(row, JobPicture):
            detail = f"needs {self.looks % 90} more CPUs"
            return replace(row, detail=detail, priority=self.looks % 100) if differs else row
        heard = replace(row, heartbeat_age_s=(self.looks * 2 + row.beat) % 50 / 10)
        cpus = replace(row.cpus, used=self.looks % 80 / 10)
        return replace(heard, cpus=cpus, load1=self.looks % 160 / 10) if differs else heard

    def findings(self) -> Examination:
        """Nothing is wrong."""
        return Examination()

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
