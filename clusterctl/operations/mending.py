"""Putting right what the doctor found."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.findings import Finding, Mended
from clusterctl.operations.changes import wake_workers
from clusterctl.store import bell


@served
def mend(cluster: Cluster, findings: Sequence[Finding], *, reason: str) -> list[Mended]:
    """Apply the fixes of *findings*, one by one, each only if all still is as it was found; what became of each.

    The caller and *reason* go into the audit. What a mend needs of others, they are woken for.
    """
    from clusterctl.doctor import mending  # noqa: PLC0415 - it has many parts, and most commands need none

    outcomes = [mending.mend(cluster, finding, reason=reason) for finding in findings]
    pairs = zip(findings, outcomes, strict=True)
    concerned = {each for finding, mended in pairs if mended.fate == "done" for each in finding.concerns}
    if concerned:
        bell.ring(cluster.db)
    if names := {each.removeprefix("worker:") for each in concerned if each.startswith("worker:")}:
        wake_workers(cluster, names)
    return outcomes
