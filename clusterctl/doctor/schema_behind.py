"""``schema_behind``: the database's schema and this program are not of one version."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import migrations


class SchemaBehind(Check):
    """Looks before anything else does: with another schema nothing else of ours can be looked at."""

    code = "schema_behind"
    severity = "critical"
    meaning = "The database lacks migrations of this program, or has some that this program does not know."
    reads_rows = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Compare the steps that were applied with those that we bring."""
        have, known = migrations.applied(cluster.db), {step.version: step.name for step in migrations.known()}
        missing = [name for version, name in known.items() if version not in have]
        unknown = sorted(set(have) - set(known))
        evidence = {"schema": max(have, default=0), "program": max(known), "missing": missing, "unknown": unknown}
        if unknown:
            yield self.finding(
                "cluster",
                f"the database's schema is at version {max(have)}, newer than this program's {max(known)}",
                self.by_hand("", "upgrade clusterctl on this machine"),
                evidence=evidence,
            )
        elif missing:
            yield self.finding(
                "cluster",
                f"the database lacks {', '.join(missing)}: no daemon of this version works with it"
                if have
                else "the database has no schema of ours",
                self.by_hand("clusterctl db migrate", "applies what is missing; stop the daemons of other versions"),
                evidence=evidence,
            )
