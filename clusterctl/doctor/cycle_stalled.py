"""``cycle_stalled``: jobs wait, and nobody decides."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.scheduling.filters import NEVER
from clusterctl.store import evidence, mends
from clusterctl.store.evidence import Reign
from clusterctl.units import format_age

TAKEOVER = 15.0  # seconds in which a standby takes over
ROUNDS = 5  # a round may take long, but not so many times its rest


class CycleStalled(Check):
    """A leader renews its term and counts its rounds: one that renews and counts none is alive and does not decide."""

    code = "cycle_stalled"
    severity = "critical"
    meaning = "Jobs could start, and the leader decides nothing though it lives; or there is no leader at all."
    cure = "Ends the term of a leader that decides nothing, so that a standby, or itself, begins anew."
    is_stuck = True

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Whether rounds go on while jobs wait."""
        patience = max(TAKEOVER, ROUNDS * cluster.settings.round_every)
        if evidence.decides(cluster.db, TAKEOVER, patience):
            return
        reign = evidence.reign(cluster.db, NEVER)
        if reign.waiting_s is None:
            return
        which = (
            "a job that could start" if reign.could_start else "a job that no worker could have, as was last decided,"
        )
        wait = f"{which} has waited for {format_age(reign.waiting_s)}"
        if reign.renewed_age_s is None or reign.renewed_age_s > TAKEOVER:
            was = f" (the last was {reign.holder})" if reign.holder else ""
            fix = self.by_hand("clusterctl schedd", "start one; for a stack of `up` that is `clusterctl up`")
            yield self.told(reign, f"no schedd leads{was}, and {wait}", fix, 0)
        elif reign.holder and reign.decided_age_s is not None and reign.decided_age_s > patience:
            sentence = f"{reign.holder} leads, and has decided nothing for {format_age(reign.decided_age_s)}; {wait}"
            yield self.told(reign, sentence, self.deposition(reign), reign.decided_age_s)

    def deposition(self, reign: Reign) -> Fix:
        """End its term."""
        return self.fix(
            "cluster",
            f"term {reign.term} of {reign.holder} is over; a standby takes the next, or {reign.holder} itself",
            "none: running jobs go on, and what the old leader still writes is refused",
            term=reign.term,
            rounds=reign.rounds,
        )

    def told(self, reign: Reign, sentence: str, fix: Fix, stalled_s: float) -> Finding:
        """The finding."""
        return self.finding(
            "cluster",
            sentence,
            fix,
            since=reign.decided_at if stalled_s else reign.renewed_at or reign.waiting_since,
            evidence={
                "leader": reign.holder or None,
                "term": reign.term,
                "rounds": reign.rounds,
                "renewed_at": reign.renewed_at,
                "decided_at": reign.decided_at,
                "waiting_since": reign.waiting_since,
            },
        )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Depose it, if it has decided nothing since."""
        guard = finding.fix.guard
        if not mends.depose(cluster.db, guard["term"], guard["rounds"]):
            return self.fated("changed", finding, "it has decided, or another leads")
        return self.fated("done", finding, finding.fix.change)
