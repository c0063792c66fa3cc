"""Workers that are gone, or take no work, or are of another make; their disks, and what they have kept."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.doctor.disk_low import Room
from clusterctl.live import heartbeats
from clusterctl.live.heartbeats import WorkerBeat
from clusterctl.model.output import default_output
from clusterctl.model.registration import Registered
from clusterctl.model.spec import Spec
from clusterctl.model.states import AdminState, Outcome
from clusterctl.store import administration, releases, workers
from tests.agent.mounts import fill, mounted
from tests.doctor.ward import Ward

DAY = 86_400.0
NOBODY = 65534
HERE = socket.gethostname()


def lose(ward: Ward, seconds: float = 5000.0) -> None:
    """All workers have been silent for so long, and hold nothing."""
    overdue = ward.silence(seconds)
    assert releases.declare_lost(ward.db, ward.term, overdue, 990)


def test_a_worker_that_does_not_come_back_for_a_day_is_forgotten(ward: Ward) -> None:
    ward.worker("w1")
    lose(ward)
    ward.later(DAY - 60)
    assert ward.findings() == []
    ward.later(120)
    finding = ward.sole("worker_gone")
    assert (finding.subject, finding.severity, finding.stuck) == ("worker:w1", "info", False)
    assert "w1 (lost) holds nothing and was not heard for 1d00h" in finding.sentence
    ward.cure(finding)
    assert views.workers_on_record(ward.cluster) == []


def test_one_that_has_come_back_is_not_forgotten(ward: Ward) -> None:
    ward.worker("w1")
    lose(ward)
    ward.later(2 * DAY)
    finding = ward.sole("worker_gone")
    ward.worker("w1")
    ward.too_late(finding)
    assert [worker.name for worker in views.workers_on_record(ward.cluster)] == ["w1"]


def test_one_that_came_and_went_meanwhile_is_another_matter(ward: Ward) -> None:
    ward.worker("w1")
    lose(ward)
    ward.later(2 * DAY)
    finding = ward.sole("worker_gone")
    ward.worker("w1")
    lose(ward)
    ward.too_late(finding)


def test_what_is_only_silent_is_not_gone(ward: Ward) -> None:
    ward.worker("w1")
    ward.silence(20)
    ward.later(3 * DAY)
    assert ward.findings("worker_gone") == []


def test_a_worker_that_has_drained_itself_is_named_with_its_reason_until_it_is_resumed(ward: Ward) -> None:
    hole = ward.worker("hole")
    ward.worker("w2")
    assert administration.drain_black_hole(
        ward.db, hole.worker_id, hole.incarnation, "3 different jobs could not start"
    )
    finding = ward.sole("black_hole")
    assert (finding.subject, finding.severity) == ("worker:hole", "warning")
    assert finding.sentence == "hole has drained itself: 3 different jobs could not start"
    assert (finding.fix.command, finding.fix.available) == ("clusterctl resume hole", False)
    administration.administer(ward.db, ["hole"], AdminState.OPEN, "3 different jobs could not start")
    ward.healthy()


def test_a_worker_that_an_operator_has_drained_is_as_it_should_be(ward: Ward) -> None:
    hole = ward.worker("hole")
    ward.worker("w2")
    administration.drain_black_hole(ward.db, hole.worker_id, hole.incarnation, "nothing starts")
    operations.administer(ward.cluster, ["hole"], AdminState.OPEN, reason="")
    operations.administer(ward.cluster, ["hole", "w2"], AdminState.DRAINING, reason="new disks")
    ward.healthy()


def test_an_agent_of_another_version_is_worth_a_word(ward: Ward) -> None:
    ward.worker("w1")
    ward.worker("old", version="0.0.1")
    finding = ward.sole("agent_version_skew")
    assert (finding.subject, finding.severity) == ("worker:old", "info")
    assert finding.evidence["agent"] == "0.0.1"


def test_an_agent_that_takes_no_work_for_its_disk_is_named_wherever_it_is(ward: Ward) -> None:
    worker = ward.worker("w1")
    workers.sync(ward.db, worker.worker_id, worker.incarnation, None, "disk almost full: 12M free of 50G in /spool")
    finding = ward.sole("disk_low")
    assert finding.subject == "worker:w1"
    assert finding.sentence == "w1 takes no new work: disk almost full: 12M free of 50G in /spool"
    workers.sync(ward.db, worker.worker_id, worker.incarnation, None)
    ward.healthy()


def test_a_disk_of_this_machine_is_looked_at_before_its_agent_closes(ward: Ward, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "tmpfs", "size=20m") as spool:
        ward.worker("here", hostname=HERE, spool=str(spool))
        ward.worker("elsewhere", hostname="elsewhere", spool=str(spool))
        assert ward.findings("disk_low") == []
        fill(spool / "output")
        (finding,) = ward.findings("disk_low")
        assert finding.subject == "worker:here"
        assert f"0M of 20M are free under {spool}" in finding.sentence


def test_the_state_directory_is_looked_at_if_there_is_one(cluster: Cluster, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "tmpfs", "size=20m") as state:
        fill(state / "everything")
        with Cluster(replace(cluster.settings, state_dir=state)) as full:
            (finding,) = views.findings(full, ["disk_low"]).findings
            assert finding.subject == "cluster"
        with Cluster(replace(cluster.settings, state_dir=state / "none")) as none:
            assert views.findings(none, ["disk_low"]).findings == ()


@pytest.mark.parametrize(
    "free, total, low",
    [
        (9, 100, True),  # GiB
        (11, 100, False),
        (11, 10_000, False),  # a hundredth of a large disk is enough
        (9, 10_000, True),
        (0.9, 5, True),
        (1.1, 5, False),
        (0.3, 1, False),  # of a small one a quarter
        (0.2, 1, True),
        (0, 0, False),  # a file system that does not count
    ],
)
def test_little_is_a_tenth_but_neither_next_to_nothing_nor_a_lot(free: float, total: float, low: bool) -> None:
    assert Room(free * 1024, total * 1024).is_low is low


def has_written(ward: Ward, worker: Registered, spool: Path, outcome: Outcome = Outcome.EXITED, **wishes: Any) -> Path:
    """A job ran on *worker* and has ended; where its output should be. It is there."""
    (order,), token = ward.run(worker, ward.jobs(**wishes))
    ward.end(order, token, outcome)
    path = spool / default_output(order.job_id, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("all is well\n")
    return path


def test_output_that_is_gone_before_its_time_is_missed(ward: Ward, tmp_path: Path) -> None:
    worker = ward.worker(hostname=HERE, spool=str(tmp_path))
    has_written(ward, worker, tmp_path)
    lost = has_written(ward, worker, tmp_path)
    assert ward.findings() == []
    lost.unlink()
    finding = ward.sole("log_unreadable")
    assert (finding.subject, finding.severity) == ("worker:w1", "warning")
    assert (
        f"1 of the latest 2 outputs of w1 cannot be read; job 2: {lost}: No such file or directory" in finding.sentence
    )
    assert "job:2" in finding.concerns
    ward.later(8 * DAY)
    assert ward.findings("log_unreadable") == [], "by now it should be gone"


def test_a_spool_that_is_not_there_is_missed_as_a_whole(ward: Ward, tmp_path: Path) -> None:
    worker = ward.worker(hostname=HERE, spool=str(tmp_path / "unmounted"))
    for _ in range(3):
        ward.finish(worker, ward.jobs()[0])
        ward.later(1)
    assert ward.sole("log_unreadable").evidence["jobs"] == [3, 2, 1], "the latest first"


@pytest.mark.parametrize(
    "outcome, wishes",
    [
        (Outcome.START_FAILED, {}),
        (Outcome.NEVER_STARTED, {}),
        (Outcome.CANCELLED, {}),
        (Outcome.EXITED, {"spec": Spec(command=("true",), stdout="mine.txt")}),
    ],
)
def test_what_never_wrote_or_wrote_elsewhere_is_not_missed(
    ward: Ward, tmp_path: Path, outcome: Outcome, wishes: dict[str, Any]
) -> None:
    has_written(ward, ward.worker(hostname=HERE, spool=str(tmp_path)), tmp_path, outcome, **wishes).unlink()
    assert ward.findings() == []


def test_what_was_written_longer_ago_than_it_is_kept_may_be_gone_when_its_job_ends(ward: Ward, tmp_path: Path) -> None:
    (order,), token = ward.run(ward.worker(hostname=HERE, spool=str(tmp_path)), ward.jobs())
    ward.later(8 * DAY)
    ward.end(order, token)
    assert ward.findings("log_unreadable") == []


def test_what_an_operator_has_pruned_is_not_missed(ward: Ward, tmp_path: Path) -> None:
    worker = ward.worker(hostname=HERE, spool=str(tmp_path))
    early = has_written(ward, worker, tmp_path)
    (silent,), token = ward.run(worker, ward.jobs())
    ward.later(2 * DAY)
    ward.end(silent, token)  # it wrote when it began, and nothing since
    late = has_written(ward, worker, tmp_path)
    early.unlink()
    assert ward.sole("log_unreadable").evidence["jobs"] == [2, 1]
    operations.announce_prune(ward.cluster, ["w1"], DAY)
    assert ward.findings() == []
    late.unlink()
    assert ward.sole("log_unreadable").evidence["jobs"] == [3], "nobody has pruned what is as young"
    operations.announce_prune(ward.cluster, ["w2"], 0)
    assert ward.codes() == ["log_unreadable"], "another spool"


def test_output_on_other_machines_is_their_affair(ward: Ward, tmp_path: Path) -> None:
    has_written(ward, ward.worker(hostname="elsewhere", spool=str(tmp_path)), tmp_path).unlink()
    assert ward.findings() == []


def test_who_may_not_read_a_spool_is_told_so_and_it_is_no_finding(ward: Ward, tmp_path: Path) -> None:
    has_written(ward, ward.worker(hostname=HERE, spool=str(tmp_path)), tmp_path).unlink()
    assert ward.codes() == ["log_unreadable"]
    tmp_path.chmod(0o700)
    os.seteuid(NOBODY)
    try:
        found = views.findings(ward.cluster, ["log_unreadable"])
    finally:
        os.seteuid(0)
    assert found.findings == ()
    assert found.notes == (f"the output of w1 was not looked at: only root and the owner of {tmp_path} may",)


def test_a_worker_whose_clock_is_wrong_is_told_from_one_whose_beat_is_late(ward: Ward) -> None:
    for name, ahead in (("right", 0.0), ("late", -15.0), ("wrong", 3600.0)):
        ward.worker(name)
        assert heartbeats.write(ward.cluster.redis, WorkerBeat(name=name, incarnation=1, at=time.time() + ahead), 60)
    finding = ward.sole("clock_skew")
    assert (finding.subject, finding.severity) == ("worker:wrong", "info")
    assert finding.evidence["ahead_s"] == pytest.approx(3600, abs=600)
    assert "ahead of Postgres's" in finding.sentence
