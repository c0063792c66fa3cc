"""Output whose middle is gone, as readers see it: real holes in real files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from agentd.supervisor.kernel import punch_hole
from clusterctl.cli.output import gaps
from clusterctl.cli.output.following import open_plain
from clusterctl.model.errors import Refused

KB = 1 << 10
LINE = b"x" * 1023 + b"\n"
DROPPED = "[… 1.0 MB dropped …]\n".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the output is."""
    return tmp_path / "out"


def written(path: Path, content: bytes, *holes: tuple[int, int]) -> BinaryIO:
    """A file with *content*, in which KiB *holes* are punched, open as readers have it."""
    path.write_bytes(content)
    with path.open("r+b") as file:
        for begin, end in holes:
            punch_hole(file.fileno(), begin * KB, end * KB)
    return open_plain(str(path))


def read(file: BinaryIO, *, tail: int | None = None) -> bytes:
    """All that is shown of it."""
    with file:
        if tail is not None:
            gaps.seek_tail(file, tail)
        return b"".join(gaps.pieces(file))


def test_a_line_stands_where_the_middle_is_gone(path: Path) -> None:
    shown = read(written(path, LINE * 3000, (1000, 2000)))
    assert shown == LINE * 1000 + DROPPED + LINE * 1000


def test_a_line_that_the_gap_cuts_off_gets_its_end(path: Path) -> None:
    head = b"x" * 1000 * KB
    shown = read(written(path, head + LINE * 2000, (1000, 2000)))
    assert shown == head + b"\n" + DROPPED + LINE * 1000


def test_a_gap_that_begins_in_the_middle_of_a_chunk_hides_nothing_before_it(path: Path) -> None:
    shown = read(written(path, LINE * 3000, (100, 1100), (2000, 2980)))
    assert shown == LINE * 100 + DROPPED + LINE * 900 + DROPPED + LINE * 20


def test_zeros_that_were_written_are_shown_as_bytes(path: Path) -> None:
    content = b"a" + bytes(3000 * KB) + b"z"
    assert read(written(path, content)) == content


def test_a_small_hole_is_shown_as_the_zeros_it_reads_as(path: Path) -> None:
    shown = read(written(path, LINE * 200, (100, 132)))
    assert shown == LINE * 100 + bytes(32 * KB) + LINE * 68


def test_gigabytes_that_a_job_left_out_are_told_and_not_written(path: Path) -> None:
    path.write_bytes(LINE)
    os.truncate(path, 5 << 40)
    shown = read(open_plain(str(path)))
    assert shown.startswith(LINE)
    assert shown.endswith("[… 5.5 TB dropped …]\n".encode())
    assert len(shown) < 64 * KB


@pytest.mark.parametrize("cut_off", [LINE, b"x" * KB])
@pytest.mark.parametrize("tail", [0, 1, 2, 3, 4, 5, 64, 65, 66, 67, 1000])
def test_the_last_lines_are_those_of_what_is_shown(path: Path, tail: int, cut_off: bytes) -> None:
    content = LINE * 63 + cut_off + LINE * 1000 + b"one\n\nlast, and without an end"
    shown = read(written(path, content, (64, 1064)))
    lines = shown.splitlines(keepends=True)
    assert len(lines) == 64 + 1 + 3
    assert read(open_plain(str(path)), tail=tail) == b"".join(lines[-tail:] if tail else [])


def test_an_output_that_is_all_gap_has_one_line(path: Path) -> None:
    path.touch()
    os.truncate(path, 1000 * 1000)
    for tail in (1, 2):
        assert read(open_plain(str(path)), tail=tail) == DROPPED


def test_what_comes_after_a_gap_is_followed(path: Path) -> None:
    with written(path, LINE * 1200, (100, 1100)) as file, path.open("ab") as job:
        assert b"".join(gaps.pieces(file)).endswith(DROPPED + LINE * 100)
        job.write(b"more\n")
        job.flush()
        assert list(gaps.pieces(file)) == [b"more\n"]


def test_a_reader_whom_the_gap_overtakes_goes_on_behind_it(path: Path) -> None:
    with written(path, LINE * 1200) as file:
        assert file.read(200 * KB) == LINE * 200
        with path.open("r+b") as same:
            punch_hole(same.fileno(), 100 * KB, 1100 * KB)
        shown = b"".join(gaps.pieces(file))
    assert shown == "[… 922 kB dropped …]\n".encode() + LINE * 100


def test_a_pipe_in_the_place_of_output_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(Refused, match="is not a plain file"):
        open_plain(str(path))


def test_a_directory_in_the_place_of_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not a plain file"):
        open_plain(str(tmp_path))


def test_what_nobody_wanted_to_keep_reads_as_nothing() -> None:
    assert read(open_plain("/dev/null")) == b""


@pytest.mark.parametrize(
    "count, said",
    [(0, "0 bytes"), (999, "999 bytes"), (65_536, "66 kB"), (2_700_000, "2.7 MB"), (999_700_000, "1.0 GB")],
)
def test_amounts_are_rounded_for_reading(count: int, said: str) -> None:
    assert gaps.about_bytes(count) == said
