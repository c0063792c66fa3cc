"""Whatever changes its place, what is in sight is told: a row is blank for one look at most."""

from __future__ import annotations

from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.table.table import Table
from tests.console.top.pilot import play, until
from tests.console.top.stage import StageSource, a_job


def blanks(console: Console) -> list[object]:
    """The rows in sight of which only the key is known."""
    table = console.here.query_one(Table)
    return [key for key in table.model.keys[table.top : table.top + table.height] if key not in table.model.rows]


def test_rows_are_told_after_the_order_has_taken_the_cursor_far_away() -> None:
    source = StageSource(jobs=[a_job(number) for number in range(1, 400)])

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: console.here.query_one(Table).model.keys, "the jobs")
        await pilot.press("j")
        source.jobs = dict(reversed(source.jobs.items()))  # the cursor's job is the last but one now
        await until(pilot, lambda: console.here.query_one(Table).top > 300, "the list to follow its cursor")
        await until(pilot, lambda: not blanks(console), "what is in sight to be told")

    play(source, scenario, interval=0.5)
