"""What is done to jobs, many at once: each act is one step of the store, told in the words of who asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.model.job_verbs import Act, Seen, Verb
from clusterctl.model.states import JobState
from clusterctl.store import job_steps

if TYPE_CHECKING:
    from clusterctl.store import jobs, resubmissions
else:  # whoever asks through the door needs none of it
    jobs, resubmissions = later("clusterctl.store", "jobs resubmissions")


class Answer(NamedTuple):
    """It was done. *again*: as which new job; *was*: what the job was, if not what it was seen to be."""

    again: int | None = None
    was: JobState | None = None
    worker: str | None = None


class Wish(NamedTuple):
    """What is wanted, and why. *key*: under it, what has ended is submitted again only once.

    *newest*: the newest allocation when it was first asked for; what has begun since is not stopped. *only_if*: as what
    the jobs were seen; it is not meant for others, nor for what has changed.
    """

    verb: Verb
    reason: str
    key: str = ""
    newest: int = job_steps.NEWEST
    only_if: Mapping[int, Seen] | None = None


Answers = Mapping[int, Answer]  # by number, of those to which it was done


def said_by(cluster: Cluster, deed: str, reason: str) -> str:
    """``held by ada: wrong input``."""
    return f"{deed} by {cluster.caller}" + (f": {reason}" if reason else "")


def cancel_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that had not ended. Whatever state they were seen in, here it is known what they were."""
    answers = {}
    for done in jobs.cancel(cluster.db, ids, said_by(cluster, "cancelled", wish.reason)):
        if done.outcome != "ended":
            was = JobState.RUNNING if done.outcome == "stopping" else JobState.PENDING
            answers[done.job_id] = Answer(was=was, worker=done.worker)
    return answers


def hold_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that had not started."""
    return dict.fromkeys(job_steps.hold(cluster.db, ids, said_by(cluster, "held", wish.reason)), Answer())


def release_now(cluster: Cluster, ids: Sequence[int], _wish: Wish) -> Answers:
    """Those that were held."""
    return dict.fromkeys(job_steps.release(cluster.db, ids), Answer())


def halt_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that were running."""
    return dict.fromkeys(job_steps.halt(cluster.db, ids, said_by(cluster, "held", wish.reason)), Answer())


def restart_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that were running."""
    why = said_by(cluster, "stopped to run again", wish.reason)
    return dict.fromkeys(job_steps.restart(cluster.db, ids, why, wish.newest), Answer())


def withdraw_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that no agent had started."""
    why = said_by(cluster, "taken back", wish.reason)
    return dict.fromkeys(job_steps.withdraw(cluster.db, ids, why, wish.newest), Answer())


def resubmit_now(cluster: Cluster, ids: Sequence[int], wish: Wish) -> Answers:
    """Those that had ended, with their new numbers."""
    made = resubmissions.resubmit(cluster.db, ids, cluster.caller, wish.key)
    return {old: Answer(again=new) for old, new in made.items()}


ACTS: dict[Act, Callable[[Cluster, Sequence[int], Wish], Answers]] = {
    "cancel": cancel_now,
    "hold": hold_now,
    "halt": halt_now,
    "release": release_now,
    "restart": restart_now,
    "withdraw": withdraw_now,
    "resubmit": resubmit_now,
}
