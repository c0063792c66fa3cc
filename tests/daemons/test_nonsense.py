"""Numbers that nobody can mean, written into Postgres by hand: refused there, and the leader goes on."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker
from tests.store.refusal import CHECK, refused


@pytest.fixture
def cluster(make_cluster: ClusterMaker) -> Cluster:
    """A leader, a tenant of which something is known, and a replica that finds no room on the one worker."""
    cluster = make_cluster()
    cluster.schedd()
    cluster.worker("w1", cpus=2)
    cluster.service(1, cpus=2)
    cluster.pass_time(12)
    cluster.service(1, cpus=2)
    cluster.pass_time(2)
    return cluster


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workers SET measured_at = 'infinity'",
        "UPDATE workers SET measured_at = '-infinity'",
        *(
            f"UPDATE tenants SET {column} = '{value}'"  # noqa: S608 - a test's own words
            for column in ("recent_cpu_milli", "recent_memory_mb", "recent_gpus")
            for value in ("NaN", "Infinity", "-1", "1e300")
        ),
        *(f"UPDATE allocations SET p99_ms = '{value}'" for value in ("NaN", "Infinity", "-1")),  # noqa: S608 - as above
    ],
)
def test_what_is_no_moment_or_no_amount_is_refused(cluster: Cluster, change: LiteralString) -> None:
    with refused(CHECK):
        cluster.db.script(change)


@pytest.mark.parametrize("moment", ["294276-01-01", "4700-01-01 BC"])
def test_a_measure_of_a_time_that_python_does_not_know_is_none_and_stops_no_leader(
    cluster: Cluster, moment: str
) -> None:
    (waiting,) = (row[0] for row in cluster.db.rows("SELECT id FROM jobs WHERE state = 'pending'"))
    cluster.workers["w1"].die()
    cluster.db.run("UPDATE workers SET measured_at = %s::timestamptz, used_milli = 500, used_memory_mb = 0", moment)
    rounds = cluster.db.value("SELECT rounds FROM leader")
    cluster.pass_time(15)
    assert list(cluster.schedds) == ["s1"]
    assert cluster.db.value("SELECT rounds FROM leader") > rounds
    detail = cluster.db.value("SELECT detail FROM claims WHERE event = 'ClaimEligibility' AND open")
    assert detail["usage"] == {"w1": None}
    assert cluster.state(waiting) == "pending"
