"""Who is silent, and who only could not be heard."""

from __future__ import annotations

import pytest

from clusterctl.settings import Settings
from schedd.silence import Silence
from schedd.watch import silent_after
from tests.cluster import Cluster


def test_a_silent_worker_gets_no_new_work_after_fifteen_seconds_and_is_up_when_it_returns(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    cluster.schedd()
    worker = cluster.worker("w1")
    assert worker.life
    cluster.pass_time(5)
    worker.life.stopped = True
    cluster.pass_time(12)
    assert cluster.live_state("w1") == "up"
    cluster.pass_time(3)
    assert cluster.live_state("w1") == "silent"
    assert "worker silent: w1, it gets no new work" in caplog.messages
    job = cluster.job(seconds=1)
    cluster.pass_time(10)
    assert cluster.state(job) == "pending"
    assert "no active workers, nothing placed" in caplog.messages
    worker.life.stopped = False
    cluster.pass_time(15)
    assert cluster.live_state("w1") == "up"
    assert cluster.state(job) == "completed"
    assert "worker back: w1" in caplog.messages


def test_whoever_has_not_beaten_for_fifteen_seconds_is_given_nothing(cluster: Cluster) -> None:
    cluster.schedd()
    workers = []
    for number in range(4):  # their beats fall differently between the pulses of schedd
        workers.append(cluster.worker(f"w{number}", cpus=1000))
        cluster.pass_time(0.3)
    cluster.pass_time(6)
    for worker in workers:
        assert worker.life
        worker.life.stopped = True
    for _ in range(80):
        for number in range(4):
            cluster.job(worker=f"w{number}")
        cluster.pass_time(0.25)
    given = cluster.db.rows(
        """
        SELECT extract(epoch FROM max(a.reserved_at) - w.last_heartbeat_at)::float8
          FROM allocations a JOIN workers w ON w.id = a.worker_id GROUP BY w.id
        """
    )
    assert all(10 < seconds <= 15 for (seconds,) in given)
    assert len(given) == 4


def test_what_runs_on_a_silent_worker_goes_on_and_its_end_is_heard_when_it_returns(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    job = cluster.job(seconds=20, code=0)
    cluster.pass_time(6)
    assert worker.life
    worker.life.stopped = True
    cluster.pass_time(60)
    assert (cluster.live_state("w1"), cluster.state(job)) == ("silent", "running")
    assert cluster.held_milli("w1") == 1000
    worker.life.stopped = False
    cluster.pass_time(6)
    assert cluster.state(job) == "completed"
    assert worker.machine.ran == [job]


def test_an_outage_of_postgres_silences_nobody(cluster: Cluster) -> None:
    cluster.schedd()
    names = ["w1", "w2", "w3"]
    for name in names:
        cluster.worker(name)
    cluster.pass_time(7)
    for seconds in (20, 90):
        with cluster.without_postgres():
            cluster.pass_time(seconds)
        for _ in range(20):
            cluster.pass_time(1)
            assert [cluster.live_state(name) for name in names] == ["up"] * 3


def test_after_an_outage_the_count_begins_anew(cluster: Cluster) -> None:
    """Nobody could be heard meanwhile, and who was late before may have been kept by the same trouble."""
    cluster.schedd()
    worker = cluster.worker("w1")
    assert worker.life
    worker.life.stopped = True
    cluster.pass_time(13)
    with cluster.without_postgres():
        cluster.pass_time(4)
    cluster.pass_time(12)
    assert cluster.live_state("w1") == "up"
    cluster.pass_time(8)
    assert cluster.live_state("w1") == "silent"


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_database_clock_that_jumps_silences_nobody(cluster: Cluster, jump: float) -> None:
    cluster.schedd()
    cluster.worker("w1")
    cluster.pass_time(4)
    cluster.set_database_clock(jump)
    for _ in range(10):
        cluster.pass_time(1)
        assert cluster.live_state("w1") == "up"


def test_a_paused_scheduler_takes_nobodys_silence_for_granted(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    cluster.pass_time(4)
    assert worker.life
    worker.life.stopped = cluster.schedds["s1"].stopped = True
    cluster.pass_time(8)
    cluster.schedds["s1"].stopped = False
    cluster.pass_time(2)
    assert cluster.live_state("w1") == "up"


def test_a_takeover_begins_to_count_from_zero(cluster: Cluster) -> None:
    cluster.schedd("s1")
    worker = cluster.worker("w1")
    assert worker.life
    worker.life.stopped = True
    cluster.pass_time(12)
    cluster.kill_schedd("s1", seen=True)
    cluster.schedd("s2")
    cluster.pass_time(12)
    assert cluster.live_state("w1") == "up"
    cluster.pass_time(6)
    assert cluster.live_state("w1") == "silent"


@pytest.mark.parametrize("beat_every", [1.0, 5.0])
@pytest.mark.parametrize("pulses", [0.2, 0.52, 0.6, 0.74, 0.9, 1.1, 1.6, 3.0])
def test_one_lost_beat_is_not_silence_however_seldom_schedd_looks(beat_every: float, pulses: float) -> None:
    settings = Settings(beat_every=beat_every, silent_after=3 * beat_every, round_every=pulses * beat_every)
    for begun in (0.0, 0.1, 0.4):  # between a beat and the first look after it; the next is lost, and the third late
        silence, at = Silence(longest_step=2 * settings.round_every), begun * beat_every
        while at < 2.3 * beat_every:
            silence.hear({1: 7}, ours=at, theirs=at)
            assert silence.seconds[1] <= silent_after(settings)
            at += settings.round_every


def heard(*moments: tuple[float, float, int]) -> set[int]:
    """Who is silent for more than 15 s after these (ours, theirs, beat of worker 1)."""
    silence = Silence(longest_step=2.0)
    for ours, theirs, beat in moments:
        silence.hear({1: beat}, ours=ours, theirs=theirs)
    return {worker for worker, seconds in silence.seconds.items() if seconds > 15}


def test_only_time_on_both_clocks_counts() -> None:
    assert heard(*[(at, at, 7) for at in range(17)]) == {1}
    assert heard(*[(at, 0, 7) for at in range(17)]) == set()
    assert heard(*[(0, at, 7) for at in range(17)]) == set()
    assert heard(*[(at, -at, 7) for at in range(17)]) == set()


def test_a_beat_ends_a_silence_and_a_gap_counts_as_one_step() -> None:
    assert heard(*[(at, at, at // 10) for at in range(100)]) == set()
    assert heard((0, 0, 7), (100, 100, 7)) == set()
    assert heard(*[(100 * at, 100 * at, 7) for at in range(9)]) == {1}


def test_a_worker_that_is_gone_is_forgotten() -> None:
    silence = Silence(longest_step=2.0)
    for at in range(20):
        silence.hear({1: 5}, ours=at, theirs=at)
    silence.hear({}, ours=20, theirs=20)
    silence.hear({1: 5}, ours=21, theirs=21)
    assert set(silence.seconds.values()) == {0.0}
