"""By when a job must start, or end, for its deadline."""

from __future__ import annotations

from clusterctl.model.circumstances import Subject
from clusterctl.model.explanation import Deadline, Estimate
from clusterctl.model.pictures import JobPicture
from clusterctl.scheduling.explanation.spans import about, clock, instant


def of_waiting(subject: Subject, starts: Estimate, now: float) -> Deadline | None:
    """What a job that waits must keep, and whether that is to be expected; None without a deadline."""
    if subject.deadline is None or subject.start_before is None:
        return None
    left = subject.start_before - now
    must = f"it would have to start before {clock(subject.start_before, now)}"
    how_long = f", in {about(left)}," if left > 0 else ", which is over,"
    late = starts.at is not None and starts.at.timestamp() > subject.start_before
    verdict = ", and that is not to be expected: it is cancelled then" if late else "; else it is cancelled then"
    return Deadline(
        at=instant(subject.deadline),
        start_before=instant(subject.start_before),
        sentence=f"{must}{how_long} to keep its deadline of {clock(subject.deadline, now)}{verdict}",
    )


def of_placed(job: JobPicture, ends: Estimate | None, now: float) -> Deadline | None:
    """The same of a job that has a worker: it may be late, and goes on."""
    if job.deadline is None:
        return None
    at = job.deadline.timestamp()
    should = f"it should have ended by {clock(at, now)}"
    if at < now:
        sentence = f"{should}: it is {about(now - at)} late, and goes on"
    elif ends is not None and ends.at is not None and ends.at > job.deadline:
        sentence = f"{should}, in {about(at - now)}, and may be late"
    else:
        sentence = f"{should}, in {about(at - now)}"
    start_before = at - (job.time_limit_s or 0)
    return Deadline(at=job.deadline, start_before=instant(start_before), sentence=sentence)
