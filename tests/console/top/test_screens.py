"""The screens as they look; the pictures are kept beside this module."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.console.top.busy import busy_cluster
from tests.console.top.looking import seen

SIZES = ((80, 24), (160, 48))
SCREENS = ("overview", "workers", "jobs", "services", "claims")
PAGES = (("jobs", 4), ("claims", 0), ("claims", 2), ("claims", 4), ("services", 0), ("workers", 1))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_looks_as_it_was_designed(screen: str, size: tuple[int, int], drawn: SnapshotAssertion) -> None:
    assert seen(busy_cluster(), screen, size=size) == drawn


def test_the_overview_still_says_it_all_on_the_least_terminal(drawn: SnapshotAssertion) -> None:
    assert seen(busy_cluster(), "overview", size=(60, 16)) == drawn


@pytest.mark.parametrize("screen", ["overview", "jobs"])
def test_each_sign_has_one_that_every_terminal_can_show(screen: str, drawn: SnapshotAssertion) -> None:
    body = seen(busy_cluster(), screen, ascii=True)
    assert "日" in body or body.isascii(), "only what a stranger wrote is more than that"
    assert body == drawn


def test_nothing_is_told_by_colours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = seen(busy_cluster(), "overview")
    monkeypatch.setenv("NO_COLOR", "1")
    assert seen(busy_cluster(), "overview") == coloured


def test_the_page_of_a_job_that_failed_ends_with_its_last_words_made_harmless(drawn: SnapshotAssertion) -> None:
    picture = seen(busy_cluster(), "jobs", *["j"] * 8, "enter")
    assert "\\e]52;c;aGk=\\x07ValueError: no" in picture
    assert picture == drawn


@pytest.mark.parametrize("screen, steps", PAGES)
def test_each_page_about_one_thing_looks_as_it_was_designed(screen: str, steps: int, drawn: SnapshotAssertion) -> None:
    assert seen(busy_cluster(), screen, *["j"] * steps, "enter") == drawn
