"""From a key to a deed: proposed, confirmed, carried out as proposed, told."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.tui.app import Console
from clusterctl.tui.deeds import Offer
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import hides, lines, play, shows, until
from tests.console.top.stage import StageSource, a_job


class TestADeed:
    """What happens from a key to the toast."""

    def test_is_done_only_after_a_yes_and_is_told(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            assert await shows(pilot, "Cancel job 1?", "pending → cancelled", "$ clusterctl cancel 1")
            assert stage.carried_out == []
            await pilot.press("y")
            await shows(pilot, "done: job 1: cancelled")

        play(stage, scenario)
        assert stage.jobs[1].state == "cancelled"

    @pytest.mark.parametrize("key", ["escape", "n", "enter"])
    def test_is_left_by_escape_by_n_and_by_enter_which_is_on_leave_it(self, key: str) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press(key)
            await until(pilot, lambda: dialog_of(console) is None, "the dialog to go")

        play(stage, scenario)
        assert stage.carried_out == []

    def test_is_not_done_twice_by_two_yeses(self) -> None:
        stage, gate = a_stage(), threading.Event()
        do = stage.carry_out

        def slowly(proposal: Proposal, *, reason: str = "") -> list[Outcome]:
            gate.wait(30)
            return do(proposal, reason=reason)

        stage.carry_out = slowly  # type: ignore[method-assign]  # a stage that is slow, or breaks

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press("y", "y", "y")
            await shows(pilot, "under way…")
            gate.set()
            await shows(pilot, "done: job 1: cancelled")

        play(stage, scenario)
        assert len(stage.carried_out) == 1

    def test_may_have_a_reason_in_which_y_and_n_are_letters(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press("r", *"yes no", "enter", "y")
            await shows(pilot, "done: job 1")

        play(stage, scenario)
        assert stage.reasons == ["yes no"]

    def test_is_copied_as_a_command(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press("c")
            await shows(pilot, "copied")
            assert console.clipboard == "clusterctl cancel 1"

        play(a_stage(), scenario)

    def test_that_changes_nothing_cannot_be_confirmed(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            console.begin(Offer("Hold job 4", deed=Deed(verb="hold", jobs=(4,))))
            await shows(pilot, "nothing to do", "job 4: held already")
            await pilot.press("y")
            await pilot.press("escape")

        play(stage, scenario)
        assert stage.carried_out == []

    def test_of_many_is_confirmed_by_their_number_alone(self) -> None:
        stage = StageSource(jobs=[a_job(number) for number in range(1, 13)])

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("asterisk", "K")
            await asked(pilot)
            await shows(pilot, "Cancel 12 jobs?", "and 2 more", "Type 12 to confirm", "↵ Cancel 12 jobs", "tab more")
            await pilot.press("y", "enter")
            await shows(pilot, "Not that. Type 12 to confirm", "↵ Cancel 12 jobs")
            assert stage.carried_out == []
            await pilot.press("backspace", "1", "2", "enter")
            await shows(pilot, "done 12")

        play(stage, scenario)
        assert len(stage.carried_out) == 1

    def test_is_told_in_sums_with_the_first_reasons_and_each_on_demand(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("asterisk", "K")
            await asked(pilot)
            stage.jobs[2] = replace(stage.jobs[2], state="running")
            await pilot.press("y")
            await shows(pilot, "done 3, changed meanwhile 1, refused 0", "job 2: it is running now")
            await pilot.press("O")
            await shows(pilot, "changed    job 2: it is running now", "done       job 1: cancelled")

        play(stage, scenario)

    def test_leaves_no_mark_on_what_it_was_done_to(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("space", "space", "K")
            await asked(pilot)
            await pilot.press("y")
            await shows(pilot, "done 2")
            assert console.here.table is not None
            assert console.here.table.model.marked == set()

        play(a_stage(), scenario)

    def test_looks_again_at_once(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            before = len(stage.wanted)
            await pilot.press("y")
            await until(pilot, lambda: len(stage.wanted) > before, "another look")

        play(stage, scenario, interval=60.0)


def test_what_is_marked_and_hidden_is_told_and_left() -> None:
    stage = a_stage()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        table = console.here.table
        assert table is not None
        table.model.marked = {1, 2, 77, 78}
        await pilot.press("x")
        await shows(pilot, "2 more marked hidden by the filter: left alone")
        await pilot.press("K")
        await asked(pilot)
        await shows(pilot, "2 of 4 marked are hidden by the filter")
        await pilot.press("y")
        await shows(pilot, "done 2")

    play(stage, scenario)
    assert stage.carried_out[0].deed.jobs == (1, 2)


def test_what_does_not_fit_is_reached_by_scrolling() -> None:
    stage = a_stage()
    think = stage.propose

    def wordily(deed: Deed) -> Proposal:
        return replace(think(deed), why=tuple(f"reason {number}" for number in range(3)), risk="much " * 80)

    stage.propose = wordily  # type: ignore[method-assign]  # a stage that has much to say

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("K")
        await asked(pilot)
        await shows(pilot, "reason 0", console.glyphs.falling)
        await hides(pilot, "$ clusterctl")
        await pilot.press("pagedown", "pagedown")
        await shows(pilot, "$ clusterctl cancel 1", console.glyphs.rising)

    play(stage, scenario, size=(60, 16))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 48)])
def test_every_line_is_as_wide_as_the_terminal_with_a_dialog_too(size: tuple[int, int]) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        for key in ("x", "K"):
            await pilot.press(key)
            await until(pilot, lambda: len(console.screen_stack) > 1, "a dialog")
            assert all(len(line) == size[0] for line in lines(console))

    play(a_stage(), scenario, size=size)
