"""Behind a bad door, everything is done directly: soon, silently, and with the same answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clusterctl import __version__, views
from clusterctl.cluster import Cluster
from clusterctl.door import dispatch
from clusterctl.door.client import LONGEST_TALK, PATIENCE, Door, Shut, find_door
from clusterctl.door.frames import PROTOCOL, Greeting
from clusterctl.door.where import LONGEST_ADDRESS, NAME, door_path
from clusterctl.model.errors import NotFound
from clusterctl.settings import Settings
from tests.door.porch import GREETING, Impostor, Manner, door, hanging_up, saying, served_at

IN_TIME = PATIENCE + LONGEST_TALK + 10.0  # seconds: the greeting and a slow answer, and a busy machine's delay


def greeting(**fields: Any) -> bytes:
    return msgspec.json.encode(Greeting(**{"clusterctl": __version__, "protocol": PROTOCOL, **fields})) + b"\n"


def mute(here: Impostor, _: socket.socket) -> None:
    here.over.wait()


def greeting_and_mute(here: Impostor, client: socket.socket) -> None:
    client.sendall(GREETING)
    here.hear(client)
    here.over.wait()


def dripping_greeting(here: Impostor, client: socket.socket) -> None:
    for byte in GREETING * 9:
        client.sendall(bytes([byte]))
        here.over.wait(0.3)


def blank_greeting(here: Impostor, client: socket.socket) -> None:
    while not here.over.wait(0.2):
        client.sendall(b"\n")


def dripping_answer(here: Impostor, client: socket.socket) -> None:
    client.sendall(GREETING)
    here.hear(client)
    while not here.over.wait(0.2):
        client.sendall(b"{")


def babbling(_: Impostor, client: socket.socket) -> None:
    while True:
        client.sendall(b"x" * 65_536)


OTHERWISE = b'{"answer": {"completed": 7}}\n'  # what is not so
BAD = {
    "mute": mute,
    "greets and is mute": greeting_and_mute,
    "hangs up": hanging_up,
    "greets and hangs up": saying(GREETING),
    "dies in the middle of an answer": saying(GREETING, b'\n\n{"answer": [1, 2'),
    "speaks HTTP": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "speaks no UTF-8": saying(b"\xff\xfe\n"),
    "babbles": babbling,
    "greets byte by byte": dripping_greeting,
    "greets with nothing": blank_greeting,
    "answers byte by byte": dripping_answer,
    "answers too deep": saying(GREETING, b'{"answer":' + b"[" * 1_000_000 + b"\n"),
    "has no room for the answer": saying(GREETING, b'{"trouble": {"kind": "too_long", "message": "too much"}}\n'),
    "answers with garbage": saying(GREETING, b"garbage\n"),
    "answers with nothing": saying(GREETING, b"{}\n"),
    "answers another type": saying(GREETING, b'{"answer": [1, 2]}\n'),
    "does not understand": saying(GREETING, b'{"trouble": {"kind": "misunderstood", "message": "what?"}}\n'),
    "is older": saying(greeting(clusterctl="0.0.1"), OTHERWISE),
    "speaks another protocol": saying(greeting(protocol=PROTOCOL + 1), OTHERWISE),
    "refuses": saying(greeting(refusal="uid 7 is a stranger"), OTHERWISE),
}


@pytest.mark.parametrize("manner", BAD.values(), ids=BAD)
def test_a_bad_door_costs_a_moment_and_nothing_else(cluster: Cluster, path: Path, manner: Manner) -> None:
    with Impostor(path, manner):
        begun = time.monotonic()
        assert views.progress(cluster, [1]) == {}
        assert time.monotonic() - begun < IN_TIME
    assert cluster.door is None
    assert str(path) in cluster.door_trouble


def test_where_nobody_lets_us_in_we_do_not_wait_for_ever(cluster: Cluster, path: Path) -> None:
    with Impostor(path, None, backlog=0):
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for line in waiting:
            line.setblocking(False)
            line.connect_ex(str(path))
        begun = time.monotonic()
        assert views.progress(cluster, [1]) == {}
        assert time.monotonic() - begun < IN_TIME
        for line in waiting:
            line.close()


@pytest.mark.parametrize("make", [lambda _: None, Path.touch, Path.mkdir], ids=["nothing", "a file", "a directory"])
def test_what_is_no_socket_is_no_door(cluster: Cluster, path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    assert views.progress(cluster, [1]) == {}
    assert "does not open" in cluster.door_trouble


def test_a_door_that_was_bad_once_is_not_tried_again(cluster: Cluster, path: Path) -> None:
    with Impostor(path, hanging_up) as impostor:
        for _ in range(3):
            views.progress(cluster, [1])
        assert impostor.visits == 1


def test_who_is_told_why_it_was_left_is_told_once(database: str, path: Path) -> None:
    told: list[str] = []
    settings = Settings(database_url=database, redis_url="none")
    with Cluster(settings, door=door(path), on_leaving_door=told.append) as cluster:
        views.progress(cluster, [1])
        views.progress(cluster, [1])
    assert told == [f"the door at {path} does not open: No such file or directory"]


def served_for(cluster: Cluster) -> Callable[[str, bytes], bytes]:
    """What schedd's door does with a request, for *cluster*."""

    def work(caller: str, request: bytes) -> bytes:
        cluster.caller = caller
        return dispatch.answer(cluster, request)

    return work


