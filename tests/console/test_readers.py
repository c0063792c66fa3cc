"""From where an output is read: from the file, through its agent, or not at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
import pytest

from agentd.logs.server import advertised
from clusterctl.model.errors import Refused
from clusterctl.model.output import OutputPicture
from clusterctl.output.here import Here
from clusterctl.output.reader import Readers, is_loopback, is_ours, machine_id
from clusterctl.output.there import There


def output(spool: Path, *, here: bool = True, url: str = "") -> OutputPicture:
    """An attempt's output in *spool*, on this machine or another."""
    return OutputPicture(
        job_id=7,
        attempt=1,
        allocation_id=7,
        stream="stdout",
        worker="w1",
        live_state="up",
        live_reason="",
        hostname=socket.gethostname() if here else "elsewhere",
        machine_id=machine_id(),
        spool=str(spool),
        path=str(spool / "out"),
        logs_url=url,
        logs_token="secret",
        ended=False,
    )


def test_what_is_here_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"hello")
    with Readers() as readers:
        reader = readers.open(output(tmp_path, url="http://127.0.0.1:1"))
        assert isinstance(reader, Here)
        assert reader.read(0).data == b"hello"
        reader.close()


def test_what_is_not_there_yet_is_waited_for_here(tmp_path: Path) -> None:
    with Readers() as readers:
        reader = readers.open(output(tmp_path, url="http://127.0.0.1:1"))
        assert reader.read(0).size is None
        assert reader.tail(5) == 0
        (tmp_path / "out").write_bytes(b"hello")
        assert reader.read(0).data == b"hello"
        reader.close()


def test_what_we_do_not_see_here_is_asked_of_the_agent(tmp_path: Path) -> None:
    with Readers() as readers:
        assert isinstance(readers.open(output(tmp_path / "hidden", url="http://127.0.0.1:1")), There)


def test_without_an_agent_that_serves_it_is_tried_here_all_the_same(tmp_path: Path) -> None:
    with Readers() as readers:
        assert readers.open(output(tmp_path / "hidden")).read(0).size is None


def test_two_machines_of_one_name_are_two(tmp_path: Path) -> None:
    twin = msgspec.structs.replace(output(tmp_path), machine_id="another")
    with Readers() as readers, pytest.raises(Refused, match="its agent does not serve it"):
        readers.open(twin)


def test_the_token_goes_to_no_loopback_of_ours_for_a_worker_elsewhere(tmp_path: Path) -> None:
    with Readers() as readers:
        for host in ("127.0.0.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]", "localhost"):
            with pytest.raises(Refused, match="serves its output to elsewhere only"):
                readers.open(output(tmp_path, here=False, url=f"http://{host}:80"))
        assert isinstance(readers.open(output(tmp_path, here=False, url="http://10.0.0.1:80")), There)


@pytest.mark.parametrize("url", ["http://10.0.0.1:80", "http://w1:80", "http://[fe80::1]:80", "http://localhost.w1:80"])
def test_other_machines_are_not_ours(url: str) -> None:
    assert not is_loopback(url)


def test_a_file_that_only_its_owner_may_read_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").write_bytes(b"hello")
    found = output(tmp_path)
    assert is_ours(found)
    # Root may read everything: the kernel is asked, and what it says to another user is put in its mouth.
    monkeypatch.setattr(os, "access", lambda path, mode: path != found.path)
    assert not is_ours(found)


@pytest.mark.parametrize(
    "host, named",
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("fe80::1", "[fe80::1]"),
        ("10.1.2.3", "10.1.2.3"),
        ("worker1.internal", "worker1.internal"),
        ("0.0.0.0", socket.gethostname()),
        ("::", socket.gethostname()),
        ("", socket.gethostname()),
    ],
)
def test_an_agent_says_where_others_find_it(host: str, named: str) -> None:
    assert advertised(host) == named


def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with Readers() as readers, pytest.raises(Refused, match="is not a plain file"):
        readers.open(output(tmp_path))
