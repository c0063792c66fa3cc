"""The last rounds: what they gave and saw, and the table of candidates of one decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.model.errors import NotFound
from clusterctl.model.resources import Resources
from clusterctl.model.rounds import Given, KeptRound, RoundClaim
from clusterctl.model.selection import Limit
from clusterctl.model.snapshot import MOST_STARTS, QueueGroup, Snapshot, WorkerPicture
from clusterctl.store import choice, circumstances, claim_log, rounds, snapshot, steering
from clusterctl.views.claims import only

DECISIONS = ("Claimed", "ClaimAttempt", "ClaimSkipped")


@served
def round_list(cluster: Cluster, limit: Limit = 500) -> tuple[RoundClaim, ...]:
    """What the newest rounds that are kept gave to whom, oldest first, and how used the workers were then."""
    return tuple(rounds.recent(cluster.db, limit))


@served
def claim(cluster: Cluster, claim_id: int) -> ClaimStory:
    """One row of the claim log, and how each worker stood to it. Raises NotFound."""
    found = claim_log.one(cluster.db, claim_id)
    if found is None:
        raise NotFound(f"no claim {claim_id}", "`clusterctl claims -o wide` has their numbers")
    if found.event not in DECISIONS or found.job_id is None:
        return ClaimStory(claim=found)
    if not choice.ids(cluster.db, only(found.job_id), 1):
        return ClaimStory(claim=found, untold=f"job {found.job_id} is forgotten, so nobody can say what it asked for")
    group = circumstances.subject(cluster.db, found.job_id).group
    return now(cluster, found, group) if found.open else then(cluster, found, group)


def now(cluster: Cluster, found: ClaimPicture, group: QueueGroup) -> ClaimStory:
    """How the workers stand to what is refused still."""
    from clusterctl.scheduling import candidate_table, plan  # noqa: PLC0415 - few commands need the planner
    from clusterctl.scheduling.candidates import kept_from  # noqa: PLC0415 - as above

    rules = steering.in_force(cluster.db, cluster.settings)
    grace_s = cluster.settings.term_grace
    picture = snapshot.look(cluster.db, rules, max_starts=MOST_STARTS, grace_s=grace_s, also=(group,))
    outcome = plan(picture)
    wait = next((wait for wait in outcome.waits if wait.shape == group.shape), None)
    table = candidate_table(group, picture, None if wait is None else kept_from(wait.refusals, outcome))
    return ClaimStory(claim=found, candidate_table=table, seen_at=datetime.fromtimestamp(picture.at, UTC))


def then(cluster: Cluster, found: ClaimPicture, group: QueueGroup) -> ClaimStory:
    """How they stood when the round came to it, if that round is kept."""
    from clusterctl.scheduling.candidates import candidate_table  # noqa: PLC0415 - as above

    kept = None if found.round is None else rounds.read(cluster.db, found.round)
    if kept is None:
        return ClaimStory(
            claim=found,
            untold=f"what round {found.round} saw is not kept: only the last rounds are, and of those that gave no"
            " replica of a service one a second",
        )
    was_kept = "backfill" in (found.reasons or {})
    given = rounds.given_before(cluster.db, kept.number, found.id)
    # Whether the limit of its array held it up then is what the row says; how many run now says nothing of it.
    group = replace(group, slots=0 if found.reason == "array_limit" else None)
    return ClaimStory(
        claim=found,
        candidate_table=candidate_table(group, seen(kept, given, group), kept.kept_worker_id if was_kept else None),
        seen_at=datetime.fromtimestamp(kept.at, UTC),
        given_before=len(given),
    )


def seen(kept: KeptRound, given: Sequence[Given], group: QueueGroup) -> Snapshot:
    """What a round saw of the workers, less what it had given since."""
    workers = {worker.id: worker for worker in kept.workers}
    for each in given:
        workers[each.worker_id] = burdened(workers[each.worker_id], each)
    return Snapshot(at=kept.at, workers=tuple(workers.values()), queue=(group,), steering=kept.rules)


def burdened(worker: WorkerPicture, given: Given) -> WorkerPicture:
    """The worker with one job more, that nobody has measured yet."""
    held = {**worker.held_by_tenant}
    held[given.tenant] = held.get(given.tenant, Resources()) + given.request
    return replace(
        worker,
        reserved=worker.reserved + given.request,
        charged=worker.charged + given.request,
        services=worker.services + (given.kind == "service"),
        held_by_tenant=held,
    )
