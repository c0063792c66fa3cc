"""The console shows one cluster: where that begins again elsewhere it follows, and never another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.model.looks import Want
from clusterctl.settings import Settings
from clusterctl.tui.app import Console
from clusterctl.tui.engine.source import LiveSource
from tests.console.top.pilot import hides, play, shows
from tests.console.top.stage import small_cluster


def nobody(name: str, state_dir: Path) -> Settings:
    """Settings that lead to nobody: port 1 of this machine is never listened at."""
    return Settings(database_url=f"postgresql://127.0.0.1:1/{name}", redis_url="none", state_dir=state_dir)


def recorded(settings: Settings) -> Settings:
    """The same, as a stack that is recorded in its state directory."""
    settings.state_dir.mkdir(exist_ok=True)
    stack = {"database_url": settings.database_url, "redis_url": settings.redis_url}
    (settings.state_dir / "stack.json").write_text(json.dumps(stack))
    return settings


def looked_at(opened: Settings, again: Callable[[], Settings], *, has_seen: bool = False) -> str:
    """Which database is looked at after a look that has failed. *has_seen*: whether one had come before."""
    with closing(LiveSource(opened, again)) as source:
        source._has_seen = has_seen
        with pytest.raises(Outage):
            source.look(Want())
        return source.settings.database_url.rpartition("/")[2]


def test_a_stack_that_begins_again_elsewhere_is_followed(tmp_path: Path) -> None:
    opened = recorded(nobody("before", tmp_path / "ours"))
    again = partial(nobody, "after", tmp_path / "ours")
    assert looked_at(opened, lambda: recorded(again()), has_seen=True) == "after"


def test_a_stack_that_has_ended_is_waited_for_and_no_default_takes_its_place(tmp_path: Path) -> None:
    opened = recorded(nobody("ours", tmp_path / "ours"))

    def gone() -> Settings:
        (opened.state_dir / "stack.json").unlink()
        return nobody("default", tmp_path / "ours")

    assert looked_at(opened, gone, has_seen=True) == "ours"


def test_a_stack_of_another_directory_is_not_followed(tmp_path: Path) -> None:
    opened = recorded(nobody("ours", tmp_path / "ours"))
    theirs = recorded(nobody("theirs", tmp_path / "theirs"))
    assert looked_at(opened, lambda: theirs) == "ours"


def test_a_stack_that_begins_is_shown_where_nothing_was_seen_before_and_else_not(tmp_path: Path) -> None:
    def begun(name: str) -> Settings:
        return recorded(nobody("stack", tmp_path / name))

    assert looked_at(nobody("default", tmp_path / "a"), lambda: begun("a")) == "stack"
    assert looked_at(nobody("default", tmp_path / "b"), lambda: begun("b"), has_seen=True) == "default"


@pytest.mark.parametrize("url", ["", "nonsense", "redis://h:notaport"])
def test_a_redis_url_that_is_none_is_told_and_ends_nothing(tmp_path: Path, url: str) -> None:
    with closing(LiveSource(Settings(redis_url=url, state_dir=tmp_path))) as source:
        sight = source.redis()
    assert sight.used
    assert not sight.up
    assert sight.trouble


def test_what_was_found_at_last_stands_under_its_own_name() -> None:
    source = small_cluster()
    source.trouble = Outage("postgres", "refused")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await shows(pilot, "at first")
        source.trouble = None
        await pilot.press("r")
        await shows(pilot, "at last")
        await hides(pilot, "at first")

    play(source, scenario, cluster="at first", called=lambda: "at last")
