"""A small cluster to act upon, and the steps that every scenario of a deed has."""

from __future__ import annotations

from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.dialogs.confirm import READ_S, Confirmation
from tests.console.top.pilot import until
from tests.console.top.stage import StageSource, a_finding, a_job, a_running_job, a_worker


def a_stage() -> StageSource:
    """Two workers, four jobs, and a reservation that is stuck."""
    return StageSource(
        workers=[a_worker("w1"), a_worker("w2", live_state="silent")],
        jobs=[a_job(1), a_job(2), a_running_job(3, "w1"), a_job(4, state="held")],
        findings=[a_finding("reserved_expired", "allocation:9", concerns=("allocation:9", "job:3", "worker:w1"))],
    )


def dialog_of(console: Console) -> Confirmation | None:
    """The one that asks, if it is open."""
    return console.screen if isinstance(console.screen, Confirmation) else None


async def asked(pilot: Pilot[int]) -> Confirmation:
    """Wait until a dialog asks; it has stood there for as long as it takes to read it."""
    console = pilot.app
    assert isinstance(console, Console)
    await until(pilot, lambda: (found := dialog_of(console)) and found.stage == "asking", "a dialog that asks")
    dialog = dialog_of(console)
    assert dialog is not None
    dialog.stands_since -= READ_S
    dialog.draw()
    return dialog


async def on_jobs(console: Console, pilot: Pilot[int]) -> None:
    """Go to the jobs."""
    await pilot.press("3")
    await until(pilot, lambda: bool(console.here.subjects()), "jobs")
