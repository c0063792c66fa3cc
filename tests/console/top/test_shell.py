"""The console as one walks through it: screens, panes, filters, pauses, help, and what happens when it breaks."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from clusterctl.model.errors import Outage, SchemaMismatch, Slow
from clusterctl.model.looks import Look, Want
from clusterctl.tui.app import SCREENS, Console
from clusterctl.tui.dialogs.gate import why_not
from clusterctl.tui.engine.messages import GoTo
from clusterctl.tui.frame.filter_bar import FilterInput
from clusterctl.tui.table.table import Table
from tests.console.top.pilot import hides, lines, play, shows, until
from tests.console.top.stage import StageSource, a_job, small_cluster


def is_at(app: Console, name: str) -> bool:
    """Whether that screen is shown."""
    return app.here.name_of == name


def test_every_screen_is_behind_its_key_and_in_the_tabs() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        for key, screen in SCREENS:
            if key:
                await pilot.press(key)
                await until(pilot, partial(is_at, app, screen.name_of))
        await pilot.click("#tabs", offset=(6, 0))
        await until(pilot, lambda: app.here.name_of == "overview")
        await pilot.press("8", "a", "grave_accent")
        await until(pilot, lambda: app.here.name_of == "services")

    play(small_cluster(), scenario, size=(120, 40))


def test_a_filter_holds_while_it_is_typed_and_stays_with_its_screen() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "slash", *"state:failed")
        await until(pilot, lambda: source.wanted[-1].filter == app.here.shape.filter is not None)
        await pilot.press("enter")
        await shows(pilot, "/state:failed", "esc clear")
        await pilot.press("2")
        await until(pilot, lambda: source.wanted[-1].screen == "workers")
        assert source.wanted[-1].filter is None
        await hides(pilot, "/state:failed")
        await pilot.press("3")
        await shows(pilot, "/state:failed")
        await pilot.press("escape")
        await until(pilot, lambda: source.wanted[-1].screen == "jobs" and source.wanted[-1].filter is None)
        await hides(pilot, "/state:failed")

    play(source, scenario)


def test_half_a_filter_keeps_the_one_before_says_why_and_allows_nothing_in_bulk() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "slash", *"state:failed cpus>")
        await shows(pilot, "a value is missing", "the last valid filter holds")
        assert source.wanted[-1].filter is not None
        assert app.circumstances().filter_trouble
        await pilot.press("4")
        await hides(pilot, "a value is missing")
        assert not app.circumstances().filter_trouble

    play(source, scenario)


def test_names_are_finished_with_tab_and_filters_of_before_come_back_with_an_arrow() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "slash", *"ten", "tab", *"ada", "enter")
        await shows(pilot, "/tenant:ada")
        await pilot.press("escape", "slash", *"sta", "tab")
        await shows(pilot, "state  started_at")
        await pilot.press("escape", "slash", "up")
        await shows(pilot, "/tenant:ada")
        assert app.here.shape.filter is not None

    play(small_cluster(), scenario)


def test_what_is_pasted_into_the_filter_line_cannot_hurt_the_terminal() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "slash")
        app.bar.query_one(FilterInput).insert_text_at_cursor("a\x1b[2Jb")
        await shows(pilot, "/a\\e[2Jb")

    play(small_cluster(), scenario)


def test_faults_only_is_a_filter_of_its_own() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "f")
        await until(pilot, lambda: source.wanted[-1].filter is not None)
        await shows(pilot, "faults only")
        await pilot.press("f")
        await until(pilot, lambda: source.wanted[-1].filter is None)
        assert not app.here.shape.faults

    play(source, scenario)


def test_a_paused_view_stands_still_and_counts_what_it_does_not_show() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "p")
        await until(pilot, lambda: app.look and app.look.want.screen == "jobs")
        source.jobs[999] = a_job(999, name="brand-new")
        await until(pilot, lambda: (app.outlook.unseen or 0) >= 2)
        await shows(pilot, "PAUSED", "Jobs 149 ")
        assert app.circumstances().paused
        await pilot.press("p")
        await shows(pilot, "LIVE", "Jobs 150 ")

    play(source, scenario, interval=0.05)


def test_looks_come_more_and_less_often_within_bounds() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("plus")
        await shows(pilot, " 1s ")
        await pilot.press(*["plus"] * 5)
        assert app.feed.interval == 0.5
        await pilot.press(*["minus"] * 20)
        assert app.feed.interval == 60.0

    play(small_cluster(), scenario)


def test_below_120_columns_the_detail_takes_the_place_of_the_list_and_esc_gives_it_back() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-9")
        await pilot.press("enter")
        await shows(pilot, "job 1", "asks for", "esc back to the list")
        await hides(pilot, "step-9")
        await pilot.press("escape")
        await shows(pilot, "step-9")
        await hides(pilot, "asks for")
        assert isinstance(app.focused, Table)

    play(small_cluster(), scenario)


def test_from_120_columns_both_panes_are_there_and_either_can_be_zoomed() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-9", "asks for")
        await pilot.press("z")
        await hides(pilot, "asks for")
        await pilot.press("z", "tab", "z")
        await hides(pilot, "step-9")
        await shows(pilot, "asks for", "esc unzoom")
        await pilot.press("escape")
        await shows(pilot, "step-9", "asks for")
        assert app.here.name_of == "jobs"

    play(small_cluster(), scenario, size=(160, 40))


def test_a_terminal_that_is_too_small_says_so_under_a_header_that_lives() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.resize_terminal(58, 14)
        found = await shows(pilot, "terminal 58x14, needs 60x16", "LIVE")
        assert all(not line.strip() for line in found[2:])
        await pilot.resize_terminal(60, 16)
        await shows(pilot, "Overview")
        await hides(pilot, "needs 60x16")
        assert all(len(line) <= 60 for line in lines(app))

    play(small_cluster(), scenario)


def test_what_one_is_sent_to_is_under_the_cursor_and_esc_leads_back() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        app.post_message(GoTo("job:42"))
        await until(pilot, lambda: app.here.subjects() == ("job:42",), "the cursor on job 42")
        await pilot.press("escape")
        await until(pilot, lambda: app.here.name_of == "overview")

    play(small_cluster(), scenario)


def test_what_is_not_in_the_list_is_filtered_for() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        app.post_message(GoTo("job:77777"))
        await until(pilot, lambda: app.here.shape.text == "id:77777")

    play(source, scenario)


def test_a_console_that_only_looks_says_so() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        found = await shows(pilot, "READ-ONLY")
        assert "x act" not in found[-1]

    play(small_cluster(), scenario, read_only=True)


def test_an_outage_dims_what_is_known_and_a_schema_of_another_version_is_no_outage() -> None:
    source = small_cluster()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await shows(pilot, "cpu-03", "LIVE")
        source.trouble = Outage("postgres", "Connection refused")
        await shows(pilot, "Postgres: Connection refused", "pg down", "redis 1ms", "STALE", "cpu-03")
        assert app.sight().stale
        assert app.circumstances().connection == "retrying"
        source.trouble = Slow("postgres", "canceling statement", "look at its locks")
        await pilot.press("r")
        await shows(pilot, "Postgres is up, but too slow", "pg slow", "redis 1ms", "STALE", "look at its locks")
        assert "too slow" in why_not(app.circumstances())
        source.trouble = SchemaMismatch("the schema is 2, not 3", "run `clusterctl db migrate`")
        await pilot.press("r")
        await shows(pilot, "pg refuses", "the schema is 2, not 3", "run `clusterctl db migrate`")
        source.trouble = None
        await pilot.press("r")
        await shows(pilot, "LIVE", "pg 4ms")

    play(source, scenario, interval=0.05)


def test_a_toast_is_never_markup() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        app.say("[/red] \x1b]52;c;x\x07 [@click=app.quit]x", "warning")
        await shows(pilot, "[/red] \\e]52;c;x\\x07")

    play(small_cluster(), scenario)


class Buggy(StageSource):
    """Its third look meets a bug."""

    def look(self, want: Want) -> Look:
        if len(self.wanted) == 2:
            secret = "postgresql://ada:hunter2@db/prod"
            raise RuntimeError(f"cannot read {secret}")
        return super().look(want)


def test_a_bug_ends_the_console_with_one_line_and_a_file_that_tells_no_secrets(tmp_path: Path) -> None:
    apps: list[Console] = []

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        apps.append(app)
        await until(pilot, lambda: app.crash)

    with pytest.raises(RuntimeError):
        play(Buggy(), scenario, interval=0.05, log=tmp_path / "log")
    (app,) = apps
    assert app.return_code == 1
    assert app.crash
    assert app.crash.file
    assert app.crash.lines.splitlines() == [
        "clusterctl: error: RuntimeError: cannot read postgresql://ada:***@db/prod",
        f"hint: this is a bug; the traceback is in {app.crash.file}",
    ]
    told = app.crash.file.read_text()
    assert "in look" in told
    assert "hunter2" not in told
    assert stat.S_IMODE(app.crash.file.stat().st_mode) == 0o600
