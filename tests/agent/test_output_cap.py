"""Jobs that write too much: their files lose the middle, and nothing else happens to them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from agentd.output import can_punch
from agentd.supervisor.output import Output, Stream, stored
from agentd.supervisor.spawn import spawn
from clusterctl.model.output import default_output
from clusterctl.model.states import Outcome
from tests.agent.mounts import mounted
from tests.agent.rig import Rig, RigMaker, shell
from tests.until import until

MB = 1 << 20
CAP_MB = 1
LAST_BLOCKS = 2 * 4096  # bytes: one at the end of a file is not full, and one tells where the others are
MOST = CAP_MB * MB + LAST_BLOCKS
HOLD = "exec sleep 1000"
DROPPED = "the middle of its output was dropped, {mb} MiB"
FLOOD = "echo first; yes 'line of a job that has gone mad' | head -c {mb}M; echo; echo last"


@pytest.fixture
def capped(make_rig: RigMaker) -> Rig:
    """A rig whose jobs may keep 1 MiB each."""
    return make_rig(output_cap_mb=CAP_MB)


def on_disk(path: Path) -> int:
    """Bytes that a file holds, once all of it has its place on the disk: the kernel tells too little meanwhile."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_blocks * 512


def opened(path: Path) -> tuple[int, os.stat_result]:
    """*path* as an attempt finds it."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return fd, os.fstat(fd)


def tail_of(path: Path) -> bytes:
    """The last words in *path*: all of it may be too much to read again and again."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 10))
        return file.read()


def output_of(rig: Rig, number: int) -> Path:
    """Where its output is when it did not say."""
    return rig.spool / default_output(number, 1)


def test_a_flood_keeps_its_beginning_and_its_end(capped: Rig) -> None:
    end = capped.run(shell(1, FLOOD.format(mb=100)))
    assert (end.exit_code, end.detail) == (0, DROPPED.format(mb=99))
    path = output_of(capped, 1)
    content = path.read_bytes()
    assert on_disk(path) <= MOST
    assert len(content) == 100 * MB + len("first\n\nlast\n")
    assert content.startswith(b"first\nline of a job")
    assert content.endswith(b"\nlast\n")
    assert b"\0" not in content[: CAP_MB * MB // 2]
    assert b"\0" not in content[-CAP_MB * MB // 4 :]


def test_a_flood_is_held_back_while_it_lasts(capped: Rig) -> None:
    capped.start(shell(1, "while :; do head -c 4M /dev/zero | tr '\\0' x; echo; done"))
    path = output_of(capped, 1)
    until(lambda: path.exists() and path.stat().st_size > 50 * MB, timeout=120)
    until(lambda: on_disk(path) < path.stat().st_size / 2, timeout=120, what="the middle to go")
    capped.stop(1, grace_s=0)
    assert on_disk(path) <= MOST


def test_a_job_that_floods_after_a_quiet_time_is_noticed(capped: Rig, gate: Path) -> None:
    capped.start(shell(1, f"echo quiet; read line < {gate}; {FLOOD.format(mb=20)}; {HOLD}"))
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: b"last" in tail_of(output_of(capped, 1)), timeout=120)
    until(lambda: on_disk(output_of(capped, 1)) <= MOST, timeout=120)


def test_the_cap_holds_without_an_agentd(make_rig: RigMaker, gate: Path) -> None:
    first = make_rig(output_cap_mb=CAP_MB)
    first.start_until_ready(shell(1, f"echo ready; read line < {gate}; {FLOOD.format(mb=20)}; {HOLD}"))
    first.close(stop_jobs=False)
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: b"last" in tail_of(output_of(first, 1)), timeout=120)
    until(lambda: on_disk(output_of(first, 1)) <= MOST, timeout=120)
    assert 1 in make_rig().processes.running()


def test_what_stood_in_a_file_before_the_attempt_is_not_touched(capped: Rig, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"mine\n" * MB)
    capped.run(shell(1, FLOOD.format(mb=20), stdout=str(path)))
    content = path.read_bytes()
    assert content.startswith(b"mine\n" * MB + b"first\n")
    assert on_disk(path) <= 5 * MB + MOST


