"""Reading an output from its end: what is written, what is older, and all that can happen to a file meanwhile."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clusterctl.model.output import OutputPicture
from clusterctl.output.here import Here
from clusterctl.output.pieces import about_bytes
from clusterctl.output.reader import machine_id
from clusterctl.tui.engine.messages import Broken
from clusterctl.tui.logs.reader import AHEAD, LogRead, LogReader
from clusterctl.tui.logs.reading import BLOCK, FAR, Kind, Reading, last_lines
from tests.until import until


def an_output(path: Path, **other: Any) -> OutputPicture:
    """What job 7 wrote, on this machine."""
    known: dict[str, Any] = {
        "job_id": 7, "attempt": 1, "allocation_id": 70, "stream": "stdout", "worker": "w1", "live_state": "up",
        "live_reason": "", "hostname": socket.gethostname(), "machine_id": machine_id(), "spool": str(path.parent),
        "path": str(path), "logs_url": "", "logs_token": "", "ended": False,
    }  # fmt: skip
    return OutputPicture(**{**known, **other})


class Audience:
    """Hears what a reading tells, and puts it together as a view does."""

    def __init__(self, path: Path) -> None:
        self.text = ""
        self.notes: list[str] = []
        self.whole = False
        self.quiet = 0
        self.reading = Reading(an_output(path)).by(Here(str(path)), self)

    def __call__(self, kind: Kind, text: str, whole: bool = False, /) -> None:
        if kind == "text":
            self.text += text
        elif kind == "older":
            self.text, self.whole = text + self.text, self.whole or whole
        elif kind == "note":
            self.notes.append(text)
        else:
            self.quiet += 1

    def read_on(self) -> None:
        """All that there is."""
        while self.reading.go_on():
            pass

    def read_back(self) -> None:
        """All that stood before."""
        while not self.whole:
            self.reading.go_back()


def begun(path: Path) -> Audience:
    audience = Audience(path)
    audience.reading.begin()
    audience.read_on()
    return audience


def test_a_short_output_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("one\ntwo")
    audience = begun(path)
    assert (audience.text, audience.whole, audience.quiet) == ("one\ntwo", True, 1)
    with path.open("a") as file:
        file.write(" and three\n")
    audience.read_on()
    assert audience.text == "one\ntwo and three\n"


def test_a_long_one_is_read_from_the_beginning_of_a_line_near_its_end(tmp_path: Path) -> None:
    path = tmp_path / "out"
    lines = "".join(f"line {at}\n" for at in range(30_000))
    path.write_text(lines)
    audience = begun(path)
    assert audience.text.startswith("line ")
    assert BLOCK - 20 < len(audience.text) <= BLOCK
    assert not audience.whole
    audience.reading.go_back()
    assert 2 * BLOCK - 40 < len(audience.text) <= 2 * BLOCK
    audience.read_back()
    assert audience.text == lines


@settings(max_examples=30, deadline=None)
@example([("語", 65538)])
@example([("a", 1), ("語", 17 << 20)])
@given(st.lists(st.tuples(st.sampled_from("axé語\0"), st.integers(0, 200_000)), min_size=1, max_size=8))
def test_whatever_was_written_comes_back_as_it_was(lines: list[tuple[str, int]]) -> None:
    whole = "\n".join(letter * (length // len(letter.encode())) for letter, length in lines)
    with TemporaryDirectory() as directory:
        path = Path(directory, "out")
        path.write_text(whole)
        audience = begun(path)
        audience.read_back()
        assert audience.text == whole


def test_bytes_that_are_no_text_are_shown_as_what_they_are_even_where_pieces_meet(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"a\xffb\xe8\xaa")
    audience = begun(path)
    with path.open("ab") as file:
        file.write(b"\x9e!\n")
    audience.read_on()
    assert audience.text == "a\\xffb語!\n"


@pytest.mark.parametrize("hole, tail", [(1 << 20, 10), (40 << 20, 30_000), (9 << 20, 300_000)])
def test_a_gap_is_told_once_and_as_large_as_it_is(tmp_path: Path, hole: int, tail: int) -> None:
    path = tmp_path / "out"
    block = 4096
    head = ("h" * 63 + "\n") * (block * 20 // 64)
    foot = ("t" * 63 + "\n") * (tail // 64 + 1)
    with path.open("wb") as file:
        file.write(head.encode())
        file.seek(hole + len(head) - (hole + len(head)) % block)
        file.write(foot.encode())
    audience = begun(path)
    audience.read_back()
    assert audience.text.count("dropped") == 1
    assert f"[… {about_bytes(hole)} dropped …]" in audience.text
    assert audience.text.startswith("hhh")
    assert audience.text.count("h\n") == head.count("\n")
    assert audience.text.count("t\n") == foot.count("\n")


def test_a_file_that_is_cut_is_read_anew_and_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before\n")
    audience = begun(path)
    path.write_text("new\n")
    audience.read_on()
    assert audience.text == "before\nnew\n"
    assert audience.notes == ["the output was cut; from its new beginning on:"]


def test_a_file_that_is_replaced_is_read_from_its_beginning_and_one_that_is_deleted_is_told_once(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    path.write_text("before\n")
    audience = begun(path)
    path.rename(tmp_path / "out.1")
    audience.read_on()
    audience.read_on()
    assert audience.notes == ["the output was deleted; nothing more will be seen of it"]
    path.write_text("after the rotation\n")
    audience.read_on()
    assert audience.text == "before\nafter the rotation\n"
    assert audience.notes[1:] == ["another file has taken its place; from its beginning on:"]


def test_a_file_that_comes_later_is_read_when_it_does(tmp_path: Path) -> None:
    path = tmp_path / "out"
    audience = begun(path)
    assert (audience.text, audience.whole, audience.quiet) == ("", True, 1)
    path.write_text("at last\n")
    audience.read_on()
    assert (audience.text, audience.notes) == ("at last\n", [])


def test_who_is_far_behind_is_taken_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("first\n")
    audience = begun(path)
    with path.open("a") as file:
        file.write(("x" * 99 + "\n") * (FAR // 50))
    audience.read_on()
    assert len(audience.text) <= BLOCK + 10
    assert audience.notes == ["[… 8.3 MB not shown: they were written faster than anybody reads …]"]


class Screen:
    """Gets what the thread posts."""

    def __init__(self) -> None:
        self.got: list[LogRead] = []
        self.broken: list[Broken] = []

    def post(self, message: object) -> None:
        (self.got if isinstance(message, LogRead) else self.broken).append(message)  # type: ignore[arg-type]  # there are no others

    def text(self, key: int) -> str:
        return "".join(each.text for each in self.got if each.kind == "text" and each.key == key)


def test_the_thread_is_never_more_than_a_few_pieces_ahead(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("line\n")
    screen = Screen()
    reader = LogReader(screen.post)
    key = reader.open(an_output(path))
    try:
        until(lambda: screen.text(key) == "line\n")
        with path.open("a") as file:
            file.write("x" * (FAR // 2))
        until(lambda: sum(each.kind != "quiet" for each in screen.got) == AHEAD)
        behind = len(screen.text(key))
        assert behind < FAR // 2
        for _ in range(100):
            reader.taken()
        until(lambda: len(screen.text(key)) == FAR // 2 + 5)
    finally:
        reader.stop()
    assert not screen.broken


def test_an_output_goes_on_where_it_was_or_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("one\n")
    screen = Screen()
    reader = LogReader(screen.post)
    try:
        first = reader.open(an_output(path))
        reader.rest()  # perhaps before anything was read, perhaps after that
        assert reader.go_on(an_output(path)) == first
        until(lambda: screen.text(first) == "one\n")
        reader.rest()
        with path.open("a") as file:
            file.write("two\n")
        reader.go_on(an_output(path))
        until(lambda: screen.text(first) == "one\ntwo\n")
        for _ in range(AHEAD):
            reader.taken()
        anew = reader.open(an_output(path))
        until(lambda: screen.text(anew) == "one\ntwo\n")
        reader.forget()
        assert reader.key != anew
    finally:
        reader.stop()


def test_an_agent_that_does_not_answer_is_told_and_may_come_back(tmp_path: Path) -> None:
    screen = Screen()
    reader = LogReader(screen.post)
    try:
        away = an_output(tmp_path / "out", hostname="elsewhere", logs_url="http://192.0.2.1:1", machine_id="x")
        key = reader.open(away)
        until(lambda: [each for each in screen.got if each.kind == "lost" and each.key == key])
        (lost,) = [each for each in screen.got if each.kind == "lost"]
        assert "log server of worker w1" in lost.text
        (tmp_path / "out").write_text("here\n")
        again = reader.open(an_output(tmp_path / "out"))
        until(lambda: screen.text(again) == "here\n")
    finally:
        reader.stop()
    assert not screen.broken


def test_the_last_lines_are_those_and_none_of_a_worker_that_nobody_hears(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("".join(f"line {at}\n" for at in range(50_000)) + "end")
    assert last_lines(an_output(path), 3) == ("line 49998", "line 49999", "end")
    assert last_lines(an_output(path, live_state="silent"), 3) == ()
    assert last_lines(an_output(tmp_path / "nothing"), 3) == ()
