"""Jobs that wait: for what is not there, for too long, or longer than others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.model.findings import FindingCounts
from clusterctl.model.resources import Resources
from clusterctl.store import workers
from tests.doctor.ward import Ward


@pytest.fixture
def five_expected(cluster: Cluster) -> Iterator[Ward]:
    """A ward whose operator expects five workers."""
    with Cluster(replace(cluster.settings, expected_workers=5), caller="doctor") as expecting:
        yield Ward(expecting)


def full(ward: Ward, seconds: float) -> tuple[int, int]:
    """All of w1 runs a job, and another has waited for it for so long; their numbers."""
    running = ward.jobs(cpus=8)
    ward.run(ward.worker(cpus=8), running)
    (waiting,) = ward.jobs(cpus=1)
    ward.plan()
    ward.later(seconds)
    ward.decide()
    return running[0], waiting


def test_jobs_that_no_worker_could_ever_hold_are_named_once_for_all_like_them(ward: Ward) -> None:
    ward.worker(cpus=8)
    first, *_ = ward.jobs(3, cpus=9)
    ward.plan()
    finding = ward.sole("unsatisfiable")
    assert (finding.subject, finding.severity) == (f"job:{first}", "warning")
    assert f"job {first} and 2 like it wait for what no registered worker has: needs 9 CPUs" in finding.sentence
    assert (finding.evidence["reason"], finding.evidence["jobs"]) == ("unsatisfiable", 3)
    assert (finding.fix.command, finding.fix.available) == (f"clusterctl explain {first}", False)


@pytest.mark.parametrize(
    "wishes, reason, cure",
    [
        ({"labels": {"disk": "fast"}}, "label", "put the label on a worker"),
        ({"worker": "nobody"}, "named_worker", "`clusterctl workers` lists the names"),
    ],
)
def test_neither_is_there_a_worker_with_such_a_label_or_name(
    ward: Ward, wishes: dict[str, Any], reason: str, cure: str
) -> None:
    ward.worker()
    ward.jobs(**wishes)
    ward.plan()
    finding = ward.sole("unsatisfiable")
    assert finding.evidence["reason"] == reason
    assert finding.fix.change.startswith(cure)


def test_what_waits_for_room_only_or_for_a_worker_to_be_heard_is_satisfiable(ward: Ward) -> None:
    ward.run(ward.worker("w1", cpus=8), ward.jobs(cpus=8))
    ward.worker("w2", cpus=2)
    ward.jobs(cpus=4)
    ward.plan()
    assert ward.codes() == []
    workers.silence(ward.db, ward.term, {1: 1, 2: 1})
    ward.plan()
    assert "unsatisfiable" not in ward.codes()


def test_once_a_worker_joins_that_can_hold_it_all_is_well(ward: Ward) -> None:
    ward.worker(cpus=8)
    ward.jobs(cpus=9)
    ward.plan()
    assert ward.codes() == ["unsatisfiable"]
    ward.worker("w2", cpus=9)
    ward.plan()
    ward.healthy()


def test_of_many_only_so_many_are_counted(ward: Ward) -> None:
    ward.worker(cpus=8)
    ward.jobs(150, cpus=9)
    ward.plan()
    finding = ward.sole("unsatisfiable")
    assert (finding.evidence["jobs"], finding.evidence["more"]) == (100, True)
    assert "and over 100 like it wait" in finding.sentence


def test_that_nobody_is_there_to_run_a_job_is_critical(ward: Ward) -> None:
    ward.jobs()
    ward.later(14)
    ward.decide()
    assert ward.findings() == []
    ward.later(2)
    finding = ward.sole("no_workers")
    assert (finding.subject, finding.severity) == ("cluster", "critical")
    assert "no worker has ever registered, and a job that could start has waited for 16s" in finding.sentence
    assert finding.fix.command == "clusterctl agentd"
    counts = views.status(ward.cluster).findings
    assert counts == FindingCounts(critical=1)


def test_workers_that_are_away_are_none_but_one_that_is_restarted_has_its_time(ward: Ward) -> None:
    ward.worker("w1")
    (job,) = ward.jobs()
    ward.later(3600)
    ward.decide()
    ward.worker("w1")
    workers.silence(ward.db, ward.term, ward.beats())
    assert "no_workers" not in ward.codes(), "it was heard a moment ago"
    ward.later(16)
    ward.decide()
    finding = ward.sole("no_workers")
    assert "none of 1 known workers is up" in finding.sentence
    assert finding.evidence["away"] == ["w1"]
    assert "worker:w1" in finding.concerns
    ward.db.run("UPDATE jobs SET state = 'held' WHERE id = %s", job)
    assert ward.findings() == [], "nobody waits"


def test_as_many_workers_as_expected_should_be_up(five_expected: Ward) -> None:
    for number in range(4):
        five_expected.worker(f"w{number}")
    workers.silence(five_expected.db, five_expected.term, {1: five_expected.beats()[1]})
    finding = five_expected.sole("workers_below_expected")
    assert finding.sentence == "3 of 5 expected workers are up: w0 not up; 1 never seen"
    assert finding.evidence == {"expected": 5, "up": 3, "known": 4, "away": ["w0"]}
    five_expected.worker("w4")
    assert five_expected.sole("workers_below_expected").sentence == "4 of 5 expected workers are up: w0 not up"
    five_expected.worker("w0")
    five_expected.healthy()


def test_a_full_cluster_with_a_queue_says_so_after_ten_minutes(ward: Ward) -> None:
    _, waiting = full(ward, 590)
    assert ward.findings() == []
    ward.later(20)
    ward.decide()
    finding = ward.sole("utilization_high")
    assert (finding.severity, finding.evidence["utilization"]) == ("info", 1.0)
    assert f"100% of 8 CPUs are held, and job {waiting} has waited for room for 10m" in finding.sentence
    assert f"job:{waiting}" in finding.concerns


def test_a_queue_beside_free_cpus_is_no_full_cluster(ward: Ward) -> None:
    ward.worker("free", cpus=2)
    ward.run(ward.worker("w1", cpus=8), ward.jobs(cpus=8))
    ward.jobs(cpus=4)
    ward.plan()
    ward.later(3600)
    ward.decide()
    assert ward.codes() == []


def test_a_tenant_that_waits_while_others_no_more_urgent_are_served_is_starved(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(cpus=7, tenant="small"))
    (large,) = ward.jobs(cpus=8, tenant="large")
    ward.plan()
    for _ in range(5):
        ward.later(300)
        ward.finish(worker, ward.jobs(cpus=1, tenant="small")[0])
    ward.decide()
    assert ward.findings() == [], "not yet half an hour"
    ward.later(600)
    ward.decide()
    finding = ward.sole("starved_tenant")
    assert (finding.subject, finding.severity) == (f"job:{large}", "warning")
    assert "of tenant large has waited for room for 35m" in finding.sentence
    assert (finding.evidence["started_meanwhile"], finding.evidence["median_wait_s"]) == (5, 0.0)


@pytest.mark.parametrize("reason", ["fits_load", "backfill", "service_claims", "round_full"])
def test_so_is_one_whatever_kind_of_room_it_waits_for(ward: Ward, reason: str) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(cpus=7, tenant="small"))
    ward.jobs(cpus=8, tenant="large")
    ward.plan()
    for _ in range(5):
        ward.later(600)
        ward.finish(worker, ward.jobs(cpus=1, tenant="small")[0])
    ward.decide()
    ward.db.run("UPDATE claims SET reason = %s WHERE open", reason)
    assert ward.sole("starved_tenant").evidence["reason"] == reason


@pytest.mark.parametrize("theirs", [{"tenant": "large"}, {"tenant": "small", "priority": 90}])
def test_who_waits_behind_its_own_jobs_or_more_urgent_ones_is_not_starved(ward: Ward, theirs: dict[str, Any]) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(cpus=7, tenant="small"))
    ward.jobs(cpus=8, tenant="large")
    ward.plan()
    ward.later(2400)
    ward.finish(worker, ward.jobs(cpus=1, **theirs)[0])
    ward.decide()
    assert ward.codes() == []


def test_where_all_wait_long_nobody_is_starved(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(cpus=7, tenant="small"))
    ward.jobs(cpus=8, tenant="large")
    ward.plan()
    others = ward.jobs(3, cpus=1, tenant="small")
    ward.later(2400)
    for job in others:
        ward.finish(worker, job)
    ward.decide()
    assert ward.codes() == []


def ended(ward: Ward, seconds: float, count: int = 5, **wishes: Any) -> None:
    """So many jobs called ``train`` have run for so long, one after the other, and completed."""
    worker = ward.worker()
    for _ in range(count):
        (order,), token = ward.run(worker, ward.jobs(name="train", **wishes))
        ward.later(seconds)
        ward.end(order, token)


def test_a_job_that_runs_much_longer_than_others_like_it_is_worth_a_look(ward: Ward) -> None:
    ended(ward, 250)
    (job,) = ward.jobs(name="train")
    ward.run(ward.worker(), [job])
    ward.later(700)
    ward.decide()
    assert ward.findings() == [], "not yet three times as long"
    ward.later(100)
    ward.decide()
    finding = ward.sole("runs_long")
    assert (finding.subject, finding.severity) == (f"job:{job}", "info")
    assert finding.evidence == {"worker": "w1", "name": "train", "ran_s": 800.0, "usual_s": 250.0, "alike": 5}


@pytest.mark.parametrize("of_whom", [{"name": "other"}, {"tenant": "other"}, {"user": "other"}])
def test_it_is_compared_with_its_like_only(ward: Ward, of_whom: dict[str, Any]) -> None:
    ended(ward, 1)
    ward.run(ward.worker(), ward.jobs(**{"name": "train", **of_whom}))
    (like,) = ward.jobs(name="train")
    ward.run(ward.worker(), [like])
    ward.later(3600)
    ward.decide()
    assert ward.sole("runs_long").subject == f"job:{like}"


def test_four_are_no_habit(ward: Ward) -> None:
    ended(ward, 1, count=4)
    ward.run(ward.worker(), ward.jobs(name="train"))
    ward.later(3600)
    ward.decide()
    assert ward.findings() == []


def test_a_job_that_nobody_ends_at_its_limit_is_a_warning(ward: Ward) -> None:
    (job,) = ward.jobs(time_limit_s=60)
    ward.run(ward.worker(), [job])
    ward.later(60 + 30 + 14)
    ward.decide()
    assert ward.findings() == [], "its supervisor has its grace, and its agent three beats"
    ward.later(2)
    finding = ward.sole("runs_long")
    assert (finding.subject, finding.severity) == (f"job:{job}", "warning")
    assert "has run for 1m46s on w1, and may for 1m00s" in finding.sentence
    assert finding.fix.command == f"clusterctl cancel {job}"


def test_of_a_worker_that_is_not_heard_nobody_knows_how_long_its_jobs_run(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs(time_limit_s=60))
    ward.silence(20)
    ward.later(600)
    ward.decide()
    assert ward.codes() == ["dead_worker_jobs"]


def test_the_shape_of_a_request_is_told_in_words(ward: Ward) -> None:
    ward.worker(cpus=8)
    ward.jobs(request=Resources(1000, 10**6))
    ward.plan()
    assert "needs" in ward.sole("unsatisfiable").evidence["detail"]
