"""Work is handed in once, whatever becomes of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.errors import Outage, Refused
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.operations.handing_in import OWN_KEY, PAUSES
from clusterctl.operations.jobs import newest_allocation, requeue
from clusterctl.settings import Settings
from tests.line import Line
from tests.store.scene import Scene

ONE = Submission(spec=Spec(command=("true",)), request=Resources(1000))
MINE = Submission(spec=Spec(command=("true",)), request=Resources(1000), key="mine")


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    with Cluster(Settings(database_url=database, redis_url="none")) as cluster:
        yield cluster


def jobs(cluster: Cluster) -> int:
    return int(cluster.db.value("SELECT count(*) FROM jobs"))


def keys(cluster: Cluster) -> list[str]:
    return [row[0] for row in cluster.db.rows("SELECT key FROM submissions ORDER BY id")]


def test_who_gives_no_key_submits_something_new_each_time(cluster: Cluster) -> None:
    assert not any(operations.submit(cluster, ONE).existing for _ in range(3))
    assert jobs(cluster) == len(set(keys(cluster))) == 3
    assert all(key.startswith(OWN_KEY) for key in keys(cluster))


def test_a_key_that_was_given_stands_for_what_it_stood_for(cluster: Cluster) -> None:
    assert not operations.submit(cluster, MINE).existing
    assert operations.submit(cluster, MINE).existing
    assert (jobs(cluster), keys(cluster)) == (1, ["mine"])


def test_of_many_each_has_its_key(cluster: Cluster) -> None:
    answers = operations.submit_many(cluster, [ONE, MINE, ONE])
    assert [answer.existing for answer in answers] == [False] * 3
    assert [answer.existing for answer in operations.submit_many(cluster, [ONE, MINE])] == [False, True]
    assert jobs(cluster) == 4


def test_what_is_refused_is_not_tried_again(cluster: Cluster) -> None:
    operations.submit(cluster, MINE)
    other = Submission(spec=Spec(command=("false",)), request=Resources(1000), key="mine")
    rests: list[float] = []
    with pytest.raises(Refused):
        operations.submit(cluster, other, rest=rests.append)
    assert rests == []


def test_an_outage_is_waited_out_for_a_few_seconds_only() -> None:
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", redis_url="none")
    rests: list[float] = []
    with Cluster(nowhere) as cluster, pytest.raises(Outage):
        operations.submit(cluster, ONE, rest=rests.append)
    assert rests == list(PAUSES)


def test_who_returns_in_time_has_it_once(database: str, cluster: Cluster, tmp_path: Path) -> None:
    with Line(database, tmp_path) as line, Cluster(Settings(database_url=line.url, redis_url="none")) as cut:
        operations.submit_many(cut, [ONE, ONE])  # connected
        line.lose_next_commit()
        rests: list[float] = []
        (first, second) = operations.submit_many(cut, [ONE, MINE], rest=rests.append)
    assert line.lost == 1
    assert rests == [PAUSES[0]]
    assert not first.existing
    assert second.existing, "the user chose that key, and it was there"
    assert jobs(cluster) == 4


def ended(cluster: Cluster, count: int) -> list[int]:
    """An array whose jobs have ended, cancelled."""
    made = operations.submit(cluster, replace(ONE, indices=tuple(range(count)))).ids
    operations.cancel(cluster, made)
    return list(made)


def test_a_requeue_whose_answer_was_lost_makes_no_job_twice(cluster: Cluster) -> None:
    array = ended(cluster, 3)
    first = requeue(cluster, array, key="~once")
    again = requeue(cluster, array, key="~once")
    assert [each.again for each in first] == [each.again for each in again] == [4, 5, 6]
    assert jobs(cluster) == 6
    assert {each.again for each in operations.requeue(cluster, array)}.isdisjoint({4, 5, 6, None})
    assert jobs(cluster) == 9


def test_what_ends_after_the_first_try_is_submitted_by_the_second(cluster: Cluster) -> None:
    array = ended(cluster, 2)
    requeue(cluster, array[:1], key="~once")
    answers = requeue(cluster, array, key="~once")
    assert (len({each.again for each in answers} - {None}), jobs(cluster)) == (2, 4)


@pytest.fixture
def running(cluster: Cluster) -> int:
    """A job that runs."""
    scene = Scene(cluster.db)
    (job,) = scene.jobs()
    scene.run(scene.worker(), [job])
    return job


def test_a_requeue_that_is_repeated_does_not_stop_what_it_has_let_begin_again(cluster: Cluster, running: int) -> None:
    newest = newest_allocation(cluster)
    (later,) = requeue(cluster, [running], key="~once", newest=newest - 1)
    assert (later.fate, later.sentence) == ("unchanged", "runs again already: it has begun since this was asked for")
    (first,) = requeue(cluster, [running], key="~once", newest=newest)
    assert first.act == "restart"


def test_a_requeue_that_is_repeated_does_not_take_back_what_has_been_placed_since(cluster: Cluster) -> None:
    scene = Scene(cluster.db)
    worker, (job,) = scene.worker(), scene.jobs()
    scene.reserve(worker, [job])
    newest = newest_allocation(cluster)
    (first,) = requeue(cluster, [job], key="~once", newest=newest)
    scene.reserve(worker, [job])
    (again,) = requeue(cluster, [job], key="~once", newest=newest)
    assert (first.act, again.act, again.fate, scene.state(job)) == ("withdraw", None, "unchanged", "scheduled")
