"""``no_workers``: jobs wait, and there is nobody to run them."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import evidence, waiting
from clusterctl.units import format_age


class NoWorkers(Check):
    """An agent that is restarted signs off and on: that is not worth a word, so the silence must last."""

    code = "no_workers"
    severity = "critical"
    meaning = "Jobs could start, and no worker has been up for longer than `silent_after`."
    clue = "away"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Whether anybody is up."""
        force = waiting.workforce(cluster.db)
        reign = evidence.reign(cluster.db) if not force.up else None
        if reign is None or reign.waiting_since is None or reign.waiting_s is None:
            return
        since = max(filter(None, (reign.waiting_since, force.heard_at)))
        lasted = reign.waiting_s - (since - reign.waiting_since).total_seconds()
        if lasted < cluster.settings.silent_after:
            return
        known = f"none of {force.known} known workers is up" if force.known else "no worker has ever registered"
        yield self.finding(
            "cluster",
            f"{known}, and a job that could start has waited for {format_age(reign.waiting_s)}",
            self.by_hand("clusterctl agentd", "start one; for a stack of `up` that is `clusterctl up`"),
            since=since,
            evidence={
                "up": force.up,
                "known": force.known,
                "away": force.away,
                "heard_at": force.heard_at,
                "waiting_since": reign.waiting_since,
            },
            concerns=tuple(f"worker:{name}" for name in force.away),
        )
