"""Servers that hang, lose an answer, evict, lie or babble: the command line says so in time, and the work goes on."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
import redis as driver
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from clusterctl.clock import LONGEST_PAUSE, Bell, VirtualClock
from clusterctl.daemon import keep_running
from clusterctl.embedded import stack
from clusterctl.model.errors import Outage
from clusterctl.model.exits import ExitCode
from clusterctl.store.migrations import migrate
from tests.private_servers import server, started_in
from tests.processes.console import Console
from tests.processes.place import Place, open_gate
from tests.strangers import MANNERS, Stranger
from tests.tower.proxy import Line
from tests.until import until

IN_TIME = 6.0 + 6.0  # seconds: what is promised, and a busy machine's delay; whoever hangs, hangs for good


def console_of(place: Place, **more: str) -> Console:
    """A command line that finds the cluster of *place* by its environment."""
    settings = place.cluster.settings
    found = {
        "CLUSTERCTL_DATABASE_URL": settings.database_url,
        "CLUSTERCTL_REDIS_URL": settings.redis_url,
        "CLUSTERCTL_REDIS_PREFIX": settings.redis_prefix,
    }
    return Console(place.directory / "home", **found | more)


def is_told_in_time(console: Console, *words: str) -> None:
    """The command says that Postgres is unreachable, and ends with 3, before anybody loses patience."""
    done, took = console.time(*words)
    assert done.returncode == ExitCode.UNREACHABLE, (words, done)
    assert "postgres unreachable" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert took < IN_TIME, words


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """A cluster with a Postgres and a Valkey of its own, in ``tmp_path / "servers"``."""
    roster = started_in(tmp_path / "servers")
    try:
        migrate(roster.stack.database_url)
        with closing(Place(tmp_path, roster.stack.database_url, roster.stack.redis_url, "cc:")) as place:
            yield place
    finally:
        stack.down(tmp_path / "servers")


@contextmanager
def postgres_stopped(place: Place) -> Iterator[None]:
    """All of Postgres hangs, and closes nothing."""
    postmaster = psutil.Process(server(started_in(place.directory / "servers"), "postgres").pid)
    postmaster.suspend()  # first: it forks no more
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()


def test_while_postgres_hangs_commands_say_so_and_jobs_run_on_to_their_true_end(own: Place, gate: Path) -> None:
    schedd = own.schedd()
    agent = own.agentd()
    (job,) = own.submit(f"read line < {gate}; exit 7")
    own.await_state("running", job)
    with postgres_stopped(own):
        open_gate(gate)
        console = console_of(own)
        with ThreadPoolExecutor() as pool:
            for done in [
                pool.submit(is_told_in_time, console, *words)
                for words in (("status",), ("jobs",), ("submit", "--key", "k", "--", "true"), ("workers",))
            ]:
                done.result()
    own.await_end(job)
    assert own.ends(job) == [("failed", "exited", 7, None)]
    assert own.releases(job) == ["exited"]
    assert console.run("submit", "--key", "k", "--wait", "--", "true").returncode == 0
    assert own.cluster.db.value("SELECT count(*) FROM submissions WHERE key = 'k'") == 1
    assert schedd.process.poll() is None
    assert agent.process.poll() is None


class Trap(Line):
    """A line that is plugged as soon as words that hold ``bait`` have passed: obeyed, perhaps, and never answered."""

    bait = b""

    def is_doomed(self, words: bytes) -> bool:
        """Also a chance to plug it."""
        if self.bait and self.bait in words:
            self.plug()
        return super().is_doomed(words)


@pytest.fixture
def trap(place: Place) -> Iterator[Trap]:
    """A line to this test's Postgres."""
    told = conninfo_to_dict(place.cluster.settings.database_url)
    with closing(Trap("console", Path(f"{told['host']}/.s.PGSQL.{told['port']}"))) as trap:
        yield trap


def through(trap: Line, place: Place) -> Console:
    """A command line that reaches Postgres only by *trap*."""
    url = make_conninfo(place.cluster.settings.database_url, host="127.0.0.1", port=trap.port)
    return console_of(place, CLUSTERCTL_DATABASE_URL=url)


@pytest.mark.parametrize("words", ["status", "jobs", "workers", "submit -- true", "wait 1", "cancel 1"])
def test_a_postgres_that_lets_in_and_never_answers_is_an_outage_in_time(place: Place, trap: Trap, words: str) -> None:
    place.submit("true")
    trap.bait = b"SELECT"
    is_told_in_time(through(trap, place), *words.split())


@pytest.mark.parametrize("words", ["", "--key nightly"])
def test_a_submit_whose_connection_is_cut_before_the_answer_is_made_once(place: Place, trap: Trap, words: str) -> None:
    trap.lose_answer(b"INSERT INTO submissions")
    done = through(trap, place).run("submit", "--parsable", *words.split(), "--", "true")
    assert done.returncode == 0, done
    assert place.cluster.db.rows("SELECT id FROM jobs") == [(int(done.stdout),)]


def test_a_submit_with_a_key_may_be_repeated_after_an_answer_was_lost(place: Place, trap: Trap) -> None:
    trap.bait = b"INSERT INTO submissions"  # it hangs after the job is made
    console = through(trap, place)
    is_told_in_time(console, "submit", "--key", "nightly", "--", "true")
    jobs = "SELECT array_agg(id ORDER BY id) FROM jobs"
    made = until(lambda: place.cluster.db.value(jobs), what="the job that was made all the same")
    assert len(made) == 1
    trap.bait = b""
    trap.heal()
    for _ in range(2):
        again = console.run("submit", "--key", "nightly", "--parsable", "--", "true")
        assert (again.returncode, again.stdout) == (0, f"{made[0]}\n")
    assert place.cluster.db.value(jobs) == made


