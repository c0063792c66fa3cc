"""What is done to jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.job_verbs import Act, Handled, Seen, Step, decide, overtaken, refused, unchanged
from clusterctl.model.states import LIVE, JobState
from clusterctl.operations.acts import ACTS, Answers, Wish
from clusterctl.operations.changes import TRIES, again, wake_workers
from clusterctl.store import job_steps

if TYPE_CHECKING:
    from clusterctl.store import audit, bell, resubmissions, services
else:  # whoever asks through the door needs none of it
    audit, bell, resubmissions, services = later("clusterctl.store", "audit bell resubmissions services")

BATCH = 5_000  # jobs that are locked at once: agents and the leader wait for them
MOVING = refused("nothing done: its state keeps changing; try again")
BEGUN = unchanged("runs again already: it has begun since this was asked for")
PLACED = unchanged("waited again already: it has been given a worker since this was asked for")
CANCELLED = unchanged("cancelled, perhaps by this: the first answer was lost")


@served
def cancel(
    cluster: Cluster,
    ids: Sequence[int],
    *,
    reason: str = "",
    dry_run: bool = False,
    only_if: Mapping[int, Seen] | None = None,
) -> list[Handled]:
    """Cancel what waits, and ask the agents of what runs to stop it; of each job what became of it, by number.

    Unknown ids are not in the answer. The caller and *reason* go into the audit. With *dry_run* nothing is done, and
    the answer says what would be, and as what each job was seen. With *only_if* something is done only to those jobs
    that are so still, in the very moment in which it is done; all others are left as they are. Safe to repeat.
    """
    return handle(cluster, Wish("cancel", reason, only_if=only_if), ids, dry_run=dry_run)


@served
def hold(
    cluster: Cluster,
    ids: Sequence[int],
    *,
    reason: str = "",
    dry_run: bool = False,
    only_if: Mapping[int, Seen] | None = None,
) -> list[Handled]:
    """Keep what has not started from starting until it is released, and stop replicas that run. As ``cancel`` else."""
    return handle(cluster, Wish("hold", reason, only_if=only_if), ids, dry_run=dry_run)


@served
def release(
    cluster: Cluster,
    ids: Sequence[int],
    *,
    reason: str = "",
    dry_run: bool = False,
    only_if: Mapping[int, Seen] | None = None,
) -> list[Handled]:
    """Let what is held wait for a worker again. As ``cancel`` else."""
    return handle(cluster, Wish("release", reason, only_if=only_if), ids, dry_run=dry_run)


@served
def requeue(
    cluster: Cluster,
    ids: Sequence[int],
    *,
    key: str,
    newest: int = job_steps.NEWEST,
    reason: str = "",
    dry_run: bool = False,
    only_if: Mapping[int, Seen] | None = None,
) -> list[Handled]:
    """Let jobs run once more: what has a worker waits again, what has ended is submitted again, as a new job.

    As ``cancel`` else; safe to repeat under the same *key* and with the same *newest* allocation: what has begun since
    has been stopped once.
    """
    return handle(cluster, Wish("requeue", reason, key, newest, only_if), ids, dry_run=dry_run)


@served
def newest_allocation(cluster: Cluster) -> int:
    """The newest that there is, for ``requeue``; 0 if there is none."""
    return job_steps.newest_allocation(cluster.db)


def handle(cluster: Cluster, wish: Wish, ids: Sequence[int], *, dry_run: bool) -> list[Handled]:
    """Look how the jobs stand, decide what the wish means for each, do it; again for those that moved meanwhile."""
    told: dict[int, Handled] = {}
    left = sorted(set(ids) if wish.only_if is None else set(ids) & wish.only_if.keys())
    sizes: dict[int, services.Size] = {}
    for pass_ in range(TRIES):
        mine = wish._replace(key=f"{wish.key}.{pass_}")  # what ends between two passes is another submission
        looked = job_steps.look(cluster.db, left)
        if dry_run or wish.only_if is not None:
            looked = with_kin(cluster, looked)
        sizes |= sizes_of(cluster, looked, sizes)
        told |= moved_on(wish, looked)
        seen = [(job, judge(cluster, wish, job)) for job in looked if job.job_id not in told]
        if dry_run:
            foreseen = [replace(tell(job, step, step.foreseen), seen=job) for job, step in seen]
            return with_sizes([*told.values(), *foreseen], sizes)
        told |= {job.job_id: tell(job, step, step.sentence) for job, step in seen if step.act is None}
        for act in dict.fromkeys(step.act for _, step in seen if step.act):
            told |= carry_out(cluster, mine, act, [job for job, step in seen if step.act == act])
        left = [job.job_id for job, _ in seen if job.job_id not in told]
        if not left:
            break
    moving = job_steps.look(cluster.db, left) if left else []
    told |= {job.job_id: tell(job, MOVING, MOVING.sentence) for job in moving}
    wake(cluster, told.values())
    return with_sizes([told[id] for id in sorted(told)], sizes)


def sizes_of(cluster: Cluster, seen: Sequence[Seen], known: Collection[int]) -> dict[int, services.Size]:
    """How many replicas those services have, before anything is done to them, of which a replica is among *seen*."""
    found = sorted({job.service for job in seen if job.service is not None and job.service not in known})
    return services.sizes(cluster.db, found) if found else {}


def with_sizes(handled: Sequence[Handled], sizes: Mapping[int, services.Size]) -> list[Handled]:
    """The same, each replica told one of how many it is."""
    return [each if each.service is None else replace(each, **sizes[each.service]._asdict()) for each in handled]


def judge(cluster: Cluster, wish: Wish, job: Seen) -> Step:
    """What the wish means for *job*, if it may have been heard before, and done."""
    if (job.allocation or 0) > wish.newest:
        return BEGUN if job.state is JobState.RUNNING else PLACED
    if cluster.repeats and wish.verb == "cancel" and job.state is JobState.CANCELLED:
        return CANCELLED
    return decide(wish.verb, job)


def carry_out(cluster: Cluster, wish: Wish, act: Act, seen: Sequence[Seen]) -> dict[int, Handled]:
    """Do *act* to those that still are as they were *seen*, and keep who did it; batch by batch."""
    told: dict[int, Handled] = {}
    for batch in batches(seen, len(seen) if act == "resubmit" else BATCH):

        def change(batch: Sequence[Seen] = batch) -> Answers:
            with cluster.db.transaction():
                moved = left_out(cluster, wish, batch)
                answers = ACTS[act](cluster, [job.job_id for job in batch if job.job_id not in moved], wish)
                note(cluster, wish, answers)
            told.update(moved)
            return answers

        answers = again(change)
        for job in batch:
            if answer := answers.get(job.job_id):
                was = job if answer.was is None else replace(job, state=answer.was, worker=answer.worker)
                told[job.job_id] = tell(was, step := decide(wish.verb, was), step.sentence, answer.again)
    return told


def left_out(cluster: Cluster, wish: Wish, batch: Sequence[Seen]) -> dict[int, Handled]:
    """Those that are no longer as they had to be, and what is told of them. None of the others moves before the commit.

    None are left out if any version will do.
    """
    if wish.only_if is None:
        return {}
    return moved_on(wish, with_kin(cluster, job_steps.look_and_lock(cluster.db, [job.job_id for job in batch])))


def moved_on(wish: Wish, looked: Sequence[Seen]) -> dict[int, Handled]:
    """What is told of those that are not as they had to be."""
    had_to_be = wish.only_if or {}
    pairs = [(had_to_be.get(job.job_id, job), job) for job in looked]
    steps = [(now, overtaken(wish.verb, before, now)) for before, now in pairs if before != now]
    return {now.job_id: tell(now, step, step.sentence) for now, step in steps}


def with_kin(cluster: Cluster, looked: Sequence[Seen]) -> list[Seen]:
    """The same; those that have ended with the jobs as which they were submitted again."""
    ended = [job.job_id for job in looked if job.state not in LIVE]
    kin = resubmissions.kin(cluster.db, ended) if ended else {}
    return [replace(job, again=kin[job.job_id].again) if job.job_id in kin else job for job in looked]


def note(cluster: Cluster, wish: Wish, answers: Answers) -> None:
    """Keep who did it; of what was submitted again, with the old job the new one, and with the new one the old."""
    again = {old: each.again for old, each in answers.items() if each.again is not None}
    subjects = [f"job:{id}" for id in answers if id not in again]
    audit.note(cluster.db, cluster.caller, wish.verb, subjects, wish.reason)
    if again:
        audit.note_numbers(cluster.db, cluster.caller, wish.verb, again, wish.reason, key="again")
        origins = {new: old for old, new in again.items()}
        audit.note_numbers(cluster.db, cluster.caller, "submit again", origins, wish.reason, key="again_of")


def batches(jobs: Sequence[Seen], size: int) -> Iterator[Sequence[Seen]]:
    """*jobs* in pieces. Of what is submitted again there is one: an array stays one array."""
    return (jobs[at : at + size] for at in range(0, len(jobs), size))


def tell(job: Seen, step: Step, sentence: str, again: int | None = None) -> Handled:
    """What became, or would become, of a job."""
    return Handled(
        job_id=job.job_id,
        fate=step.fate,
        act=step.act,
        state=job.state.value,
        sentence=sentence,
        worker=job.worker,
        again=again,
        service=job.service,
    )


def wake(cluster: Cluster, handled: Iterable[Handled]) -> None:
    """Tell the agents of what is to be stopped, and schedd of what it may place or has room for now."""
    done = [each for each in handled if each.fate == "done"]
    if stopping := {each.worker for each in done if each.state == JobState.RUNNING and each.worker}:
        wake_workers(cluster, stopping)
    if any(each.state != JobState.RUNNING for each in done):
        bell.ring(cluster.db)
