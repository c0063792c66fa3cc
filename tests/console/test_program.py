"""The program as a process: pipes, signals, the bytes of argv, what it imports, what the shell completes."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.store import job_steps
from tests.console.conftest import Run
from tests.held_up import HeldUp
from tests.store.scene import Scene

PROGRAM = [sys.executable, "-P", "-m", "clusterctl"]
UNHURRIED = """
from clusterctl.__main__ import main
from clusterctl.cli import completion
assert 0 < completion.PATIENCE < 1
completion.PATIENCE = 60.0  # a busy machine may need more than the blink that a user would wait
main()
"""


def start(*argv: str | bytes, **env: str) -> subprocess.Popen[str]:
    """The program, with pipes."""
    return subprocess.Popen(
        [*PROGRAM, *argv],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def complete(words: str, program: Sequence[str] = PROGRAM, **env: str) -> list[str]:
    """What the shell would offer after *words*."""
    env = {**os.environ, **completing(words), **env}
    done = subprocess.run(program, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def completing(words: str) -> dict[str, str]:
    """The environment in which a shell asks."""
    number = str(len(words.split(" ")) - 1)
    return {"_CLUSTERCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}


def test_a_closed_pipe_ends_it_quietly(scene: Scene) -> None:
    for _ in range(4):
        scene.jobs(400)
    with start("jobs", "--limit", "2000") as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""
        assert program.wait(60) == ExitCode.DONE


def test_a_full_disk_is_no_bug(scene: Scene) -> None:
    scene.jobs()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PROGRAM, "jobs"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.splitlines()[0] == "clusterctl: error: cannot write the output: No space left on device"


def test_a_closed_stdout_takes_nothing_and_that_is_all(scene: Scene) -> None:
    scene.jobs()
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, "jobs"]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")


@pytest.mark.parametrize("number, code", [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)])
def test_an_interrupted_wait_ends_by_the_book(scene: Scene, number: signal.Signals, code: ExitCode) -> None:
    scene.jobs()
    with start("wait", "1") as program:
        assert program.stderr is not None
        assert program.stderr.readline() == "1 pending\n"
        program.send_signal(number)
        assert program.wait(60) == code
        assert "Traceback" not in program.stderr.read()
    assert scene.state(1) == "pending"


def test_bytes_that_are_no_text_are_refused() -> None:
    with start("submit", b"echo", b"\xff\xfe") as program:
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out) == (ExitCode.USAGE, "")
    assert "UTF-8" in err


def test_a_bug_is_one_line_and_its_traceback_is_for_debug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        local_secret = "hunter2"
        raise RuntimeError("it broke" + local_secret[:0])

    monkeypatch.setattr("clusterctl.cli.invocation.Invocation.settings", broken)
    said = run("jobs")
    assert said.code == ExitCode.FAILED
    assert len(said.err.splitlines()) == 2
    assert "--debug" in said.err
    for argv in (["--debug", "jobs"], ["jobs", "--debug"]):
        told = run(*argv).err
        assert "Traceback" in told
        assert "clusterctl: error: RuntimeError: it broke" in told


def test_colours_are_for_terminals_that_want_them(scene: Scene) -> None:
    scene.jobs()
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        leader, follower = pty.openpty()
        settings = {**os.environ, "TERM": "xterm", **env}
        subprocess.run([*PROGRAM, "jobs"], env=settings, stdout=follower, stderr=subprocess.DEVNULL, check=True)
        os.close(follower)
        told = os.read(leader, 65_536)
        os.close(leader)
        assert b"pending" in told
        assert (b"\x1b[" in told) is coloured


def test_submit_loads_nothing_that_it_does_not_need(scene: Scene) -> None:
    asked = [sys.executable, "-P", "-X", "importtime", "-m", "clusterctl", "submit", "true"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"textual", "httpx", "rich", "fastapi", "psutil"}
    assert done.stdout == "Submitted job 1\n"


def test_the_shell_completes_commands_jobs_workers_and_states(scene: Scene) -> None:
    scene.worker("w1")
    scene.jobs(3)
    assert complete("clusterctl ca") == ["cancel"]
    unhurried = [sys.executable, "-P", "-c", UNHURRIED]
    assert {"1", "2", "3", "last", "all"} <= set(complete("clusterctl cancel ", unhurried))
    assert complete("clusterctl submit --worker w", unhurried) == ["w1"]
    assert complete("clusterctl jobs --state ru") == ["running"]


def test_a_verb_is_offered_the_jobs_that_it_can_do_something_to(scene: Scene) -> None:
    worker = scene.worker("w1")
    pending, held, running, ended = (scene.jobs(1)[0] for _ in range(4))
    scene.finish(worker, ended)
    scene.run(worker, [running])
    job_steps.hold(scene.db, [held], "by ada")
    unhurried = [sys.executable, "-P", "-c", UNHURRIED]
    for verb, jobs in {
        "release": {held},
        "hold": {pending},
        "cancel": {pending, held, running},
        "requeue": {running, ended},
        "logs": {pending, held, running, ended},
    }.items():
        assert {int(word) for word in complete(f"clusterctl {verb} ", unhurried) if word.isdecimal()} == jobs


def test_the_shell_completes_tenants_labels_priorities_and_settings(scene: Scene) -> None:
    scene.worker("w1", labels={"disk": "ssd"})
    scene.jobs(1, tenant="physics")
    unhurried = [sys.executable, "-P", "-c", UNHURRIED]
    assert complete("clusterctl submit --tenant p", unhurried) == ["physics"]
    assert complete("clusterctl submit --label d", unhurried) == ["disk=ssd"]
    assert complete("clusterctl submit --priority ") == ["low", "medium", "high"]
    assert complete("clusterctl config show lease_") == ["lease_margin"]


def test_completion_is_silent_when_the_cluster_is_down() -> None:
    assert complete("clusterctl submit --worker w") == []


def test_a_slow_cluster_does_not_hold_up_the_shell() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x"
        began = time.monotonic()
        with start(**completing("clusterctl cancel "), CLUSTERCTL_DATABASE_URL=url) as program:
            lost = HeldUp([program.pid])
            os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
            took = time.monotonic() - began - lost.seconds
            assert program.communicate() == ("", "")
    assert took < 2.5  # a quarter of a second for the cluster, the rest for Python; to give up by itself takes three


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("clusterctl ")
