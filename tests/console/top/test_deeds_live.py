"""Deeds from the console upon a real database: found, understood, mended, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from textual.pilot import Pilot

from clusterctl.cluster import Cluster
from clusterctl.model.errors import Moved
from clusterctl.model.proposals import Deed
from clusterctl.model.registration import Measures
from clusterctl.settings import Settings
from clusterctl.store import workers
from clusterctl.tui.app import Console
from clusterctl.tui.engine.source import LiveSource
from tests.console.top.acting import asked
from tests.console.top.pilot import lines, play, shows, until
from tests.store.scene import Scene


@pytest.fixture
def scene(database: str) -> Iterator[Scene]:
    """A cluster with one worker that holds a reservation for job 1, which nobody has started in time."""
    with Cluster(Settings(database_url=database, redis_url="none"), caller="a test") as cluster:
        scene = Scene(cluster.db)
        cluster.db.run("SELECT set_config('clusterctl.now', (now() - interval '5 min')::text, false)")
        worker = scene.worker()
        scene.reserve(worker, scene.jobs(cpus=4))
        cluster.db.run("SELECT set_config('clusterctl.now', '', false)")
        workers.sync(
            cluster.db, worker.worker_id, worker.incarnation, Measures(used_milli=100, memory_mb=10, load1=0.1)
        )
        yield scene


@contextmanager
def source_of(database: str) -> Iterator[LiveSource]:
    """The console's own way there."""
    with closing(LiveSource(Settings(database_url=database, redis_url="none"))) as source:
        yield source


async def on_stuck(console: Console, pilot: Pilot[int]) -> None:
    """Go to what is stuck, and wait until it was looked for."""
    await pilot.press("4")
    await until(pilot, lambda: bool(console.here.meant_findings()), "a finding")


def test_a_stuck_reservation_is_found_understood_and_mended_by_two_keys(database: str, scene: Scene) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_stuck(console, pilot)
        await pilot.press("F")
        await asked(pilot)
        await shows(pilot, "Release allocation 1?", "reserved → released", "reserved 4 → reserved 0")
        await shows(pilot, "$ clusterctl doctor --fix-stuck reserved_expired allocation:1")
        await pilot.press("r", *"too late", "enter", "y")
        await shows(pilot, "done: allocation 1 is released")

    with source_of(database) as source:
        play(source, scenario)
    assert scene.state(1) == "pending"
    assert scene.db.row("SELECT verb, subject, reason FROM audit ORDER BY id DESC LIMIT 1") == (
        "mend reserved_expired", "allocation:1", "too late",
    )  # fmt: skip
    scene.check()


def test_of_two_consoles_that_mend_the_same_one_has_done_it(database: str, scene: Scene) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_stuck(console, pilot)
        await pilot.press("F")
        await asked(pilot)
        with source_of(database) as other:
            (finding,) = (each for each in other.findings().findings if each.code == "reserved_expired")
            (outcome,) = other.carry_out(other.propose(Deed(verb="mend", findings=(finding,))))
            assert outcome.fate == "done"
        await pilot.press("y")
        await shows(pilot, "changed meanwhile, left as it is")

    with source_of(database) as source:
        play(source, scenario)
    assert scene.db.value("SELECT count(*) FROM audit WHERE verb LIKE 'mend%'") == 1
    scene.check()


def test_a_reservation_is_given_back_from_the_list_of_jobs(database: str, scene: Scene) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: bool(console.here.subjects()), "jobs")
        await pilot.press("R")
        await asked(pilot)
        await shows(pilot, "Release allocation 1 of job 1", "and not started")
        await pilot.press("y")
        await shows(pilot, "done: job 1")

    with source_of(database) as source:
        play(source, scenario)
    assert scene.state(1) == "pending"
    assert scene.db.value("SELECT status FROM allocations") == "released"
    scene.check()


def test_a_worker_is_drained_and_that_is_taken_back(database: str, scene: Scene) -> None:
    def admin_state() -> object:
        return scene.db.value("SELECT admin_state FROM workers")

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await until(pilot, lambda: bool(console.here.subjects()), "workers")
        await pilot.press("P")
        dialog = await asked(pilot)
        assert dialog.proposal is not None
        if dialog.proposal.typed:  # it is the last that is open
            await pilot.press(*dialog.proposal.typed, "enter")
        else:
            await pilot.press("y")
        await shows(pilot, "undo")
        assert admin_state() == "draining"
        await pilot.press("U")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: admin_state() == "open", "the worker to be open")

    with source_of(database) as source:
        play(source, scenario)
    scene.check()


def test_what_was_proposed_for_one_cluster_is_never_done_to_another(database: str, scene: Scene) -> None:
    settings = Settings(database_url=database, redis_url="none")
    with closing(LiveSource(settings)) as source:
        proposal = source.propose(Deed(verb="cancel", jobs=(1,)))
        source._settings = Settings(database_url=database, redis_url="none", redis_prefix="other:")
        with pytest.raises(Moved, match="another cluster"):
            source.carry_out(proposal)
    assert scene.state(1) == "scheduled"


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_all_that_is_to_be_known_is_seen_at_once(database: str, scene: Scene, size: tuple[int, int]) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_stuck(console, pilot)
        await pilot.press("F")
        await asked(pilot)
        text = "\n".join(lines(console))
        assert all(label in text for label in ("Why", "Will", "Risk", "Only if", "Undo", "$ clusterctl"))
        assert "esc Leave it" in text

    with source_of(database) as source:
        play(source, scenario, size=size)
