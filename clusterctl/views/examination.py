"""What is wrong with the cluster, as the doctor finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.audit import AuditChoice
from clusterctl.model.claim_log import ClaimChoice
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Examination, Finding, FindingCounts
from clusterctl.store import audit_log, claim_log

FEW = 6  # rows of each log in a finding's story


@served
def findings(cluster: Cluster, targets: Sequence[str] = ()) -> Examination:
    """What is wrong, with the evidence and a fix each; of *targets* only, if there are any.

    What cannot be reached is said, not raised. Raises BadInput and NotFound for targets that are none, SchemaMismatch.
    """
    from clusterctl.doctor import examination  # noqa: PLC0415 - it has many parts, and most commands need none
    from clusterctl.doctor import targets as meant  # noqa: PLC0415 - as above

    wanted = meant.parse(targets)
    return meant.narrow(cluster, examination.examine(cluster, wanted.codes), wanted)


@served
def findings_left(cluster: Cluster, findings: Sequence[Finding]) -> list[Finding]:
    """Those of *findings* that are there still."""
    from clusterctl.doctor import examination  # noqa: PLC0415 - as above

    return examination.remaining(cluster, findings)


@served
def finding_story(cluster: Cluster, finding: Finding) -> FindingStory:
    """What is known about *finding*, and about its job; without one, about its worker."""
    from clusterctl.doctor import registry  # noqa: PLC0415 - as above

    check = registry.BY_CODE.get(finding.code)
    story = FindingStory(meaning=check.meaning if check else "", cure=check.cure if check else "")
    names = dict(subject.split(":", 1) for subject in reversed(finding.concerns) if ":" in subject)  # the first wins
    about: dict[str, Any] = {"worker": names["worker"]} if "worker" in names else {}
    if "job" in names:
        about = {"job_id": int(names["job"])}
    if not about:
        return story
    deeds = audit_log.read(cluster.db, AuditChoice(**about, folded=True), FEW)
    claims = claim_log.read(cluster.db, ClaimChoice(**about), FEW)
    return msgspec.structs.replace(story, deeds=tuple(deeds), claims=tuple(claims))


def finding_codes() -> list[tuple[str, str]]:
    """Every kind of finding: its code, and what it means."""
    from clusterctl.doctor import registry  # noqa: PLC0415 - as above

    return [(check.code, check.meaning) for check in registry.CHECKS]


@served
def count_findings(cluster: Cluster) -> FindingCounts:
    """How many there are of each severity, of those that are cheap to look for."""
    from clusterctl.doctor import examination  # noqa: PLC0415 - as above

    return examination.count(cluster)
