"""What was seen when a screen was open the last time does not stand beside what is seen now."""

from __future__ import annotations

from datetime import timedelta

from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.tui.app import Console
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.painters.sums import sum_lines
from tests.console.top.looking import go, settled
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import NOW, small_cluster


def test_a_page_of_long_ago_is_not_shown_where_nobody_can_be_asked_anew() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await go(app, pilot, "workers")
        await settled(app, pilot)
        await shows(pilot, "holds 4 jobs")
        await go(app, pilot, "jobs")
        source.at = NOW + timedelta(minutes=12)
        await pilot.press("r")
        await until(pilot, lambda: app.look and app.look.at == source.at)
        source.trouble = Outage("postgres", "Connection refused")
        await pilot.press("r")
        await shows(pilot, "pg down")
        await pilot.press("2")
        await shows(pilot, "cpu-03", "nobody can be asked: Postgres does not answer")
        await hides(pilot, "holds 4 jobs")
        source.trouble = None
        await pilot.press("r")
        await shows(pilot, "holds 4 jobs")

    play(source, scenario, size=(160, 48))


def test_a_list_that_nobody_has_seen_is_not_called_empty() -> None:
    source = small_cluster()

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "cpu-03")
        source.trouble = Outage("postgres", "Connection refused")
        await pilot.press("r")
        await shows(pilot, "pg down")
        await pilot.press("3")
        await shows(pilot, "not known: Postgres cannot be reached")
        await hides(pilot, "Jobs 0")

    play(source, scenario)


def test_whoever_led_when_that_was_seen_is_said_to_have_led() -> None:
    sums = small_cluster().sums()
    old, new = (
        "".join(piece.text for line in sum_lines(sums, None, Sight(stale=stale), 160) for piece in line)
        for stale in (True, False)
    )
    assert "leader was schedd-1" in old
    assert "leader schedd-1" in new
