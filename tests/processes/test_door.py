"""The door of a real schedd: who may come in, what it spares a command, and what its faults cost: nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from clusterctl import operations, views
from clusterctl.cluster import Cluster, name_of
from clusterctl.door.client import Door
from clusterctl.door.server import WORKERS
from clusterctl.model.exits import ExitCode
from tests.processes.console import CHECKOUT, Console
from tests.processes.doorway import answers, open_door, process_behind, socket_of
from tests.processes.place import Place, is_alive
from tests.until import until

HEAVY = {"psycopg", "redis", "rich", "httpx", "textual", "asyncio", "hashlib", "platformdirs"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
WORKING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'clusterctl door' AND state <> 'idle'"
pytestmark = pytest.mark.timeout(120)


def console(place: Place, **more: str) -> Console:
    """A command line that knows of the cluster its door, and nothing else."""
    return Console(place.directory / "home", **{"CLUSTERCTL_DOOR": str(socket_of(place)), **more})


def direct(place: Place) -> Console:
    """A command line that knows both ways."""
    settings = place.cluster.settings
    return console(
        place,
        CLUSTERCTL_DATABASE_URL=settings.database_url,
        CLUSTERCTL_REDIS_URL=settings.redis_url,
        CLUSTERCTL_REDIS_PREFIX=settings.redis_prefix,
    )


@pytest.mark.parametrize("words", ["jobs", "status", "submit -- true", "job 1", "jobs --all -o json", "workers"])
def test_through_the_door_a_command_loads_no_driver(place: Place, words: str) -> None:
    open_door(place)
    place.submit("true")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "clusterctl", "--debug", *words.split()],
        env=console(place).env,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    imports = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    told = [line for line in done.stderr.splitlines() if line not in imports]
    assert done.returncode == 0, told
    assert done.stdout, told
    assert not [line for line in told if "the door" in line]
    assert not {line.rpartition("|")[2].strip().split(".")[0] for line in imports} & HEAVY


def test_the_shell_completes_through_the_door(place: Place) -> None:
    open_door(place)
    place.submit("true", 3)
    asked = {"_CLUSTERCTL_COMPLETE": "complete_bash", "COMP_WORDS": "clusterctl cancel ", "COMP_CWORD": "2"}
    completing = console(place, **asked)
    # On a busy machine it may run out of time, and then says nothing.
    until(lambda: {"1", "2", "3", "last"} <= set(completing.run().stdout.split()), timeout=60)


def test_whoever_asks_has_submitted_it(place: Place) -> None:
    open_door(place)
    done = console(place).run("submit", "--parsable", "--", "true")
    assert done.returncode == 0, done
    assert place.cluster.db.rows('SELECT id, "user" FROM jobs') == [(int(done.stdout), name_of(os.getuid()))]


def test_errors_come_through_with_their_codes(place: Place) -> None:
    open_door(place)
    done = console(place).run("job", "7")
    assert done.returncode == ExitCode.NOT_FOUND
    assert done.stderr.startswith("clusterctl: error: no job")


def test_a_door_that_is_away_and_nothing_else_are_both_told(place: Place) -> None:
    done = console(place).run("jobs")
    assert done.returncode == ExitCode.UNREACHABLE
    assert str(socket_of(place)) in done.stderr
    assert "database_url" in done.stderr


def test_behind_the_door_an_outage_is_an_outage(place: Place) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    daemon = place.start("schedd", "s1", door=str(socket_of(place)), database_url=nowhere)
    daemon.tells("door open at")
    done = console(place).run("--debug", "jobs")
    assert done.returncode == ExitCode.UNREACHABLE
    assert "the door" not in done.stderr
    assert "postgres unreachable" in done.stderr


def test_a_connection_that_was_cut_between_two_questions_is_made_anew(place: Place) -> None:
    open_door(place)
    for _ in range(3):
        done = console(place).run("--debug", "jobs", "-o", "json")
        assert (done.returncode, done.stdout, "the door" in done.stderr) == (0, "[]\n", False), done
        cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'clusterctl door'"
        assert place.cluster.db.rows(cut + " AND datname = current_database()")


def test_a_process_that_is_killed_is_followed_by_another(place: Place) -> None:
    schedd = open_door(place)
    former = process_behind(schedd).pid
    os.kill(former, signal.SIGKILL)
    schedd.tells("the door's process ended (-9), starting another")
    schedd.does(lambda: answers(place), "answer again")
    assert process_behind(schedd).pid != former


def test_a_schedd_that_is_killed_leaves_no_process_and_its_socket_is_replaced(place: Place) -> None:
    schedd = open_door(place)
    behind = process_behind(schedd).pid
    os.kill(behind, signal.SIGSTOP)  # not even that keeps it
    schedd.kill()
    until(lambda: not is_alive(behind), timeout=30, what="the process behind the door to end")
    assert stat.S_ISSOCK(socket_of(place).stat().st_mode)
    assert direct(place).run("jobs").returncode == 0
    open_door(place, "s2")


def test_a_schedd_that_ends_takes_its_door_along(place: Place) -> None:
    schedd = open_door(place)
    behind = process_behind(schedd).pid
    assert schedd.terminate() == 0
    assert not is_alive(behind)
    assert not socket_of(place).exists()
    assert direct(place).run("jobs").returncode == 0


def test_of_two_schedds_the_first_has_the_door_and_then_the_other(place: Place) -> None:
    first = open_door(place)
    second = place.start("schedd", "s2", door=str(socket_of(place)))
    second.tells("another schedd has it")
    assert second.text().count("no door") == 1
    assert first.terminate() == 0
    second.does(lambda: answers(place), "have the door")


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda path: path.write_text("mine"), "no socket"),
        (lambda path: path.parent.rmdir(), "No such file"),
        (lambda path: path.with_name(path.name + ".lock").symlink_to("/dev/null"), "symbolic links"),
    ],
    ids=["a file", "no directory", "a link"],
)
def test_without_a_door_a_schedd_leads_all_the_same(place: Place, spoil: Callable[[Path], None], told: str) -> None:
    path = place.directory / "porch" / "door.sock"
    path.parent.mkdir()
    spoil(path)
    before = path.read_text() if path.exists() else None
    schedd = place.schedd(door=str(path))
    schedd.tells(told)
    assert (path.read_text() if path.exists() else None) == before


def test_a_group_that_there_is_not_is_told(place: Place) -> None:
    place.schedd(door=str(socket_of(place)), door_group="nosuchgroup").tells("there is no group 'nosuchgroup'")
    assert not socket_of(place).exists()


def test_a_process_that_hangs_costs_a_second(place: Place) -> None:
    behind = process_behind(open_door(place))
    behind.suspend()
    done = direct(place).run("--debug", "jobs", "-o", "json")
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert f"the door at {socket_of(place)} says nothing for 1 s" in done.stderr
    assert direct(place).run("jobs").stderr.strip() == "no jobs"


@contextmanager
def submissions_stand_still(place: Place) -> Iterator[None]:
    """Nobody's submission gets past its first look; then all go on."""
    with psycopg.connect(place.cluster.settings.database_url) as blocker:
        blocker.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
        yield
        blocker.rollback()


