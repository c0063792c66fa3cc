"""A deed is about what was meant when its key was pressed; and it is taken back for what was done."""

from __future__ import annotations

from msgspec.structs import replace
from textual.pilot import Pilot

from clusterctl.model.proposals import Deed
from clusterctl.tui.app import Console
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import a_job, a_running_job


class TestIdentity:
    """A deed is about what was meant when its key was pressed, wherever that stands later."""

    def test_rows_change_places_and_contents_between_the_key_and_the_yes(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("j", "K")
            dialog = await asked(pilot)
            stage.jobs = {5: a_job(5), 4: stage.jobs[4], 3: stage.jobs[3], 2: stage.jobs[2], 1: stage.jobs[1]}
            seen = len(stage.wanted)
            console.action_look_now()
            await until(pilot, lambda: len(stage.wanted) > seen, "another look")
            assert dialog.proposal is not None
            assert dialog.proposal.deed == Deed(verb="cancel", jobs=(2,))
            await pilot.press("y")
            await shows(pilot, "done: job 2: cancelled")

        play(stage, scenario)
        assert {number for number, job in stage.jobs.items() if job.state == "cancelled"} == {2}

    def test_what_has_changed_between_the_dialog_and_the_yes_is_left(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            stage.jobs[1] = a_running_job(1, "w1")
            await pilot.press("y")
            await shows(pilot, "changed meanwhile, left as it is", "it is running")

        play(stage, scenario)
        assert stage.jobs[1].state == "running"

    def test_what_has_vanished_is_left(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            del stage.jobs[1]
            await pilot.press("y")
            await shows(pilot, "it is gone now")

        play(stage, scenario)

    def test_rows_keep_their_places_while_a_dialog_is_open(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            stage.jobs = dict(reversed(stage.jobs.items()))
            stage.jobs[3] = replace(stage.jobs[3], name="renamed")
            console.action_look_now()
            table = console.here.table
            assert table is not None
            await until(pilot, lambda: table.model.rows[3].name == "renamed", "the new name")
            assert list(table.model.keys) == [1, 2, 3, 4]

        play(stage, scenario)


class TestUndo:
    """Taking back what can be taken back."""

    def test_it_is_offered_for_what_was_done_and_is_a_deed_of_its_own(self) -> None:
        stage = a_stage()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("asterisk", "H")
            await asked(pilot)
            stage.jobs[2] = replace(stage.jobs[2], name="changed")
            await pilot.press("y")
            await shows(pilot, "done 1, changed meanwhile 1", "U within 10 s: undo")
            await pilot.press("U")
            dialog = await asked(pilot)
            assert dialog.proposal is not None
            assert dialog.proposal.deed == Deed(verb="release", jobs=(1,))
            await pilot.press("y")
            await shows(pilot, "done: job 1: pending")

        play(stage, scenario)
        assert [stage.jobs[number].state for number in (1, 2)] == ["pending", "pending"]

    def test_it_is_over_after_ten_seconds(self) -> None:
        now = [0.0]

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await pilot.press("2")
            await until(pilot, lambda: bool(console.here.subjects()), "workers")
            await pilot.press("P")
            await asked(pilot)
            await pilot.press("y")
            await shows(pilot, "U within 10 s: undo")
            now[0] = 10.1
            await pilot.press("U")
            await shows(pilot, "nothing to undo")
            assert dialog_of(console) is None

        play(a_stage(), scenario, clock=lambda: now[0])

    def test_there_is_none_for_what_cannot_be_taken_back(self) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await shows(pilot, "Undo    not possible")
            await pilot.press("y")
            await shows(pilot, "done: job 1")
            await hides(pilot, "undo")
            await pilot.press("U")
            await shows(pilot, "U cannot take back: Cancel job 1. Nothing does.")

        play(a_stage(), scenario)
