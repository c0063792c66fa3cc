"""The log server, asked by httpx: which bytes it gives, what it says about them, and to whom."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from agentd.logs import answers
from agentd.logs.answers import MOST
from agentd.supervisor.kernel import punch_hole
from clusterctl.model.errors import Outage, Refused
from clusterctl.output import there
from clusterctl.output.pieces import Span, shown
from tests.agent.serving import Desk, descriptors, path_of
from tests.until import until

KB = 1 << 10


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A log server."""
    with closing(Desk(tmp_path / "spool")) as desk:
        yield desk


def test_a_range_is_sent_and_told(desk: Desk) -> None:
    desk.write(7, b"0123456789")
    for asked, sent, told in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
    ):
        answer = desk.get(path_of(7), Range=asked)
        assert (answer.status_code, answer.content, answer.headers["Content-Range"]) == (206, sent, told), asked
        assert answer.headers["Clusterctl-Size"] == "10"


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=11-12", "bytes=999999999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(desk: Desk, asked: str) -> None:
    desk.write(7, b"0123456789")
    answer = desk.get(path_of(7), Range=asked)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,3-4", "bytes=", "bytes=-", "lines=1-2", "bytes=٣-", "x"])
def test_a_range_that_makes_no_sense_is_not_there(desk: Desk, asked: str) -> None:
    desk.write(7, b"0123456789")
    answer = desk.get(path_of(7), Range=asked)
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_large_output_comes_whole_and_a_range_of_it_in_parts(desk: Desk) -> None:
    content = os.urandom(3 * MOST + 17)
    desk.write(7, content)
    assert desk.get(path_of(7)).content == content
    answer = desk.get(path_of(7), Range="bytes=1-")
    assert answer.content == content[1 : MOST + 1]
    assert answer.headers["Content-Range"] == f"bytes 1-{MOST}/{len(content)}"


def test_head_tells_all_but_the_bytes_and_keeps_nothing_open(desk: Desk) -> None:
    desk.write(7, b"x" * 1000)
    before = descriptors()
    for _ in range(20):
        answer = desk.get(path_of(7), method="HEAD")
        assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "1000", b"")
    assert descriptors() <= before + 3  # one connection, both of its ends, and what answers the last


def test_the_last_lines_are_found_by_the_server(desk: Desk) -> None:
    desk.write(7, b"".join(b"%d %s\n" % (number, b"x" * 100) for number in range(5000)))
    begin = desk.reader(7).tail(2)
    assert desk.reader(7).read(begin).data.split()[::2] == [b"4998", b"4999"]
    assert desk.reader(7).tail(1_000_000) == 0
    answer = desk.get(path_of(7) + "?tail=1")
    assert (answer.status_code, answer.content[:4]) == (206, b"4999")
    assert desk.get(path_of(7) + "?tail=0").status_code == 204


def test_what_was_dropped_is_told_and_not_sent(desk: Desk) -> None:
    path = desk.write(7, b"x" * 3000 * KB)
    with path.open("r+b") as file:
        punch_hole(file.fileno(), 100 * KB, 2000 * KB)
    reader, begin, told = desk.reader(7), 0, b""
    while (piece := reader.read(begin)).end > begin:
        told += shown(piece, told[-1:] or b"\n")
        begin = piece.end
    dropped = "\n[… 1.9 MB dropped …]\n".encode()
    assert told == b"x" * 100 * KB + dropped + b"x" * 1000 * KB
    desk.running = {7}
    began = time.monotonic()
    assert reader.read(500 * KB, wait=20).gap == Span(500 * KB, 2000 * KB)
    assert time.monotonic() - began < 19, "a gap is news"


def test_stderr_is_that_of_its_own_file_if_it_has_one(desk: Desk, tmp_path: Path) -> None:
    desk.write(7, b"both\n")
    (tmp_path / "out").write_bytes(b"out\n")
    (tmp_path / "err").write_bytes(b"err\n")
    desk.note(8, stdout=tmp_path / "out", stderr=tmp_path / "err")
    assert desk.reader(8).read(0).data == b"out\n"
    assert desk.reader(8, stream="stderr").read(0).data == b"err\n"
    assert desk.get(path_of(7, stream="stderr")).status_code == 410


def test_a_note_of_another_allocation_opens_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"secret\n")
    desk.note(8, stdout=tmp_path / "out")
    assert desk.get("/v1/output/8/1/9/stdout").status_code == 410


def test_whoever_waits_is_answered_when_bytes_come(desk: Desk) -> None:
    desk.write(7, b"first\n")
    desk.running = {7}
    writer = threading.Timer(0.2, desk.write, (7, b"second\n"))
    writer.start()
    assert desk.reader(7).read(6, wait=20).data == b"second\n"
    writer.join()


