"""A screen as text, once: the same words without a terminal, for pipes and tickets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from clusterctl.model.console import NAMES
from clusterctl.model.errors import BadInput
from clusterctl.tui import once
from clusterctl.tui.app import SCREENS
from clusterctl.tui.lists.known import LISTS
from clusterctl.tui.once import Asked
from tests.console.conftest import Run
from tests.console.top.busy import busy_cluster
from tests.console.top.stage import a_job, small_cluster
from tests.store.scene import Scene


def printed(screen: str, width: int = 80, **other: object) -> str:
    """A screen of the small cluster."""
    asked = Asked(screen, width=width, **other)  # type: ignore[arg-type]  # each of its own type
    return once.as_text(once.painted(once.see(small_cluster(), asked), asked), colour=False, ascii=asked.ascii)


def test_the_lists_are_those_of_the_console() -> None:
    screens = {screen.name_of: screen for _, screen in SCREENS}
    assert set(NAMES) == set(screens) - {"logs"}
    for name, known in LISTS.items():
        assert (known.title, known.noun, known.spans) == (screens[name].title, screens[name].noun, screens[name].spans)


@pytest.mark.parametrize("screen", NAMES)
def test_every_screen_is_told_within_its_width(screen: str) -> None:
    for width in (60, 80, 160):
        text = printed(screen, width)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
    assert printed(screen, ascii=True).isascii()


@pytest.mark.parametrize("screen", NAMES)
def test_where_nothing_limits_it_nothing_is_cut(screen: str) -> None:
    source = busy_cluster()
    long = "a name that is much longer than any column would be on a terminal of eighty cells"
    source.jobs = {number: replace(each, name=f"{long} {number}") for number, each in source.jobs.items()}
    for ascii in (False, True):
        asked = Asked(screen, cluster="up in /home/somebody/of/a/rather/long/name/state", width=0, ascii=ascii)
        text = once.as_text(once.painted(once.see(source, asked), asked), colour=False, ascii=ascii)
        assert asked.cluster in text
        assert ascii or not any("…" in line for line in text.splitlines() if "more" not in line), text
        assert (screen != "jobs") or all(f"{long} {number}" in text for number in source.jobs)


def test_rows_are_told_in_order_as_data() -> None:
    asked = Asked("jobs", sort=("-id",))
    seen = once.see(small_cluster(), asked)
    told = once.plain(seen, asked)["jobs"]
    assert [row.id for row in told["rows"]] == list(told["keys"]) == list(seen.look.jobs.keys)  # type: ignore[union-attr]  # it is shown
    assert told["total"] == 149
    stuck = Asked("stuck")
    found = once.plain(once.see(small_cluster(), stuck), stuck)["stuck"]
    assert [(found["total"], row.code) for row in found["rows"]] == [(1, "reserved_expired")]


def test_the_overview_answers_the_three_questions_in_24_lines() -> None:
    text = printed("overview")
    assert len(text.splitlines()) <= 24
    for words in ("2 silent", "112 pending", "Needs attention", "STUCK", "Last decisions"):
        assert words in text


def test_what_strangers_wrote_stays_text() -> None:
    source = small_cluster()
    source.jobs = {1: a_job(1, name="\x1b[2J[/red]\u202e")}
    asked = Asked("jobs", width=200)
    text = once.as_text(once.painted(once.see(source, asked), asked), colour=True)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "[/red]" in text


def test_a_filter_is_judged_before_anybody_is_asked() -> None:
    with pytest.raises(BadInput, match="state is never"):
        once.check(Asked("jobs", filter="state:xyz"))
    with pytest.raises(BadInput, match="overview is no list"):
        once.check(Asked("overview", filter="state:failed"))


@pytest.mark.parametrize("screen", [name for name in NAMES if name in LISTS])
def test_an_order_is_judged_before_anybody_is_asked(screen: str) -> None:
    for name in ("colour", "-colour"):
        with pytest.raises(BadInput, match="cannot sort by 'colour'"):
            once.check(Asked(screen, sort=("age", name)))
    once.check(Asked(screen, sort=("-age",)))


@pytest.mark.parametrize("screen, field", [("workers", "heartbeat_ttl_s"), ("audit", "detail")])
def test_what_no_database_can_order_by_is_no_order(screen: str, field: str) -> None:
    with pytest.raises(BadInput, match="cannot sort by"):
        once.check(Asked(screen, sort=(field,)))


def test_it_needs_no_textual() -> None:
    program = (
        "import sys; import clusterctl.tui.once; sys.exit(any(name.split('.')[0] == 'textual' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_without_a_terminal_top_prints_one_screen(run: Run, scene: Scene) -> None:
    scene.worker("w1")
    scene.jobs(2)
    said = run("top", "--screen", "jobs", "--filter", "state:pending")
    assert said.code == 0
    assert "Jobs 2 match" in said.out
    assert said.err == ""
    assert "w1" in run("top", "--once").out
    assert "Jobs 2 match" in run("top", "--filter", "state:pending").out


def test_top_as_json_is_the_look(run: Run, scene: Scene) -> None:
    scene.worker("w1")
    told = json.loads(run("top", "--once", "--screen", "workers", "-o", "json").out)
    assert [row["name"] for row in told["workers"]["rows"]] == ["w1"]
    assert (told["workers"]["keys"], told["workers"]["total"]) == (["w1"], 1)
    assert told["sums"]["cpus"]["total"] == 8
    assert told["at"].endswith("Z")
    assert "findings" in json.loads(run("top", "--once", "-o", "json").out)


def test_top_without_a_postgres_ends_with_3_one_line_and_a_hint(run: Run) -> None:
    said = run("top", "--once")
    assert said.code == 3
    assert said.out == ""
    assert said.err.startswith("clusterctl: error: postgres unreachable: ")
    assert len(said.err.splitlines()) == 2


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--screen", "foo"], "is not one of"),
        (["--interval", "90s"], "is not from 0.5s to 60s"),
        (["--interval", "soon"], "soon"),
        (["--filter", "state:xyz", "--screen", "jobs"], "state is never 'xyz'"),
        (["--screen", "overview", "--filter", "x"], "overview is no list"),
        (["--sort", "nonsense", "--screen", "doctor"], "cannot sort by 'nonsense'"),
        (["--sort", "nonsense", "--screen", "jobs"], "cannot sort by 'nonsense'"),
        (["--theme", "pink"], "is not one of"),
        (["--web", "--once"], "--once is no page for a browser"),
    ],
)
def test_options_that_make_no_sense_are_told_in_one_line(run: Run, words: list[str], sentence: str) -> None:
    said = run("top", *words)
    assert said.code == 2
    assert sentence in said.err.splitlines()[0]


def test_a_crash_is_written_where_there_is_room(tmp_path: Path) -> None:
    from clusterctl.tui.terminal.crash import crash

    (tmp_path / "file").write_text("not a directory")
    told = crash(ValueError("x"), tmp_path / "file" / "log")
    assert told.file
    assert told.file.parent != tmp_path
    told.file.unlink()
