"""What an operator is told: which keys there are, what a filter lacks, what the palette knows, what is forbidden."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.tui.app import SCREENS, Console
from clusterctl.tui.dialogs.acting import KEYS_OF_DEEDS, Acting
from clusterctl.tui.frame.filter_bar import trouble_lines
from clusterctl.tui.frame.help import HelpDialog, groups_of, nodes_of
from clusterctl.tui.lists.shape import Shape
from clusterctl.tui.screens.jobs import JobsScreen
from tests.console.top.acting import a_stage, asked, on_jobs
from tests.console.top.pilot import hides, lines, play, shows, until
from tests.console.top.stage import small_cluster

GROUPS = {"In a list", "On a page", "In a log", "In a chart", "In a dialog", "Deeds", "Everywhere"}
GROUPS |= {"In a log's search line", "In the filter line"} | {screen.title for _, screen in SCREENS}


def test_the_help_begins_with_the_screen_that_one_sees_and_tells_nothing_twice() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        app.action_show("logs")
        await until(pilot, lambda: app.here.name_of == "logs")
        found = groups_of(nodes_of(app), app.glyphs)
        assert [group.title for group in found][:2] == ["Logs", "In a log"]
        assert {group.title for group in found} <= GROUPS
        assert len({group.title for group in found}) == len(found)
        assert sum(entry.text == "Why" for group in found for entry in group.entries) == 1
        assert "Move cursor left" not in str(found)
        await pilot.press("1")
        await until(pilot, lambda: app.here.name_of == "overview")
        assert groups_of(nodes_of(app), app.glyphs)[0].title == "Overview"

    play(small_cluster(), scenario)


def test_end_and_home_lead_through_the_help() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        first = lines(app)
        await pilot.press("end")
        await shows(pilot, "there is more than fits")
        await pilot.press("home")
        await until(pilot, lambda: lines(app) == first)

    play(small_cluster(), scenario)


def test_a_console_that_only_looks_tells_no_key_of_a_deed_and_says_why_one_does_nothing() -> None:
    assert {binding.key for binding in Acting.BINDINGS} == set(KEYS_OF_DEEDS)  # type: ignore[union-attr]  # ours are all bindings

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        for key in ("x", "K", "U"):
            await pilot.press(key)
            await shows(pilot, "this console only looks")
            app.clear_notifications()
            await hides(pilot, "this console only looks")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        await pilot.press(*"suggested")
        await shows(pilot, "no key and no sign has")

    play(a_stage(), scenario, read_only=True)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("text", ["age>2x", "stat:failed", "wait>", "state:nonsense"])
def test_what_a_filter_lacks_is_told_whole(width: int, text: str) -> None:
    shape = Shape(noun=JobsScreen.noun, spans=JobsScreen.spans)
    shape.type(text)
    told = [" ".join(piece.text for piece in line) for line in trouble_lines(shape, width)]
    assert shape.trouble
    assert shape.trouble.split() == " ".join(told).split()[: len(shape.trouble.split())]
    assert "nothing is filtered" in " ".join(told)
    assert all(len(line.rstrip()) <= width for line in told)


def test_toasts_leave_the_filter_line_alone_and_tab_is_told() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3", "slash", *"age>2x")
        await shows(pilot, "is not a duration")
        app.say("something was done " * 4)
        await shows(pilot, "something was done", "'2x' is not a duration", "esc clear", "tab finish a name")

    play(small_cluster(), scenario)


@pytest.mark.parametrize(
    "typed, shown",
    [("prune", "Forget what is old"), ("cancel", "Cancel job 1"), ("drain", "drain w1"), ("goto 3", "go to job:3"),
     ("goto w1", "go to worker:w1"), ("2", "go to job:2"), ("cancel 2", "shows first what would change")],
)  # fmt: skip
def test_the_palette_knows_deeds_by_their_verbs_and_things_by_their_numbers(typed: str, shown: str) -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        await pilot.press("colon", *("space" if letter == " " else letter for letter in typed))
        await shows(pilot, shown)

    play(a_stage(), scenario)


def test_a_deed_of_the_palette_goes_through_its_dialog() -> None:
    stage = a_stage()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        await pilot.press("colon", *"cancel", "space", "2")
        await shows(pilot, "shows first what would change")
        await pilot.press("enter")
        await asked(pilot)
        await shows(pilot, "Cancel job 2?")
        await pilot.press("escape")

    play(stage, scenario)
    assert stage.carried_out == []


def test_the_palette_of_a_console_that_only_looks_has_no_deeds() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        await pilot.press("colon", *"cancel", "space", "2")
        await shows(pilot, "No matches found")

    play(a_stage(), scenario, read_only=True)


def test_without_a_cluster_no_list_claims_to_be_looking() -> None:
    source = small_cluster()
    source.trouble = Outage("postgres", "Connection refused")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "Needs attention", "Last decisions", "not known: Postgres cannot be reached")
        await hides(pilot, "looking for findings", "PostgreSQL")
        await pilot.press("7")
        await shows(pilot, "not known: Postgres cannot be reached")

    play(source, scenario)
