"""Jobs as the console lists them: keys in order, the count, and the fields of those rows that are wanted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clusterctl.model.claim_log import refusal
from clusterctl.model.looks import MOST_KEYS
from clusterctl.model.plan import Wait
from clusterctl.model.selection import Selection
from clusterctl.store import (
    choice,
    claims,
    job_steps,
    jobs,
)
from tests.store.onlooker import Onlooker, filter_of, set_clock, shape_of
from tests.store.scene import Scene


@pytest.fixture
def onlooker(scene: Scene) -> Onlooker:
    """Who looks at it."""
    return Onlooker(scene.db)


def test_jobs_stand_as_an_operator_needs_them_the_newest_first(scene: Scene, onlooker: Onlooker) -> None:
    set_clock(scene.db, 0)
    worker = scene.worker(cpus=64)
    gone = [scene.jobs()[0] for _ in range(2)]
    scene.finish(worker, gone[0])
    set_clock(scene.db, 90)  # more than an hour later
    held = [scene.jobs()[0] for _ in range(2)]
    job_steps.hold(scene.db, held, "held by ada")
    running = [scene.jobs()[0] for _ in range(2)]
    scene.run(worker, running)
    ended = [scene.jobs()[0] for _ in range(2)]
    for number, job in enumerate(reversed(ended)):
        set_clock(scene.db, 91 + number)
        scene.finish(worker, job, code=number)
    scheduled = [scene.jobs()[0] for _ in range(2)]
    scene.reserve(worker, scheduled)
    pending = [scene.jobs()[0] for _ in range(2)]
    expected = [*running[::-1], *scheduled[::-1], *pending[::-1], gone[1], *held[::-1], *ended]
    assert onlooker.keys("jobs") == tuple(expected)


@pytest.fixture
def ten(scene: Scene) -> list[int]:
    """Ten jobs that wait, the newest first."""
    return scene.jobs(10, name="train")[::-1]


def test_all_keys_come_and_the_fields_of_the_window_only(ten: list[int], onlooker: Onlooker) -> None:
    page = onlooker.page("jobs", first=3, rows=4)
    assert (list(page.keys), page.total) == (ten, 10)
    assert set(page.rows) == set(ten[3:7])
    assert all(page.rows[id].id == id and page.rows[id].name == "train" for id in page.rows)


@pytest.mark.parametrize(
    "first, rows, expected", [(0, 0, 0), (8, 100, 2), (10, 100, 0), (10_000_000, 5, 0), (-3, 2, 2), (0, -1, 0)]
)
def test_a_window_may_lie_anywhere(ten: list[int], onlooker: Onlooker, first: int, rows: int, expected: int) -> None:
    page = onlooker.page("jobs", first=first, rows=rows)
    assert len(page.keys) == 10
    assert set(page.rows) == set(ten[max(first, 0) :][:expected])


def test_rows_that_are_wanted_besides_come_wherever_they_stand_and_even_if_they_left_the_list(
    scene: Scene, ten: list[int], onlooker: Onlooker
) -> None:
    jobs.cancel(scene.db, ten[9:])
    page = onlooker.page("jobs", "state:pending", rows=2, also=(ten[8], ten[9], 999))
    assert list(page.keys) == ten[:9]
    assert set(page.rows) == {*ten[:2], ten[8], ten[9]}
    assert page.rows[ten[9]].state == "cancelled"


def test_rows_are_those_of_the_job_list(scene: Scene, ten: list[int], onlooker: Onlooker) -> None:
    worker = scene.worker()
    scene.run(worker, ten[:3])
    scene.finish(worker, ten[5], code=3)
    page = onlooker.page("jobs")
    assert page.rows == {job.id: job for job in jobs.read(scene.db, Selection(), 100)}


@pytest.mark.parametrize(
    "text",
    ["state:running", "state:pending,completed", "name:tr* -worker:w1", "exit_code:3", "reason:fits_now", "wait>=0s",
     "w1", "state:failed", "kind:service", "age<1h ran<1h"],
)  # fmt: skip
def test_a_filter_means_what_it_means_for_the_job_list(
    scene: Scene, ten: list[int], onlooker: Onlooker, text: str
) -> None:
    worker = scene.worker()
    scene.run(worker, ten[:3])
    scene.finish(worker, ten[5], code=3)
    claims.log_said(scene.db, 1, [refusal(Wait(shape=shape_of(scene, ten[9]), job_id=ten[9], reason="fits_now"), "")])
    expected = choice.ids(scene.db, Selection(filter=filter_of("jobs", text)), 100)
    assert sorted(onlooker.keys("jobs", text)) == expected
    assert sorted(onlooker.keys("jobs", text, sort=("-wait",))) == expected


@pytest.mark.parametrize("sort", [("id",), ("-id",), ("state", "-id"), ("-cpus", "id"), ("worker", "-attempt")])
def test_jobs_are_ordered_as_the_job_list_orders_them(
    scene: Scene, ten: list[int], onlooker: Onlooker, sort: Sequence[str]
) -> None:
    scene.run(scene.worker(), [*ten[:2], *scene.jobs(1, cpus=3)])
    expected = [job.id for job in jobs.read(scene.db, Selection(), 100, sort)]
    assert list(onlooker.keys("jobs", sort=tuple(sort))) == expected


def test_of_too_many_the_first_are_listed_and_all_are_counted(scene: Scene, onlooker: Onlooker) -> None:
    ids = scene.jobs(MOST_KEYS + 500, name="many")
    jobs.cancel(scene.db, ids[:3])
    for wish, total in (("", len(ids)), ("state:pending name:m*", len(ids) - 3)):
        page = onlooker.page("jobs", wish, rows=3)
        assert (page.total, page.beyond) == (total, False)
        assert list(page.keys) == ids[::-1][:MOST_KEYS]
        assert set(page.rows) == set(ids[-3:])


def test_beyond_a_bound_nobody_counts_and_that_is_said(
    scene: Scene, onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clusterctl.store.console import jobs as listing

    monkeypatch.setattr(listing, "COUNTED_MOST", MOST_KEYS + 100)
    scene.jobs(MOST_KEYS + 500)
    page = onlooker.page("jobs", "state:pending")
    assert (page.total, page.beyond) == (MOST_KEYS + 100, True)
