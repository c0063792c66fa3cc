"""How the workers stand to a job, one by one: the table behind a decision, and who could claim a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from clusterctl.model.candidates import Candidate
from clusterctl.model.plan import Eligibility, Plan
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.scheduling.filters import BACKFILL, sift
from clusterctl.scheduling.policies import PARTS, POLICIES
from clusterctl.scheduling.roster import Members, Roster, Sieve, each
from clusterctl.scheduling.rules import Rule
from clusterctl.scheduling.usage import eligible


def candidate_table(group: QueueGroup, snapshot: Snapshot, kept: int | None = None) -> tuple[Candidate, ...]:
    """Every worker by name: the filter that removes it, or its score for *group*, before anything else starts.

    *kept*: the id of the worker that the round kept from it for another (``kept_from``). Where the policy for its kind
    is ``none``, nobody has a score.
    """
    roster = Roster(snapshot)
    rule = roster.rule(group.kind)
    sieve = withheld(sift(group, roster), roster, kept)
    if rule is None:
        return tuple(_removed(worker.name, at, sieve) for at, worker in enumerate(roster.workers))

    def candidate(at: int, worker: WorkerPicture) -> Candidate:
        if not sieve.left >> at & 1:
            return _removed(worker.name, at, sieve)
        told = group, worker, worker.free, snapshot.steering
        score = POLICIES[rule.policy](*told)
        return Candidate(worker=worker.name, score=score, parts=PARTS[rule.policy](*told))

    return tuple(candidate(at, worker) for at, worker in enumerate(roster.seen_by(rule)))


def kept_from(refusals: Mapping[str, int], outcome: Plan) -> int | None:
    """The id of the worker that *outcome* kept for another, where that is among the *refusals* of a start or wait."""
    return outcome.shadow.worker_id if outcome.shadow is not None and BACKFILL in refusals else None


def withheld(sieve: Sieve, roster: Roster, kept: int | None) -> Sieve:
    """What the chain let pass, without the worker of that id."""
    gone = 0 if kept is None else roster.ids.get(kept, 0) & sieve.left
    if not gone:
        return sieve
    lost = {**sieve.lost, BACKFILL: gone}
    return sieve._replace(lost=lost, removed={**sieve.removed, BACKFILL: 1}, left=sieve.left ^ gone)


def _removed(name: str, at: int, sieve: Sieve) -> Candidate:
    by = next((word for word, gone in sieve.lost.items() if gone >> at & 1), "")
    return Candidate(worker=name, removed_by=by)


def nobody(roster: Roster) -> Eligibility:
    """Where the policy for services is ``none``: nobody claims."""
    names = [roster.workers[at].name for at in each(roster.active)]
    return Eligibility(
        policy="none",
        eligible=(),
        metrics=dict.fromkeys(names),
        minimum=None,
        reasons=dict.fromkeys(names, "policy_disabled"),
    )


def eligibility(roster: Roster, rule: Rule, costs: Sequence[float]) -> Eligibility:
    """Who of those that take work could claim a service, by what each costs now."""
    measured: Members = roster.measured if rule.measures else roster.everyone
    scores = {roster.workers[at].name: costs[at] if measured >> at & 1 else None for at in each(roster.active)}
    return replace(eligible(scores, rule.policy), fallback=rule.fallback)
