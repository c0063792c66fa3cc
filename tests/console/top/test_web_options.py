"""What may be asked of the console's web server, and what it knows of names and keys before anybody comes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode
from clusterctl.tui.web.admission import MOST_BROWSERS, Keys, Names
from clusterctl.tui.web.options import WebOptions, understood
from tests.console.conftest import Run

TOKEN = "a-word-that-nobody-has-ever-thought-of-before"


@pytest.mark.parametrize(
    "words, told",
    [
        (["--port", "8080"], "--port is for --web"),
        (["--port", "0"], "--port is for --web"),
        (["--write"], "--write is for --web"),
        (["--token-file", "x"], "--token-file is for --web"),
        (["--web", "--write", "--read-only"], "opposites"),
        (["--web", "--port", "eighty"], "not a whole number"),
        (["--web", "--port", "65536"], "from 0 to 65535"),
        (["--web", "--port", "-1"], "from 0 to 65535"),
        (["--web", "--sessions", "0"], "from 1 to 100"),
        (["--web", "--bind", "worker-7"], "no IP address"),
        (["--web", "--bind", "0.0.0.0"], "needs --token-file"),
        (["--web", "--bind", "::"], "needs --token-file"),
        (["--web", "--token-file", "nowhere"], "No such file"),
        (["--web", "--token-file", "."], "Is a directory"),
        (["--web", "--token-file", "/dev/null"], "not a plain file"),
        (["--web", "--public-url", "top.example.org"], "not the URL of a web server"),
        (["--web", "--public-url", "https://ada:secret@example.org"], "not the URL of a web server"),
        (["--web", "--public-url", "https://example.org:port"], "no URL"),
        (["--web", "--public-url", "https://example.org/top"], "behind the name"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_a_hint(run: Run, words: list[str], told: str) -> None:
    said = run("top", *words)
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert told in said.err.splitlines()[0]
    assert len(said.err.splitlines()) == 2


def test_a_port_that_is_taken_is_told(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = run("top", "--web", "--port", str(taken.getsockname()[1]))
    assert (said.code, said.out) == (ExitCode.REFUSED, "")
    assert "cannot listen on 127.0.0.1:" in said.err
    assert "Address already in use" in said.err


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o666])
def test_a_token_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = token_file(tmp_path, TOKEN)
    assert understood(WebOptions(token_file=file)).token == TOKEN
    file.chmod(mode)
    with pytest.raises(BadInput, match="not yours alone"):
        understood(WebOptions(token_file=file))


@pytest.mark.parametrize("text", ["", "\n", "short", "x" * 31, f"two words {TOKEN}", f"{TOKEN}é", f"{TOKEN}\x1b"])
def test_a_token_that_could_be_guessed_or_not_be_typed_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="one word of 32"):
        understood(WebOptions(token_file=token_file(tmp_path, text)))


def test_a_token_file_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)
    with pytest.raises(BadInput, match="not a plain file"):
        understood(WebOptions(token_file=tmp_path / "token"))


def test_with_a_token_file_other_machines_may_come(tmp_path: Path) -> None:
    file = token_file(tmp_path, TOKEN)
    assert understood(WebOptions(bind="0.0.0.0", token_file=file)).address == "0.0.0.0"
    assert understood(WebOptions(bind="localhost")).address == "127.0.0.1"
    assert understood(WebOptions(bind="[::1]")).address == "::1"


def test_an_address_is_known_only_where_the_connection_arrives() -> None:
    names = Names(8080)
    assert names.knows("10.0.0.11:8080", "10.0.0.11")
    assert not names.knows("10.0.0.11:8081", "10.0.0.11")
    assert not names.knows("10.0.0.12:8080", "10.0.0.11")
    assert not names.knows("worker-7:8080", "10.0.0.11")
    assert not names.knows("", "10.0.0.11")
    assert names.trusts("http://10.0.0.11:8080", "10.0.0.11:8080")
    assert not names.trusts("http://10.0.0.11:9000", "10.0.0.11:8080")


def test_keys_are_as_many_as_are_in_use_and_guesses_are_none() -> None:
    keys = Keys()
    first = keys.exchange(keys.link_token)
    assert keys.open_for(first)
    assert not keys.open_for("")
    assert not keys.open_for(first[:-1])
    assert not keys.exchange("")
    others = [keys.exchange(keys.link_token) for _ in range(MOST_BROWSERS)]
    assert all(keys.open_for(key) for key in others)
    assert not keys.open_for(first)


def token_file(folder: Path, text: str) -> Path:
    file = folder / "token"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file
