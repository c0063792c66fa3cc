"""The leader keeps how the cluster fares, at its own pace, and its successors go on where it has ended."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def spans(cluster: Cluster) -> list[float]:
    """Of what was written: of how many seconds each row tells."""
    return [row[0] for row in cluster.db.rows("SELECT span_s FROM history ORDER BY at")]


def gaps(cluster: Cluster) -> list[float]:
    """Seconds between a row and the next."""
    moments = [row[0] for row in cluster.db.rows("SELECT at FROM history ORDER BY at")]
    return [(later - earlier) / timedelta(seconds=1) for earlier, later in pairwise(moments)]


def test_a_row_is_written_every_so_often_and_tells_what_was_done(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(history_every=15.0)
    cluster.schedd()
    cluster.worker("w1", cpus=2)
    cluster.jobs(6, seconds=20)
    cluster.pass_time(121)
    assert 8 <= len(spans(cluster)) <= 9
    assert all(15 <= gap < 17 for gap in gaps(cluster))
    assert spans(cluster)[1:] == gaps(cluster)
    total = cluster.db.row("SELECT sum(claims), sum(completed), max(running), max(pending) FROM history")
    assert total == (6, 6, 2, 4)


def test_the_next_leader_goes_on_where_the_last_has_ended(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(history_every=15.0)
    cluster.schedd("s1")
    cluster.schedd("s2")
    cluster.pass_time(46)
    assert len(spans(cluster)) == 4  # one leads, one writes
    cluster.kill_schedd("s1")
    cluster.pass_time(60)
    assert spans(cluster)[1:] == gaps(cluster)
    assert all(gap >= 7.5 for gap in gaps(cluster))


def test_what_nobody_wrote_is_not_made_up(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(history_every=15.0)
    cluster.schedd("s1")
    cluster.pass_time(31)
    cluster.kill_schedd("s1")
    cluster.pass_time(1000)
    cluster.schedd("s2")
    cluster.pass_time(40)
    assert max(gaps(cluster)) > 900
    assert max(spans(cluster)) == 120


def test_old_history_is_pruned(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(history_every=15.0, keep_history=300.0)
    cluster.schedd()
    cluster.pass_time(700)
    age = cluster.db.value("SELECT extract(epoch FROM cluster_time() - min(at)) FROM history")
    assert 280 < age < 300 + 60 + 16  # a minute between two prunings
