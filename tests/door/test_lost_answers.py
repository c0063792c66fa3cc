"""Where the answer of the door is lost, nothing is done later than asked for, and nobody is told that he failed."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.model.errors import NotTold, Refused
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.model.states import AdminState
from tests.door.porch import GREETING, Impostor, door, hanging_up, saying
from tests.store.scene import Scene
from tests.until import until

ONE = Submission(spec=Spec(command=("true",)), request=Resources(1000))


def ended(cluster: Cluster) -> tuple[int, ...]:
    """The job has been cancelled by somebody: by us, whose answer was lost, perhaps."""
    (job,) = operations.submit(cluster, ONE).ids
    operations.cancel(cluster, [job])
    return (job,)


@pytest.mark.parametrize("words", [b"garbage\n", b"{}\n", b'{"trouble": {"kind": "too_long", "message": "much"}}\n'])
def test_what_may_have_been_done_and_cannot_be_told_is_not_done_again(
    behind: Cluster, cluster: Cluster, path: Path, words: bytes
) -> None:
    job = operations.submit(behind, ONE).ids
    with Impostor(path, saying(GREETING, words)), pytest.raises(NotTold, match="may have been done"):
        operations.hold(cluster, job)
    assert views.job(behind, job[0]).job.state == "pending"


def test_a_cancel_whose_answer_was_lost_does_not_say_that_it_failed(
    behind: Cluster, cluster: Cluster, path: Path
) -> None:
    job = ended(behind)
    with Impostor(path, saying(GREETING, b"\n")):
        (handled,) = operations.cancel(cluster, job)
    assert (handled.fate, "the first answer was lost" in handled.sentence) == ("unchanged", True)
    assert operations.cancel(cluster, job)[0].fate == "refused"  # this one was asked for once


LOST = saying(GREETING, b"\n")  # begins, and says no more


def test_a_worker_that_is_dead_or_forgotten_already_was_so_by_us_if_the_answer_was_lost(
    behind: Cluster, cluster: Cluster, path: Path
) -> None:
    scene = Scene(behind.db)
    scene.worker()
    scene.silence(99)
    seen = views.worker(behind, "w1").worker
    operations.confirm_dead(behind, seen)
    with Impostor(path, LOST):
        assert operations.confirm_dead(cluster, seen) == []
    with pytest.raises(Refused):
        operations.confirm_dead(cluster, seen)
    seen = views.worker(behind, "w1").worker
    operations.forget(behind, seen)
    path.unlink()
    with Impostor(path, LOST):
        cluster.door = door(path)
        operations.forget(cluster, seen)
    with pytest.raises(Refused):
        operations.forget(cluster, seen)


def test_a_worker_that_drains_already_was_told_so_by_us_if_the_answer_was_lost(
    behind: Cluster, cluster: Cluster, path: Path
) -> None:
    Scene(behind.db).worker()
    operations.administer(behind, ["w1"], AdminState.DRAINING)
    with Impostor(path, LOST):
        assert operations.administer(cluster, ["w1"], AdminState.DRAINING) == ["w1"]
    assert operations.administer(cluster, ["w1"], AdminState.DRAINING) == []


def test_what_was_never_asked_at_the_door_is_no_repetition(behind: Cluster, cluster: Cluster, path: Path) -> None:
    job = ended(behind)
    with Impostor(path, hanging_up):
        assert operations.cancel(cluster, job)[0].fate == "refused"


def test_what_is_given_up_is_hung_up_on_before_it_is_done_here(behind: Cluster, cluster: Cluster, path: Path) -> None:
    seen: list[str] = []
    (job,) = operations.submit(behind, ONE).ids

    def slow(here: Impostor, client: socket.socket) -> None:
        client.sendall(GREETING)
        here.hear(client)
        while client.recv(1000):
            pass
        seen.append("hung up")

    with Impostor(path, slow):
        operations.hold(cluster, [job])
        until(lambda: seen)