def waits_for_a_lock(place: Place, who: str) -> bool:
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(place.cluster.db.value(question + " AND application_name = %s", f"clusterctl {who}"))


def test_a_submit_whose_answer_is_lost_is_no_second_job(place: Place) -> None:
    behind = process_behind(open_door(place))
    said = place.directory / "said"
    with submissions_stand_still(place):
        command = direct(place).start("--debug", "submit", "--parsable", "--", "true", output=said)
        until(lambda: waits_for_a_lock(place, "door"), timeout=30, what="the door to have been asked")
        behind.suspend()
        until(lambda: waits_for_a_lock(place, "cli"), timeout=30, what="the command to go the direct way")
    assert command.wait(30) == 0
    behind.resume()
    schedd = place.daemons[0]
    schedd.does(lambda: answers(place), "answer again")
    ((job,),) = place.cluster.db.rows("SELECT id FROM jobs")
    lines = said.read_text().splitlines()
    assert str(job) in lines
    assert any("says nothing for 1 s" in line for line in lines)
    assert not any("same key" in line for line in lines)


def test_a_submit_that_the_door_finds_done_is_no_second_job(place: Place) -> None:
    behind = process_behind(open_door(place))
    with submissions_stand_still(place):
        command = direct(place).start("submit", "--", "true", output=place.directory / "said")
        until(lambda: waits_for_a_lock(place, "door"), timeout=30, what="the door to have been asked")
        behind.kill()  # its statement goes on without it, or is cut: either may be
    assert command.wait(30) == 0
    until(lambda: not waits_for_a_lock(place, "door"), timeout=30)
    assert len(place.cluster.db.rows("SELECT id FROM jobs")) == 1


def test_a_doctor_behind_the_door_mends_for_whoever_asks(place: Place) -> None:
    open_door(place)
    place.agentd()
    with psycopg.connect(place.cluster.settings.database_url) as hand:
        hand.execute("SET LOCAL session_replication_role = replica")
        hand.execute("UPDATE workers SET reserved_milli = 1000")
        hand.commit()
    done = console(place).run("--debug", "doctor", "counters_drift", "--fix", "--yes", "--reason", "a test")
    assert done.returncode == 0, done
    assert "the door" not in done.stderr
    audit = place.cluster.db.rows("SELECT actor, verb, reason FROM audit")
    assert audit == [(name_of(os.getuid()), "mend counters_drift", "a test")]
    assert place.held_milli() == 0


def test_what_was_given_up_is_not_done_later(place: Place) -> None:
    process = process_behind(open_door(place))
    (job,) = place.submit("true")
    with Cluster(place.cluster.settings, door=Door(socket_of(place), {})) as through:
        views.check_schema(through)
        process.suspend()
        try:
            operations.hold(through, [job], reason="here, after all")
        finally:
            assert through.door is None
            operations.release(place.cluster, [job])
            process.resume()
    until(lambda: answers(place), timeout=60)
    with closing(Door(socket_of(place), {})) as door:
        for _ in range(3 * WORKERS):  # whatever it heard before, it has had its turn
            door.ask("views.schema.check_schema", {}, int)
    verbs = place.cluster.db.rows("SELECT verb FROM audit WHERE verb IN ('hold', 'release') ORDER BY id")
    assert verbs == [("hold",), ("release",)]
    assert views.job(place.cluster, job).job.state == "pending"


def test_the_same_while_it_waits_for_a_lock(place: Place) -> None:
    process = process_behind(open_door(place))
    (job,) = place.submit("true")
    settings = place.cluster.settings
    with Cluster(settings, door=Door(socket_of(place), {})) as through, psycopg.connect(settings.database_url) as lock:
        views.check_schema(through)
        lock.execute("SELECT FROM jobs FOR UPDATE")
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(operations.hold, through, [job])
            until(lambda: place.cluster.db.value(WAITING), timeout=30)
            process.suspend()
            until(lambda: through.door is None, timeout=30)
            lock.rollback()
            process.resume()
            held.result(60)
    until(lambda: answers(place) and not place.cluster.db.value(WORKING), timeout=60)
    assert place.cluster.db.value("SELECT count(*) FROM audit WHERE verb = 'hold'") == 1
