"""Whether everything went as it should, and the summary of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from clusterctl.demo.checks import Wrong
from clusterctl.demo.course import Standing, in_words
from clusterctl.model.pictures import AttemptPicture, JobPicture


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One group in the summary. *runtime_s*: from its first start to its last end; None if nothing has started."""

    group: str
    tenant: str
    jobs: int
    outcome: str
    attempts: int
    reason: str
    runtime_s: float | None
    workers: str
    as_expected: bool


class Verdict(msgspec.Struct, frozen=True):
    """One sentence, and whether it is good news."""

    good: bool
    sentence: str


def judge(standing: Standing, attempts: Sequence[AttemptPicture], directory: Path) -> Verdict:
    """Whether a group ended as it was to, in as many tries, with the right files."""
    group = standing.group
    name = group.name
    if set(standing.counts) != {group.ends}:
        return Verdict(False, f"{name}: {in_words(standing.counts)}, and all should be {group.ends}")
    if len(attempts) < group.attempts * len(standing.jobs):
        return Verdict(False, f"{name}: {len(attempts)} attempts, and {group.attempts} were to be made")
    if group.lingers:
        return Verdict(bool(standing.why), f"{name}: waited as {standing.why or 'nobody knows what'}; cancelled")
    try:
        found = group.check(directory)
    except Wrong as wrong:
        return Verdict(False, f"{name}: {wrong}")
    return Verdict(True, f"{name}: {found}")


def judge_rivals(first: Standing, second: Standing) -> Verdict:
    """Whether the tenant that came second had to wait until the first had all it wanted."""
    begun = sorted(
        (job.started_at, job.tenant) for standing in (first, second) for job in standing.jobs if job.started_at
    )
    tenants = [tenant for _, tenant in begun]
    ours, theirs = first.group.tenant, second.group.tenant
    if ours not in tenants or theirs not in tenants:
        return Verdict(False, f"{ours} and {theirs}: not both have run")
    last = max(at for at, tenant in enumerate(tenants) if tenant == theirs)
    shared = tenants[: last + 1]
    sentence = f"{ours} and {theirs}: of the first {len(shared)} starts {shared.count(ours)} were {ours}'s"
    return Verdict(ours in tenants[tenants.index(theirs) :], f"{sentence}, {shared.count(theirs)} {theirs}'s")


def summarize(standing: Standing, attempts: Sequence[AttemptPicture], verdict: Verdict) -> Row:
    """A group in one row."""
    return Row(
        group=standing.group.name,
        tenant=standing.group.tenant,
        jobs=len(standing.jobs),
        outcome=in_words(standing.counts),
        attempts=len(attempts),
        reason=standing.why.partition(":")[0] or reasons(attempts),
        runtime_s=runtime(standing.jobs),
        workers=" ".join(sorted({attempt.worker for attempt in attempts})),
        as_expected=verdict.good,
    )


def reasons(attempts: Sequence[AttemptPicture]) -> str:
    """How the tries ended, each way once: ``exit 7, exit 0``, ``time_limit``."""
    return ", ".join(dict.fromkeys(reason(attempt) for attempt in attempts))


def reason(attempt: AttemptPicture) -> str:
    """How one try ended."""
    if attempt.release_reason == "exited" and attempt.exit_code is not None:
        return f"exit {attempt.exit_code}"
    return attempt.release_reason or attempt.status


def runtime(jobs: Sequence[JobPicture]) -> float | None:
    """Seconds from the first start to the last end."""
    starts = [job.started_at for job in jobs if job.started_at]
    ends = [job.finished_at for job in jobs if job.finished_at]
    return round((max(ends) - min(starts)).total_seconds(), 3) if starts and ends else None
