"""Why a job is where it is, and what would become of one that is not submitted yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.circumstances import UNBORN, Circumstances, Holding, Parent, Serving, Subject
from clusterctl.model.errors import ClusterError, NotFound, Refused
from clusterctl.model.explanation import Explanation, ReplicaLine, Similar
from clusterctl.model.past import Past
from clusterctl.model.pictures import JobPicture, JobStory
from clusterctl.model.selection import Selection
from clusterctl.model.snapshot import MOST_STARTS, QueueGroup, Snapshot
from clusterctl.model.spec import Submission
from clusterctl.model.states import LIVE, TERMINAL, Outcome
from clusterctl.model.validity import check
from clusterctl.store.connection import MANY_WAIT
from clusterctl.views import jobs

if TYPE_CHECKING:
    from clusterctl.store import circumstances, grants, pasts, similar, snapshot, steering
else:  # whoever asks through the door needs none of it
    circumstances, grants, pasts, similar, snapshot, steering = later(
        "clusterctl.store", "circumstances grants pasts similar snapshot steering"
    )

ASKED_BY: dict[str, str] = {
    Outcome.CANCELLED: "cancel",
    Outcome.HELD: "hold",
    Outcome.REQUEUED: "requeue",
}  # as the audit calls it
MOST_PARENTS = 1000  # of whom it is asked what they hold
MOST_REPLICAS = 5000  # that are listed
MOST_LIKE = 1000  # holdings, and shapes, of which it is asked how long their like ran


@served
def explain(cluster: Cluster, job_id: int, *, history: bool = False, whole_service: bool = False) -> Explanation:
    """Why a job is where it is, by the rules that schedd obeys; with *history*, what has delayed it. Raises NotFound.

    With *whole_service* it is the replica that is worst off, of the service that the job belongs to, and all of them.

    Settings of placement that nobody has set in the database are those of this process: schedd's own, through the door.
    """
    with cluster.db.one_moment() as now:
        story = jobs.job(cluster, job_id)
        of = story.job.service
        lives = replicas(cluster, of.id) if of is not None and (whole_service or of.id == job_id) else ()
        if whole_service and lives:
            job_id = worst_of(lives)
            story = jobs.job(cluster, job_id)
        told = explain_one(cluster, story, now)
        if lives:
            told = replace(told, replicas=lines(lives, now))
        return with_history(cluster, told, job_id) if history else told


def explain_one(cluster: Cluster, story: JobStory, now: float) -> Explanation:
    """Why it is where it is."""
    from clusterctl.scheduling import explanation  # noqa: PLC0415 - few commands need the planner

    if story.job.state in TERMINAL:
        return explanation.explain_ended(story, now)
    if story.job.allocation is not None and story.job.state in ("scheduled", "running"):
        return explain_placed(cluster, story)
    return explain_waiting(cluster, story)


def replicas(cluster: Cluster, service_id: int) -> tuple[JobPicture, ...]:
    """Those of a service that live."""
    chosen = Selection(array_id=service_id, states=tuple(LIVE))
    return jobs.queue(cluster, chosen, MOST_REPLICAS, ("id",)).jobs


def worst_of(lives: Sequence[JobPicture]) -> int:
    """The replica that is worst off; there is one."""
    from clusterctl.scheduling.explanation.serving import worst  # noqa: PLC0415 - as above

    return worst(lives).id


def lines(lives: Sequence[JobPicture], now: float) -> tuple[ReplicaLine, ...]:
    """Each of them in a line."""
    from clusterctl.scheduling.explanation.serving import replica_line  # noqa: PLC0415 - as above

    return tuple(replica_line(job, now) for job in lives)


def with_history(cluster: Cluster, told: Explanation, job_id: int) -> Explanation:
    """The same, with what has delayed the job."""
    from clusterctl.scheduling.explanation import history  # noqa: PLC0415 - as above

    past = Past(
        life=pasts.life(cluster.db, job_id),
        tries=tuple(pasts.tries(cluster.db, job_id)),
        deeds=tuple(pasts.deeds(cluster.db, job_id)),
        refusals=tuple(pasts.refusals(cluster.db, job_id)),
    )
    found = history.stretches(past)
    return replace(told, history=found, delays=history.sums(found))


def explain_placed(cluster: Cluster, story: JobStory) -> Explanation:
    """The same of a job that has a worker."""
    from clusterctl.scheduling import explanation  # noqa: PLC0415 - as above

    job_id = story.job.id
    (holding,) = with_like(cluster, circumstances.holdings(cluster.db, [job_id]))
    placement = replace(circumstances.placement(cluster.db, holding), serving=serving(cluster, story))
    if verb := ASKED_BY.get(placement.stop_outcome or ""):
        placement = replace(placement, remark=circumstances.remark(cluster.db, job_id, verb))
    return explanation.explain_placed(story.job, placement)


def serving(cluster: Cluster, story: JobStory) -> Serving | None:
    """How a replica serves; None of a batch job."""
    found = circumstances.serving(cluster.db, story.job.id) if story.job.kind == "service" else None
    if found is None or found.asked == found.wanted:
        return found
    return replace(found, roll=circumstances.roll(cluster.db, found.service_id))


def explain_waiting(cluster: Cluster, story: JobStory) -> Explanation:
    """The same of a job that waits."""
    from clusterctl.scheduling import explanation  # noqa: PLC0415 - as above

    job_id = story.job.id
    parents = [Parent(job_id=each.job_id, condition=each.condition, state=each.state) for each in story.after]
    subject = replace(
        circumstances.subject(cluster.db, job_id),
        remark=circumstances.remark(cluster.db, job_id, "hold"),
        parents=explanation.unmet(parents)[:MOST_PARENTS],
        last_end=explanation.last_end(story.attempts),
    )
    picture = look(cluster, subject)
    return explanation.explain_waiting(picture, subject, gather(cluster, picture, subject, None))


@served
def foresee(cluster: Cluster, submission: Submission) -> Explanation:
    """What would become of *submission* if it were handed in now. Raises BadInput, Refused, NotFound (a dependency)."""
    from clusterctl.scheduling import explanation  # noqa: PLC0415 - as above

    check(submission)
    submission = replace(submission, user=cluster.caller)
    with cluster.db.one_moment() as now:
        parents = parents_of(cluster, submission)
        if hopeless := explanation.explain_hopeless(submission.name, parents):
            return hopeless
        refuse_beyond_quota(cluster, submission)
        left = explanation.unmet(parents)
        subject = Subject(
            job_id=None,
            name=submission.name,
            group=group_of(submission, now),
            array_limit=submission.array_limit,
            ready=False,
            held=submission.hold,
            parents=left[:MOST_PARENTS],
            unmet=len(left),
        )
        picture = look(cluster, subject)
        if submission.every_worker:
            return explanation.explain_everywhere(picture, subject)
        return explanation.explain_waiting(picture, subject, gather(cluster, picture, subject, submission))


@served
def warning(cluster: Cluster, submission: Submission) -> str:
    """Why this will never start as workers and quotas are now; empty if it may. Costs one look at the workers."""
    from clusterctl.scheduling import explanation  # noqa: PLC0415 - as above

    at, workers = snapshot.read_workers(cluster.db)
    granted = grants.of(cluster.db, [submission.tenant])
    quotas = {name: each.quota for name, each in granted.items() if each.quota is not None}
    picture = Snapshot(at=at, workers=workers, queue=(), quotas=quotas)
    return explanation.never_starts(picture, group_of(submission, at))


def look(cluster: Cluster, subject: Subject) -> Snapshot:
    """What schedd would see, and what it would take into account if *subject* stood in its queue."""
    also = () if subject.ready else (subject.group,)
    rules = steering.in_force(cluster.db, cluster.settings)
    grace_s = cluster.settings.term_grace
    memory = cluster.memory
    try:
        return snapshot.look(cluster.db, rules, max_starts=MOST_STARTS, grace_s=grace_s, also=also, memory=memory)
    except ClusterError:
        memory.forget()  # it may hold a part of what was being read
        raise


def gather(cluster: Cluster, picture: Snapshot, subject: Subject, unborn: Submission | None) -> Circumstances:
    """What holds the workers, who waits, and how long their like ran."""
    job_id = subject.group.ids[0]
    held = circumstances.holdings(cluster.db)
    known = {holding.job_id for holding in held}
    if missing := [parent.job_id for parent in subject.parents if parent.job_id not in known]:
        held += circumstances.holdings(cluster.db, missing)
    crowds = circumstances.crowds(cluster.db, subject.group.submitted[0], job_id)
    heads = {group.shape: group.ids[0] for group in picture.queue[:MOST_LIKE]}
    asked = {*(holding.job_id for holding in held[:MOST_LIKE]), *heads.values()}
    asked |= set() if unborn else {job_id}
    found = similar.read(cluster.db, sorted(asked), unborn)
    return Circumstances(
        holdings=tuple(
            holding if holding.job_id not in found else replace(holding, similar=found[holding.job_id])
            for holding in held
        ),
        crowds=tuple(replace(crowd, similar=found.get(heads.get(crowd.shape, -1))) for crowd in crowds),
        similar=found.get(0 if unborn else job_id),
    )


def with_like(cluster: Cluster, held: Sequence[Holding]) -> list[Holding]:
    """The same with what is known of similar jobs."""
    found: dict[int, Similar] = similar.read(cluster.db, [holding.job_id for holding in held])
    return [replace(holding, similar=found.get(holding.job_id)) for holding in held]


def parents_of(cluster: Cluster, submission: Submission) -> list[Parent]:
    """The jobs that it comes after. Raises NotFound."""
    states = circumstances.states(cluster.db, [after.job_id for after in submission.after])
    if missing := [after.job_id for after in submission.after if after.job_id not in states]:
        raise NotFound(f"no such job to depend on: {', '.join(map(str, missing[:10]))}")
    return [
        Parent(job_id=after.job_id, condition=after.condition, state=states[after.job_id]) for after in submission.after
    ]


def refuse_beyond_quota(cluster: Cluster, submission: Submission) -> None:
    """Refused, as the submit would be, if more of its tenant would wait than may."""
    jobs = 1 if submission.indices is None else len(submission.indices)
    if not submission.every_worker and (why := grants.refusal(cluster.db, submission.tenant, jobs)):
        raise Refused(why, MANY_WAIT)


def group_of(submission: Submission, now: float) -> QueueGroup:
    """Its jobs, behind all others."""
    count = 1 if submission.indices is None else len(submission.indices)
    return QueueGroup(
        shape="",
        request=submission.request,
        tenant=submission.tenant,
        priority=submission.priority,
        kind=submission.kind,
        labels=submission.labels,
        worker=submission.worker,
        time_limit_s=submission.time_limit_s,
        slots=submission.array_limit,
        ids=tuple(range(UNBORN, UNBORN + count)),
        submitted=(now,) * count,
    )
