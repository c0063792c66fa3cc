"""Whatever strangers wrote into findings, the audit, a history or a log: nothing of it reaches the screen as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from clusterctl.model.audit import AuditPicture
from clusterctl.model.finding_story import FindingStory
from clusterctl.model.findings import Examination, Fix, Unchecked
from clusterctl.model.output import OutputPicture
from clusterctl.model.pictures import JobStory
from clusterctl.model.proposals import Outcome
from clusterctl.model.spec import Spec
from clusterctl.model.trends import Happening, Trend
from clusterctl.text import cells, visible
from clusterctl.tui.details import audit as audit_detail
from clusterctl.tui.details import finding as finding_detail
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.lists.findings import Listed
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line, Sight, fit
from clusterctl.tui.painters import audit, findings, logs, trends
from tests.console.top.stage import NOW, a_claim, a_finding, a_job
from tests.console.top.strange_text import STRANGE

WIDTHS = (20, 80)
SIGHTS = [Sight(at=NOW), Sight(at=NOW, glyphs=PLAIN_GLYPHS)]


def pages(text: str, sight: Sight, width: int) -> Iterator[Line]:
    """Every line that could hold *text*, which stands in every field."""
    row = a_row(text)
    outcome = Outcome(subject=text, fate="refused", sentence=text)
    for each in (row, row._replace(outcome=outcome)):
        story = a_story(text)
        yield from finding_detail.page(each, story, sight, width)
        yield from finding_detail.preview(each, sight, (width, 20))
        yield finding_detail.topic(each).title
        for column in (*findings.STUCK, *findings.DOCTOR):
            yield column.show(each, sight, column.width)
    unchecked = (Unchecked(code=text, reason=text),)
    yield from findings.footnotes(
        Found(examination=Examination(unchecked=unchecked, notes=(text,)), trouble=text), width
    )
    entry = an_entry(text)
    yield from audit_detail.page(entry, sight, width)
    yield audit_detail.topic(entry).title
    for audit_column in audit.AUDIT:
        yield audit_column.show(entry, sight, audit_column.width)
    happening = Happening(at=NOW - timedelta(seconds=9), sentence=text)
    trend = Trend(until=NOW, span_s=3600, step_s=60, series={"pending": (1.0,) * 60}, happenings=(happening,))
    yield from trends.page(trend, trends.View(), sight, (width, 20), trouble=text)
    yield from trends.page(None, trends.View(), sight, (width, 20), trouble=text)
    job_story = JobStory(job=a_job(1, name=text, state=text), attempts=(), after=(), spec=Spec(command=(text,)))
    yield from logs.title(job_story, an_output(text), sight, width, trouble=text, aside=text)


def a_row(text: str) -> Listed:
    """A finding of strange texts, one of whose facts lies in others."""
    evidence = {text: text, "list": [text, text], "inner": {text: {text: text}}, "worker": text}
    fix = Fix(command=text, available=True, change=text, risk=text)
    concerns = (text, f"job:{text}", f"worker:{text}")
    return Listed(a_finding(text, text, sentence=text, severity=text, evidence=evidence, fix=fix, concerns=concerns))


def a_story(text: str) -> FindingStory:
    """And what happened to its job."""
    claim = a_claim(1, event=text, worker=text, policy=text, reason=text, detail={"text": text, "kept_worker": text})
    return FindingStory(meaning=text, cure=text, deeds=(an_entry(text),), claims=(claim,))


def an_entry(text: str) -> AuditPicture:
    """Something that somebody strange has done."""
    return AuditPicture(
        id=1, at=NOW, actor=text, verb=text, subject=text, subjects=2, reason=text, detail={text: {text: [text]}}
    )


def an_output(text: str) -> OutputPicture:
    """Written by a worker of a strange name."""
    return OutputPicture(
        job_id=1, attempt=1, allocation_id=1, stream="stderr", worker=text, live_state="up", live_reason="",
        hostname=text, machine_id="", spool=text, path=text, logs_url="", logs_token="", ended=False,
    )  # fmt: skip


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("sight", SIGHTS, ids=["unicode", "ascii"])
def test_strange_texts_are_visible_and_every_line_fits(text: str, sight: Sight) -> None:
    for width in WIDTHS:
        for line in pages(text, sight, width):
            told = "".join(piece.text for piece in line)
            assert visible(told) == told, "something in it would act on a terminal"
            shown = "".join(piece.text for piece in fit(line, width, cut=sight.glyphs.cut))
            assert cells(shown) == width
            assert sight.glyphs == Glyphs() or shown.isascii()