def returns(outage: float, chance: Callable[[], float]) -> float:
    """When a daemon is back whose Postgres was away for so many seconds."""
    clock, bell, back = VirtualClock(), Bell(), list[float]()

    def cycle() -> bool:
        if clock.seconds() < outage:
            raise Outage("postgres", "gone")
        back.append(clock.seconds())
        return False

    keep_running(cycle, every=5.0, clock=clock, bell=bell, stop=lambda: bool(back), chance=chance)
    bell.close()
    return back[0]


def crowd(moments: list[float], seconds: float) -> int:
    """The most of *moments* within so many seconds of each other."""
    return max(sum(first <= each < first + seconds for each in moments) for first in moments)


@pytest.mark.parametrize("outage", [2.0, 10.0, 60.0, 600.0])
def test_fifty_agents_come_back_one_after_another_and_soon(outage: float) -> None:
    moments = [returns(outage, random.Random(seed).random) for seed in range(50)]
    assert max(moments) < outage + LONGEST_PAUSE
    assert crowd(moments, 0.1) <= 10
    assert crowd([returns(outage, lambda: 0.5) for _ in range(50)], 0.1) == 50, "without chance all come at once"


def written_once(place: Place, count: int) -> list[int]:
    """Jobs of one CPU that write their number into the ledger."""
    return place.submit("echo $CLUSTERCTL_JOB_ID >> ledger", count)


def have_run_once(place: Place, jobs: list[int]) -> None:
    """All have completed, and run once each."""
    place.await_end(*jobs, timeout=60)
    assert set(place.states(*jobs)) == {"completed"}
    assert Counter(map(int, (place.directory / "ledger").read_text().split())) == Counter(jobs)


def answers_in_time(console: Console, *words: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    done, took = console.time(*words)
    assert took < IN_TIME, words
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("manner", ["mute", "drips", "agrees to all"])
def test_whoever_answers_in_the_place_of_redis_the_work_is_done(place: Place, manner: str) -> None:
    with Stranger(MANNERS[manner]) as stranger:
        daemons = [place.schedd(redis_url=stranger.url), place.agentd(redis_url=stranger.url, cpus=4)]
        have_run_once(place, written_once(place, 20))
        assert stranger.visits > 2
        console = console_of(place, CLUSTERCTL_REDIS_URL=stranger.url)
        told = answers_in_time(console, "status")
        assert told.returncode == ExitCode.UNREACHABLE
        assert "redis unreachable" in told.stdout
        (worker,) = json.loads(answers_in_time(console, "workers", "-o", "json").stdout)
        assert (worker["live_state"], worker["heartbeat_ttl_s"]) == ("up", None)
    for daemon in daemons:
        assert daemon.process.poll() is None
        assert "Traceback" not in daemon.text()
        assert daemon.text().count("nobody is woken by it") <= 1


def test_while_redis_evicts_and_a_stranger_scribbles_nothing_changes_but_the_news(own: Place) -> None:
    own_redis = own.cluster.settings.redis_url
    with driver.Redis.from_url(own_redis, protocol=2) as client, scribbling(own_redis):
        client.config_set("maxmemory", "4mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        daemons = [own.schedd(), own.agentd(beat_every="500ms", cpus=4)]
        jobs = written_once(own, 40)
        evicted = until(lambda: client.info("stats")["evicted_keys"], what="something to be evicted")
        assert evicted
        console = console_of(own)
        for _ in range(3):
            found = json.loads(answers_in_time(console, "status", "-o", "json").stdout)
            assert found["cpus"]["total"] == 4
            assert 0 <= found["cpus"]["allocated"] + found["cpus"]["reserved"] <= 4
            (worker,) = json.loads(answers_in_time(console, "workers", "-o", "json").stdout)
            assert worker["heartbeat_ttl_s"] is None or 0 <= worker["heartbeat_ttl_s"] <= 86_400
            assert worker["cpus"]["total"] == 4
        have_run_once(own, jobs)
    for daemon in daemons:
        assert daemon.process.poll() is None
        assert "Traceback" not in daemon.text()
    with driver.Redis.from_url(own_redis, protocol=2) as client:
        until(lambda: text(client, "cc:resource:allocated_cpus") == b"0", what="the truth to be back")
        until(lambda: b'"name":"w1"' in text(client, "cc:worker:w1"), what="the beat to be back")


def text(client: driver.Redis, key: str) -> bytes:
    """What stands there; empty if that is nothing, or no text."""
    found = client.get(key) if client.type(key) == b"string" else None
    return found if isinstance(found, bytes) else b""


@contextmanager
def scribbling(url: str) -> Iterator[None]:
    """Somebody writes nonsense under our keys, rings our bells, and fills the memory, all the time."""
    over = threading.Event()

    def scribble() -> None:
        chance = random.Random(1)
        keys = ("resource:allocated_cpus", "resource:reserved_cpus", "resource:as_of", "worker:w1", "workers")
        with driver.Redis.from_url(url, protocol=2) as client:
            while not over.is_set():
                key = "cc:" + chance.choice(keys)
                plant = chance.choice((client.set, client.lpush, client.sadd))
                with client.pipeline(transaction=False) as pipe:
                    pipe.delete(key)
                    pipe.execute_command(plant.__name__.upper(), key, chance.choice(("-1", "NaN", "999999", "{}")))
                    pipe.set(f"filler:{chance.random()}", b"x" * 50_000)
                    pipe.publish("cc:wake:worker:w1", b"x" * 100)
                    pipe.execute(raise_on_error=False)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
