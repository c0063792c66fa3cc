"""Looking at the whole cluster, or at what is cheap to look at: whatever cannot be reached is said, not raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.doctor.registry import BY_CODE, CHECKS
from clusterctl.model.errors import Moved, Outage
from clusterctl.model.findings import Examination, Finding, FindingCounts, Server, Unchecked
from clusterctl.store import migrations


def examine(cluster: Cluster, codes: Collection[str] = ()) -> Examination:
    """Look for everything, or only for *codes*. Raises SchemaMismatch."""
    chosen = [check for check in CHECKS if not codes or check.code in codes]
    if not uses_redis(cluster):
        chosen = [check for check in chosen if "redis" not in check.needs]
    down: dict[Server, str] = {}
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    notes: list[str] = []
    probe(cluster, down, {server for check in chosen for server in check.needs})
    for check in chosen:
        trouble = next((down[server] for server in check.needs if server in down), None)
        if trouble is None:
            try:
                found = list(check.look(cluster))
            except (Outage, Moved) as outage:  # Moved: a lock of somebody else was in the way for too long
                trouble = str(outage)
                probe(cluster, down, check.needs)
            else:
                findings += [each for each in found if isinstance(each, Finding) and not explained(each, findings)]
                notes += [each.sentence for each in found if isinstance(each, Note)]
        if trouble is not None:
            unchecked.append(Unchecked(code=check.code, reason=trouble))
    return Examination(findings=tuple(findings), unchecked=tuple(unchecked), notes=tuple(notes))


def count(cluster: Cluster) -> FindingCounts:
    """How many findings the cheap checks of Postgres have, by severity. Raises Outage."""
    cheap: Iterable[Check] = (check for check in CHECKS if check.is_cheap and check.needs == ("postgres",))
    sums = Counter(found.severity for check in cheap for found in check.look(cluster) if isinstance(found, Finding))
    return FindingCounts(critical=sums["critical"], warning=sums["warning"], info=sums["info"])


def remaining(cluster: Cluster, findings: Collection[Finding]) -> list[Finding]:
    """Those of *findings* that a new look finds again: one mend may have put right what another was about."""
    again = examine(cluster, {finding.code for finding in findings}).findings if findings else ()
    there = {(finding.code, finding.subject) for finding in again}
    return [finding for finding in findings if (finding.code, finding.subject) in there]


def probe(cluster: Cluster, down: dict[Server, str], servers: Collection[Server]) -> None:
    """Ask each of *servers* for an answer, and note in *down* why there is none."""
    if "postgres" in servers and "postgres" not in down:
        try:
            migrations.check(cluster.db)
        except Outage as outage:
            down["postgres"] = str(outage)
    if "redis" in servers and "redis" not in down:
        try:
            cluster.redis.ping()
        except Outage as outage:
            down["redis"] = str(outage)


def uses_redis(cluster: Cluster) -> bool:
    """Whether this cluster wants a Redis at all."""
    return cluster.settings.redis_url != "none"


def explained(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether a broken promise is the very thing that another finding is about."""
    promise = finding.evidence.get("promise")
    return promise is not None and any(
        promise in BY_CODE[other.code].covers and finding.subject in other.concerns for other in others
    )
