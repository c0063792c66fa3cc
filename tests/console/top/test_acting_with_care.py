"""A yes is a yes to what could be read, and every dialog says which key goes on."""

from __future__ import annotations

import threading

from msgspec.structs import replace
from textual.pilot import Pilot

from clusterctl.model.findings import Examination
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.tui.app import Console
from clusterctl.tui.deeds import Offer
from clusterctl.tui.dialogs.confirm import READ_S
from clusterctl.tui.frame.pages import FormDialog
from clusterctl.tui.paint.pieces import Glyphs
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import StageSource, a_job
from tests.console.top.test_every_deed import go


class TestAYes:
    """Counts once the dialog has stood for a moment."""

    def test_of_a_key_that_is_held_down_counts_only_after_it_was_let_go(self) -> None:
        stage, now = a_stage(), [0.0]

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await until(pilot, lambda: (box := dialog_of(console)) and box.stage == "asking", "a dialog")
            for _ in range(60):  # two seconds, thirty times a second
                await pilot.press("y")
                now[0] += 1 / 30
            dialog = dialog_of(console)
            assert dialog is not None
            assert dialog.stage == "asking"
            await shows(pilot, "before anybody could have read this")
            now[0] += READ_S
            await pilot.press("y")
            await shows(pilot, "done: job 1: cancelled")

        play(stage, scenario, clock=lambda: now[0])
        assert len(stage.carried_out) == 1

    def test_by_mouse_does_not_count_sooner(self) -> None:
        stage, now = a_stage(), [0.0]

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await until(pilot, lambda: (box := dialog_of(console)) and box.stage == "asking", "a dialog")
            await pilot.click("#confirm")
            await pilot.pause()
            assert stage.carried_out == []
            now[0] += READ_S
            await shows(pilot, "y Cancel job 1")
            await until(pilot, lambda: not console.screen.query_one("#confirm").disabled, "a yes that can be given")
            await pilot.click("#confirm")
            await shows(pilot, "done: job 1: cancelled")

        play(stage, scenario, clock=lambda: now[0])


class TestWhatIsTyped:
    """The number of many, a reason: letters go there, and enter goes on."""

    def test_is_found_wrong_where_it_stands_and_enter_is_said_to_go_on(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("asterisk", "K")
            await asked(pilot)
            await shows(pilot, "Type 12 to confirm", "↵ Cancel 12 jobs", "tab more")
            await hides(pilot, "c copy", "y Cancel")
            await pilot.press("7", "enter")
            lines = await shows(pilot, "Not that. Type 12 to confirm 7")
            assert "↵ Cancel 12 jobs" in lines[-2]
            await pilot.press("backspace")
            await hides(pilot, "Not that.")
            await pilot.press("tab")
            await shows(pilot, "c copy", "y Cancel 12 jobs")

        play(StageSource(jobs=[a_job(number) for number in range(1, 13)]), scenario)

    def test_as_a_reason_ends_with_enter_and_that_is_said(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press("r")
            await shows(pilot, "↵ that is why")
            await hides(pilot, "y Cancel job 1")
            await pilot.press("enter")
            await shows(pilot, "y Cancel job 1")

        play(a_stage(), scenario)

    def test_as_an_answer_goes_on_with_enter_and_that_is_said(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            console.begin(Offer("Forget what is old", deed=Deed(verb="prune"), asks="prune"))
            await shows(pilot, "esc Leave it", "↵ Go on")
            await pilot.press(*"jobs", "space", *"7d")
            await pilot.click("#go_on")
            await asked(pilot)

        play(a_stage(), scenario)


class TestARange:
    """From V to the cursor."""

    def test_that_is_open_is_what_a_deed_is_about(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("V", "j", "j")
            await shows(pilot, "3 marked", "esc end range")
            await pilot.press("x")
            await shows(pilot, "Cancel 3 jobs")
            await pilot.press("K")
            await asked(pilot)
            await shows(pilot, "Cancel 3 jobs?")
            await pilot.press("y")
            await shows(pilot, "done 3")
            assert console.here.table is not None
            assert console.here.table.model.range_from is None
            await hides(pilot, "3 marked", "esc end range")

        play(stage, scenario)
        assert stage.carried_out[0].deed.jobs == (1, 2, 3)

    def test_that_is_ended_by_escape_is_not_meant(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("V", "j", "escape", "K")
            await asked(pilot)
            await shows(pilot, "Cancel job 2?")

        play(a_stage(), scenario)


def test_a_doctor_who_takes_long_keeps_no_deed_waiting() -> None:
    stage, gate = a_stage(), threading.Event()

    def slowly() -> Examination:
        gate.wait(60)
        return Examination()

    stage.findings = slowly  # type: ignore[method-assign]  # a stage that is slow

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("K")
        await asked(pilot)
        await pilot.press("y")
        await shows(pilot, "done: job 1: cancelled")
        assert not gate.is_set()
        gate.set()

    try:
        play(stage, scenario)
    finally:
        gate.set()


def test_what_cannot_be_taken_back_at_once_is_told_with_what_does() -> None:
    stage = a_stage()
    think = stage.propose

    def halting(deed: Deed) -> Proposal:
        return replace(think(deed), undo=None, by_hand="H lets it go, once it has stopped")

    stage.propose = halting  # type: ignore[method-assign]  # of a replica that runs

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("H")
        await asked(pilot)
        await shows(pilot, "Undo    not by U: H lets it go, once it has stopped")
        await pilot.press("y")
        await shows(pilot, "done: job 1: held")
        await pilot.press("U")
        await shows(pilot, "U cannot take back: Hold job 1. H lets it")

    play(stage, scenario)


def test_a_long_toast_is_broken_and_none_of_it_is_lost() -> None:
    stage = a_stage()
    # One word more than a toast is wide: where it is broken there is one line more than there was room for.
    told = Outcome(subject="service:201", fate="done", sentence="has 3 replicas instead of 2; made: 213")
    stage.carry_out = lambda proposal, *, reason="": [told]  # type: ignore[method-assign]  # it has much to say

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("H")
        await asked(pilot)
        await pilot.press("y")
        await shows(pilot, " 213 ", "U within 10 s: undo")

    play(stage, scenario)


def test_a_menu_about_things_of_several_kinds_tells_them_apart() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, "4")
        await until(pilot, lambda: bool(console.here.meant_findings()), "a finding")
        await pilot.press("x")
        lines = [line.strip(" │─>›") for line in await shows(pilot, "Mend 1 finding", "the cluster")]
        job, worker = lines.index("job 3"), lines.index("worker w1")
        assert "Cancel job 3" in lines[job + 1]
        assert "Drain worker w1" in lines[worker + 1]
        sheet = console.screen.query_one("Sheet")
        await pilot.click(sheet, offset=(6, 1))  # on a heading
        await pilot.pause()
        assert dialog_of(console) is None
        await pilot.press("j", "enter")
        await shows(pilot, "Cancel job 3?")

    play(a_stage(), scenario)


def test_a_dialog_that_is_being_taken_down_is_not_drawn() -> None:
    FormDialog("Export Jobs", [], Glyphs()).draw()


def test_the_menu_begins_nothing_that_nobody_chose() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await on_jobs(console, pilot)
        await pilot.press("x")
        await shows(pilot, "nothing is known to be wrong with it")
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert dialog_of(console) is None
        await shows(pilot, "Cancel job 1")

    play(a_stage(), scenario)
