"""``starved_tenant``: one tenant waits, and others, no more urgent, are served."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import waiting
from clusterctl.store.waiting import Passed, Waiting
from clusterctl.units import format_age

# Who waits for anything else would not start if it were its turn.
ROOM = ("fits_now", "fits_load", "backfill", "service_claims", "round_full")
PATIENCE = 1800.0  # seconds
TIMES = 10.0  # the median wait of the others
WITHIN = 3600.0  # seconds: what others got longer ago explains nothing
LOOKED_AT = 1000  # shapes


class StarvedTenant(Check):
    """Mostly a job that needs more at once than ever becomes free beside a stream of small ones."""

    code = "starved_tenant"
    severity = "warning"
    meaning = (
        "A tenant's job has waited for room for half an hour and more, ten times as long as the jobs of others, "
        "no more urgent, that started meanwhile (the median of the last hour)."
    )
    is_cheap = False
    clue = "short_of_room"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """The tenants that wait, beside those that were served."""
        shapes = waiting.shapes(cluster.db, ROOM, LOOKED_AT, counted=0)
        late = [shape for shape in shapes if shape.waited_s > PATIENCE]
        oldest = {shape.tenant: shape for shape in sorted(late, key=lambda shape: shape.waited_s)}  # the last one wins
        if not oldest:
            return
        for passed in waiting.passed(cluster.db, list(oldest.values()), WITHIN):
            shape = oldest[passed.tenant]
            if shape.waited_s > TIMES * passed.median_s:
                yield self.told(shape, passed)

    def told(self, shape: Waiting, passed: Passed) -> Finding:
        """The finding."""
        others = "1 job of others has" if passed.starts == 1 else f"{passed.starts} jobs of others have"
        return self.finding(
            f"job:{shape.job_id}",
            f"job {shape.job_id} of tenant {shape.tenant} has waited for room for {format_age(shape.waited_s)}; "
            f"{others} started meanwhile, after {format_age(passed.median_s)} at the median",
            self.by_hand(
                f"clusterctl explain {shape.job_id}",
                "see what it waits for; a higher priority and a drained worker make room for a large job",
            ),
            since=shape.submitted_at,
            evidence={
                "tenant": shape.tenant,
                "priority": shape.priority,
                "reason": shape.reason,
                "waited_s": round(shape.waited_s, 1),
                "started_meanwhile": passed.starts,
                "median_wait_s": round(passed.median_s, 1),
            },
        )
