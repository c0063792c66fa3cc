"""What is said while a proposal is thought up, and when nothing comes of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from textual.pilot import Pilot

from clusterctl.model.errors import BadInput, Moved, NotFound, NotTold, Outage, Refused
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.tui.app import Console
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import play, shows, until

LOST = Outage("Postgres", "connection refused")


class TestLooking:
    """While a proposal is thought up."""

    def test_it_says_so_and_can_be_left_and_a_late_answer_opens_nothing(self) -> None:
        stage, gate = a_stage(), threading.Event()
        think = stage.propose

        def slowly(deed: Deed) -> Proposal:
            gate.wait(30)
            return think(deed)

        stage.propose = slowly  # type: ignore[method-assign]  # a stage that is slow, or breaks

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await shows(pilot, "looking…")
            await pilot.press("y", "escape")
            await until(pilot, lambda: dialog_of(console) is None, "the dialog to go")
            gate.set()
            await pilot.press("j", "K")
            dialog = await asked(pilot)
            assert dialog.proposal is not None
            assert dialog.proposal.deed.jobs == (2,)

        play(stage, scenario)
        assert stage.carried_out == []

    @pytest.mark.parametrize(
        "error",
        [NotFound("no job 1", "look at the list"), Refused("it is up", "stop it first"), BadInput("no age"), LOST],
    )
    def test_what_went_wrong_stands_in_the_dialog_with_what_to_do(self, error: Any) -> None:
        stage = a_stage()

        def fail(deed: Deed) -> Proposal:
            raise error

        stage.propose = fail  # type: ignore[method-assign]  # a stage that is slow, or breaks

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await shows(pilot, str(error), error.hint)
            await pilot.press("y", "escape")

        play(stage, scenario)
        assert stage.carried_out == []


class TestAnOutage:
    """While it is carried out."""

    @pytest.mark.parametrize("error", [LOST, NotTold("the answer was lost")])
    def test_nobody_claims_to_know_what_was_done(self, error: Any) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await shows(pilot, "It may have been done, or not:", "To ask for it again is safe")
            await pilot.press("y", "escape")

        self.play_failing(error, scenario)

    @pytest.mark.parametrize("error", [Refused("it is up", "stop it first"), Moved("it has moved"), BadInput("no")])
    def test_what_was_refused_was_not_done(self, error: Any) -> None:
        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await shows(pilot, f"Nothing was done: {error}", error.hint)
            await pilot.press("y", "escape")

        self.play_failing(error, scenario)

    def test_it_is_told_in_a_corner_if_the_dialog_was_left(self) -> None:
        gate = threading.Event()

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await shows(pilot, "under way…")
            await pilot.press("escape")
            await until(pilot, lambda: dialog_of(console) is None, "the dialog to go")
            gate.set()
            await shows(pilot, "Cancel job 1", "It may have been done")

        self.play_failing(LOST, scenario, gate)

    def play_failing(self, error: Exception, then: Any, gate: threading.Event | None = None) -> None:
        """Say yes to a deed that fails so, and go on with *then*; it must have been tried once."""
        stage, tried = a_stage(), []

        def fail(proposal: Proposal, *, reason: str = "") -> list[Outcome]:
            tried.append(reason)
            if gate is not None:
                gate.wait(30)
            raise error

        stage.carry_out = fail  # type: ignore[method-assign]  # a stage that is slow, or breaks

        async def scenario(console: Console, pilot: Pilot[int]) -> None:
            await on_jobs(console, pilot)
            await pilot.press("K")
            await asked(pilot)
            await pilot.press("y")
            await then(console, pilot)

        play(stage, scenario)
        assert len(tried) == 1
