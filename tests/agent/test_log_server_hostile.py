"""Whoever is rude to the log server: it loses its connection, and nobody else loses anything."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agentd.logs import answers, conversation, server
from agentd.logs.places import note_name
from clusterctl.model.output import default_output
from tests.agent.serving import Desk, descriptors, path_of
from tests.until import until

SECRET = b"root:secret\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A log server that has the output of job 7."""
    with closing(Desk(tmp_path / "spool")) as desk:
        desk.write(7, b"first\n")
        yield desk


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that is nobody's output."""
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


@contextmanager
def line_to(desk: Desk) -> Iterator[socket.socket]:
    """A bare connection."""
    place = urlsplit(desk.server.url)
    with socket.create_connection((place.hostname, place.port or 0), timeout=20) as line:
        yield line


def said(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    told = b""
    with suppress(ConnectionResetError):
        while data := line.recv(65_536):
            told += data
    return told


def head(desk: Desk, target: str = path_of(7)) -> bytes:
    """A good question, without its end."""
    return f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.server.token}\r\n".encode()


def serves(desk: Desk) -> bool:
    """Whether somebody polite is served."""
    return desk.get(path_of(7)).content == b"first\n"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1/output",
        "/v1/output/7/1/7",
        "/v1/output/7/1/7/",
        "/v1/output/7/1/7/stdin",
        "/v1/output/0/1/7/stdout",
        "/v1/output/-7/1/7/stdout",
        "/v1/output/07/1/7/stdout",
        "/v1/output/7.0/1/7/stdout",
        "/v1/output/\u0667/1/7/stdout",
        "/v1/output/7/1/7/stdout%00",
        "/v1/output/7/1/9999999999999999999/stdout",
        "/v1/output/../../../secret/stdout",
        "/v1/output/7/1/../../../../secret",
        "/v1/output/7/1/7/..%2f..%2f..%2fsecret",
        "//v1/output/7/1/7/stdout",
        "/v1/output/7/1/7/stdout?path=/etc/passwd",
        "/v1/output/7/1/7/stdout?tail=-1",
        "/v1/output/7/1/7/stdout?tail=9999999999",
        "/v1/output/7/1/7/stdout?wait=nan",
        "/v1/output/7/1/7/stdout?wait=1e9",
        "/v1/output/7/1/7/stdout?wait=0&wait=x",
        "/v1/output/7/1/7/stdout?" + "&".join("abcdefg"),
        "http://[",
        "*",
    ],
)
def test_what_names_no_output_is_not_found(desk: Desk, secret: Path, target: str) -> None:
    with line_to(desk) as line:
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n".encode())
        line.sendall(f"Authorization: Bearer {desk.server.token}\r\nConnection: close\r\n\r\n".encode())
        told = said(line)
    assert told.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), told
    assert secret.read_bytes() not in told
    assert b"first" not in told


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "X"])
def test_outputs_are_only_read(desk: Desk, method: str) -> None:
    with line_to(desk) as line:
        line.sendall(head(desk).replace(b"GET", method.encode()) + b"Connection: close\r\n\r\n")
        assert said(line).startswith(b"HTTP/1.1 405 ")


def test_an_output_that_has_become_a_link_is_not_followed(desk: Desk, secret: Path) -> None:
    path = desk.write(8, b"x")
    path.unlink()
    path.symlink_to(secret)
    answer = desk.get(path_of(8))
    assert (answer.status_code, answer.json()["reason"]) == (403, "it cannot be read: it is a link")
    noted = secret.with_name("noted")
    noted.symlink_to(secret)
    desk.note(9, stdout=noted)
    assert desk.get(path_of(9)).status_code == 403


def test_a_directory_that_has_become_a_link_is_not_entered(desk: Desk, secret: Path) -> None:
    elsewhere = secret.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / Path(default_output(5000, 1)).name).write_bytes(SECRET)
    (desk.spool / "output" / "5").symlink_to(elsewhere)
    assert desk.get(path_of(5000)).status_code == 410


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"allocation_id":8,"stdout":7}', b"{" * 200_000])
def test_a_spoilt_note_opens_nothing(desk: Desk, content: bytes) -> None:
    desk.write(8, SECRET)
    (desk.spool / note_name(8, 1)).write_bytes(content)
    assert desk.get(path_of(8)).status_code == 410
    assert serves(desk)


