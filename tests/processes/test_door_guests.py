"""Only the socket's owner, root and its group may speak, and each is who the kernel says he is."""

from __future__ import annotations

import grp
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterctl import operations, views
from clusterctl.cluster import Cluster, name_of
from clusterctl.door.client import Door, check_owner
from clusterctl.model.errors import ClusterError
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from schedd.doorkeeper import bind
from tests.door.porch import listen
from tests.processes.place import Place

NOBODY = 65_534
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]


@pytest.fixture
def porch() -> Iterator[Path]:
    """A directory that everybody may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)  # noqa: S103 - that is what it is for
        yield Path(directory)


def as_somebody(uid: int, groups: list[int], act: Callable[[], object]) -> str:
    """What *act* returns, in words, in a process that belongs to *uid* and these groups; or its error."""
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups[1:])
            os.setgid(groups[0])
            os.setuid(uid)
            os.write(mouth, str(act()).encode())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not run on as the test
            os.write(mouth, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(mouth)
    with os.fdopen(ear, "rb") as words:
        said = words.read().decode()
    os.waitpid(pid, 0)
    return said


def two_groups() -> tuple[grp.struct_group, grp.struct_group]:
    first, second, *_ = (group for group in grp.getgrall() if group.gr_gid not in (0, NOBODY))
    return first, second


def submit_through(path: Path) -> Callable[[], object]:
    """Submits through the door at *path* and says whose job it is, or why not."""

    def act() -> object:
        with Cluster(Settings(database_url="postgresql:///?host=/nowhere"), door=Door(path, {})) as cluster:
            try:
                request = Submission(spec=Spec(command=("true",)), request=Resources(1000))
                (id,) = operations.submit(cluster, request, rest=lambda _: None).ids
            except ClusterError:
                raise RuntimeError(cluster.door_trouble) from None
            return views.job(cluster, id).job.user

    return act


def test_members_of_its_group_may_speak_and_the_kernel_says_who_they_are(place: Place, porch: Path) -> None:
    ours, other = two_groups()
    path = porch / "door.sock"
    schedd = place.schedd(door=str(path), door_group=ours.gr_name)
    schedd.does(lambda: as_somebody(0, [0], submit_through(path)) == "root", "answer at its door")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert path.stat().st_gid == ours.gr_gid
    assert as_somebody(NOBODY, [ours.gr_gid], submit_through(path)) == name_of(NOBODY)
    assert as_somebody(NOBODY, [other.gr_gid, ours.gr_gid], submit_through(path)) == name_of(NOBODY)
    assert as_somebody(54_321, [ours.gr_gid], submit_through(path)) == "54321"
    assert "Permission denied" in as_somebody(NOBODY, [other.gr_gid], submit_through(path))
    os.chmod(path, 0o666)  # noqa: S103 - a mistake that somebody could make
    assert "is a stranger" in as_somebody(NOBODY, [other.gr_gid], submit_through(path))
    schedd.tells(f"refused: uid {NOBODY} is a stranger")


def test_without_a_group_nobody_else_may_speak(place: Place, porch: Path) -> None:
    path = porch / "door.sock"
    schedd = place.schedd(door=str(path))
    schedd.does(lambda: as_somebody(0, [0], submit_through(path)) == "root", "answer at its door")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.chmod(path, 0o666)  # noqa: S103 - a mistake that somebody could make
    assert "is a stranger" in as_somebody(NOBODY, [0], submit_through(path))


def test_who_is_not_root_and_hides_can_listen_at_a_long_path(porch: Path) -> None:
    path = porch / ("long" * 40) / "door.sock"
    path.parent.mkdir()
    os.chown(path.parent, NOBODY, NOBODY)

    def act() -> str:  # who has changed its user is hidden, as one that asks for that
        with bind(path, None):
            return "listened"

    assert as_somebody(NOBODY, [NOBODY], act) == "listened"
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert path.stat().st_uid == NOBODY


def test_when_the_group_changes_the_former_one_is_left_outside(place: Place, porch: Path) -> None:
    former, latter = two_groups()
    path = porch / "door.sock"
    for ours, other in ((former, latter), (latter, former)):
        schedd = place.schedd(door=str(path), door_group=ours.gr_name)
        schedd.does(lambda: as_somebody(0, [0], submit_through(path)) == "root", "answer at its door")
        assert as_somebody(NOBODY, [ours.gr_gid], submit_through(path)) == name_of(NOBODY)
        assert "Permission denied" in as_somebody(NOBODY, [other.gr_gid], submit_through(path))
        schedd.kill()


def test_whom_a_stranger_lets_in_does_not_believe_him(porch: Path) -> None:
    path = porch / "door.sock"
    os.chmod(porch, 0o777)  # noqa: S103 - else a stranger could not listen here
    os.seteuid(NOBODY)
    try:
        listener = listen(path)
    finally:
        os.seteuid(0)
    with listener, socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        with pytest.raises(PermissionError, match="stranger"):
            check_owner(line, path)
        os.chown(porch, NOBODY, -1)
        check_owner(line, path)
