"""Applying the mends of findings, one by one, each with its entry in the audit."""

from __future__ import annotations

from contextlib import nullcontext

from clusterctl.cluster import Cluster
from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.errors import Moved, Outage
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import audit


def mend(cluster: Cluster, finding: Finding, *, reason: str) -> Mended:
    """Mend *finding*, if it still is as it was found. An outage is a refusal: it may or may not have been done.

    What is only in Postgres is written in one transaction with its audit.
    """
    check = BY_CODE[finding.code]
    if not finding.fix.available:
        command = f"`{finding.fix.command}`" if finding.fix.command else ""
        told = ", ".join(part for part in (command, finding.fix.change) if part)
        return check.fated("refused", finding, f"left to a person: {told or 'nobody knows what would be right'}")
    together = cluster.db.transaction() if check.needs == ("postgres",) else nullcontext()
    try:
        with together:
            mended = check.mend(cluster, finding)
            if mended.fate == "done":
                audit.note(cluster.db, cluster.caller, f"mend {finding.code}", [finding.subject], reason)
    except Moved:
        return check.fated("changed", finding, "the world has moved while it was mended")
    except Outage as outage:
        return check.fated("refused", finding, str(outage))
    return mended
