"""A cluster that stands still: the console's source in tests that are about what is shown, not where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.audit import AuditPicture
from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import ClusterError, NotFound, Refused
from clusterctl.model.explanation import Explanation
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Examination, Finding, Fix
from clusterctl.model.looks import Look, Page, RedisSight, Sums, Waits, Want
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import (
    AllocationCounts,
    AllocationPicture,
    Amounts,
    AttemptPicture,
    ClusterCpus,
    HoldingPicture,
    JobPicture,
    JobStory,
    LeaderPicture,
    WorkerCounts,
    WorkerPicture,
    WorkerStory,
)
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.model.services import ServicePicture, ServiceStory
from clusterctl.model.spec import Spec
from clusterctl.model.trends import Course, Trend
from tests.console.top import stage_deeds

NOW = datetime(2026, 5, 6, 14, 3, 22, tzinfo=UTC)


def a_worker(name: str, **other: Any) -> WorkerPicture:
    """A worker of 8 CPUs that is well."""
    known: dict[str, Any] = {
        "hostname": f"{name}.lab", "registered_at": NOW - timedelta(days=3), "last_heartbeat_at": NOW,
        "admin_state": "open", "live_state": "up", "live_reason": "", "admin_reason": "", "drain_by": None,
        "trouble": "", "incarnation": 1, "beat": 100, "heartbeat_age_s": 0.4, "heartbeat_ttl_s": 59.6,
        "cpus": Amounts(total=8, reserved=1, allocated=5, used=3.1),
        "memory_mb": Amounts(total=16384, reserved=1024, allocated=8192, used=4096),
        "gpus": Amounts(total=0, reserved=0, allocated=0), "jobs": 3, "services": 0, "load1": 3.2,
        "labels": {"zone": "b"}, "version": "0.1.0",
    }  # fmt: skip
    return WorkerPicture(name=name, **{**known, **other})


def a_job(number: int, **other: Any) -> JobPicture:
    """A job that waits for two CPUs."""
    known: dict[str, Any] = {
        "name": f"step-{number}", "kind": "batch", "state": "pending", "reason": "fits_now",
        "detail": "no worker has 2 CPUs free", "tenant": "default", "user": "ada", "priority": 50, "cpus": 2.0,
        "memory_mb": 2048, "gpus": 0, "worker": None, "attempt": 0, "max_attempts": 1, "time_limit_s": None,
        "deadline": None, "array_id": None, "array_index": None, "command": ("sleep", "60"), "labels": {},
        "submitted_at": NOW - timedelta(seconds=100 + number), "scheduled_at": None, "started_at": None,
        "finished_at": None, "cancel_requested_at": None, "exit_code": None, "signal": None, "usage": None,
        "allocation": None,
    }  # fmt: skip
    return JobPicture(id=number, **{**known, **other})


def a_running_job(number: int, worker: str, **other: Any) -> JobPicture:
    """A job that runs there."""
    started = NOW - timedelta(seconds=60 + number)
    held = AllocationPicture(
        id=1000 + number, status="allocated", reserved_at=started, allocated_at=started, released_at=None,
        release_reason=None,
    )  # fmt: skip
    known = {"state": "running", "reason": None, "detail": "", "worker": worker, "attempt": 1, "started_at": started}
    return a_job(number, **{**known, "scheduled_at": started, "allocation": held, **other})


def a_claim(number: int, **other: Any) -> ClaimPicture:
    """A decision: a job was given to a worker."""
    at = NOW - timedelta(seconds=number)
    known: dict[str, Any] = {
        "at": at, "last_at": at, "closed_at": None, "round": 100 - number, "event": "Claimed", "job_id": number,
        "worker": "w1", "allocation_id": 1000 + number, "policy": "pack", "score": -3.0, "candidates": 4,
        "reason": None, "reasons": {}, "duration_ms": 1.9, "repeats": 1, "open": False, "waiting": None, "detail": {},
    }  # fmt: skip
    return ClaimPicture(id=number, **{**known, **other})


def a_finding(code: str, subject: str, **other: Any) -> Finding:
    """Something that is stuck."""
    known: dict[str, Any] = {
        "severity": "warning", "since": NOW - timedelta(minutes=4), "sentence": "reserved, and never started",
        "evidence": {"reserved_s": 252}, "stuck": True, "concerns": (subject,),
        "fix": Fix(command=f"clusterctl doctor --fix-stuck {code} {subject}", available=True, change="released"),
    }  # fmt: skip
    return Finding(code=code, subject=subject, **{**known, **other})


class StageSource:
    """Shows what it is given. ``trouble``: raised by looks; ``carried_out``: what it was told to do."""

    def __init__(
        self,
        *,
        workers: Sequence[WorkerPicture] = (),
        jobs: Sequence[JobPicture] = (),
        claims: Sequence[ClaimPicture] = (),
        findings: Sequence[Finding] = (),
        services: Sequence[ServicePicture] = (),
        deeds: Sequence[AuditPicture] = (),
    ) -> None:
        self.workers = {each.name: each for each in workers}
        self.jobs = {each.id: each for each in jobs}
        self.log = {each.id: each for each in claims}
        self.output: dict[int, tuple[str, ...]] = {}
        self.stories: dict[int, ClaimStory] = {}
        self.explanations: dict[int, Explanation] = {}
        self.attempts: dict[int, tuple[AttemptPicture, ...]] = {}
        self.services = {each.id: each for each in services}
        self.deeds = {each.id: each for each in deeds}
        self.found = tuple(findings)
        self.trouble: ClusterError | None = None
        self.carried_out: list[Proposal] = []
        self.reasons: list[str] = []
        self.wanted: list[Want] = []
        self.at = NOW

    def look(self, want: Want) -> Look:
        """One poll."""
        self.wanted.append(want)
        if self.trouble is not None:
            raise self.trouble
        on = want.screen
        return Look(
            want=want,
            at=self.at,
            took_ms=4.0,
            statements=3,
            redis=RedisSight(used=True, up=True, took_ms=1.0),
            sums=self.sums(),
            workers=page(self.workers, want) if on in ("overview", "workers") else None,
            jobs=page(self.jobs, want) if on == "jobs" else None,
            claims=page(self.log, Want() if on == "overview" else want) if on in ("overview", "claims") else None,
            services=page(self.services, want) if on == "services" else None,
            audit=page(self.deeds, want) if on == "audit" else None,
        )

    look_beside = look

    def redis(self) -> RedisSight:
        """It is well."""
        return RedisSight(used=True, up=True, took_ms=1.0)

    def sums(self) -> Sums:
        """The cluster in a few numbers."""
        up = [each for each in self.workers.values() if each.live_state == "up"]
        states = [each.state for each in self.jobs.values()]
        return Sums(
            leader=LeaderPicture(name="schedd-1", term=7, since=self.at, age_s=0.2),
            workers=WorkerCounts(up=len(up), silent=sum(each.live_state == "silent" for each in self.workers.values())),
            cpus=ClusterCpus(
                total=sum(each.cpus.total for each in up),
                reserved=sum(each.cpus.reserved for each in up),
                allocated=sum(each.cpus.allocated for each in up),
                used=sum(each.cpus.used or 0 for each in up),
            ),
            memory_mb=Amounts(total=65536, reserved=1024, allocated=32768, used=16384),
            gpus=Amounts(total=0, reserved=0, allocated=0),
            allocations=AllocationCounts(reserved=3, allocated=states.count("running")),
            jobs={state: states.count(state) for state in dict.fromkeys(states)},
            waits=(Waits(reason="fits_now", jobs=states.count("pending"), text="no worker has 2 CPUs free"),),
            oldest_wait_s=372.0,
            ended_well=120,
            ended_badly=3,
            claims_per_s=6.2,
            conflicts_per_s=0.4,
            wait_p50_s=18.0,
            wait_p95_s=250.0,
        )

    def findings(self) -> Examination:
        """What is wrong."""
        return Examination(findings=self.found)

    def finding_story(self, finding: Finding) -> FindingStory:
        """What the doctor says of such findings; of this cluster nothing is remembered."""
        check = BY_CODE.get(finding.code)
        return FindingStory(meaning=check.meaning if check else "", cure=check.cure if check else "")

    def output_of(self, job_id: int, attempt: int | None, *, stderr: bool) -> OutputPicture:
        """Nobody has written anything: whoever tests that brings a source that knows where it lies."""
        del attempt, stderr
        raise Refused(f"job {job_id} has not started yet, it is pending")

    def trend(self, span_s: float, points: int) -> Trend:
        """A wave."""
        wave = tuple(float(10 + at % 7) for at in range(points))
        return Trend(until=self.at, span_s=span_s, step_s=span_s / points, series={"pending": wave, "running": wave})

    def worker_courses(self, names: Sequence[str], span_s: float, points: int) -> Mapping[str, Course]:
        """The same of each."""
        return {name: self.attempt_course(0, span_s, points) for name in names}

    def attempt_course(self, allocation_id: int, span_s: float, points: int) -> Course:
        """A wave."""
        del allocation_id
        wave = tuple(float(at % 5) for at in range(points))
        return Course(until=self.at, step_s=span_s / points, cpus=wave, memory_mb=wave)

    def job(self, job_id: int) -> JobStory:
        """One job."""
        if job_id not in self.jobs:
            raise NotFound(f"no job {job_id}")
        job = self.jobs[job_id]
        return JobStory(job=job, attempts=self.attempts.get(job_id, ()), after=(), spec=Spec(command=job.command))

    def explain(self, job_id: int) -> Explanation:
        """Why it is where it is: whoever tests that brings an explanation of a real planner."""
        if job_id not in self.explanations:
            raise NotFound(f"nobody knows why job {job_id} waits")
        return self.explanations[job_id]

    def worker(self, name: str) -> WorkerStory:
        """One worker."""
        if name not in self.workers:
            raise NotFound(f"no worker {name}")
        return WorkerStory(worker=self.workers[name], holds=tuple(holdings(self.jobs.values(), name)))

    def service(self, service_id: int) -> ServiceStory:
        """One service."""
        return ServiceStory(service=self.services[service_id], replicas=self.replicas(service_id))

    def replicas(self, service_id: int) -> tuple[JobPicture, ...]:
        """Its jobs."""
        return tuple(each for each in self.jobs.values() if each.service is not None and each.service.id == service_id)

    def claim(self, claim_id: int) -> ClaimStory:
        """One decision."""
        return self.stories.get(claim_id) or ClaimStory(claim=self.log[claim_id])

    def claims(self, choice: ClaimChoice, most: int) -> tuple[ClaimPicture, ...]:
        """Those of the same job, or worker."""
        field, wanted = ("job_id", choice.job_id) if choice.job_id is not None else ("worker", choice.worker)
        return tuple(each for each in self.log.values() if getattr(each, field) == wanted)[:most]

    def last_lines(self, job_id: int, count: int) -> tuple[str, ...]:
        """What the test says that it wrote."""
        return self.output.get(job_id, ())[-count:]

    def propose(self, deed: Deed) -> Proposal:
        """What it would change here."""
        return stage_deeds.propose(self, deed)

    def carry_out(self, proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        """Do it, and note it; what has changed since is left."""
        self.carried_out.append(proposal)
        self.reasons.append(reason)
        return stage_deeds.carry_out(self, proposal)

    def close(self) -> None:
        """Nothing to hang up."""


def holdings(jobs: Iterable[JobPicture], worker: str) -> Iterator[HoldingPicture]:
    """What a worker holds for them."""
    for job in jobs:
        if job.worker == worker and job.allocation is not None and job.allocation.released_at is None:
            held = job.allocation
            yield HoldingPicture(
                job_id=job.id, name=job.name, attempt=job.attempt, allocation_id=held.id, status=held.status,
                cpus=job.cpus, memory_mb=job.memory_mb, gpus=job.gpus, reserved_at=held.reserved_at,
                allocated_at=held.allocated_at, stop_requested=job.cancel_requested_at is not None, lost_in_s=829.0,
            )  # fmt: skip


def page(rows: Mapping[Any, Any], want: Want) -> Page[Any]:
    """As much of them as was wanted."""
    keys = tuple(rows)
    shown = {*keys[want.first : want.first + want.rows], *want.also}
    return Page(keys=keys, rows={key: rows[key] for key in keys if key in shown}, total=len(keys))


def small_cluster() -> StageSource:
    """Twelve workers, of whom some are not well, and 149 jobs."""
    workers = [a_worker(f"cpu-{number:02d}") for number in range(1, 9)]
    workers += [a_worker("gpu-01", gpus=Amounts(total=4, reserved=0, allocated=2))]
    workers += [a_worker("gpu-02", admin_state="draining", admin_reason="new disk")]
    silent = {"live_state": "silent", "heartbeat_age_s": 61.0, "heartbeat_ttl_s": None}
    workers += [a_worker("gpu-07", **silent, cpus=replace(workers[0].cpus, used=None)), a_worker("cpu-09", **silent)]
    jobs = [a_running_job(number, f"cpu-{number % 8 + 1:02d}") for number in range(1, 38)]
    jobs += [a_job(number) for number in range(38, 150)]
    claims = [a_claim(number) for number in range(1, 30)]
    findings = [a_finding("reserved_expired", "allocation:4471"), a_finding("clock_skew", "worker:cpu-03", stuck=False)]
    return StageSource(workers=workers, jobs=jobs, claims=claims, findings=findings)
