"""Output whose middle is gone, as readers see it: real holes in real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentd.supervisor.kernel import punch_hole
from clusterctl.model.errors import Refused
from clusterctl.output import tail as tails
from clusterctl.output.here import open_plain
from clusterctl.output.pieces import about_bytes, read_piece, shown
from clusterctl.output.tail import tail_start

KB = 1 << 10
LINE = b"x" * 1023 + b"\n"
DROPPED = "[… 1.0 MB dropped …]\n".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the output is."""
    return tmp_path / "out"


def written(path: Path, content: bytes, *holes: tuple[int, int]) -> int:
    """A file with *content*, in which KiB *holes* are punched, open as readers have it."""
    path.write_bytes(content)
    with path.open("r+b") as file:
        for begin, end in holes:
            punch_hole(file.fileno(), begin * KB, end * KB)
    return open_plain(str(path))


def read(fd: int, *, tail: int | None = None) -> bytes:
    """All that is shown of it."""
    try:
        return read_from(fd, 0 if tail is None else tail_start(fd, tail))[0]
    finally:
        os.close(fd)


def read_from(fd: int, begin: int) -> tuple[bytes, int]:
    """What is shown from byte *begin* on, and where that ends."""
    told = b""
    while (piece := read_piece(fd, begin)).end > begin:
        told += shown(piece, told[-1:] or b"\n")
        begin = piece.end
    return told, begin


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
    fd = written(path, LINE * 1200, (100, 1100))
    told, end = read_from(fd, 0)
    assert told.endswith(DROPPED + LINE * 100)
    with path.open("ab") as job:
        job.write(b"more\n")
    assert read_from(fd, end)[0] == b"more\n"
    os.close(fd)


def test_a_reader_whom_the_gap_overtakes_goes_on_behind_it(path: Path) -> None:
    fd = written(path, LINE * 1200)
    with path.open("r+b") as same:
        punch_hole(same.fileno(), 100 * KB, 1100 * KB)
    assert read_from(fd, 200 * KB)[0] == "[… 922 kB dropped …]\n".encode() + LINE * 100
    os.close(fd)


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
    assert about_bytes(count) == said


def test_the_last_lines_are_not_looked_for_beyond_all_measure(path: Path) -> None:
    fd = written(path, LINE * 100)
    assert tail_start(fd, 50, farthest=10 * KB) == 90 * KB
    assert tail_start(fd, 5, farthest=10 * KB) == 95 * KB
    os.close(fd)


def test_of_more_gaps_than_anybody_counts_only_the_last_are_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "MOST_SPANS", 3)
    fd = written(path, LINE * 128 * 20, *((128 * number, 128 * number + 64) for number in range(20)))
    assert tail_start(fd, 64) == (128 * 19 + 64) * KB
    assert tail_start(fd, 65) == 128 * 19 * KB  # the gap before them
    assert tail_start(fd, 10_000) == (128 * 17 + 64) * KB
    os.close(fd)
