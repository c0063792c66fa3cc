"""What leads from one screen to another, and what a screen does while the cluster is away."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.tui.app import Console
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.screens.section import Section
from tests.console.top.busy import busy_cluster
from tests.console.top.looking import body, go, settled
from tests.console.top.pilot import play, shows, until


def test_without_postgres_the_last_picture_stays_and_is_dimmed() -> None:
    source = busy_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        before = body(app)
        source.trouble = Outage("postgres", "Postgres does not answer")
        await pilot.press("r")
        await until(pilot, lambda: app.sight().stale, "the outage to be noticed")
        await until(pilot, lambda: tones(app) <= {"dim", "title"}, "all to be dimmed")
        assert "cpu-03" in before
        assert "cpu-03" in body(app)

    play(source, scenario, clock=lambda: 0.0)


def tones(app: Console) -> set[str]:
    """Of the rows that are shown."""
    rows = [line for section in app.here.query(Section) for line in section.draw(80, section.size.height)[1:]]
    return {piece.tone for row in rows for cell in row.cells[1:] for piece in cell.pieces if piece.text.strip()}


def test_one_cursor_walks_through_all_lists_of_the_overview() -> None:
    visited = []

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        for _ in range(16):
            visited.append(app.here.concerns()[:1] or ("wait",))
            await pilot.press("j")

    play(busy_cluster(), scenario, (80, 30), clock=lambda: 0.0)
    walked = [one for (one,) in visited]
    assert walked[:2] == ["worker:gpu-07", "worker:cpu-09"]
    assert walked[7:11] == ["worker:cpu-02", "worker:cpu-03", "allocation:4471", "wait"]
    assert walked[11:] == ["claim:9", "claim:8", "claim:7", "claim:6", "claim:5"]


def test_enter_on_why_jobs_wait_shows_those_jobs() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        await pilot.press("tab", "G", "enter")
        await until(pilot, lambda: app.here.name_of == "jobs", "the jobs")
        await until(pilot, lambda: app.here.shape.text == "state:pending,held reason:fits_now", "the filter")

    play(busy_cluster(), scenario, clock=lambda: 0.0)


def test_enter_on_a_finding_opens_its_page_and_it_can_be_mended_there() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await settled(app, pilot)
        await pilot.press("tab", "j", "enter")
        await shows(pilot, "reserved_expired", "allocation:4471")
        assert [finding.subject for finding in app.here.meant_findings()] == ["allocation:4471"]

    play(busy_cluster(), scenario, clock=lambda: 0.0)


@pytest.mark.parametrize("screen, steps", [("jobs", 4), ("claims", 2)])
def test_w_tells_why_wherever_a_row_is_about_a_job(screen: str, steps: int) -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await go(app, pilot, screen)
        await pilot.press(*["j"] * steps, "w")
        await shows(pilot, "job 20, why", "with --cpus 4 it would start now", "half of 12 jobs of")
        await pilot.press("w")
        await until(pilot, lambda: "with --cpus 4" not in body(app) or "attempts" in body(app), "the page of the row")

    play(busy_cluster(), scenario, (160, 48), clock=lambda: 0.0)


def test_a_vanished_job_is_said_to_have_gone() -> None:
    source = busy_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await go(app, pilot, "jobs")
        await pilot.press(*["j"] * 8)
        await shows(pilot, "broken")
        del source.jobs[40]
        await pilot.press("r")
        app.here.query_one(DetailPane).look_again()
        await shows(pilot, "no job 40")

    play(source, scenario, (160, 48), clock=lambda: 0.0)
