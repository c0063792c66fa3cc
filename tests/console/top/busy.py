"""A cluster on a bad day, which stands still: a bit of everything that the screens can show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clusterctl.model.candidates import Candidate
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.explanation import Best, Blocker, Change, Estimate, Explanation, Position, Step
from clusterctl.model.pictures import (
    AllocationPicture,
    Amounts,
    AttemptPicture,
    JobPicture,
    ReplicaPicture,
    UsagePicture,
    WorkerPicture,
)
from clusterctl.model.services import HeldUp, ReplicaCounts, ServicePicture
from tests.console.top.stage import NOW, StageSource, a_claim, a_finding, a_job, a_running_job, a_worker

LACK = "needs 16 CPUs; every worker that could hold it is full for now"
SINCE = NOW - timedelta(minutes=6)


def of(total: float, reserved: float, allocated: float, used: float | None = None) -> Amounts:
    """Amounts of one kind."""
    return Amounts(total=total, reserved=reserved, allocated=allocated, used=used)


def workers() -> list[WorkerPicture]:
    """Lost, silent, late, draining, troubled, too busy, idle, and some that are well."""
    away: dict[str, Any] = {"live_reason": "no heartbeat", "heartbeat_ttl_s": None}
    return [
        a_worker("gpu-07", live_state="lost", heartbeat_age_s=4321.0, **away, cpus=of(16, 0, 0), jobs=0),
        a_worker("cpu-09", live_state="silent", heartbeat_age_s=61.0, **away, cpus=of(8, 0, 8, 5.0), jobs=1),
        a_worker("cpu-03", heartbeat_age_s=11.0, cpus=of(8, 2, 6, 3.1)),
        a_worker("gpu-02", cpus=of(16, 0, 16, 18.2), load1=18.4, jobs=4, gpus=of(4, 1, 2), labels={"gpu": "a100"}),
        a_worker("cpu-04", admin_state="draining", admin_reason="new disk", cpus=of(8, 0, 2, 1.2), jobs=1),
        a_worker("cpu-05", trouble="the disk is full", cpus=of(8, 0, 0, 0.0), jobs=0),
        a_worker("cpu-01", cpus=of(8, 0, 8, 7.9), jobs=4, services=2),
        a_worker("cpu-02", cpus=of(8, 2, 4, 2.0)),
    ]


def replica(number: int, worker: str | None, **other: Any) -> JobPicture:
    """One of service 60."""
    known: dict[str, Any] = {
        "id": 60, "ready_at": NOW - timedelta(hours=2), "restarts": 0, "resting_until": None, "last_exit": "",
        "generation": 1, "ran_generation": 1, "p99_ms": 80.0, "violation_rate": 0.0, "slo_p99_ms": 120,
    }  # fmt: skip
    service = ReplicaPicture(**{**known, **other})
    kept = {
        "name": "web",
        "kind": "service",
        "array_id": 60,
        "array_index": number - 60,
        "service": service,
        "cpus": 0.5,
    }
    return a_job(number, **kept) if worker is None else a_running_job(number, worker, **kept)


def jobs() -> list[JobPicture]:
    """What runs, waits, stops, is held, and has ended one way or another."""
    used = UsagePicture(cpus=1.6, memory_mb=900, memory_peak_mb=1200, processes=3, sampled_at=NOW)
    train: dict[str, Any] = {"name": "train", "array_id": 7, "tenant": "team-x"}
    ended: dict[str, Any] = {
        "worker": "cpu-01",
        "attempt": 2,
        "max_attempts": 3,
        "scheduled_at": SINCE,
        "started_at": SINCE,
    }
    last = {**ended, "finished_at": NOW - timedelta(seconds=40), "reason": "exited", "detail": ""}
    reserved = AllocationPicture(
        id=1013, status="reserved", reserved_at=NOW, allocated_at=None, released_at=None, release_reason=None
    )
    return [
        a_running_job(7, "cpu-01", **train, array_index=0, usage=used),
        a_running_job(8, "cpu-02", **train, array_index=1, cancel_requested_at=NOW),
        a_running_job(9, "cpu-09", **train, array_index=2, reason="worker_silent", detail="cpu-09 is not heard"),
        a_job(13, **train, array_index=3, state="scheduled", reason=None, detail="", worker="cpu-03",
              scheduled_at=NOW, allocation=reserved),
        a_job(20, name="fit-large", cpus=16.0, detail=LACK),
        a_job(21, name="日本語バッチ", tenant="team-y", reason="label", detail="no worker carries the labels gpu=h100"),
        a_job(22, name="[/red] odd\x1b[2J name", reason="dependency", detail=""),
        a_job(30, name="later", state="held", reason="held", detail="held by ada"),
        a_job(40, name="broken", state="failed", exit_code=3, **last),
        a_job(41, name="good", state="completed", exit_code=0, **last),
        replica(60, "cpu-01"),
        replica(61, "cpu-02", ready_at=None, restarts=4, resting_until=NOW + timedelta(seconds=4),
                last_exit="exit code 1", p99_ms=None),
    ]  # fmt: skip


def services() -> list[ServicePicture]:
    """One that serves partly, one that is restarted, one that is well."""
    known: dict[str, Any] = {
        "every_worker": False, "restarts": 4, "generation": 1, "current": 1, "rolling": False, "held_up_by": None,
        "slo_p99_ms": 120, "p99_ms": 145.0, "violation_rate": 0.031, "requests": 1200, "violations": 37,
        "tenant": "default", "user": "ada", "priority": 50, "cpus": 0.5, "memory_mb": 256, "gpus": 0,
        "command": ("serve", "--port", "0"), "script_lines": None, "created_at": NOW - timedelta(hours=5),
        "ended_at": None,
    }  # fmt: skip
    late = HeldUp(job_id=81, worker="cpu-09", standing="silent")
    return [
        ServicePicture(id=60, name="web", state="partly",
                       replicas=ReplicaCounts(wanted=3, ready=1, resting=1, pending=1), **known),
        ServicePicture(id=80, name="search", state="restarting", replicas=ReplicaCounts(wanted=4, ready=3, silent=1),
                       **{**known, "rolling": True, "held_up_by": late, "p99_ms": 80.0, "violation_rate": 0.0}),
        ServicePicture(id=90, name="cache", state="ready", replicas=ReplicaCounts(wanted=2, ready=2),
                       **{**known, "restarts": 0, "slo_p99_ms": None, "p99_ms": None, "violation_rate": None}),
    ]  # fmt: skip


def claims() -> list[ClaimPicture]:
    """One of each kind, the newest first."""
    refused: dict[str, Any] = {"event": "ClaimSkipped", "worker": None, "policy": None, "score": None, "candidates": 0}
    eligible = {
        "eligible_workers": ["cpu-02"], "metrics": {"cpu-02": 0.1833, "cpu-01": 0.2064},
        "usage": {"cpu-02": {"cpu_percent": 12.5, "memory_mb": 340}, "cpu-01": {"cpu_percent": 98.0, "memory_mb": 900}},
        "not_eligible_reasons": {"cpu-01": "resource_usage:0.2064>0.1833"},
    }  # fmt: skip
    ended = {"exit_code": 3, "ran_s": 58.0}
    return [
        a_claim(9, at=NOW - timedelta(seconds=1), job_id=7, worker="cpu-01"),
        a_claim(8, at=SINCE, job_id=20, **refused, reason="fits_now", reasons={"live": 2, "fits_now": 6}, open=True,
                waiting=16, repeats=37, detail={"text": LACK}),
        a_claim(7, job_id=40, event="Released", reason="exited", detail=ended, worker="cpu-01", duration_ms=None),
        a_claim(6, job_id=None, worker=None, event="ClaimEligibility", reason="eligible", policy="resource_usage",
                candidates=1, detail=eligible, repeats=9, open=True),
        a_claim(5, job_id=60, worker="cpu-02", event="ClaimAttempt", detail={"usage": {"cpu_percent": 12.5}}),
        a_claim(4, job_id=8, **refused, reason="claim_conflict", detail={"text": "cpu-02 has registered anew"}),
    ]  # fmt: skip


def why_20() -> Explanation:
    """Why ``fit-large`` waits."""
    return Explanation(
        job_id=20, name="fit-large", state="pending", reason="fits_now", headline=LACK, workers=8,
        steps=(
            Step(filter="live", removed=2, workers=("gpu-07", "cpu-09"), sentence="not heard"),
            Step(filter="fits_now", removed=6, workers=("cpu-01", "cpu-02", "cpu-03"),
                 sentence="less free than 16 CPUs"),
        ),
        best=Best(worker="gpu-02", score=None, policy="pack"),
        position=Position(before=3, of=112),
        blockers=(
            Blocker(job_id=7, worker="gpu-02", cpus=12.0, memory_mb=2048, gpus=1,
                    expected_end=NOW + timedelta(minutes=9), basis="half of 12 jobs of its name ran at most 41m00s"),
        ),
        starts_at=Estimate(at=NOW + timedelta(minutes=9), basis="once job 7 has ended"),
        changes=(Change(option="--cpus 4", starts_on="cpu-02", sentence="with --cpus 4 it would start now on cpu-02"),),
    )  # fmt: skip


def busy_cluster() -> StageSource:
    """All of it."""
    findings = [
        a_finding("reserved_expired", "allocation:4471", concerns=("allocation:4471", "job:13", "worker:cpu-03")),
        a_finding("clock_skew", "worker:cpu-03", stuck=False, severity="critical", sentence="its clock is 1.9 s ahead"),
    ]
    source = StageSource(workers=workers(), jobs=jobs(), claims=claims(), findings=findings, services=services())
    candidates = (
        Candidate(worker="cpu-02", score=-3.0, parts={"gpus": 0.0, "cpus": 2.0, "memory_mb": 4096.0}),
        Candidate(worker="cpu-01", score=-1.0, parts={"gpus": 0.0, "cpus": 1.0, "memory_mb": 2048.0}),
        Candidate(worker="gpu-07", removed_by="live"),
    )
    source.stories = {9: ClaimStory(claim=source.log[9], candidate_table=candidates, seen_at=NOW, given_before=1)}
    source.explanations = {20: why_20()}
    source.output = {40: ("reading input", "Traceback (most recent call last):", "\x1b]52;c;aGk=\x07ValueError: no")}
    source.attempts = {
        40: tuple(
            AttemptPicture(
                attempt=number, allocation_id=900 + number, worker="cpu-01", status="released", reserved_at=SINCE,
                allocated_at=SINCE, released_at=SINCE + timedelta(seconds=58), release_reason="exited",
                exit_code=3, signal=None, detail="", cpu_s=1.0, memory_peak_mb=90,
            )
            for number in (1, 2)
        )
    }  # fmt: skip
    return source
