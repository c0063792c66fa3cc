"""Whoever reaches the console's web server without a key: what he can do to it, and to the terminal it runs on."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest
from aiohttp.http_exceptions import BadStatusLine

from clusterctl.tui.web.serving import called
from clusterctl.tui.web.troubles import Troubles
from tests.console.top.web_server import Served, play, served, tab
from tests.until import until

TOKEN = "a-word-that-nobody-has-ever-thought-of-before"
IMPATIENT = """
from clusterctl.tui.web import server, serving
serving.IDLE = server.FORM_WITHIN = 0.3
"""
FORM = "POST /enter HTTP/1.1\r\n{host}Origin: http://127.0.0.1:{port}\r\nContent-Type: {kind}\r\nContent-Length: 99\r\n"
MULTIPART = "--x\r\nContent-Disposition: form-data; name=token\r\nContent-Transfer-Encoding: {}\r\n\r\n!\r\n--x--\r\n"


def answer(one: Served, request: str) -> str:
    """What it answers to these bytes until it hangs up: the first line."""
    words = request.replace("{host}", f"Host: 127.0.0.1:{one.port}\r\n").replace("{port}", str(one.port))
    with socket.create_connection(("127.0.0.1", one.port), timeout=60) as line, line.makefile("rb") as answers:
        line.sendall(words.encode("latin-1"))
        return answers.readline().decode().rstrip()


def form(kind: str, body: str) -> str:
    """A form of that *kind*, that looks as long as it is."""
    return FORM.replace("{kind}", kind).replace("99", str(len(body))) + "Connection: close\r\n\r\n" + body


def test_requests_that_are_none_are_refused_without_a_word_to_the_operator(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        before = until(lambda: one.said if "Ctrl-C" in one.said else "")
        for request in (
            "GET / HTTP/1.1\r\n{host}{host}\r\n",
            "GET /\xff\x00 HTTP/1.1\r\n{host}\r\n",
            "GET http://[::1/ HTTP/1.1\r\n{host}\r\n",
            "\x16\x03\x01\x02\x00\x01\r\n\r\n",
            form("application/x-www-form-urlencoded; charset=nope", "token=%ff"),
            form("multipart/form-data", "x"),
            form("multipart/form-data; boundary=x", MULTIPART.format("nope")),
            form("application/x-www-form-urlencoded\r\nContent-Encoding: gzip", "xxxx"),
        ):
            assert " 400 " in answer(one, request), request
        assert one.said == before


def test_who_sends_half_a_request_is_hung_up_on_and_who_has_a_page_is_not(tmp_path: Path) -> None:
    with served(tmp_path, changed=IMPATIENT) as one:
        mine = one.enter()

        async def scenario() -> None:
            async with tab(one, mine) as page:
                await page.console()
                for half in ("", "GET / HT", "GET / HTTP/1.1\r\n{host}X-Slow: 1"):
                    assert answer(one, half) == ""
                half = FORM.replace("{kind}", "application/x-www-form-urlencoded") + "\r\ntoken=a"
                assert answer(one, half) == "HTTP/1.1 400 Bad Request"
                await page.type("j")
                assert await page.shown() == "j"

        play(scenario)


def test_where_all_addresses_are_meant_the_link_has_one_that_can_be_called(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    with served(tmp_path, bind="0.0.0.0", token_file=str(file)) as one:
        assert "0.0.0.0" not in one.link
        until(lambda: "to a name only as --public-url" in one.said)
        one.base = one.link.rstrip("/")
        assert one.get().status_code == 403
        assert one.type_token(TOKEN).status_code == 303
    assert (called("10.0.0.11"), called("::1")) == ("10.0.0.11", "::1")


def test_a_trouble_of_ours_is_told_in_one_line_and_once() -> None:
    told: list[str] = []
    troubles = Troubles(told.append)
    for number in range(3):
        troubles.emit(record(OSError(f"long: postgresql://ada:secret@db/{number}\x1b[2J\nand more")))
        troubles.emit(record(BadStatusLine("\x1b[2J")))
    assert told == [
        "Error handling request from 10.0.0.7: OSError: long: postgresql://ada:***@db/0\\e[2J\\nand more (told once)"
    ]
    troubles.emit(record(KeyError("x")))
    assert len(told) == 2


def record(error: Exception) -> logging.LogRecord:
    """As aiohttp writes it."""
    info = (type(error), error, None)
    return logging.LogRecord(
        "aiohttp.server", logging.ERROR, "", 0, "Error handling request from %s", ("10.0.0.7",), info
    )


@pytest.mark.parametrize("name", ["aiohttp", "asyncio"])
def test_all_that_talk_are_listened_to(name: str) -> None:
    logger = logging.getLogger(name)
    before = logger.handlers, logger.propagate
    try:
        told: list[str] = []
        Troubles(told.append).listen()
        logging.getLogger(f"{name}.server").error(
            "socket.accept() out of system resource\n%s", "a trace\nof many lines"
        )
        assert told == ["socket.accept() out of system resource (told once)"]
    finally:
        logger.handlers, logger.propagate = before
