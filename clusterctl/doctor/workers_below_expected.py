"""``workers_below_expected``: fewer workers are up than there should be."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import waiting


class WorkersBelowExpected(Check):
    """Only an operator knows how many there should be: a worker that never registered is missed by nobody else."""

    code = "workers_below_expected"
    severity = "warning"
    meaning = "Fewer workers are up than the setting `expected_workers` says; 0 there expects none."

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Count them."""
        expected = cluster.settings.expected_workers
        force = waiting.workforce(cluster.db) if expected > 0 else None
        if force is None or force.up >= expected:
            return
        never = expected - force.known
        absent = [f"{', '.join(force.away)} not up"] if force.away else []
        absent += [f"{never} never seen"] if never > 0 else []
        yield self.finding(
            "cluster",
            f"{force.up} of {expected} expected workers {'is' if force.up == 1 else 'are'} up: {'; '.join(absent)}",
            self.by_hand(
                "clusterctl workers", "start those that are missing, or set expected_workers to what there is"
            ),
            evidence={"expected": expected, "up": force.up, "known": force.known, "away": force.away},
            concerns=tuple(f"worker:{name}" for name in force.away),
        )
