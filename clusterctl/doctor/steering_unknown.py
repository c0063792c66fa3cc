"""``steering_unknown``: somebody has set, for the whole cluster, what this program cannot understand."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import steering


class SteeringUnknown(Check):
    """Another version has written it, or somebody by hand. Rounds go by schedd's own setting instead."""

    code = "steering_unknown"
    severity = "warning"
    meaning = (
        "A setting of placement that was set for the running cluster has a name or a value that this version does not "
        "know; it is ignored, and schedd's own holds."
    )
    clue = "steered"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Read what is set."""
        for each in steering.read(cluster.db):
            if not each.readable:
                yield self.finding(
                    f"setting:{each.name}",
                    f"{each.name} = {each.value!a:.80}, set by {each.set_by}, cannot be understood and is ignored",
                    self.by_hand(f"clusterctl config unset {each.name}", "then set it to what is meant"),
                    since=each.set_at,
                    evidence={"value": each.value, "set_by": each.set_by},
                )
