"""While a list is not yet the one that is asked for nobody can mean all of it; and what Postgres does not know."""

from __future__ import annotations

import threading

from textual.pilot import Pilot

from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter
from clusterctl.model.looks import Look, Want
from clusterctl.tui.app import Console
from clusterctl.tui.dialogs.confirm import Confirmation
from clusterctl.tui.dialogs.gate import Circumstances, why_not
from tests.console.top.acting import a_stage, on_jobs
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import StageSource
from tests.until import PATIENCE


class Held(StageSource):
    """A cluster that answers what is filtered only when it is let."""

    gate: threading.Event

    def look(self, want: Want) -> Look:
        if want.filter is not None:
            assert self.gate.wait(PATIENCE)
        return super().look(want)


def a_held_stage() -> Held:
    held = Held()
    held.__dict__.update(a_stage().__dict__)
    held.gate = threading.Event()
    return held


def test_until_the_filtered_list_has_come_the_title_says_so_and_nothing_can_mean_all() -> None:
    source = a_held_stage()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        table = console.here.table
        assert table is not None
        await pilot.press("space", "space")
        await until(pilot, lambda: len(table.model.marked) == 2, "two marks")
        await pilot.press("slash", *"state:held", "enter")
        shown = await shows(pilot, "Jobs looking…", "/state:held")
        assert not any("match" in line for line in shown)
        await pilot.press("asterisk", "V", "K")
        await shows(pilot, "does not fit the filter yet")
        assert len(table.model.marked) == 2
        assert table.model.range_from is None
        assert not isinstance(console.screen, Confirmation)
        source.gate.set()
        await hides(pilot, "looking…")
        await shows(pilot, "Jobs 4 match")
        await pilot.press("u", "asterisk")
        await until(pilot, lambda: table.model.marked == {1, 2, 3, 4}, "the marks")

    try:
        play(source, scenario, size=(120, 30))
    finally:
        source.gate.set()


def test_one_row_can_still_be_acted_upon() -> None:
    assert why_not(Circumstances(is_behind=True), 1) == ""
    assert why_not(Circumstances(is_behind=True), 2)


class Strict(StageSource):
    """Knows neither an order nor one field that others know."""

    def look(self, want: Want) -> Look:
        unknown = want.sort or (isinstance(want.filter, Filter) and "heartbeat_ttl_s" in want.filter.terms[0].fields)
        if unknown:
            self.wanted.append(want)
            raise BadInput("there is no field 'x'", "the fields are many")
        return super().look(want)


def test_what_postgres_does_not_know_is_told_and_given_up_and_postgres_is_not_down() -> None:
    source = Strict()
    source.__dict__.update(a_stage().__dict__)

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "there is no field 'x'")
        await until(pilot, lambda: console.look is not None and console.look.want.screen == "workers", "a look")
        assert console.circumstances().connection == "live"
        assert console.here.shape.sort == ()
        await pilot.press("slash", *"heartbeat_ttl_s>3", "enter")
        await until(pilot, lambda: console.here.shape.trouble, "what is wrong with the filter")
        await until(pilot, lambda: source.wanted[-1].filter is None, "a look without it")
        assert console.circumstances().connection == "live"

    play(source, scenario, size=(120, 30), screen="workers", sort=("name",))
