"""A console that is left while a deed is under way says so first, and at its end what nobody has heard of."""

from __future__ import annotations

import threading

from textual.pilot import Pilot

from clusterctl.model.proposals import Outcome, Proposal
from clusterctl.tui.app import Console
from clusterctl.tui.opening import last_words
from tests.console.top.acting import a_stage, asked, dialog_of, on_jobs
from tests.console.top.pilot import play, shows, until
from tests.console.top.stage import StageSource


def hung(stage: StageSource) -> threading.Event:
    """Nothing is carried out before this is set."""
    gate, do = threading.Event(), stage.carry_out

    def slowly(proposal: Proposal, *, reason: str = "") -> list[Outcome]:
        gate.wait(60)
        return do(proposal, reason=reason)

    stage.carry_out = slowly  # type: ignore[method-assign]  # a stage that hangs
    return gate


async def cancel_and_let_go(console: Console, pilot: Pilot[int]) -> None:
    """Begin a deed, and close its dialog."""
    await on_jobs(console, pilot)
    await pilot.press("K")
    await asked(pilot)
    await pilot.press("y")
    await until(pilot, lambda: console.under_way, "the deed to begin")
    await pilot.press("escape")
    await until(pilot, lambda: dialog_of(console) is None, "the dialog to go")


def test_q_asks_once_and_the_second_leaves_with_a_word_about_what_was_left() -> None:
    stage = a_stage()
    gate = hung(stage)

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await cancel_and_let_go(console, pilot)
        await pilot.press("q")
        await shows(pilot, "under way: Cancel job 1", "q again leaves")
        assert console.return_code is None
        await pilot.press("q")
        await until(pilot, lambda: console._exit, "the end")

    console = play(stage, scenario)
    assert list(last_words(console)) == ["clusterctl: it may have been done, or not: Cancel job 1\n"]
    gate.set()


def test_once_its_end_is_known_q_leaves_at_once_and_there_is_nothing_to_say() -> None:
    stage = a_stage()
    gate = hung(stage)

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await cancel_and_let_go(console, pilot)
        gate.set()
        await shows(pilot, "done: job 1")
        await pilot.press("q")
        await until(pilot, lambda: console._exit, "the end")

    assert list(last_words(play(stage, scenario))) == []
