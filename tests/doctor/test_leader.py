"""Jobs wait, and nobody decides."""

from __future__ import annotations

from clusterctl.clock import VirtualClock
from clusterctl.store import leader
from schedd.leadership import Chair
from tests.doctor.ward import Ward


def stalled(ward: Ward, seconds: float = 60) -> None:
    """A job waits for so long, and the leader renews and decides nothing."""
    ward.worker()
    ward.jobs()
    for _ in range(int(seconds)):
        ward.later(1)
        leader.renew(ward.db, ward.term, rounds=0)


def test_a_leader_that_lives_and_decides_nothing_is_deposed(ward: Ward) -> None:
    stalled(ward)
    finding = ward.sole("cycle_stalled")
    assert (finding.subject, finding.severity, finding.stuck) == ("cluster", "critical", True)
    assert "scene leads, and has decided nothing for 1m00s" in finding.sentence
    ward.cure(finding)
    assert not leader.renew(ward.db, ward.term, rounds=1), "its term is over"


def test_the_deposed_schedd_may_begin_anew(ward: Ward) -> None:
    chair = Chair(ward.db, "s1", VirtualClock(), lambda holder: holder == "scene")
    first = chair.keep(0)
    assert first is not None
    ward.term = first
    stalled(ward)
    ward.cure(ward.sole("cycle_stalled"))
    assert chair.keep(0) == first + 2


def test_a_leader_that_has_decided_meanwhile_is_left_alone(ward: Ward) -> None:
    stalled(ward)
    finding = ward.sole("cycle_stalled")
    leader.renew(ward.db, ward.term, rounds=1)
    ward.too_late(finding)
    ward.healthy()


def test_another_leader_is_not_deposed_for_it(ward: Ward) -> None:
    stalled(ward)
    finding = ward.sole("cycle_stalled")
    assert leader.take(ward.db, leader.observe(ward.db), "another")
    ward.too_late(finding)
    ward.healthy()


def test_without_a_job_that_could_start_nobody_need_decide(ward: Ward) -> None:
    stalled(ward)
    ward.db.run("UPDATE jobs SET state = 'held'")
    ward.healthy()


def test_that_nobody_leads_is_said_with_what_to_start(ward: Ward) -> None:
    ward.worker()
    ward.jobs()
    leader.resign(ward.db, ward.term)
    ward.later(14)
    assert ward.findings() == []
    ward.later(2)
    finding = ward.sole("cycle_stalled")
    assert "no schedd leads" in finding.sentence
    assert (finding.fix.command, finding.fix.available) == ("clusterctl schedd", False)


def test_a_leader_that_no_longer_renews_leads_no_more(ward: Ward) -> None:
    ward.worker()
    ward.jobs()
    ward.later(20)
    assert "no schedd leads (the last was scene)" in ward.sole("cycle_stalled").sentence


def of_the_leader(ward: Ward) -> str:
    """What is said of who decides; other things may be wrong too."""
    (finding,) = [each for each in ward.findings() if each.code == "cycle_stalled"]
    return finding.sentence


def test_a_job_that_can_never_start_is_no_evidence_that_nobody_decides(ward: Ward) -> None:
    ward.worker(cpus=8)
    ward.jobs(cpus=9)
    ward.plan()
    ward.later(300)
    assert "no worker could have, as was last decided, has waited for 5m00s" in of_the_leader(ward)
    ward.jobs()
    ward.later(30)
    assert "a job that could start has waited for 30s" in of_the_leader(ward), "not for what the other has waited"
