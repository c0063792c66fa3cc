"""What could not be checked is neither well nor gone: it stays as it was, dimmed, with its age."""

from __future__ import annotations

from datetime import timedelta

from textual.pilot import Pilot

from clusterctl.model.findings import Examination, Unchecked
from clusterctl.tui.app import Console
from clusterctl.tui.engine.findings import FindingsRound, Found, key_of
from clusterctl.tui.frame.frame import tabs_of
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.painters.findings import sentence
from tests.console.top.ill import IllSource
from tests.console.top.pilot import hides, play, shows, until
from tests.console.top.stage import NOW, a_finding

ONE, OTHER = a_finding("reserved_expired", "allocation:1"), a_finding("clock_skew", "worker:w1", stuck=False)
LATER, MUCH_LATER = NOW + timedelta(seconds=10), NOW + timedelta(seconds=60)


def examined(*findings: object, unchecked: tuple[str, ...] = ()) -> Examination:
    """What a look has brought."""
    missed = tuple(Unchecked(code=code, reason="postgres: silent") for code in unchecked)
    return Examination(findings=findings, unchecked=missed)  # type: ignore[arg-type]  # findings all of them


def test_a_finding_that_could_not_be_checked_stays_and_keeps_the_moment_at_which_it_was_seen() -> None:
    found = Found().taken(examined(ONE, OTHER), NOW)
    assert found.seen_at == NOW
    later = found.taken(examined(OTHER, unchecked=("reserved_expired",)), LATER)
    assert later.findings == (OTHER, ONE)
    assert later.kept == {key_of(ONE): NOW}
    assert later.seen_at == NOW
    again = later.taken(examined(unchecked=("reserved_expired", "clock_skew")), MUCH_LATER)
    assert again.kept == {key_of(ONE): NOW, key_of(OTHER): LATER}


def test_what_was_checked_and_not_found_is_gone_and_what_is_found_again_is_new() -> None:
    kept = Found().taken(examined(ONE, OTHER), NOW).taken(examined(unchecked=("reserved_expired",)), LATER)
    assert kept.findings == (ONE,)
    again = kept.taken(examined(ONE), MUCH_LATER)
    assert (again.findings, again.kept, again.seen_at) == ((ONE,), {}, MUCH_LATER)
    assert kept.taken(examined(), MUCH_LATER).findings == ()


def test_its_age_stands_before_what_it_says_and_all_of_it_is_dim() -> None:
    sight = Sight(at=NOW + timedelta(seconds=90))
    age, told = sentence(Listed(ONE, seen_at=NOW), sight, 60)
    assert (age.text, told.tone) == ("seen 1m30s ago: ", "dim")
    (told,) = sentence(Listed(ONE), sight, 60)
    assert told.tone == "plain"


def test_an_outage_does_not_make_a_cluster_well() -> None:
    source = IllSource()

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("7")
        await shows(pilot, "cache_drift")
        badges = [tab.badge for tab in tabs_of(app)]
        source.unchecked = tuple(Unchecked(code=each.code, reason="postgres: silent") for each in source.found)
        source.found = ()
        await pilot.press("r")
        await until(pilot, lambda: app.found.kept, "a look that could check nothing")
        await shows(pilot, "cache_drift", "seen ", " ago", "not checked: postgres: silent")
        await hides(pilot, "the cluster is well")
        assert [tab.badge for tab in tabs_of(app)] == badges
        source.unchecked = ()
        await pilot.press("r")
        await shows(pilot, "no findings: the cluster is well")

    play(source, scenario)


def test_nothing_found_is_only_well_where_all_could_be_checked() -> None:
    source = IllSource()
    source.found, source.unchecked = (), (Unchecked(code="clock_skew", reason="redis: refused"),)

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("7")
        await shows(pilot, "nothing was found where one could look; not all could be checked")
        await hides(pilot, "the cluster is well")

    play(source, scenario)


def test_after_an_outage_they_are_looked_for_at_once() -> None:
    found = FindingsRound()
    found.begun()
    found.ended(100.0)
    assert not found.due(100.1, seen=True)
    found.begun()
    found.ended(101.0, in_vain=True)
    assert found.due(101.1, seen=True)