@pytest.mark.usefixtures("servers")
def test_through_a_good_door_nothing_is_connected_here(behind: Cluster, path: Path) -> None:
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", redis_url="none")
    with served_at(path, served_for(behind)), Cluster(nowhere, door=door(path)) as cluster:
        assert views.status(cluster).database.up
        assert views.check_schema(cluster) == views.check_schema(behind)
        with pytest.raises(NotFound, match=r"^no job 7$") as told:
            views.job(cluster, 7)
        assert told.value.hint
        assert cluster.door is not None


def test_the_caller_is_who_the_door_says(behind: Cluster, path: Path) -> None:
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", redis_url="none")
    with (
        served_at(path, served_for(behind), caller="ada"),
        Cluster(nowhere, door=door(path), caller="root") as cluster,
        pytest.raises(NotFound, match="ada has submitted no job"),
    ):
        views.last_id(cluster)


def test_a_door_that_closed_between_two_questions_is_opened_again(behind: Cluster, path: Path) -> None:
    with served_at(path, served_for(behind), silent_for=0.2), closing(door(path)) as way:
        assert way.ask("views.jobs.progress", {"ids": [1]}, dict[str, int]) == {}
        line = way._socket
        assert line is not None
        line.settimeout(20)
        assert line.recv(1, socket.MSG_PEEK) == b""  # hung up, and we have not noticed
        line.settimeout(PATIENCE)
        assert way.ask("views.jobs.progress", {"ids": [1]}, dict[str, int]) == {}


def test_a_path_may_be_longer_than_a_socket_s_address(behind: Cluster, tmp_path: Path) -> None:
    path = tmp_path / ("long" * 40) / NAME
    path.parent.mkdir()
    assert len(str(path)) > LONGEST_ADDRESS
    with served_at(path, served_for(behind)), closing(door(path)) as way:
        assert way.ask("views.jobs.progress", {"ids": [1]}, dict[str, int]) == {}


@pytest.mark.parametrize(
    "here, there",
    [
        ({"database_url": "postgresql://me@db/one"}, {"database": "postgresql://me@db/two"}),
        ({"redis_url": "redis://one"}, {"redis": "redis://two"}),
        ({"redis_prefix": "one:"}, {"redis_prefix": "cc:"}),
    ],
)
def test_the_door_of_another_cluster_is_not_ours(here: dict[str, Any], there: dict[str, Any], path: Path) -> None:
    with Impostor(path, saying(greeting(**there), b'{"answer": {}}\n')):
        way = find_door(Settings(door=str(path), **here))
        assert way is not None
        with pytest.raises(Shut, match="another"):
            way.ask("views.jobs.progress", {"ids": []}, dict[str, int])


@pytest.mark.parametrize("here", ["postgresql://me:mine@db/x", "postgresql://me@db/x", Settings().database_url])
def test_a_password_or_none_makes_no_other_cluster(here: str, path: Path) -> None:
    with Impostor(path, saying(greeting(database="postgresql://me:***@db/x"), b'{"answer": {}}\n')):
        way = find_door(Settings(door=str(path), database_url=here))
        assert way is not None
        assert way.ask("views.jobs.progress", {"ids": []}, dict[str, int]) == {}
        way.close()


def test_the_door_is_where_the_settings_say(tmp_path: Path) -> None:
    assert door_path(Settings(state_dir=tmp_path)) == tmp_path / NAME
    assert door_path(Settings(state_dir=tmp_path, door="/run/x.sock")) == Path("/run/x.sock")
    assert door_path(Settings(state_dir=tmp_path, door="none")) is None
    assert find_door(Settings(state_dir=tmp_path)) is None
    assert isinstance(find_door(Settings(state_dir=tmp_path, door="/run/x.sock")), Door)
