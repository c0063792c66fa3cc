"""``clusterctl demo``: it ends well, leaves nothing behind, and would notice if something went wrong."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from clusterctl.demo import checks, workload
from clusterctl.demo.checks import Wrong
from clusterctl.demo.workload import Group
from tests.processes.console import Console, about
from tests.until import until

A_MINUTE = 4 * 60.0  # seconds: it takes a quarter of one, and all that it starts waits where others work too


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demo finds room for its directory."""
    path = tmp_path / "temporary"
    path.mkdir()
    return path


@pytest.fixture
def console(tmp_path: Path, temporary: Path) -> Console:
    """A console that keeps temporary files where the test can see them."""
    return Console(tmp_path / "home", TMPDIR=str(temporary))


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A runtime directory of this test's own, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="cc-", dir="/tmp") as directory:
        yield Path(directory)


def test_the_demo_goes_as_it_should_in_time_and_leaves_nothing(
    console: Console, temporary: Path, runtime: Path
) -> None:
    console.env["XDG_RUNTIME_DIR"] = str(runtime)  # where sockets lie when a state directory's path is too long
    done = console.run("demo", seconds=A_MINUTE)
    assert done.returncode == 0, done.stderr
    rows = {row["group"]: row for row in csv.DictReader(StringIO(done.stdout), delimiter="\t")}
    assert list(rows) == [group.name for group in workload.GROUPS]
    assert all(row["as_expected"] == "true" for row in rows.values())
    assert rows["crash"]["attempts"] == "2"
    assert rows["crash"]["reason"] == "exit 7, exit 0"
    assert rows["endless"]["outcome"] == "1 timeout"
    assert rows["too-big"]["reason"] == "unsatisfiable"
    assert "too-big: waits as unsatisfiable: needs 64 CPUs" in done.stderr
    assert not list(temporary.iterdir())
    assert not about(temporary)
    assert not list(runtime.iterdir())


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"])
def test_an_interrupted_demo_leaves_nothing(
    console: Console, temporary: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "out"
    demo = console.start("demo", output=output)
    until(lambda: "search-ben" in output.read_text(), what="the workload to be submitted")
    demo.send_signal(number)
    assert demo.wait(60) == code
    assert not list(temporary.iterdir())
    assert not about(temporary)


@pytest.fixture
def kept(console: Console, tmp_path: Path) -> Iterator[Path]:
    """Where a demo is kept; it is stopped after the test."""
    path = tmp_path / "kept"
    yield path
    console.run("down", "--state-dir", str(path))


def test_a_demo_that_is_kept_can_be_looked_at_and_is_in_nobodys_way(console: Console, kept: Path) -> None:
    done = console.run("demo", "--keep", "--state-dir", str(kept))
    assert done.returncode == 0, done.stderr
    assert f"export CLUSTERCTL_STATE_DIR={kept}" in done.stderr
    listed = console.run("jobs", "--state-dir", str(kept), "-o", "ids")
    assert len(listed.stdout.split()) == sum(len(group.indices or (0,)) for group in workload.GROUPS)
    again = console.run("demo", "--state-dir", str(kept))
    assert again.returncode == 4
    assert "runs in" in again.stderr
    assert console.run("down", "--state-dir", str(kept)).returncode == 0
    assert not about(kept)


def group(name: str) -> Group:
    """The group of that name."""
    return next(each for each in workload.GROUPS if each.name == name)


def carry_out(name: str, directory: Path, index: int = 0) -> int:
    """Do what one job of a group does; its exit code."""
    env = {"PATH": os.environ["PATH"], "CLUSTERCTL_ARRAY_INDEX": str(index)}
    return subprocess.run(
        group(name).command, cwd=directory, env=env, check=False, stderr=subprocess.DEVNULL
    ).returncode


def test_the_chain_reduces_the_files_of_the_sweep_to_pi(tmp_path: Path) -> None:
    for index in workload.STEPS:
        assert carry_out("sweep", tmp_path, index) == 0
    assert "12 areas" in checks.areas(tmp_path)
    assert carry_out("collect", tmp_path) == 0
    assert carry_out("extrapolate", tmp_path) == 0
    assert "pi = 3.14159265358" in checks.pi(tmp_path)


def test_an_area_that_is_too_good_is_wrong_too(tmp_path: Path) -> None:
    for index in workload.STEPS:
        (tmp_path / f"area-{index:02d}.csv").write_text(f"{4**index},3.141592653589793\n")
    with pytest.raises(Wrong, match="by 1 trapezoids"):
        checks.areas(tmp_path)


def test_a_missing_point_of_the_sweep_is_noticed(tmp_path: Path) -> None:
    for index in workload.STEPS[:4]:
        carry_out("sweep", tmp_path, index)
    with pytest.raises(Wrong, match="missing"):
        checks.areas(tmp_path)


def test_the_digits_take_two_attempts_and_a_checkpoint(tmp_path: Path) -> None:
    assert carry_out("crash", tmp_path) == 7
    with pytest.raises(Wrong, match=r"e\.txt is missing"):
        checks.e(tmp_path)
    assert carry_out("crash", tmp_path) == 0
    assert "2.718281828459" in checks.e(tmp_path)


def test_a_block_that_was_not_searched_is_noticed(tmp_path: Path) -> None:
    assert carry_out("search-ana", tmp_path, workload.ANAS[0]) == 0
    with pytest.raises(Wrong, match="missing"):
        group("search-ana").check(tmp_path)
