"""``logs`` of jobs that ran on another machine: through its agent, whatever becomes of that agent meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from clusterctl import operations
from clusterctl.model.exits import ExitCode
from tests.processes.console import PROGRAM, Console
from tests.processes.place import Daemon, Place, open_gate
from tests.until import until

ELSEWHERE = """
    CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.hostname := 'host-of-' || NEW.name; RETURN NEW; END $$;
    CREATE TRIGGER elsewhere BEFORE INSERT OR UPDATE ON workers FOR EACH ROW EXECUTE FUNCTION elsewhere();
"""
EVERYWHERE = "0.0.0.0"


@pytest.fixture
def far(place: Place) -> Place:
    """A cluster whose workers register from other machines than ours, as far as anybody can tell."""
    place.cluster.db.run(ELSEWHERE)
    place.schedd()
    return place


@pytest.fixture
def console(place: Place, tmp_path: Path) -> Console:
    """The command line, on our machine."""
    settings = place.cluster.settings
    return Console(
        tmp_path / "home", CLUSTERCTL_DATABASE_URL=settings.database_url, CLUSTERCTL_REDIS_URL=settings.redis_url
    )


def far_agent(place: Place, name: str = "w1", *, cpus: int = 4, **knobs: str) -> Daemon:
    """An agent that serves what it has to everybody."""
    return place.agentd(name, cpus=cpus, logs_host=EVERYWHERE, **knobs)


@contextmanager
def followed(console: Console, output: Path, *words: str) -> Iterator[Callable[[], str]]:
    """``logs -f`` meanwhile; what it has shown. At the end of the block it has ended well."""
    process = console.start("logs", *words, "-f", output=output)
    try:
        yield output.read_text
        assert process.wait(60) == 0, output.read_text()
    finally:
        process.kill()
        process.wait()


def test_what_another_machine_has_comes_from_its_agent(far: Place, console: Console) -> None:
    far_agent(far)
    script = "seq 1 5000; echo to stderr >&2"
    job = far.run(script)
    apart = far.run(script, stderr="err-%j", stdout="out-%j")
    lines = [str(number) for number in range(1, 5001)]
    assert console.run("logs", str(job)).stdout.splitlines() == [*lines, "to stderr"]
    assert console.run("logs", str(job), "--tail", "3").stdout == "4999\n5000\nto stderr\n"
    assert console.run("logs", str(apart)).stdout.splitlines() == lines
    assert console.run("logs", str(apart), "--stderr").stdout == "to stderr\n"
    both = console.run("logs", f"{job}-{apart}", "--tail", "1").stdout
    assert both == f"{job}: to stderr\n{apart}: 5000\n"


def test_what_was_dropped_is_said_from_afar(far: Place, console: Console) -> None:
    far_agent(far, output_cap="1M")
    job = far.run("echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last")
    said = console.run("logs", str(job))
    assert said.stdout.startswith("first\nxxx")
    assert said.stdout.endswith("xxx\nlast\n")
    assert " MB dropped …]\n" in said.stdout
    assert len(said.stdout) < 2_000_000


def test_a_follower_outlives_the_agent_that_it_reads_from(
    far: Place, console: Console, gate: Path, tmp_path: Path
) -> None:
    agent = far_agent(far)
    (job,) = far.submit(f"for n in 1 2 3; do echo line $n; read go < {gate}; done; echo end")
    with followed(console, tmp_path / "shown", str(job)) as shown:
        until(lambda: "line 1\n" in shown(), timeout=20)
        agent.kill()
        open_gate(gate)
        until(lambda: "line 2\n" in far.output(job), timeout=20)
        assert "line 2" not in shown()
        agent = far_agent(far)
        until(lambda: "line 2\n" in shown(), timeout=20)
        assert agent.terminate() == 0
        far_agent(far)
        open_gate(gate)
        until(lambda: "line 3\n" in shown(), timeout=20)
        open_gate(gate)
        far.await_end(job)
    told = [line for line in shown().splitlines() if "unreachable" not in line]
    assert told == ["line 1", "line 2", "line 3", "end"]


def test_a_job_that_is_tried_again_is_followed_to_its_next_worker(far: Place, console: Console, tmp_path: Path) -> None:
    far_agent(far, "w1", cpus=1)
    script = 'echo attempt $CLUSTERCTL_ATTEMPT on $CLUSTERCTL_WORKER; test "$CLUSTERCTL_ATTEMPT" = 2'
    (job,) = far.submit(script, cpus=2, retries=1)
    with followed(console, tmp_path / "shown", str(job)) as shown:
        until(lambda: "waiting for its output" in shown(), timeout=20)
        far_agent(far, "w2", cpus=2)
        far.await_end(job)
    waiting, *told = shown().splitlines()
    assert waiting.startswith(f"job {job} is pending, waiting for its output (")
    assert told == ["attempt 1 on w2", "attempt 1 on w2 ended: exit 1; attempt 2 on w2", "attempt 2 on w2"]
    every = console.run("logs", str(job), "--attempt", "all")
    assert every.stdout == "attempt 1 on w2\nattempt 2 on w2\n"
    assert every.stderr == "attempt 1 on w2 ended: exit 1\nattempt 2 on w2 ended: exit 0\n"
    assert console.run("logs", str(job), "--attempt", "1").stdout == "attempt 1 on w2\n"
    assert console.run("logs", str(job), "--attempt", "3", "-f").returncode == ExitCode.NOT_FOUND


@pytest.mark.parametrize("is_far", [True, False], ids=["far", "near"])
def test_an_output_that_its_job_cuts_is_followed_from_its_new_beginning(
    place: Place, console: Console, gate: Path, tmp_path: Path, is_far: bool
) -> None:
    if is_far:
        place.cluster.db.run(ELSEWHERE)
    place.schedd()
    far_agent(place)
    script = f"echo a long first line; read go < {gate}; echo new > own; read go < {gate}; echo end"
    (job,) = place.submit(script, stdout="own")
    with followed(console, tmp_path / "shown", str(job)) as shown:
        until(lambda: "first line\n" in shown(), timeout=20)
        open_gate(gate)
        until(lambda: "new\n" in shown(), timeout=20)
        open_gate(gate)
    cut = f"the output of job {job} was cut, from its new beginning on:"
    assert shown().splitlines()[-4:] == ["a long first line", cut, "new", "end"]


def test_a_reader_of_many_who_closes_the_pipe_ends_quietly(far: Place, console: Console) -> None:
    far_agent(far)
    jobs = far.submit("echo begin; sleep 600", 3)
    far.await_state("running", *jobs)
    command = [*PROGRAM, "logs", f"array:{jobs[0]}", "-f"]
    with subprocess.Popen(command, env=console.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert b": begin" in process.stdout.readline()
        process.stdout.close()
        operations.cancel(far.cluster, jobs)  # the others have nothing more to write; it ends with them at the latest
        assert process.wait(30) in (ExitCode.DONE, ExitCode.PARTLY)
        assert b"Traceback" not in process.stderr.read()


def test_ctrl_c_ends_a_reader_of_many(far: Place, console: Console, tmp_path: Path) -> None:
    far_agent(far)
    jobs = far.submit("echo begin; sleep 600", 3)
    shown = tmp_path / "shown"
    process = console.start("logs", f"array:{jobs[0]}", "-f", output=shown)
    until(lambda: shown.read_text().count("begin") == 3, timeout=30)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == ExitCode.INTERRUPTED
    assert "Traceback" not in shown.read_text()


def test_an_agent_that_is_down_cannot_give_what_it_has(far: Place, console: Console) -> None:
    agent = far_agent(far)
    job = far.run("echo hello")
    agent.kill()
    for words in (["logs", str(job)], ["logs", str(job), "-f"]):
        said = console.run(*words)
        assert said.returncode == ExitCode.UNREACHABLE
        assert "the log server of worker w1 unreachable" in said.stderr
        assert f"on host-of-w1 it is {far.spool('w1')}/output/0/{job}-1.out" in said.stderr


def test_an_agent_on_loopback_is_not_sought_on_our_own(far: Place, console: Console) -> None:
    far.agentd("w1")
    job = far.run("echo hello")
    said = console.run("logs", str(job))
    assert said.returncode == ExitCode.REFUSED
    assert "serves its output to host-of-w1 only" in said.stderr
    assert "logs_host" in said.stderr


def test_an_agent_that_cannot_serve_runs_jobs_all_the_same(far: Place, console: Console) -> None:
    agent = far.agentd("w1", logs_host="192.0.2.1")
    agent.tells("no output is served on 192.0.2.1:0")
    job = far.run("echo hello")
    said = console.run("logs", str(job))
    assert said.returncode == ExitCode.REFUSED
    assert "its agent does not serve it" in said.stderr


def test_several_jobs_are_followed_together(far: Place, console: Console, tmp_path: Path) -> None:
    for name in ("w1", "w2"):
        far_agent(far, name, cpus=2)
    go = tmp_path / "go"
    jobs = far.submit(f"echo begin; until test -e {go}; do sleep 0.1; done; printf 'no end'", 4)
    with followed(console, tmp_path / "shown", f"array:{jobs[0]}") as shown:
        until(lambda: shown().count("begin") == 4, timeout=30)
        go.touch()
        far.await_end(*jobs)
    assert sorted(shown().splitlines()) == sorted(f"{job}: {word}" for job in jobs for word in ("begin", "no end"))


def test_whoever_does_not_see_the_file_here_asks_its_agent(place: Place, console: Console) -> None:
    """As in a container, which sees another spool of that name, or none."""
    place.schedd()
    place.agentd("w1")
    job = place.run("echo hello")
    hidden = place.spool("w1").with_name("hidden")
    place.cluster.db.run("UPDATE workers SET spool = %s", str(hidden))
    assert console.run("logs", str(job)).stdout == "hello\n"


def test_the_token_is_nowhere_but_in_postgres(far: Place, console: Console, redis_url: str) -> None:
    agent = far_agent(far, log_level="debug")
    job = far.run("env; echo hello")
    token = far.cluster.db.value("SELECT logs_token FROM workers")
    assert len(token) >= 43
    assert console.run("logs", str(job), "--debug").stdout.endswith("hello\n")
    for words in (["worker", "w1"], ["workers"], ["job", str(job)], ["jobs"], ["status"]):
        said = console.run(*words, "-o", "json")
        assert json.loads(said.stdout)
        assert token not in said.stdout + said.stderr
    agent.kill()
    said = console.run("logs", str(job), "--debug")
    assert token not in said.stderr + agent.text() + far.output(job)
    assert token not in Path(f"/proc/{far.daemons[0].pid}/cmdline").read_text()
    with redis.Redis.from_url(redis_url) as live:
        assert not any(token.encode() in (live.dump(key) or b"") for key in live.scan_iter())
