"""The leader is killed, stopped or cut off: another leads in time, the old one is refused, and nothing runs twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from schedd.leadership import PATIENCE
from tests.held_up import HeldUp
from tests.processes.place import Daemon, Place
from tests.tower.proxy import Line
from tests.until import until

IN_TIME = 15.0  # seconds: what is promised
JOBS = 150
REFUSED = "term 1 is over, another schedd leads"


@pytest.fixture
def line(place: Place) -> Iterator[Line]:
    """A line to this test's Postgres that can be plugged."""
    told = conninfo_to_dict(place.cluster.settings.database_url)
    with closing(Line("leader", Path(f"{told['host']}/.s.PGSQL.{told['port']}"))) as line:
        yield line


def url_through(line: Line, place: Place) -> str:
    """The same database, at the other end of *line*."""
    return make_conninfo(place.cluster.settings.database_url, host="127.0.0.1", port=line.port)


def ledger(place: Place) -> Counter[int]:
    """How often each job has run."""
    path = place.directory / "ledger"
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()


def submit_many(place: Place) -> list[int]:
    """Jobs that write themselves into the ledger: one write(2) with O_APPEND, never torn."""
    return place.submit("echo $CLUSTERCTL_JOB_ID >> ledger", JOBS)


def unix_time(place: Place) -> float:
    """By the database's clock."""
    return float(place.cluster.db.value("SELECT extract(epoch FROM cluster_time())::float8"))


def held_up(place: Place, daemon: Daemon) -> HeldUp:
    """By the other work of this machine, from now on: *daemon*, and who answers schedds in Postgres."""
    answering = place.cluster.db.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ 'schedd'"
    )
    assert answering
    return HeldUp([daemon.pid, *(pid for (pid,) in answering)])


def lead_begun(place: Place, term: int) -> float:
    """Wait until *term* has begun; when that was, by the database's clock."""
    until(lambda: place.term() == term, what=f"term {term}")
    return float(place.cluster.db.value("SELECT extract(epoch FROM since)::float8 FROM leader"))


def standby(place: Place) -> Daemon:
    """A second schedd that has seen that another leads."""
    second = place.start("schedd", "s2")
    second.tells("schedd s2 started")
    second.signal(signal.SIGUSR1)
    second.tells("asked to look: standing by")
    return second


def in_the_middle(place: Place) -> list[int]:
    """Jobs of which some have run and some have not been placed."""
    jobs = submit_many(place)
    until(lambda: len(ledger(place)) > 5, what="the first jobs")
    return jobs


def has_run_each_once(place: Place, jobs: list[int]) -> None:
    """All have completed, and the ledger has each once."""
    place.await_end(*jobs, timeout=60)
    assert set(place.states(*jobs)) == {"completed"}
    assert ledger(place) == Counter(jobs)


def test_a_standby_on_the_machine_of_a_killed_leader_leads_at_once(place: Place) -> None:
    first = place.schedd("s1")
    place.agentd(cpus=2)
    second = standby(place)
    jobs = in_the_middle(place)
    lost, began = held_up(place, second), unix_time(place)
    first.kill()
    assert lead_begun(place, 2) - began < PATIENCE / 2 + lost.seconds, (
        "it does not wait for one that it can see to be dead"
    )
    has_run_each_once(place, jobs)


def test_a_stopped_leader_is_followed_in_time_and_refused_when_it_goes_on(place: Place) -> None:
    first = place.schedd("s1")
    place.agentd(cpus=2)
    second = standby(place)
    jobs = in_the_middle(place)
    lost, began = held_up(place, second), unix_time(place)
    first.signal(signal.SIGSTOP)
    assert lead_begun(place, 2) - began < IN_TIME + lost.seconds
    jobs += submit_many(place)
    first.signal(signal.SIGCONT)
    stands_by(first, second, place)
    has_run_each_once(place, jobs)


def test_a_leader_that_is_cut_off_is_followed_in_time_and_refused_when_its_late_words_arrive(
    place: Place, line: Line
) -> None:
    first = place.schedd("s1", database_url=url_through(line, place))
    place.agentd(cpus=2)
    second = standby(place)
    jobs = in_the_middle(place)
    lost, began = held_up(place, second), unix_time(place)
    line.plug()
    assert lead_begun(place, 2) - began < IN_TIME + lost.seconds
    jobs += submit_many(place)
    line.heal()
    stands_by(first, second, place)
    has_run_each_once(place, jobs)


def stands_by(old: Daemon, leader: Daemon, place: Place) -> None:
    """*old* has been told that its term is over, has said so once, and leaves the deciding to *leader*."""
    old.tells(REFUSED)
    before = old.text().count("asked to look: standing by")
    old.signal(signal.SIGUSR1)
    old.tells("asked to look: standing by", times=before + 1)
    assert old.text().count(REFUSED) == 1
    assert "Traceback" not in old.text()
    leader.signal(signal.SIGUSR1)
    leader.tells("asked to look: leader of term 2")
    assert place.term() == 2
