"""``invariant_broken``: a promise about the rows does not hold, and no other finding explains it."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import invariants
from clusterctl.store.connection import Database

PATIENCE = "5min"  # what reads all rows takes longer than anything else that the command line asks
MOST = 500  # findings; more say nothing more


class InvariantBroken(Check):
    """Reads all rows, and so comes last. There is no mend: nobody knows which of two rows is right."""

    code = "invariant_broken"
    severity = "critical"
    meaning = "Rows contradict a promise: a restore in parts, a hand with the triggers off, or a bug of ours."
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every violation."""
        with Database(cluster.db.url, name="doctor", statement_timeout=PATIENCE) as db:
            found = invariants.violations(db)
        for violation in found[:MOST]:
            kind, _, name = violation.subject.partition(" ")
            yield self.finding(
                f"{kind}:{name}",
                f"{violation.subject} contradicts: {violation.promise}",
                self.by_hand(),
                evidence={"promise": violation.promise},
            )
        if len(found) > MOST:
            yield Note(f"{len(found) - MOST} more rows contradict a promise, and are not shown")
