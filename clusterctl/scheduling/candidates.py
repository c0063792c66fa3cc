"""How the workers stand to a job, one by one: the table behind a decision, and who could claim a service."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from clusterctl.model.candidates import Candidate
from clusterctl.model.plan import Eligibility
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.scheduling.filters import Sieve, sift
from clusterctl.scheduling.policies import PARTS, POLICIES
from clusterctl.scheduling.roster import Members, Roster, each
from clusterctl.scheduling.rules import Rule
from clusterctl.scheduling.usage import eligible


def candidate_table(group: QueueGroup, snapshot: Snapshot) -> tuple[Candidate, ...]:
    """Every worker by name: the filter that removes it, or its score for *group*, before anything else starts.

    Where the policy for its kind is ``none``, nobody has a score.
    """
    roster = Roster(snapshot)
    rule = roster.rule(group.kind)
    sieve = sift(group, roster)
    if rule is None:
        return tuple(_removed(worker.name, at, sieve) for at, worker in enumerate(roster.workers))

    def candidate(at: int, worker: WorkerPicture) -> Candidate:
        if not sieve.left >> at & 1:
            return _removed(worker.name, at, sieve)
        told = group, worker, worker.free, snapshot.steering
        score = POLICIES[rule.policy](*told)
        return Candidate(worker=worker.name, score=score, parts=PARTS[rule.policy](*told))

    return tuple(candidate(at, worker) for at, worker in enumerate(roster.seen_by(rule)))


def _removed(name: str, at: int, sieve: Sieve) -> Candidate:
    by = next((word for word, gone in sieve.lost.items() if gone >> at & 1), "")
    return Candidate(worker=name, removed_by=by)


def eligibility(roster: Roster, rule: Rule, costs: Sequence[float]) -> Eligibility:
    """Who of those that take work could claim a service, by what each costs now."""
    measured: Members = roster.measured if rule.measures else roster.everyone
    scores = {roster.workers[at].name: costs[at] if measured >> at & 1 else None for at in each(roster.active)}
    return replace(eligible(scores, rule.policy), fallback=rule.fallback)
