"""Stuck and Doctor: what is wrong is seen, understood and mended without leaving the console."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.model.findings import Unchecked
from clusterctl.tui.app import Console
from tests.console.top.acting import asked
from tests.console.top.ill import IllSource, an_expired, findings
from tests.console.top.pilot import Scenario, hides, lines, play, shows, until

SIZES = [(80, 24), (160, 48)]


def still(source: IllSource, scenario: Scenario, size: tuple[int, int] = (80, 24), **options: Any) -> Console:
    """Play it while no time passes, so that ages are what they are."""
    return play(source, scenario, size, clock=lambda: 0.0, **options)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key, words", [("4", "never started"), ("7", "cache_drift")])
def test_findings_look_as_they_did(drawn: SnapshotAssertion, size: tuple[int, int], key: str, words: str) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await shows(pilot, words)
        if size[0] >= 120:
            await shows(pilot, "Evidence")
        assert drawn == "\n".join(lines(console))

    still(IllSource(), scenario, size)


def test_a_narrow_terminal_opens_the_whole_page_and_goes_back(drawn: SnapshotAssertion) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "never started")
        await pilot.press("j", "enter")
        await shows(pilot, "Evidence", "live state", "A reservation was not started in time")
        assert drawn == "\n".join(lines(console))
        await pilot.press("escape")
        await hides(pilot, "Evidence")

    still(IllSource(), scenario)


def test_without_colours_and_letters_beyond_ascii_nothing_is_lost(drawn: SnapshotAssertion) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("7")
        shown = await shows(pilot, "cache_drift")
        assert all(line.isascii() for line in shown)
        assert drawn == "\n".join(lines(console))

    still(IllSource(), scenario, ascii=True)


def test_the_smallest_terminal_still_tells_what_helps(drawn: SnapshotAssertion) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "is it dead?", "F, if it is dead")
        assert drawn == "\n".join(lines(console))

    still(IllSource(), scenario, (60, 16))


def test_a_finding_is_mended_and_stays_with_what_became_of_it() -> None:
    source = IllSource()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "never started")
        await pilot.press("j", "F")
        await shows(pilot, "allocation")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: source.carried_out, "the mend")
        source.found = findings()[2:]
        await until(
            pilot, lambda: any("allocation:4471" in each and "mended" in each for each in lines(console)), "the row"
        )
        (proposal,) = source.carried_out
        assert [each.subject for each in proposal.deed.findings] == ["allocation:4471"]

    still(source, scenario)


def test_a_filter_and_an_order_need_no_database() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("7")
        await shows(pilot, "cache_drift")
        await pilot.press("slash", *"severity:critical", "enter")
        await hides(pilot, "allocation:4471", "clock_skew")
        await pilot.press("escape")
        await shows(pilot, "allocation:4471", "clock_skew")
        await pilot.press("f")
        await shows(pilot, "reserved_expired")

    still(IllSource(), scenario)


def test_what_could_not_be_looked_at_is_told_under_the_list() -> None:
    source = IllSource()
    source.unchecked = tuple(Unchecked(code=code, reason="redis: refused") for code in ("cache_drift", "redis_evicts"))
    source.notes = ("3 sessions of other roles in Postgres were not looked at",)

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("7")
        await shows(pilot, "not checked: redis: refused: cache_drift, redis_evicts", "3 sessions of other roles")

    still(source, scenario)


def test_a_look_that_fails_is_told_and_what_was_known_stays() -> None:
    source = IllSource()

    def away() -> Any:
        raise Outage("postgres", "it went")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "never started")
        source.findings = away  # type: ignore[method-assign]  # the same source, with another day
        await pilot.press("r")
        await shows(pilot, "the last look for findings failed: postgres unreachable: it went", "never started")

    still(source, scenario)


def test_a_well_cluster_says_so() -> None:
    source = IllSource()
    source.found = ()

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "nothing is stuck")
        await pilot.press("7")
        await shows(pilot, "no findings: the cluster is well")

    still(source, scenario)


def test_the_row_under_the_cursor_knows_its_job_and_its_worker() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "never started")
        await pilot.press("j")
        assert console.here.concerns() == ("allocation:4471", "job:38", "worker:gpu-07")
        assert console.here.subjects() == ("allocation:4471",)
        assert console.here.go_to("worker:cpu-03")
        assert console.here.row().subject == "allocation:4490"
        assert not console.here.go_to("job:1")

    still(IllSource(), scenario)


def test_the_cursor_stays_on_its_finding_when_worse_ones_come() -> None:
    source = IllSource()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        await shows(pilot, "never started")
        await pilot.press("j")
        worse = [replace(an_expired(at, at, "w9"), severity="critical") for at in range(3)]
        source.found = (*worse, *findings())
        await pilot.press("r")
        await shows(pilot, "allocation:2")
        assert console.here.row().subject == "allocation:4471"

    still(source, scenario)