def test_a_job_within_its_cap_loses_nothing(capped: Rig, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"mine\n" * MB)
    capped.run(shell(1, "head -c 900K /dev/zero | tr '\\0' x", stdout=str(path)))
    assert path.read_bytes() == b"mine\n" * MB + b"x" * (900 << 10)


def test_what_a_job_writes_before_anybody_has_heard_of_it_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"mine\n")
    start: Any = {"argv": ["/bin/sh", "-c", FLOOD.format(mb=20)], "env": dict(os.environ), "cwd": "/"}
    start |= {"stdout": str(path), "stderr": "", "in_spool": False}
    with open(os.devnull) as null:
        pid, found = spawn(start, null.fileno(), lambda: None)
        os.waitpid(pid, 0)
    output = Output(found, MB, 0.0)
    output.close()
    assert on_disk(path) <= MOST
    assert path.read_bytes().startswith(b"mine\nfirst\nline of a job")
    assert output.dropped >> 20 == 19


def test_a_file_is_over_its_cap_also_while_the_kernel_tells_too_little(tmp_path: Path) -> None:
    path = tmp_path / "out"
    fd, before = opened(path)
    stream = Stream(fd, before, 0.0)
    path.write_bytes(b"x" * 2 * MB)
    told = list(os.fstat(fd)), {"st_blocks": MB // 512}
    assert os.stat_result(*told).st_blocks == MB // 512
    assert stream.holds_more_than(MB, os.stat_result(*told))
    assert not stream.holds_more_than(2 * MB, os.stat_result(*told))
    os.truncate(path, 512 << 10)
    os.truncate(path, 3 * MB)
    assert not stream.holds_more_than(MB, os.fstat(fd)), "most of it is a hole now"
    os.close(fd)


def test_counting_what_is_in_a_file_leaves_the_jobs_place_in_it_alone(tmp_path: Path) -> None:
    fd, _ = opened(tmp_path / "out")
    os.write(fd, b"x" * 2 * MB)
    os.ftruncate(fd, 10 * MB)
    os.lseek(fd, 7, os.SEEK_SET)
    assert stored(fd, 0, 100 * MB) == 2 * MB
    assert stored(fd, MB, 100 * MB) == MB
    assert stored(fd, 3 * MB, 100 * MB) == 0
    assert os.lseek(fd, 0, os.SEEK_CUR) == 7
    os.close(fd)


def test_a_file_that_is_cut_below_where_the_attempt_began_is_all_of_the_attempt(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(bytes(5 * MB))
    output = Output([opened(path)], MB, 0.0)
    os.truncate(path, 0)
    output.look(output.moment)
    with path.open("ab") as job:
        job.write(b"x" * 3 * MB)
    output.close()
    assert on_disk(path) <= MOST


def test_each_stream_has_a_cap_of_its_own(capped: Rig, tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    capped.run(shell(1, f"{FLOOD.format(mb=10)}; ({FLOOD.format(mb=10)}) >&2", stdout=str(out), stderr=str(err)))
    for path in (out, err):
        assert path.read_bytes().endswith(b"last\n")
        assert MB // 2 <= on_disk(path) <= MOST


def test_without_a_cap_everything_stays(make_rig: RigMaker) -> None:
    rig = make_rig(output_cap_mb=0)
    rig.run(shell(1, FLOOD.format(mb=10)))
    assert on_disk(output_of(rig, 1)) >= 10 * MB


def test_a_job_that_deletes_its_output_cannot_fill_the_disk_unseen(capped: Rig, gate: Path) -> None:
    capped.start(shell(1, f"rm {output_of(capped, 1)}; {FLOOD.format(mb=20)}; echo done > {gate}; {HOLD}"))
    running = capped.running(1)
    assert gate.read_text() == "done\n"
    unseen = Path(f"/proc/{running.pid}/fd/1")
    assert os.readlink(unseen).endswith("(deleted)")
    until(lambda: on_disk(unseen) <= MOST, timeout=120)
    assert f"{output_of(capped, 1)} (deleted)" in descriptors(running.supervisor_pid)
    capped.stop(1, grace_s=0)
    assert f"{output_of(capped, 1)} (deleted)" not in descriptors(running.supervisor_pid)


def descriptors(pid: int) -> list[str]:
    """What a process has open."""
    directory = f"/proc/{pid}/fd"
    return [os.readlink(f"{directory}/{fd}") for fd in os.listdir(directory)]


def test_a_supervisor_lets_go_of_the_files_of_each_attempt(capped: Rig, tmp_path: Path) -> None:
    capped.start_until_ready(shell(1, f"echo ready; {HOLD}", stderr=str(tmp_path / "err")))
    pid = capped.running(1).supervisor_pid
    with_job = descriptors(pid)
    assert str(output_of(capped, 1)) in with_job
    capped.stop(1)
    assert len(descriptors(pid)) == len(with_job) - 2


def test_a_job_that_cuts_its_output_begins_anew(capped: Rig) -> None:
    path = output_of(capped, 1)
    flood = FLOOD.format(mb=20)
    assert capped.run(shell(1, f"{flood}; truncate -s 0 {path}; echo again; {flood}")).exit_code == 0
    assert path.read_bytes().startswith(b"again\nfirst\n")
    assert path.stat().st_size == 20 * MB + len("again\nfirst\n\nlast\n")
    assert on_disk(path) <= MOST


def test_a_hole_that_a_job_makes_itself_costs_nothing_and_is_left(capped: Rig) -> None:
    path = output_of(capped, 1)
    assert capped.run(shell(1, f"echo first; truncate -s 10G {path}; echo last")).exit_code == 0
    assert path.stat().st_size == (10 << 30) + len("last\n")
    assert on_disk(path) <= 3 * 4096


@pytest.mark.parametrize(
    "replace",
    ["rm {path}; mkfifo {path}", "ln -sf /etc/passwd {path}", "rm {path}; mkdir {path}", "chmod 0 {path}"],
)
def test_a_job_that_puts_something_else_in_the_place_of_its_output_ends_as_any_other(capped: Rig, replace: str) -> None:
    before = Path("/etc/passwd").read_bytes()
    text = replace.format(path=output_of(capped, 1))
    end = capped.run(shell(1, f"{text}; {FLOOD.format(mb=5)}; exit 7"))
    assert (end.outcome, end.exit_code) == (Outcome.EXITED, 7)
    assert end.detail.startswith("the middle of its output was dropped")
    assert capped.run(shell(2, "exit 8")).exit_code == 8
    assert Path("/etc/passwd").read_bytes() == before


def test_the_reader_of_a_pipe_sees_the_end_as_soon_as_the_job_has_closed_it(capped: Rig, gate: Path) -> None:
    reader = os.open(gate, os.O_RDONLY | os.O_NONBLOCK)
    with open(reader, "rb") as pipe:
        capped.start(shell(1, f"echo through; exec >&- 2>&-; {HOLD}", stdout=str(gate)))
        capped.running(1)
        os.set_blocking(reader, True)
        assert pipe.read() == b"through\n"


def test_looks_come_seldom_while_nothing_is_written(tmp_path: Path) -> None:
    output, now = Output([opened(tmp_path / "out")], MB, 0.0), 0.0
    looks = 0
    while (now := output.moment) < 3600:
        output.look(now)
        looks += 1
    output.close()
    assert looks <= 3600 / 2 + 10  # of a disk that is almost full; mostly it is one a minute


def test_a_file_system_that_cannot_punch_is_left_alone_and_known(capped: Rig, tmp_path: Path) -> None:
    assert can_punch(tmp_path)
    with mounted(tmp_path / "mount", "ramfs") as place:
        assert not can_punch(place)
        end = capped.run(shell(1, f"{FLOOD.format(mb=5)}; {FLOOD.format(mb=5)}; exit 7", stdout=str(place / "out")))
        assert (end.exit_code, end.detail) == (7, "")
        output = Output([opened(place / "out")], MB, 0.0)
        with (place / "out").open("ab") as job:
            job.write(b"last\n" * MB)
        output.look(output.moment)
        assert output.moment == math.inf
        output.close()
        assert (place / "out").read_bytes().count(b"last\n") == 2 + MB
        assert b"\0" not in (place / "out").read_bytes()
