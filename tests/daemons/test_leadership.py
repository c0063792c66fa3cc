"""Who decides, when nobody does, and who stops deciding."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from agentd.__main__ import connect as agentd_connect
from clusterctl.settings import Settings
from clusterctl.store.connection import Database
from schedd import identity
from schedd.__main__ import connect as schedd_connect
from schedd.leadership import PATIENCE
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def test_an_empty_chair_is_taken_at_once(cluster: Cluster) -> None:
    assert cluster.schedd().term == 1


def test_a_second_schedd_stands_by_for_as_long_as_the_first_renews(cluster: Cluster) -> None:
    first, second = cluster.schedd("s1"), cluster.schedd("s2")
    cluster.pass_time(5 * PATIENCE)
    assert (first.term, second.term) == (1, None)


def test_a_leader_that_falls_silent_is_waited_for_ten_seconds_and_then_replaced(cluster: Cluster) -> None:
    cluster.schedd("s1")
    second = cluster.schedd("s2")
    cluster.pass_time(3)
    cluster.kill_schedd("s1")
    cluster.pass_time(PATIENCE - 2)
    assert second.term is None
    cluster.pass_time(3)
    assert second.term == 2


def test_a_predecessor_that_is_seen_to_be_dead_is_not_waited_for(cluster: Cluster) -> None:
    cluster.schedd("s1")
    cluster.pass_time(3)
    cluster.kill_schedd("s1", seen=True)
    assert cluster.schedd("s2").term == 2


def test_a_leader_that_resigns_is_followed_within_a_pulse(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    first, second = cluster.schedd("s1"), cluster.schedd("s2")
    cluster.pass_time(3)
    first.resign()
    cluster.kill_schedd("s1")
    cluster.pass_time(1)
    assert second.term == 2
    assert [text for text in caplog.messages if "term" in text] == [
        "leader of term 1",
        "resigned, term 1 is over",
        "leader of term 2",
    ]


def test_a_leader_that_slept_too_long_decides_nothing_when_it_wakes(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = cluster.schedd("s1"), cluster.schedd("s2")
    sleeper = cluster.schedds["s1"]
    cluster.pass_time(3)
    sleeper.stopped = True
    cluster.pass_time(PATIENCE + 3)
    assert second.term == 2
    cluster.worker("w1")
    cluster.schedds["s2"].stopped = True
    job = cluster.job()
    sleeper.stopped = False
    cluster.pass_time(2)
    assert first.term is None
    assert cluster.state(job) == "pending"
    assert "term 1 is over, another schedd leads" in caplog.messages


def test_a_deposed_leader_takes_over_again_when_its_successor_falls_silent(cluster: Cluster) -> None:
    first, _ = cluster.schedd("s1"), cluster.schedd("s2")
    cluster.pass_time(3)
    cluster.schedds["s1"].stopped = True
    cluster.pass_time(PATIENCE + 3)
    cluster.schedds["s1"].stopped = False
    cluster.pass_time(3)
    cluster.kill_schedd("s2")
    cluster.pass_time(PATIENCE + 2)
    assert first.term == 3
    cluster.worker("w1")
    job = cluster.job(seconds=1)
    cluster.pass_time(20)
    assert cluster.state(job) == "completed"


def test_a_leader_that_could_not_renew_for_half_the_time_does_not_decide(cluster: Cluster) -> None:
    chair = cluster.schedd()
    assert chair.may_decide()
    cluster.schedds["s1"].stopped = True
    cluster.pass_time(PATIENCE / 2)
    assert not chair.may_decide()


def test_a_term_whose_taking_was_never_answered_is_our_own(cluster: Cluster) -> None:
    cluster.db.run("UPDATE leader SET term = 7, holder = 's1', renewals = 3")
    assert cluster.schedd("s1").term == 8


def test_after_an_outage_the_leader_leads_on(cluster: Cluster) -> None:
    chair = cluster.schedd()
    cluster.worker("w1")
    with cluster.without_postgres():
        cluster.pass_time(60)
    job = cluster.job(seconds=1)
    cluster.pass_time(20)
    assert chair.term == 1
    assert cluster.state(job) == "completed"


def test_a_scheduler_counts_time_by_its_own_clock_not_the_databases(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster()
    first, second = cluster.schedd("s1"), cluster.schedd("s2")
    cluster.pass_time(3)
    cluster.set_database_clock(3600)
    cluster.pass_time(3)
    cluster.set_database_clock(-3600)
    cluster.pass_time(3)
    assert (first.term, second.term) == (1, None)


def test_a_holder_names_a_living_process_until_it_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        holder = f"s@{identity.place()}:{other.pid}:{identity.started(other.pid)}"
        assert not identity.is_dead(holder)
        os.kill(other.pid, signal.SIGKILL)
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert identity.is_dead(holder), "a zombie decides nothing"
    assert identity.is_dead(holder)
    assert not identity.is_dead(identity.holder("s"))


@pytest.mark.parametrize("holder", ["", "s1", "s1@elsewhere:1:2", "@@::", "s@{place}", "s@{place}:x:y"])
def test_of_a_holder_that_cannot_be_seen_nothing_is_believed(holder: str) -> None:
    assert not identity.is_dead(holder.format(place=identity.place()))


def test_another_process_with_a_dead_holders_pid_is_not_the_holder() -> None:
    assert identity.is_dead(f"s@{identity.place()}:{os.getpid()}:1")
    assert identity.shown(identity.holder("name@with:signs")) == "name@with:signs"


@pytest.mark.parametrize("connect", [schedd_connect, lambda settings: agentd_connect(settings, "w1")])
def test_a_daemon_stopped_within_a_transaction_holds_nobody_up_for_long(
    database: str, connect: Callable[[Settings], Database]
) -> None:
    """Its locks on workers would keep the leader from declaring even its silence."""
    with connect(Settings(database_url=database)) as db:
        assert db.value("SHOW idle_in_transaction_session_timeout") == "3s"
        assert db.value("SHOW lock_timeout") in ("2s", "5s")
