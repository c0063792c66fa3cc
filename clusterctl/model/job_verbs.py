"""What an operator's verb means for a job, by the state that it is in: the one table behind doing it and ``--dry-run``.

What has ended stays so, for good: to run it again is to submit it again.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from clusterctl.model.states import LIVE, JobState, Outcome
from clusterctl.units import format_cpus

Verb = Literal["cancel", "hold", "release", "requeue"]
# What is done. ``restart``: an attempt is stopped, and the job waits again; ``halt``: the same, and it is held then;
# ``withdraw``: a reservation is given back, and the job waits again; ``resubmit``: a new job like this one.
Act = Literal["cancel", "hold", "halt", "release", "restart", "withdraw", "resubmit"]
# ``unchanged``: it is as it was wished before anything is done; ``changed``: it is no longer as it had to be.
Fate = Literal["done", "unchanged", "refused", "changed"]
# What of a job can be another though it stands where it stood: how each field is called.
WORDS = {
    "name": "name",
    "cpu_milli": "size",
    "allocation": "allocation",
    "attempt": "attempt",
    "stop": "order to stop",
    "service": "service",
    "again": "next submission",
}
_J = JobState


class Seen(msgspec.Struct, frozen=True):
    """A job as it was seen. ``stop``: what its agent has been asked to end it as; ``cancelled``: somebody has.

    ``allocation``: by which it is where it is. ``service``: of which it is a replica. ``again``: the jobs as which it
    was submitted again; only where that is asked for. Two that are equal are the same job in the same version.
    """

    job_id: int
    state: JobState
    worker: str | None
    stop: str | None
    cancelled: bool
    allocation: int | None = None
    service: int | None = None
    attempt: int = 0
    name: str = ""
    cpu_milli: int = 0
    again: tuple[int, ...] = ()


class Step(NamedTuple):
    """What is to be done, and in words what became of the job then; *foreseen*: before it is done.

    Without an ``act`` nothing is done: why not, in both.
    """

    act: Act | None
    fate: Fate
    sentence: str
    foreseen: str


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What a verb did to one job, or would do. ``state``: before it. ``again``: the new job, of one submitted again.

    ``service``: of which it is one of so many ``replicas``; ``every_worker``: one for each. ``seen``: the job as it was
    seen, of what would be done.
    """

    job_id: int
    fate: Fate
    act: Act | None
    state: str
    sentence: str
    worker: str | None = None
    again: int | None = None
    service: int | None = None
    replicas: int = 0
    every_worker: bool = False
    seen: Seen | None = None


def decide(verb: Verb, job: Seen) -> Step:
    """What *verb* means for *job*."""
    if job.state not in LIVE:
        return of_ended(verb, job)
    return {"cancel": cancelling, "hold": holding, "release": releasing, "requeue": requeueing}[verb](job)


def of_ended(verb: Verb, job: Seen) -> Step:
    """The same for a job that has ended."""
    if verb == "requeue" and job.service is None:
        return does("resubmit", "submitted again", "would be submitted again")
    if verb == "requeue":
        return refused("not requeued: a replica that was cancelled; `clusterctl scale` makes others while some live")
    words = {"cancel": "had", "hold": "not held: had", "release": "not released: had"}
    return refused(f"{words[verb]} ended already, as {job.state}")


def cancelling(job: Seen) -> Step:
    """``cancel`` of a live job."""
    if job.state is _J.RUNNING:
        return does("cancel", "told to stop", "would be told to stop")
    return does("cancel", "cancelled", "would be cancelled")


def holding(job: Seen) -> Step:
    """``hold`` of a live job."""
    if job.state is _J.HELD:
        return unchanged("held already")
    if job.state is _J.RUNNING and job.service is not None:
        return halting(job)
    if job.state is _J.RUNNING:
        return refused("not held: running; `clusterctl requeue` stops a job and lets it wait, then it can be held")
    return does("hold", "held", "would be held")


