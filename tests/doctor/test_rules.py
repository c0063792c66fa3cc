"""What is said about services that are too slow, and about rules that nobody can read."""

from __future__ import annotations

import pytest

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.model.errors import NotFound
from clusterctl.model.orders import Report
from clusterctl.store import steering
from tests.doctor.ward import Ward


def ready(ward: Ward) -> None:
    """Its replicas can serve."""
    ward.db.run("UPDATE allocations SET ready_at = allocated_at, ran_generation = 0")


def test_a_service_that_answers_more_slowly_than_it_should_is_a_finding_while_it_says_so(ward: Ward) -> None:
    replicas = ward.jobs(1, kind="service", indices=(0, 1, 2), name="web", slo_p99_ms=100)
    ward.run(ward.worker(), replicas)
    ready(ward)
    for job, p99_ms in zip(replicas, (90.0, 250.0, 120.0), strict=True):
        operations.report(ward.cluster, job, Report(p99_ms=p99_ms, requests=10))
    finding = ward.sole("slo_violated")
    first, worst, _ = replicas
    assert (finding.subject, finding.severity) == (f"service:{first}", "warning")
    assert finding.sentence == (
        f"2 of 3 replicas of service {first} (web) answer more slowly than 100 ms: p99 up to 250 ms, job {worst} on w1"
    )
    assert (finding.evidence["slow"], finding.evidence["worst_p99_ms"]) == (2, 250.0)
    assert finding.fix.command == f"clusterctl scale {first} 4"
    assert ward.findings(f"service:{first}") == ward.findings(f"job:{worst}") == ward.findings("worker:w1") == [finding]
    ward.later(130)
    ward.decide()
    assert "slo_violated" not in ward.codes(), "that was long ago"


def test_who_keeps_its_slo_or_has_none_is_well(ward: Ward) -> None:
    kept = ward.jobs(1, kind="service", indices=(0,), slo_p99_ms=100)
    free = ward.jobs(1, kind="service", indices=(0,))
    ward.run(ward.worker(), [*kept, *free])
    ready(ward)
    operations.report(ward.cluster, kept[0], Report(p99_ms=100.0))
    operations.report(ward.cluster, free[0], Report(p99_ms=9000.0))
    ward.healthy()


@pytest.mark.parametrize("name, value", [("batch_placement", "by the moon"), ("moon_phase", "full")])
def test_what_was_set_and_cannot_be_understood_is_a_finding(ward: Ward, name: str, value: str) -> None:
    steering.put(ward.db, "queue_order", "fifo", "ada")
    steering.put(ward.db, name, value, "ada")
    finding = ward.sole("steering_unknown")
    assert finding.subject == f"setting:{name}"
    assert finding.sentence == f"{name} = {value!r}, set by ada, cannot be understood and is ignored"
    assert ward.findings(f"setting:{name}") == [finding]
    assert finding.fix.command == f"clusterctl config unset {name}"
    operations.unsteer(ward.cluster, name)
    ward.healthy()


def test_a_subject_of_which_nobody_knows_is_not_found(cluster: Cluster) -> None:
    for subject in ("service:7", "service:web", "setting:lease"):
        with pytest.raises(NotFound):
            views.findings(cluster, [subject])
