"""Many jobs at once in ``job``: told in as few questions as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, LiteralString, TypeVar

import pytest

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.model.errors import NotFound
from clusterctl.model.exits import ExitCode
from clusterctl.model.spec import After, Spec
from clusterctl.settings import load
from clusterctl.store.connection import Database
from tests.console.conftest import Run
from tests.store.scene import Scene

T = TypeVar("T")


class Counting(Database):
    """Counts what it is asked for."""

    asked = 0

    def rows(self, sql: LiteralString, *args: object, **named: object) -> list[tuple[Any, ...]]:
        """As ever."""
        self.asked += 1
        return super().rows(sql, *args, **named)

    def nouns(self, noun: type[T], sql: LiteralString, *args: object, **named: object) -> list[T]:
        """As ever."""
        self.asked += 1
        return super().nouns(noun, sql, *args, **named)


@pytest.fixture
def jobs(scene: Scene) -> list[int]:
    """An array of which one has failed and waits again, a job that waits for the array's first, and one by itself."""
    worker = scene.worker()
    array = scene.jobs(3, spec=Spec(command=("sort",), script="#!/bin/sh\n"))
    scene.run(worker, array[:2])
    (heir,) = scene.jobs(after=(After(array[0]), After(array[1], "any")))
    return [*array, heir, *scene.jobs()]


@pytest.fixture
def counting(scene: Scene) -> Iterator[Cluster]:
    """The cluster, and how often its database is asked."""
    with Cluster(load({})) as cluster:
        cluster.db = Counting(scene.db.url)
        yield cluster


def questions(cluster: Cluster, look: Callable[[], object]) -> int:
    """How many *look* has."""
    assert isinstance(cluster.db, Counting)
    before = cluster.db.asked
    look()
    return cluster.db.asked - before


def test_many_are_told_in_as_few_questions_as_one(counting: Cluster, jobs: list[int]) -> None:
    assert questions(counting, lambda: views.stories(counting, jobs)) == questions(
        counting, lambda: views.stories(counting, jobs[:1])
    )
    assert questions(counting, lambda: views.outputs(counting, jobs)) == 1


def test_each_is_told_as_it_would_be_alone(counting: Cluster, jobs: list[int]) -> None:
    told = views.stories(counting, jobs[::-1])
    assert [story.job.id for story in told] == jobs
    assert [views.job(counting, id) for id in jobs] == told
    assert [len(story.attempts) for story in told] == [1, 1, 0, 0, 0]
    assert [story.spec.script for story in told] == ["#!/bin/sh\n"] * 3 + [None] * 2
    assert [(parent.job_id, parent.condition) for parent in told[3].after] == [(jobs[0], "ok"), (jobs[1], "any")]
    assert views.stories(counting, []) == []


def test_one_that_there_is_not_is_named(counting: Cluster, jobs: list[int]) -> None:
    with pytest.raises(NotFound, match="no job 99"):
        views.stories(counting, [*jobs, 99])


def test_the_pages_say_where_output_lies_if_there_is_any(run: Run, jobs: list[int]) -> None:
    said = run("job", f"{jobs[0]}-{jobs[-1]}")
    assert (said.code, said.out.count(".out on ")) == (ExitCode.DONE, 2)
    assert [each["id"] for each in json.loads(run("job", f"{jobs[0]}-{jobs[-1]}", "-o", "json").out)] == jobs
