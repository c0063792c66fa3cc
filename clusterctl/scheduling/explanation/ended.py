"""A job that has ended: how, and of what."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.explanation import Explanation
from clusterctl.model.pictures import AttemptPicture, JobStory
from clusterctl.scheduling.explanation.spans import about, clock, counted


def explain_ended(story: JobStory, now: float) -> Explanation:
    """Why a job is not there any more."""
    job = story.job
    return Explanation(
        job_id=job.id,
        name=job.name,
        kind=job.kind,
        state=job.state,
        reason=job.reason,
        headline=headline(story, now),
    )


def headline(story: JobStory, now: float) -> str:
    """How it ended, after how many attempts, when, and where."""
    job = story.job
    parts = [f"{job.state}: {how(story)}"]
    if job.finished_at is not None:
        ended = job.finished_at.timestamp()
        parts.append(f"ended at {clock(ended, now)}, {about(now - ended)} ago")
        if job.started_at is not None and job.worker is not None:
            parts.append(f"ran {about(ended - job.started_at.timestamp())} on {job.worker}")
    if len(story.attempts) > 1:
        parts.append(counted(len(story.attempts), "attempt"))
    return "; ".join(parts)


def how(story: JobStory) -> str:
    """What its last attempt came to; of one that never had any, what was done to it."""
    job = story.job
    return worded(job.exit_code, job.signal, job.reason or "it never started", job.detail)


def last_end(attempts: Sequence[AttemptPicture]) -> str:
    """How the newest attempt ended; empty if there was none."""
    if not attempts or attempts[-1].release_reason is None:
        return ""
    newest = attempts[-1]
    return worded(newest.exit_code, newest.signal, newest.release_reason or "", newest.detail)


def worded(exit_code: int | None, signal: int | None, otherwise: str, detail: str) -> str:
    """``exit code 3``, ``signal 9``, or what else it was; with what was said about it."""
    end = f"signal {signal}" if signal is not None else otherwise
    end = end if exit_code is None else f"exit code {exit_code}"
    return f"{end} ({detail})" if detail else end
