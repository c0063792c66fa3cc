"""What is said of what jobs wrote: whose it is, how it ended, and that it is gone."""

from __future__ import annotations

from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import JobStory


def ended(story: JobStory, attempt: int) -> str:
    """How an attempt ended, by what *story* knows: ``attempt 1 on w1 ended: exit 1``."""
    last = max((each for each in story.attempts if each.attempt == attempt), key=lambda each: each.allocation_id)
    if last.release_reason == "exited":
        how = f"signal {last.signal}" if last.signal else f"exit {last.exit_code}"
    else:
        how = last.release_reason or last.status
    return f"attempt {last.attempt} on {last.worker} ended: {how}"


def gone(found: OutputPicture) -> str:
    """That an attempt has ended and has no output."""
    return f"the output of job {found.job_id} is gone, or was never made: {found.path} on {found.worker}"


def begun(story: JobStory) -> list[int]:
    """The attempts that started, and so may have written something, oldest first."""
    return sorted({each.attempt for each in story.attempts if each.allocated_at is not None})