def test_whoever_waits_is_answered_when_the_attempt_ends(desk: Desk) -> None:
    desk.write(7, b"first\n")
    desk.running = {7}
    end = threading.Timer(0.2, desk.running.clear)
    end.start()
    began = time.monotonic()
    piece = desk.reader(7).read(6, wait=20)
    assert (piece.data, piece.runs, piece.size) == (b"", False, 6)
    assert time.monotonic() - began < 19, "it was not told before the wait was over"
    end.join()


def test_whoever_waits_for_a_file_is_answered_when_it_is_made(desk: Desk) -> None:
    desk.running = {7}
    writer = threading.Timer(0.2, desk.write, (7, b"now\n"))
    writer.start()
    assert desk.reader(7).read(0, wait=20).data == b"now\n"
    writer.join()


def test_whoever_waits_in_vain_is_told_so(desk: Desk) -> None:
    desk.write(7, b"first\n")
    desk.running = {7}
    piece = desk.reader(7).read(6, wait=0.1)
    assert (piece.data, piece.runs) == (b"", True)


def test_an_output_that_was_cut_is_shorter_than_asked(desk: Desk) -> None:
    path = desk.write(7, b"a long line\n")
    desk.running = {7}
    path.write_bytes(b"new\n")
    piece = desk.reader(7).read(12, wait=20)
    assert (piece.size, piece.is_news, piece.data) == (4, True, b"")


def test_one_that_nobody_has_written_is_not_there_and_one_that_ended_is_gone(desk: Desk) -> None:
    desk.running = {7}
    for job, status, reason in ((7, 404, "nothing has been written"), (8, 410, "keep_logs")):
        answer = desk.get(path_of(job), Range="bytes=0-")
        assert answer.status_code == status
        assert reason in answer.json()["reason"]
        assert desk.reader(job).read(0).size is None


@pytest.mark.parametrize("token", [b"-", b"x" * 43, b"\xc3\xbc", b"x" * 5000])
def test_a_stranger_learns_nothing(desk: Desk, token: bytes) -> None:
    desk.write(7, b"secret\n")
    answers_ = [desk.get(path, token=token) for path in (path_of(7), path_of(8), "/")]
    assert {answer.status_code for answer in answers_} == {401}
    assert len({answer.content for answer in answers_}) == 1
    assert answers_[0].headers["WWW-Authenticate"] == "Bearer"
    bare = desk.client.get(desk.server.url + path_of(7))
    assert bare.status_code == 401


def test_an_answer_says_nothing_of_what_gives_it(desk: Desk) -> None:
    desk.write(7, b"x")
    for answer in (desk.get(path_of(7)), desk.get("/"), desk.get("/", token=b"-")):
        assert "server" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_server_that_is_gone_is_an_outage(desk: Desk) -> None:
    desk.write(7, b"x")
    reader = desk.reader(7)
    assert reader.read(0).data == b"x"
    desk.server.close()
    with pytest.raises(Outage, match="the log server of worker w1 unreachable"):
        reader.read(0)


def test_no_proxy_of_the_environment_is_told_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with closing(Desk(tmp_path / "spool")) as desk:
        desk.write(7, b"x")
        assert desk.reader(7).read(0).data == b"x"


def test_a_token_of_an_earlier_start_is_an_outage(desk: Desk) -> None:
    desk.write(7, b"x")
    old = msgspec.structs.replace(desk.found(7), logs_token="of an earlier start")
    with pytest.raises(Outage, match="the token is missing, or not ours"):
        there.There(old, desk.client).read(0)


def test_a_bug_costs_an_answer_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write(7, b"x")
    with monkeypatch.context() as broken:
        broken.setattr(answers, "part", lambda *_: 1 / 0)
        with pytest.raises(Outage):
            desk.reader(7).read(0)
    assert "the log server has failed to answer" in caplog.text
    assert desk.server.token not in caplog.text
    assert desk.reader(7).read(0).data == b"x"


def test_what_is_no_output_is_refused_in_words(desk: Desk) -> None:
    path = desk.write(7, b"x")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Refused, match="is not a plain file"):
        desk.reader(7).read(0)


def test_nothing_is_left_open_after_many_questions(desk: Desk) -> None:
    desk.write(7, b"x" * 10)
    before = descriptors()
    for _ in range(50):
        for asked in ("", "?tail=1", "?wait=0", "?nonsense"):
            desk.get(path_of(7) + asked, Range="bytes=0-")
    until(lambda: descriptors() <= before + 3, what="the files to be closed")
