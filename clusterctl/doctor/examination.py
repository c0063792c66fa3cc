"""Looking at the whole cluster, or at what is cheap to look at: whatever cannot be reached is said, not raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.doctor.registry import BY_CODE, CHECKS
from clusterctl.doctor.starved_tenant import ROOM
from clusterctl.doctor.utilization_high import FULL
from clusterctl.model.errors import Moved, Outage, SchemaMismatch
from clusterctl.model.findings import Examination, Finding, FindingCounts, Unchecked
from clusterctl.scheduling.filters import NEVER
from clusterctl.store import clues, migrations
from clusterctl.store.clues import Clue

SCHEMA = "our schema"  # what a check needs that reads our own rows


def examine(cluster: Cluster, codes: Collection[str] = ()) -> Examination:
    """Look for everything, or only for *codes*. With another schema than ours, what reads no rows is looked at."""
    chosen = [check for check in CHECKS if not codes or check.code in codes]
    if not uses_redis(cluster):
        chosen = [check for check in chosen if "redis" not in check.needs]
    down: dict[str, str] = {}
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    notes: list[str] = []
    probe(cluster, down, {need for check in chosen for need in needs(check)})
    for check in chosen:
        trouble = next((down[need] for need in needs(check) if need in down), None)
        if trouble is None:
            try:
                found = list(check.look(cluster))
            except (Outage, Moved, SchemaMismatch) as stopped:  # Moved: another's lock was in the way for too long
                trouble = str(stopped)
                probe(cluster, down, needs(check))
            else:
                findings += [each for each in found if isinstance(each, Finding) and not explained(each, findings)]
                notes += [each.sentence for each in found if isinstance(each, Note)]
        if trouble is not None:
            unchecked.append(Unchecked(code=check.code, reason=trouble))
    return Examination(findings=tuple(findings), unchecked=tuple(unchecked), notes=tuple(notes))


def count(cluster: Cluster) -> FindingCounts:
    """How many findings a glance at Postgres shows, by severity. Raises Outage, SchemaMismatch.

    One statement tells where there is something to look at; a healthy cluster is asked little more.
    """
    there = clues_of(cluster)
    checks: Iterable[Check] = (
        check for check in CHECKS if check.needs == ("postgres",) and (check.clue is None or check.clue in there)
    )
    sums = Counter(found.severity for check in checks for found in check.glance(cluster) if isinstance(found, Finding))
    return FindingCounts(critical=sums["critical"], warning=sums["warning"], info=sums["info"])


def clues_of(cluster: Cluster) -> frozenset[Clue]:
    """For which checks there is something to look at."""
    return clues.read(cluster.db, short_of_room=ROOM, hopeless=sorted(NEVER), nearly_full=FULL)


def remaining(cluster: Cluster, findings: Collection[Finding]) -> list[Finding]:
    """Those of *findings* that a new look finds again: one mend may have put right what another was about."""
    again = examine(cluster, {finding.code for finding in findings}).findings if findings else ()
    there = {(finding.code, finding.subject) for finding in again}
    return [finding for finding in findings if (finding.code, finding.subject) in there]


def needs(check: Check) -> tuple[str, ...]:
    """What must answer, or be so, before *check* can look."""
    return (*check.needs, SCHEMA) if check.reads_rows else check.needs


def probe(cluster: Cluster, down: dict[str, str], wanted: Collection[str]) -> None:
    """See whether each of *wanted* is there, and note in *down* why it is not."""
    for need in ("postgres", SCHEMA, "redis"):
        if need not in wanted or need in down or (need == SCHEMA and "postgres" in down):  # nobody waits twice for it
            continue
        try:
            ask(cluster, need)
        except (Outage, SchemaMismatch) as trouble:
            down[need] = str(trouble)


def ask(cluster: Cluster, need: str) -> None:
    """Let *need* answer. Raises Outage, SchemaMismatch."""
    if need == "redis":
        cluster.redis.ping()
    elif need == SCHEMA:
        migrations.check(cluster.db)
    else:
        migrations.applied(cluster.db)


def uses_redis(cluster: Cluster) -> bool:
    """Whether this cluster wants a Redis at all."""
    return cluster.settings.redis_url != "none"


def explained(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether a broken promise is the very thing that another finding is about."""
    promise = finding.evidence.get("promise")
    return promise is not None and any(
        promise in BY_CODE[other.code].covers and finding.subject in other.concerns for other in others
    )
