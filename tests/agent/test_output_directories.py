"""The directories of a spool in which outputs lie: made by whichever supervisor comes first, and laid apart."""

from __future__ import annotations

import fcntl
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from agentd.supervisor.kernel import FS_IOC_GETFLAGS, FS_TOPDIR_FL, spread_children
from agentd.supervisor.spawn import make_directory
from agentd.supervisor.tree import read_process, start_time, tick_now


def test_of_many_who_make_a_directory_at_once_all_succeed_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    output = tmp_path / "output"

    def write(number: int) -> None:
        path = output / str(number // 8)
        make_directory(str(path))
        (path / str(number)).touch()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(4096)))
    assert sorted(map(int, os.listdir(output))) == list(range(512))
    assert all(len(os.listdir(output / str(number))) == 8 for number in range(512))
    assert os.stat(output / "7").st_mode & 0o777 == 0o700


def test_what_stands_in_the_way_of_a_directory_is_told_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "7").write_text("mine")
    with pytest.raises(FileExistsError):
        make_directory(str(tmp_path / "7"))
    assert os.listdir(tmp_path) == ["7"]


def test_where_the_file_system_can_its_directories_are_laid_apart(tmp_path: Path) -> None:
    spreads = False
    with suppress(OSError):  # another file system than ext4
        spread_children(str(tmp_path))
        spreads = True
    make_directory(str(tmp_path / "output" / "7"))
    assert (tmp_path / "output" / "7").is_dir()
    assert is_spread(tmp_path / "output") == spreads


def is_spread(path: Path) -> bool:
    """Whether ext4 lays the directories in *path* apart."""
    fd = os.open(path, os.O_RDONLY)
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(8)))
    except OSError:
        return False
    finally:
        os.close(fd)
    return bool(flags & FS_TOPDIR_FL)


def test_a_process_that_was_made_within_a_tick_of_the_clock_has_that_as_its_start() -> None:
    compared = 0
    while compared < 50:
        before = tick_now()
        pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
        after, told = tick_now(), start_time(pid)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        assert before <= told <= after
        compared += before == after
    assert read_process(pid) is None
