"""The server outlives whoever comes, and serves the others meanwhile."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from clusterctl.door import server
from clusterctl.door.frames import LONGEST_REQUEST
from clusterctl.door.server import MOST_LINES, WORKERS, Server
from tests.door.porch import GREETING, dial, hear_line, listen, served_at
from tests.until import until

LARGE = b"x" * 20_000_000  # more than any socket's buffer takes


def echo(caller: str, request: bytes) -> bytes:
    return b"large " + LARGE if request == b"large" else caller.encode() + b": " + request


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "door.sock"


@pytest.fixture
def serving(path: Path) -> Iterator[None]:
    with served_at(path, echo, "ada", silent_for=2.0, answer_within=1.0):
        yield


def ask(path: Path, words: bytes) -> bytes:
    with closing(dial(path)) as line:
        line.sendall(words + b"\n")
        return hear_line(line)


@pytest.mark.usefixtures("serving")
def test_a_request_is_answered_and_then_another_one(path: Path) -> None:
    with closing(dial(path)) as line:
        for words in (b"one", b"two"):
            line.sendall(words + b"\n")
            assert hear_line(line) == b"ada: " + words


@pytest.mark.usefixtures("serving")
def test_who_asks_twice_at_once_is_answered_twice(path: Path) -> None:
    with closing(dial(path)) as line:
        line.sendall(b"one\ntwo\n")
        heard = b""
        while heard.count(b": ") < 2:
            heard += line.recv(100)
        assert heard.replace(b"\n\n", b"\n").strip() == b"ada: one\nada: two"


@pytest.mark.usefixtures("serving")
def test_fifty_at_once_are_all_answered(path: Path) -> None:
    words = [str(number).encode() for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(lambda each: ask(path, each), words)) == [b"ada: " + each for each in words]


def test_a_pulse_tells_that_it_is_worked_on(path: Path) -> None:
    answer_now = threading.Event()

    def slow(_: str, request: bytes) -> bytes:
        answer_now.wait(20)
        return request

    with served_at(path, slow), closing(dial(path)) as line:
        line.sendall(b"x\n")
        assert line.recv(1) + line.recv(1) + line.recv(1) == b"\n\n\n"
        answer_now.set()
        assert hear_line(line) == b"x"


def test_who_waits_for_a_worker_hears_nothing_so_he_goes_the_other_way(path: Path) -> None:
    answer_now, done = threading.Event(), list[bytes]()

    def slow(_: str, request: bytes) -> bytes:
        done.append(request)
        answer_now.wait(20)
        return request

    with served_at(path, slow):
        lines = [dial(path) for _ in range(WORKERS)]
        for line in lines:
            line.sendall(b"x\n")
        assert [line.recv(1) for line in lines] == [b"\n"] * len(lines)  # each has its worker
        with closing(dial(path)) as late, closing(dial(path)) as gone:
            gone.sendall(b"gone\n")
            gone.close()
            late.sendall(b"late\n")
            assert [line.recv(1) for line in lines] == [b"\n"] * len(lines)  # one more pulse
            assert select.select([late], [], [], 0)[0] == []
            answer_now.set()
            assert hear_line(late) == b"late"
        assert ask(path, b"last") == b"last"
        assert b"gone" not in done
        assert [hear_line(line) for line in lines] == [b"x"] * len(lines)
        for line in lines:
            line.close()


def test_who_asks_learns_of_it_if_the_other_has_hung_up(path: Path) -> None:
    seen, gone = threading.Event(), threading.Event()

    def look(_: str, request: bytes, is_gone: Callable[[], bool]) -> bytes:
        if not is_gone():
            seen.set()
        until(is_gone, timeout=20)
        gone.set()
        return request

    with served_at(path, look):
        with closing(dial(path)) as line:
            line.sendall(b"x\n")
            assert seen.wait(20)
        assert gone.wait(20)


def test_all_half_lines_together_have_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = b"x" * (1 << 21)  # far more than a socket holds, so who is sent away notices while it still sends
    monkeypatch.setattr(server, "MOST_HELD", 4 * len(piece) + 1000)
    with served_at(path, echo), ExitStack() as opened:
        refused = 0
        for _ in range(8):
            line = opened.enter_context(closing(dial(path)))
            try:
                line.sendall(piece)
            except OSError:
                refused += 1
        assert refused  # four but for a machine that is so slow that the patience with the first ones ends meanwhile
        assert ask(path, b"well") == b"me: well"


@pytest.mark.usefixtures("serving")
def test_half_a_line_holds_nobody_and_ends(path: Path) -> None:
    halves = [dial(path) for _ in range(2 * WORKERS)]
    for half in halves:
        half.sendall(b"half")
    assert ask(path, b"whole") == b"ada: whole"
    assert [half.recv(1) for half in halves] == [b""] * len(halves)
    for half in halves:
        half.close()


@pytest.mark.usefixtures("serving")
def test_who_is_silent_is_hung_up_on(path: Path) -> None:
    with closing(dial(path)) as line:
        assert line.recv(1) == b""


@pytest.mark.usefixtures("serving")
def test_a_gigabyte_is_not_listened_to(path: Path) -> None:
    with closing(dial(path)) as line:
        sent = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            while sent < 1 << 30:
                sent += line.send(LARGE)
        assert sent < 4 * LONGEST_REQUEST
    assert ask(path, b"well") == b"ada: well"


@pytest.mark.usefixtures("serving")
def test_who_does_not_take_the_answer_holds_a_worker_for_a_while_only(path: Path) -> None:
    lines = [dial(path) for _ in range(WORKERS)]
    for line in lines:
        line.sendall(b"large\n")
    assert ask(path, b"small") == b"ada: small"
    for line in lines:
        line.close()


def test_a_long_answer_arrives_whole_without_a_pulse_in_it(path: Path) -> None:
    answer_now = threading.Event()

    def work(caller: str, request: bytes) -> bytes:
        if request == b"slow":
            answer_now.wait(20)
        return echo(caller, request)

    with served_at(path, work, answer_within=20), closing(dial(path)) as line, closing(dial(path)) as other:
        line.sendall(b"large\n")
        until(lambda: line.recv(9, socket.MSG_PEEK).lstrip(b"\n"), timeout=20)  # it has begun, and stands
        other.sendall(b"slow\n")
        assert other.recv(1) + other.recv(1) + other.recv(1) == b"\n\n\n"  # the time of three pulses passes
        answer_now.set()
        assert hear_line(line) == b"large " + LARGE


@pytest.mark.usefixtures("serving")
def test_who_asks_and_leaves_does_no_harm(path: Path) -> None:
    for _ in range(3 * WORKERS):
        with closing(dial(path)) as line:
            line.sendall(b"large\n")
    assert ask(path, b"small") == b"ada: small"


def test_what_fails_in_spite_of_all_costs_one_connection(path: Path) -> None:
    def broken(_: str, request: bytes) -> bytes:
        if request == b"bad":
            raise ValueError("a bug")
        return request

    with served_at(path, broken):
        assert ask(path, b"bad") == b""
        assert ask(path, b"good") == b"good"


def test_there_is_room_for_so_many_and_then_for_others_again(path: Path) -> None:
    with served_at(path, echo):
        lines = [dial(path) for _ in range(MOST_LINES)]
        with closing(dial(path)) as line:
            assert line.recv(1) == b""
        for each in lines:
            each.close()

        def answered() -> bool:
            with suppress(OSError):
                return ask(path, b"x") == b"me: x"
            return False

        until(answered, timeout=20)


def test_who_is_not_admitted_is_told_and_hung_up_on(path: Path) -> None:
    leash, hand = os.pipe()
    with listen(path) as listener:
        server = Server(listener, lambda _: (b'{"refusal": "no"}', None), lambda *_: b"")
        thread = threading.Thread(target=server.run, args=(leash,))
        thread.start()
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(20)
            line.connect(str(path))
            heard = b""
            while data := line.recv(100):
                heard += data
        os.close(hand)
        thread.join(10)
        os.close(leash)
    assert heard == b'{"refusal": "no"}\n'


def test_it_ends_with_its_leash(path: Path) -> None:
    with served_at(path, echo):  # joined at the end, and seen to have ended
        assert GREETING.startswith(b"{")
