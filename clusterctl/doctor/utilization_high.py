"""``utilization_high``: the cluster is full, and jobs wait for it to be less so."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, cpus
from clusterctl.model.findings import Finding
from clusterctl.store import waiting
from clusterctl.units import format_age

FULL = 0.95  # of all CPUs; the rest is too little in too many places to be of use
PATIENCE = 600.0  # seconds; a shorter queue is what a cluster is there for
LOOKED_AT = 200  # shapes


class UtilizationHigh(Check):
    """No fault of the cluster: it does all it can. It says that more would be used at once."""

    code = "utilization_high"
    severity = "info"
    meaning = (
        "95 % and more of the CPUs that are up are reserved or allocated, and a job has waited for longer than ten "
        "minutes for nothing but room."
    )
    clue = "full"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Whether there is no room, and who wants some."""
        force = waiting.workforce(cluster.db)
        if not force.cpu_milli or force.held_milli < FULL * force.cpu_milli:
            return
        shapes = waiting.shapes(cluster.db, ["fits_now"], LOOKED_AT, counted=0)
        late = [each for each in shapes if each.waited_s > PATIENCE]
        if not late:
            return
        oldest = max(late, key=lambda each: each.waited_s)
        utilization = force.held_milli / force.cpu_milli
        yield self.finding(
            "cluster",
            f"{utilization:.0%} of {cpus(force.cpu_milli)} are held, and job {oldest.job_id} has waited for room for "
            f"{format_age(oldest.waited_s)}",
            self.by_hand("clusterctl tenants", "who holds how much; another worker would be used at once"),
            since=oldest.submitted_at,
            evidence={
                "utilization": round(utilization, 4),
                "cpus": force.cpu_milli / 1000,
                "held": force.held_milli / 1000,
                "job_id": oldest.job_id,
                "waited_s": round(oldest.waited_s, 1),
                "waiting_shapes": len(late),
            },
            concerns=(f"job:{oldest.job_id}",),
        )
