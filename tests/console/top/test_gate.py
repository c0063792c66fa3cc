"""Nothing is done by a console that only looks, nor upon what is not seen now: on no key, in no menu, by no click."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

import clusterctl.tui
from clusterctl.model.errors import Outage
from clusterctl.tui.app import SCREENS, Console
from clusterctl.tui.deeds import Offer, offers
from clusterctl.tui.dialogs.acting import Acting
from clusterctl.tui.dialogs.confirm import Confirmation
from clusterctl.tui.frame.help import nodes_of
from clusterctl.tui.palette import commands
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import StageSource, small_cluster

LEAVING = {"q", "ctrl+c", "ctrl+z", "ctrl+q"}


def deed_keys() -> list[str]:
    """Those that do something to the cluster, or lead there."""
    return [key for binding in Acting.BINDINGS for key in binding.key.split(",")]  # type: ignore[union-attr]  # ours are all bindings


def test_one_line_of_the_console_tells_a_source_to_do_something() -> None:
    places = [
        f"{path.name}: {line.strip()}"
        for path in Path(clusterctl.tui.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"\.carry_out\(", line) and path.name != "source.py"
    ]
    assert len(places) == 1
    assert places[0].startswith("acting.py: lambda: self.source.carry_out(")


class TestAConsoleThatOnlyLooks:
    """``--read-only``."""

    def test_no_key_does_anything(self) -> None:
        stage = small_cluster()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            keys = {key for node in nodes_of(console) for key in node._bindings.key_to_bindings}
            for key in sorted((keys | set(deed_keys())) - LEAVING):
                await self.try_key(console, pilot, key)

        play(stage, scenario, read_only=True)
        assert stage.carried_out == []

    def test_no_key_of_a_deed_does_anything_on_any_screen(self) -> None:
        stage = small_cluster()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            for _, screen in SCREENS:
                console.action_show(screen.name_of)
                await pilot.pause()
                assert console.places.here == screen.name_of
                for key in deed_keys():
                    await self.try_key(console, pilot, key)

        play(stage, scenario, read_only=True)
        assert stage.carried_out == []

    async def try_key(self, console: Console, pilot: Pilot[int], key: str) -> None:
        """Press it, and say yes to whatever it asks."""
        await pilot.press(key)
        while len(console.screen_stack) > 1:
            assert dialog_of(console) is None, f"{key} opens a deed"
            await pilot.press("y", "enter", "escape")

    def test_no_deed_is_shown(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            assert not set(deed_keys()) & console.active_bindings.keys()
            await hides(pilot, "x act")
            assert console.offers() == []
            assert not [each for each in commands(console) if "ancel" in each.text or "rain" in each.text]

        play(a_stage(), scenario, read_only=True)

    def test_a_deed_that_is_begun_all_the_same_is_refused(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            for offer in offers(console.meant()):
                console.begin(offer._replace(why_not="", asks=""))
                assert dialog_of(console) is None
            await shows(pilot, "--read-only")

        play(stage, scenario, read_only=True)
        assert stage.carried_out == []

    def test_a_yes_that_is_given_all_the_same_is_refused(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            dialog = await asked(pilot)
            console.outlook.read_only = True
            assert dialog.proposal is not None
            console.post_message(Confirmation.Confirmed(dialog, dialog.proposal, ""))
            await shows(pilot, "Not now: this console only looks")
            await pilot.press("y")
            await pilot.click("#confirm")
            await pilot.pause()

        play(stage, scenario)
        assert stage.carried_out == []


class TestWhatIsNotSeenNow:
    """Stale, paused, unreachable."""

    def test_while_postgres_is_away_a_key_says_why_nothing_is_done(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            stage.trouble = Outage("Postgres", "connection refused")
            console.action_look_now()
            await until(pilot, lambda: console.outlook.postgres.failures, "the outage")
            await pilot.press("K")
            await shows(pilot, "Cancel job 1: Postgres cannot be reached")
            assert dialog_of(console) is None

        play(stage, scenario)

    def test_while_the_view_is_paused_a_key_says_so(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("p", "K")
            await shows(pilot, "the view is paused")
            assert dialog_of(console) is None

        play(a_stage(), scenario)

    def test_what_has_become_old_between_the_dialog_and_the_yes_is_left(self) -> None:
        stage, now = a_stage(), [0.0]

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            stage.trouble = Outage("Postgres", "connection refused")
            console.action_look_now()
            await until(pilot, lambda: console.outlook.postgres.failures, "the outage")
            await pilot.press("y")
            await shows(pilot, "Not now: Postgres cannot be reached")
            stage.trouble = None
            console.action_look_now()
            await until(pilot, lambda: not console.outlook.postgres.failures, "Postgres")
            await pilot.press("y")
            await shows(pilot, "done: job 1: cancelled")

        play(stage, scenario, clock=lambda: now[0])
        assert len(stage.carried_out) == 1

    def test_the_menu_refuses_too(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("p", "x")
            await shows(pilot, "Cancel job 1")
            await pilot.press("K")
            await shows(pilot, "the view is paused")
            assert dialog_of(console) is None

        play(a_stage(), scenario)

    def test_while_the_filter_is_not_valid_only_one_row_can_be_meant(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("space", "space", "slash", *"colour:x", "enter")
            await until(pilot, lambda: console.here.shape.trouble, "trouble with the filter")
            console.begin(Offer("Cancel", deed=offers(console.meant())[1].deed, things=2))
            await shows(pilot, "the filter is not valid")
            assert dialog_of(console) is None

        play(a_stage(), scenario)


def test_a_click_on_yes_is_a_yes() -> None:
    stage = a_stage()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("K")
        await asked(pilot)
        await pilot.click("#confirm")
        await shows(pilot, "done: job 1: cancelled")

    play(stage, scenario)


def test_a_click_in_the_menu_begins_that_deed() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("x")
        await shows(pilot, "Cancel job 1")
        await pilot.click("Sheet", offset=(6, 1))
        dialog = await asked(pilot)
        assert dialog.proposal is not None

    play(a_stage(), scenario)


@pytest.mark.parametrize("key", ["K", "x"])
def test_without_rows_there_is_nothing_to_do_it_to(key: str) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", key)
        await shows(pilot, "nothing here that it could be done to" if key == "K" else "Forget what is old")

    play(StageSource(), scenario)
