"""``unsatisfiable``: jobs wait for a worker that the cluster does not have."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, some_jobs
from clusterctl.model.findings import Finding
from clusterctl.scheduling.filters import NEVER
from clusterctl.store import waiting

# What helps, by what no worker has.
CURES = {
    "unsatisfiable": "ask for less, or add a worker that is large enough",
    "label": "put the label on a worker (`clusterctl label NAME KEY=VALUE`), or cancel it and ask for another",
    "named_worker": "`clusterctl workers` lists the names: add a worker of this name, or cancel it and name another",
}
MOST = 200  # findings; more say nothing more


class Unsatisfiable(Check):
    """As the planner has it, in the claim log: whoever else judged might judge otherwise."""

    code = "unsatisfiable"
    severity = "warning"
    meaning = "No registered worker could ever hold these jobs: too small, without their labels, or of another name."
    clue = "hopeless"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every such shape, by its oldest job."""
        found = waiting.shapes(cluster.db, NEVER, MOST + 1)
        for shape in found[:MOST]:
            yield self.finding(
                f"job:{shape.job_id}",
                f"{some_jobs(shape)} for what no registered worker has: {shape.said or shape.reason}",
                self.by_hand(f"clusterctl explain {shape.job_id}", CURES.get(shape.reason, CURES["unsatisfiable"])),
                since=shape.since,
                evidence={
                    "reason": shape.reason,
                    "detail": shape.said,
                    "jobs": min(shape.jobs, waiting.COUNTED),
                    "more": shape.jobs > waiting.COUNTED,
                    "tenant": shape.tenant,
                    "submitted_at": shape.submitted_at,
                },
            )
        if len(found) > MOST:
            yield Note(f"more than {MOST} kinds of jobs wait for what no worker has; the others are not shown")
