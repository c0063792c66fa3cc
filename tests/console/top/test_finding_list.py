"""The list of findings: worst first, filtered and ordered without a database, and what was mended stays a while."""

from __future__ import annotations

from datetime import timedelta

from clusterctl.cli.display.listing import ordered, plain_of
from clusterctl.cli.display.mends import FINDINGS
from clusterctl.model.console import AFTERWARDS_S
from clusterctl.model.filter_text import parse
from clusterctl.model.findings import Examination, Finding
from clusterctl.model.listing import chosen
from clusterctl.model.looks import Page
from clusterctl.model.proposals import Outcome
from clusterctl.tui.engine.findings import SEEN_S, UNSEEN_S, FindingsRound, Found
from clusterctl.tui.lists.findings import FindingList, Listed
from clusterctl.tui.lists.shape import Shape
from tests.console.top.ill import an_expired, findings
from tests.console.top.stage import NOW

MENDED = Outcome(subject="allocation:4471", fate="done", sentence="allocation 4471 is released, job 38 waits again")


def a_list(*found: Finding, stuck_only: bool = False) -> FindingList:
    """One that has taken these."""
    made = FindingList(stuck_only=stuck_only)
    made.take(Found(examination=Examination(findings=found or findings()), at=NOW))
    return made


def shown(listed: FindingList, filter: str = "", sort: str = "", now: float = 0.0) -> Page[Listed]:
    """As somebody who types that sees it."""
    vocabulary = Shape(noun=Finding, spans=("age",)).vocabulary
    wanted = parse(filter, vocabulary) if filter else None
    return listed.page(now, at=NOW, filter=wanted, sort=tuple(sort.split()))


def subjects(page: Page[Listed]) -> list[str]:
    return [page.rows[key].finding.subject for key in page.keys]


def test_the_worst_come_first_and_equals_stay_in_the_doctors_order() -> None:
    found = ["cluster", "worker:gpu-07", "allocation:4471", "allocation:4490", "worker:cpu-03"]
    assert subjects(shown(a_list())) == found


def test_what_is_stuck_is_listed_alone() -> None:
    stuck = subjects(shown(a_list(stuck_only=True)))
    assert stuck == ["worker:gpu-07", "allocation:4471", "allocation:4490"]


def test_the_filter_language_works_on_findings() -> None:
    listed = a_list()
    assert subjects(shown(listed, "code:reserved* concerns:*gpu-07*")) == ["allocation:4471"]
    assert subjects(shown(listed, "severity:critical")) == ["cluster"]
    assert subjects(shown(listed, "fix.available:true -cluster")) == ["allocation:4471", "allocation:4490"]
    assert subjects(shown(listed, "age>1h")) == []
    assert shown(listed, "age>1h").total == 0


def test_they_are_ordered_by_any_field_and_what_has_none_comes_last() -> None:
    older = an_expired(1, 1, "w1", since=NOW - timedelta(hours=3))
    listed = a_list(*findings(), older)
    assert subjects(shown(listed, sort="since"))[0] == "allocation:1"
    assert subjects(shown(listed, sort="since"))[-1] == "worker:cpu-03", "nobody knows since when"
    assert subjects(shown(listed, sort="-since"))[-1] == "worker:cpu-03"
    of_interest = a_list(*findings(), an_expired(2, 2, "w1", severity="info"))
    assert subjects(shown(of_interest, sort="severity"))[-1] == "allocation:2", "by how bad they are, not by letters"


def test_what_was_mended_stays_in_sight_with_what_became_of_it_and_goes() -> None:
    listed = a_list()
    listed.acted([MENDED], now=100.0)
    listed.take(Found(examination=Examination(findings=findings()[2:]), at=NOW))
    page = shown(listed, now=100.0 + AFTERWARDS_S - 1)
    assert page.rows["reserved_expired allocation:4471"].outcome == MENDED
    assert "allocation:4471" not in subjects(shown(listed, now=100.0 + AFTERWARDS_S))


def test_a_mend_that_did_not_help_leaves_the_finding_where_it_was() -> None:
    listed = a_list()
    listed.acted([Outcome(subject="allocation:4471", fate="refused", sentence="postgres is away")], now=0.0)
    assert shown(listed, now=1.0).rows["reserved_expired allocation:4471"].outcome is not None
    assert shown(listed, now=AFTERWARDS_S).rows["reserved_expired allocation:4471"].outcome is None


def test_a_failed_look_keeps_what_was_known() -> None:
    found = Found(examination=Examination(findings=findings()), at=NOW).failed("postgres is away")
    assert (len(found.findings), found.worst, len(found.stuck)) == (5, "critical", 3)
    assert (found.at, found.trouble) == (NOW, "postgres is away")


def test_they_are_looked_for_soon_again_while_somebody_sees_them_and_never_twice_at_a_time() -> None:
    turn = FindingsRound()
    assert turn.due(0.0, seen=False), "the badges want to know at once"
    turn.begun()
    turn.hurry()
    assert not turn.due(100.0, seen=True), "one is under way"
    turn.ended(100.0)
    assert turn.due(100.0, seen=False), "what was under way may have looked before it was asked for"
    turn.begun()
    turn.ended(101.0)
    assert not turn.due(101.0 + SEEN_S - 1, seen=True)
    assert turn.due(101.0 + SEEN_S, seen=True)
    assert not turn.due(101.0 + UNSEEN_S - 1, seen=False)
    assert turn.due(101.0 + UNSEEN_S, seen=False)


def test_the_command_line_orders_findings_as_the_console_does() -> None:
    found = (*findings(), an_expired(2, 2, "w1", severity="info"))
    for field in FINDINGS.fields.split():
        for sort in (field, f"-{field}"):
            plain = [(plain_of(each), each) for each in found]
            assert list(ordered(FINDINGS, found, sort)) == chosen(plain, None, (sort,)), sort
    by_rank = [each.severity for each in ordered(FINDINGS, found, "severity")]
    assert (by_rank[0], by_rank[-1]) == ("critical", "info"), "by how bad they are, not by letters"
