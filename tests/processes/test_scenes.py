"""Scenes that earlier systems got wrong: what Postgres, Redis, the log and ``status`` say is one and the same."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis as driver

from clusterctl.store.connection import Database
from clusterctl.store.invariants import violations
from tests.held_up import HeldUp
from tests.private_servers import own_valkey
from tests.processes.console import Console
from tests.processes.place import Place, open_gate
from tests.unhurried import unhurried
from tests.until import until


@pytest.fixture
def own(tmp_path: Path, database: str) -> Iterator[Place]:
    """A cluster under the usual prefix, on a Redis of its own, whose data all may be flushed."""
    with own_valkey(tmp_path / "redis") as url, closing(Place(tmp_path, database, unhurried(url), "cc:")) as place:
        yield place


def console_of(place: Place) -> Console:
    """A command line that finds the cluster of *place* by its environment."""
    settings = place.cluster.settings
    return Console(
        place.directory / "home",
        CLUSTERCTL_DATABASE_URL=settings.database_url,
        CLUSTERCTL_REDIS_URL=settings.redis_url,
        CLUSTERCTL_REDIS_PREFIX=settings.redis_prefix,
    )


def status(place: Place) -> dict[str, Any]:
    """What ``status -o json`` prints."""
    done = console_of(place).run("status", "-o", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_second_worker_doubles_the_cpus_and_takes_them_along_when_it_leaves(place: Place) -> None:
    schedd = place.schedd()
    place.agentd("w1", cpus=96)
    schedd.tells("active workers: 1, 96 CPUs")
    assert status(place)["cpus"]["total"] == 96
    second = place.agentd("w2", cpus=96)
    schedd.tells("active workers: 2, 192 CPUs")
    assert status(place)["cpus"]["total"] == 192
    second.signal(signal.SIGTERM)
    schedd.tells("active workers: 1, 96 CPUs", times=2)
    found = status(place)
    assert found["cpus"]["total"] == 96
    assert (found["workers"]["up"], found["workers"]["silent"]) == (1, 1)
    assert second.process.wait(60) == 0


def test_at_the_usual_pace_a_workers_key_has_50_to_60_seconds_to_live_all_the_time(place: Place) -> None:
    agent = place.agentd()
    lost = HeldUp([agent.pid])
    key = f"{place.cluster.settings.redis_prefix}worker:w1"
    with driver.Redis.from_url(place.cluster.settings.redis_url) as client:
        until(lambda: client.exists(key), what="the key")
        lives: list[int] = []

        def was_renewed_twice() -> bool:
            lives.append(client.pttl(key))
            return sum(after > before for before, after in pairwise(lives)) >= 2

        until(was_renewed_twice)
    assert min(lives) > 50_000 - 1000 * lost.seconds
    assert max(lives) <= 60_000


def test_after_kill_9_of_its_agent_a_worker_is_silent_and_then_its_key_is_gone(place: Place) -> None:
    """At a fifth of the usual times, which are: a beat in 5 s, silent after 15 to 20 s, the key gone in 60 s."""
    schedd = place.schedd(beat_every="1s", silent_after="3s", round_every="200ms")
    agent = place.agentd(beat_every="1s", silent_after="3s", heartbeat_ttl="12s")
    key = f"{place.cluster.settings.redis_prefix}worker:w1"
    with driver.Redis.from_url(place.cluster.settings.redis_url) as client:
        until(lambda: client.exists(key), what="the key")
        agent.kill()
        lost = HeldUp([schedd.pid, os.getpid()])
        left = client.pttl(key)
        schedd.tells("worker silent: w1")
        unheard = place.cluster.db.value(
            "SELECT extract(epoch FROM cluster_time() - last_heartbeat_at)::float8 FROM workers WHERE name = 'w1'"
        )
        assert 2.5 < unheard < 4 + 6 + lost.seconds, "and what a busy machine adds"
        assert 0 < left <= 12_000
        until(lambda: not client.exists(key), timeout=left / 1000 + 30, what="the key to be gone")
    assert place.cluster.db.value("SELECT live_state FROM workers") == "silent"


def test_a_job_of_four_cpus_is_four_everywhere_and_again_after_redis_forgot(own: Place, gate: Path) -> None:
    own.schedd()
    own.agentd(cpus=8)
    (job,) = own.submit(f"read line < {gate}; true", cpus=4)
    own.await_state("running", job)
    with driver.Redis.from_url(own.cluster.settings.redis_url) as client:

        def is_told() -> bool:
            return bool(client.mget("cc:resource:allocated_cpus", "cc:resource:reserved_cpus") == [b"4", b"0"])

        for forget in (lambda: None, lambda: client.delete("cc:resource:allocated_cpus"), client.flushall):
            forget()
            until(is_told, what="Redis to say 4")
            assert own.cluster.db.value("SELECT sum(allocated_milli) FROM workers") == 4000
            assert status(own)["cpus"]["allocated"] == 4
        until(lambda: client.exists("cc:worker:w1"), what="the worker's key after the flush")
    open_gate(gate)
    own.await_end(job)


class Watch:
    """Looks all the time, from a connection of its own, at what is held; for as long as it is a context."""

    def __init__(self, url: str) -> None:
        self.most_milli = 0
        self.looks = 0
        self.broken: list[object] = []
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with Database(self._url) as db:
            while not self._over.is_set():
                by_worker, by_job = db.rows(
                    """
                    SELECT coalesce(sum(reserved_milli + allocated_milli), 0)::int FROM workers
                     UNION ALL SELECT coalesce(sum(cpu_milli), 0)::int FROM allocations WHERE live
                    """
                )
                self.most_milli = max(self.most_milli, by_worker[0], by_job[0])
                self.broken += violations(db)
                self.looks += 1


def test_ten_jobs_of_eight_cpus_never_hold_more_than_the_sixteen_that_there_are(place: Place, gate: Path) -> None:
    with Watch(place.cluster.settings.database_url) as watch:
        place.schedd()
        place.agentd(cpus=16)
        jobs = place.submit(f"read line < {gate}; true", 10, cpus=8)

        def have_ended() -> bool:
            states = place.states(*jobs)
            if "running" in states:
                let_through(gate)
            return set(states) == {"completed"}

        until(have_ended)
    assert watch.most_milli == 16_000
    assert watch.looks > 20
    assert watch.broken == []


def let_through(gate: Path) -> None:
    """Let those through that wait at *gate*, if any do."""
    try:
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:  # nobody there yet
        return
