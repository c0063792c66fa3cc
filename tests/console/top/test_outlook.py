"""What the console knows of the cluster: fresh, old, paused, unwatched."""

from __future__ import annotations

import pytest

from clusterctl.model.errors import BadInput, Outage, SchemaMismatch
from clusterctl.model.looks import Want
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.engine.outlook import Outlook
from clusterctl.tui.paint.pieces import Glyphs
from tests.console.top.stage import NOW, small_cluster


@pytest.fixture
def outlook() -> Outlook:
    """Of a console that has just begun."""
    return Outlook("lab", interval=2.0, read_only=False, glyphs=Glyphs(), nowhere=lambda: "start one")


def look_at(outlook: Outlook, now: float) -> bool:
    """A look comes; whether it is shown."""
    return outlook.looked(small_cluster().look(Want()), now, Connection().answered(now, 4.0))


def fail_at(outlook: Outlook, now: float, error: Outage | SchemaMismatch) -> None:
    """One does not."""
    outlook.failed(error, outlook.postgres.failed(now, str(error), 0.5), None)


def test_ages_grow_while_nothing_comes_and_the_clock_is_the_databases(outlook: Outlook) -> None:
    look_at(outlook, 100.0)
    sight = outlook.sight(103.0)
    assert sight.elapsed_s == 3.0
    assert (sight.now - NOW).total_seconds() == 3.0
    assert not sight.stale
    assert outlook.sight(107.0).stale
    assert outlook.heading(103.0).at == sight.now


def test_nothing_may_be_done_on_old_data_while_paused_or_before_anything_was_seen(outlook: Outlook) -> None:
    assert outlook.circumstances(0.0, "").connection == "connecting"
    look_at(outlook, 100.0)
    assert outlook.circumstances(100.0, "").connection == "live"
    assert outlook.circumstances(110.0, "").connection == "stale"
    fail_at(outlook, 110.0, Outage("postgres", "gone"))
    assert outlook.circumstances(110.0, "").connection == "retrying"
    look_at(outlook, 111.0)
    outlook.pause()
    assert outlook.circumstances(111.0, "").paused


def test_a_paused_view_counts_what_it_keeps_back_and_shows_the_newest_when_it_goes_on(outlook: Outlook) -> None:
    assert look_at(outlook, 100.0)
    outlook.pause()
    assert not look_at(outlook, 102.0)
    assert not look_at(outlook, 104.0)
    assert outlook.unseen == 2
    assert outlook.sight(104.0).elapsed_s == 4.0
    outlook.pause()
    assert outlook.sight(104.0).elapsed_s == 0.0
    assert outlook.unseen is None


def test_what_somebody_asked_for_is_shown_even_while_paused_and_only_that(outlook: Outlook) -> None:
    look_at(outlook, 100.0)
    outlook.pause()
    outlook.awaits = True
    assert look_at(outlook, 102.0)
    assert not look_at(outlook, 104.0)
    assert outlook.unseen == 1


def test_what_to_do_is_told_of_servers_that_never_answered_and_of_a_foreign_schema(outlook: Outlook) -> None:
    fail_at(outlook, 1.0, Outage("postgres", "gone"))
    assert outlook.heading(1.0).hint == "start one"
    look_at(outlook, 2.0)
    assert outlook.heading(2.0).hint in ("", "start one")
    fail_at(outlook, 3.0, Outage("postgres", "gone"))
    assert outlook.heading(3.0).hint == ""
    fail_at(outlook, 4.0, SchemaMismatch("schema 2, not 3", "migrate"))
    assert outlook.heading(4.0).hint == "migrate"
    assert outlook.heading(4.0).refused


def test_it_looks_five_times_as_seldom_a_minute_after_the_terminal_has_lost_the_focus(outlook: Outlook) -> None:
    outlook.blur(100.0)
    assert outlook.pace(159.0) == 2.0
    assert outlook.pace(160.0) == 10.0
    outlook.focus()
    assert outlook.pace(161.0) == 2.0


def test_the_interval_is_stepped_within_its_bounds(outlook: Outlook) -> None:
    assert [outlook.faster(1) for _ in range(4)] == [1.0, 0.5, 0.5, 0.5]
    assert [outlook.faster(-1) for _ in range(8)] == [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0]


def test_that_postgres_knows_no_such_field_is_no_failure_of_it(outlook: Outlook) -> None:
    look_at(outlook, 100.0)
    outlook.failed(BadInput("there is no field 'x'", "the fields are …"), outlook.postgres.answered(102.0, 4.0), None)
    assert outlook.circumstances(102.0, "").connection == "live"
    assert (outlook.heading(102.0).refused, outlook.heading(102.0).hint) == (False, "")
