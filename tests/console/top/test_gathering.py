"""An export holds the whole list, also what nobody has scrolled to, and says what it does not hold."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from clusterctl.model.looks import Look, Page, Want
from clusterctl.model.pictures import JobPicture
from clusterctl.tui.app import Console
from clusterctl.tui.lists.gathering import PIECE, Gathered, foretold, gathered
from tests.console.top.pilot import play, shows
from tests.console.top.stage import StageSource, a_job

WANT = Want(screen="jobs", first=40, rows=20, also=(7,))


def jobs_of(look: Look) -> Page[JobPicture] | None:
    """The list of the jobs screen."""
    return look.jobs


def test_all_rows_are_asked_for_in_pieces_and_stand_in_their_order() -> None:
    stage = StageSource(jobs=[a_job(number) for number in range(1, 2 * PIECE + 2)])
    found = gathered(stage, WANT, jobs_of)
    assert [row.id for row in found.rows] == list(range(1, 2 * PIECE + 2))
    assert [len(want.also) + want.rows for want in stage.wanted] == [PIECE, PIECE, 1]
    assert found.told() == "1,001 rows"


def test_what_vanishes_between_two_pieces_is_counted() -> None:
    class Shrinking(StageSource):
        def look_beside(self, want: Want) -> Look:
            seen = self.look(want)
            self.jobs.pop(PIECE + 1, None)
            return seen

    found = gathered(Shrinking(jobs=[a_job(number) for number in range(1, PIECE + 3)]), WANT, jobs_of)
    assert len(found.rows) == PIECE + 1
    assert found.told() == "501 rows; 1 vanished meanwhile"


def test_what_no_list_reaches_is_told_before_and_after() -> None:
    class Longer(StageSource):
        def look_beside(self, want: Want) -> Look:
            seen = self.look(want)
            assert seen.jobs is not None
            return replace(seen, jobs=replace(seen.jobs, total=31_000, beyond=True))

    found = gathered(Longer(jobs=[a_job(1)]), WANT, jobs_of)
    assert found.told() == "1 row; 30,999+ more match, and are not in it: a filter finds them"
    assert foretold(Page(keys=(1, 2), total=5)).startswith("the first 2 of the 5 that match")
    assert foretold(Page(keys=(1, 2), total=2)) == "all 2 of the list, as they are now"
    assert Gathered([]).told() == "0 rows"


def test_a_console_saves_all_where_it_was_started_if_there_is_no_directory_for_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await shows(pilot, "step-9")
        await pilot.press("e")
        await shows(pilot, "Export Jobs", "all 700 of the list")
        await pilot.press("c")
        await shows(pilot, "saved: ", "700 rows")

    play(StageSource(jobs=[a_job(number) for number in range(1, 701)]), scenario)
    (saved,) = tmp_path.glob("clusterctl-jobs-*.csv")
    assert [int(row["id"]) for row in csv.DictReader(saved.read_text().splitlines())] == list(range(1, 701))
