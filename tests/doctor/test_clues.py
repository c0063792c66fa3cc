"""Where there is something to look at, as ``status`` learns it. Every ward asserts that no finding is missed."""

from __future__ import annotations

from clusterctl import views
from clusterctl.doctor import examination
from clusterctl.doctor.registry import CHECKS
from clusterctl.store import clues
from tests.doctor.ward import Ward
from tests.store.tallied import Tallied

MOST_STATEMENTS = 15  # of status, where all is well; two of them tell of the clues, and of the schema


def test_a_cluster_that_works_gives_no_clue(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs(2))
    ward.worker("w2")
    assert examination.clues_of(ward.cluster) == frozenset()


def test_a_cluster_without_workers_is_a_clue_in_itself(ward: Ward) -> None:
    assert examination.clues_of(ward.cluster) == {"away"}


def test_each_clue_is_followed_by_a_check() -> None:
    assert {check.clue for check in CHECKS if check.clue} == set(clues.ALL)


def test_the_status_of_a_healthy_cluster_asks_little(ward: Ward, database: str) -> None:
    ward.run(ward.worker(), ward.jobs(2))
    with Tallied(database) as db:
        own, ward.cluster.db = ward.cluster.db, db
        found = views.status(ward.cluster)
        ward.cluster.db = own
        assert found.findings is not None
        assert found.findings.warning == found.findings.critical == 0
        assert 0 < len(db.asked) <= MOST_STATEMENTS, db.asked


def test_status_counts_what_a_clue_has_led_to(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.later(600)
    counted = views.status(ward.cluster).findings
    assert counted is not None
    assert counted.warning + counted.critical > 0
    assert "overdue" in examination.clues_of(ward.cluster)
