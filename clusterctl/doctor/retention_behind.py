"""``retention_behind``: what should have been forgotten long ago is still there."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import leftovers
from clusterctl.store.leftovers import Keep

PATIENCE = 86_400.0  # seconds: the leader looks every minute
MOST = 10_000  # rows of a kind that are counted


class RetentionBehind(Check):
    """Old rows make nothing wrong, and after a year everything slow."""

    code = "retention_behind"
    severity = "warning"
    meaning = "Rows are older than their `keep_…` setting and a day more: no leader prunes, or it does not keep up."
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """All kinds, in one finding."""
        terms = {kind: getattr(cluster.settings, f"keep_{kind}") for kind in Keep.__struct_fields__}
        keep = Keep(**{kind: seconds + PATIENCE for kind, seconds in terms.items()})
        found = leftovers.leftovers(cluster.db, keep, MOST)
        if not found:
            return
        counts = [f"{'over ' if each.rows == MOST else ''}{each.rows:,} {each.kind}" for each in found]
        flags = " ".join(f"--{each.kind}" for each in found)
        yield self.finding(
            "cluster",
            f"{', '.join(counts)} should have been pruned a day ago and more",
            self.by_hand(
                f"clusterctl prune {flags}",
                "see in the log of schedd why it does not keep up; without a leader nobody prunes",
            ),
            since=min(each.oldest for each in found),
            evidence={each.kind: {"rows": each.rows, "oldest": each.oldest} for each in found},
        )