def test_a_note_that_is_a_pipe_is_not_waited_for(desk: Desk) -> None:
    desk.write(8, SECRET)
    os.mkfifo(desk.spool / note_name(8, 1))
    assert desk.get(path_of(8)).status_code == 403


@pytest.mark.parametrize(
    "noise, status",
    [
        (b"\r\n\r\n\r\n", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"401"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx", b"413"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx", b"413"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"".join(b"X-%d: x\r\n" % number for number in range(100_000)), b"431"),
    ],
)
def test_noise_is_answered_shortly_and_ends_the_connection(desk: Desk, noise: bytes, status: bytes) -> None:
    with line_to(desk) as line:
        with suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(noise)
        with suppress(OSError):
            line.shutdown(socket.SHUT_WR)
        told = said(line)
    # Of whoever goes on talking for long the kernel may have hung up before it heard why.
    assert told.startswith(b"HTTP/1.1 " + status) or (not told and (not status or len(noise) > 10_000)), told
    assert serves(desk)


def test_whoever_sends_byte_by_byte_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "REQUEST_S", 0.5)
    with line_to(desk) as line:
        line.settimeout(0.02)
        line.sendall(head(desk))

        def is_given_up() -> bool:
            """Send one more byte each time, so that no single wait is ever long."""
            try:
                line.sendall(b"X")
                return line.recv(100) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(is_given_up, timeout=20)
    assert serves(desk)


def test_whoever_reads_nothing_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "SEND_S", 0.2)
    path = desk.write(8, b"x")
    os.truncate(path, 50_000_000)
    before = descriptors()
    with line_to(desk) as line:
        line.sendall(head(desk, path_of(8)) + b"\r\n")
        until(lambda: descriptors() <= before + 1, timeout=20, what="the file and the connection to be closed")
        assert serves(desk)


def test_whoever_hangs_up_while_waiting_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LONGEST_WAIT", 600.0)
    desk.running = {7}
    before = descriptors()
    with ExitStack() as lines:
        for _ in range(10):
            line = lines.enter_context(line_to(desk))
            line.sendall(head(desk, path_of(7) + "?wait=600") + b"Range: bytes=6-\r\n\r\n")
        until(lambda: descriptors() >= before + 20, what="all to be waiting")
    until(lambda: descriptors() <= before, what="all to be let go")


def test_one_too_many_is_turned_away_and_let_in_later(desk: Desk) -> None:
    with ExitStack() as lines:
        crowd = [lines.enter_context(line_to(desk)) for _ in range(100)]
        surplus = 100 - server.MOST_CONNECTIONS
        ready = until(lambda: (found := select.select(crowd, [], [], 0)[0])[surplus - 1 :] and found)
        told = [line.recv(1000) for line in ready]
        assert told.count(server.BUSY) >= surplus
    until(lambda: desk.get(path_of(7)).status_code == 200, what="room")


def test_many_at_once_are_all_served_what_is_theirs(desk: Desk) -> None:
    for job in range(100, 130):
        desk.write(job, f"of {job}\n".encode() * 1000)
    with ThreadPoolExecutor(30) as crowd:
        for job, piece in enumerate(crowd.map(lambda job: desk.reader(job).read(0), range(100, 130)), 100):
            assert piece.data == f"of {job}\n".encode() * 1000


def test_a_file_that_is_cut_while_it_is_sent_ends_too_soon(desk: Desk) -> None:
    path = desk.write(8, b"x" * 50_000_000)
    with line_to(desk) as line:
        line.sendall(head(desk, path_of(8)) + b"\r\n")
        assert line.recv(12) == b"HTTP/1.1 200"
        os.truncate(path, 0)
        assert len(said(line)) < 50_000_000
    assert serves(desk)


def test_a_server_that_closes_hangs_up_on_all(desk: Desk) -> None:
    desk.running = {7}
    with line_to(desk) as waiting, line_to(desk) as idle:
        waiting.sendall(head(desk, path_of(7) + "?wait=20") + b"Range: bytes=6-\r\n\r\n")
        until(lambda: sum(thread.name == "logs of one" for thread in threading.enumerate()) >= 2)
        desk.server.close()
        assert said(waiting) == said(idle) == b""
        with pytest.raises(ConnectionRefusedError), line_to(desk):
            pass
    until(
        lambda: not any(thread.name.startswith("logs") for thread in threading.enumerate()), what="its threads to end"
    )