def halting(job: Seen) -> Step:
    """``hold`` of a replica that runs: it has no end to wait for."""
    if job.cancelled or job.stop == Outcome.CANCELLED:
        return refused("not held: being cancelled")
    if job.stop == Outcome.HELD:
        return unchanged("being stopped already, to be held")
    if job.stop is not None:
        return refused("not held: being stopped; hold it once it waits")
    return does("halt", "told to stop, to be held", "would be told to stop, to be held")


def releasing(job: Seen) -> Step:
    """``release`` of a live job."""
    if job.state is _J.HELD:
        return does("release", "released", "would be released")
    if job.stop == Outcome.HELD and not job.cancelled:
        return refused("not released: still being stopped; release it once it is held")
    return unchanged("not held, nothing to release")


def requeueing(job: Seen) -> Step:
    """``requeue`` of a live job."""
    if job.state is _J.HELD:
        return unchanged("not begun, and held: `clusterctl release` lets it go")
    if job.state is _J.SCHEDULED:
        return does(
            "withdraw", "taken back from its worker, waits again", "would be taken back from its worker, and wait again"
        )
    if job.state is not _J.RUNNING:
        return unchanged("not begun: waiting already")
    if job.cancelled or job.stop == Outcome.CANCELLED:
        return refused("not requeued: being cancelled")
    if job.stop == Outcome.HELD:
        return refused("not requeued: being stopped, to be held; `clusterctl release` lets it run again then")
    if job.stop is not None:
        return unchanged("being stopped already")
    return does("restart", "told to stop, to run again", "would be told to stop, to run again")


def does(act: Act, sentence: str, foreseen: str) -> Step:
    """Something is done."""
    return Step(act, "done", sentence, foreseen)


def unchanged(sentence: str) -> Step:
    """Nothing needs to be done."""
    return Step(None, "unchanged", sentence, sentence)


def refused(sentence: str) -> Step:
    """Nothing can be done."""
    return Step(None, "refused", sentence, sentence)


def overtaken(verb: Verb, before: Seen, now: Seen) -> Step:
    """What is told of a job to which *verb* was to be done as it was *before*: nothing is done to it as it is *now*.

    Where others have brought about what was wished it is ``unchanged``, else ``changed``.
    """
    if verb == "cancel" and (now.cancelled or now.state is _J.CANCELLED or now.stop == Outcome.CANCELLED):
        return unchanged("cancelled already" if now.state is _J.CANCELLED else "being cancelled already")
    if now.again != before.again and now.again:
        return unchanged(f"submitted again already, as job {now.again[-1]}")
    wished = decide(verb, now)
    if wished.fate == "unchanged" and (verb != "requeue" or now.allocation == before.allocation):
        return wished
    told = (standing(before), standing(now))
    sentence = f"it was {told[0]}; it is {told[1]} now" if told[0] != told[1] else differing(before, now)
    return Step(None, "changed", sentence, sentence)


def differing(before: Seen, now: Seen) -> str:
    """What is another about a job that stands where it stood: ``its name was web; it is db now``."""
    told = []
    for field, word in WORDS.items():
        was, is_now = (said(field, getattr(job, field)) for job in (before, now))
        told += [f"its {word} was {was}; it is {is_now} now"] if was != is_now else []
    return "; ".join(told) or "it is not as it was seen"


def said(field: str, value: object) -> str:
    """A field of a job in words."""
    if field == "cpu_milli" and isinstance(value, int):
        return f"{format_cpus(value)} CPUs"
    return (", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")) or "none"


def standing(job: Seen) -> str:
    """``running on w1, attempt 2``; ``pending``, ``pending after 1 attempt``; ``failed, attempt 3``."""
    told: str = job.state.value
    if job.worker is not None:
        told += f" on {job.worker}"
    if job.attempt and job.state in LIVE and job.allocation is None:
        told += f" after {job.attempt} attempt{'' if job.attempt == 1 else 's'}"
    elif job.attempt > 1 or job.allocation is not None:
        told += f", attempt {job.attempt}"
    if job.cancelled and job.state in LIVE:
        return told + ", being cancelled"
    return told + (", being stopped" if job.stop is not None else "")
