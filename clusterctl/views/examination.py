"""What is wrong with the cluster, as the doctor finds it."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.findings import Examination, Finding, FindingCounts


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


def finding_codes() -> list[tuple[str, str]]:
    """Every kind of finding: its code, and what it means."""
    from clusterctl.doctor import registry  # noqa: PLC0415 - as above

    return [(check.code, check.meaning) for check in registry.CHECKS]


@served
def count_findings(cluster: Cluster) -> FindingCounts:
    """How many there are of each severity, of those that are cheap to look for."""
    from clusterctl.doctor import examination  # noqa: PLC0415 - as above

    return examination.count(cluster)
