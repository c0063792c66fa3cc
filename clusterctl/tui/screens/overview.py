"""Is the cluster healthy, who waits and why, and what needs a hand: all of it on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.findings import Finding
from clusterctl.model.looks import Key, Look, Page, Sums, Want
from clusterctl.model.proposals import Outcome
from clusterctl.model.trends import Trend
from clusterctl.tui.details.claim import claim_topic
from clusterctl.tui.details.finding import topic as finding_topic
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.details.worker import worker_topic
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.engine.messages import Asks, GoTo
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.lists.findings import FindingList
from clusterctl.tui.paint.pieces import Piece, Sight
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.painters import attention, claims, workers
from clusterctl.tui.painters.attention import Need, needs
from clusterctl.tui.painters.overview import Shares, shares, workers_rule
from clusterctl.tui.painters.sums import sum_lines
from clusterctl.tui.screens.explaining import Explaining
from clusterctl.tui.screens.findings import UNSURE
from clusterctl.tui.screens.section import Section
from clusterctl.tui.screens.workers import ask_courses
from clusterctl.tui.table.listing import UNKNOWN
from clusterctl.tui.table.table import Table

SPAN_S, POINTS = 3600.0, 48  # of the strips
AGAIN_S = 10.0


class OverviewScreen(Explaining):
    """Three lists that one cursor walks through; above them the cluster in a few lines."""

    DEFAULT_CSS = "OverviewScreen Vertical { width: 1fr; }"
    name_of = "overview"
    title = "Overview"
    has_title_line = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.courses = Courses()
        self.findings = FindingList()
        self.found = Found()
        self.sums: Sums | None = None
        self.trend: Trend | None = None
        self.sight = Sight()
        self._trend_at: datetime | None = None

    def compose(self) -> ComposeResult:
        self.sections = (
            Section(workers.columns(self.courses), id="workers-section", titled=True),
            Section(attention.COLUMNS, id="attention-section"),
            Section(claims.BRIEF, id="claims-section", follow=True),
        )
        self.sections[1].heading, self.sections[2].heading = (Piece("Needs attention"),), (Piece("Last decisions"),)
        self.current = self.sections[0]
        self.current.is_current = True
        self.top, self.rule = Painted(), Painted()
        self.pane = DetailPane()
        with Vertical():
            yield self.top
            yield self.rule
            yield from self.sections
        yield self.pane

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    @property
    def table(self) -> Table | None:
        """The list that the cursor is in."""
        return self.current if self.is_attached and self.sections else None

    def want(self) -> Want:
        return Want(screen="overview", first=0, rows=max(10, self.sections[0].height))

    def show_look(self, look: Look, sight: Sight) -> None:
        self.sums = look.sums
        if look.workers is not None:
            self.sections[0].show_page(look.workers, sight)
            ask_courses(self, self.courses, look.workers.rows, sight)
        if look.claims is not None:
            self.sections[2].show_page(look.claims, sight)
        self.tick(sight)

    def tick(self, sight: Sight) -> None:
        self.sight = sight
        self._ask_trend()
        self._show_needs()
        for each in self.sections:
            each.tick(sight)
        self._arrange()
        self.pane.show_sight(sight)

    def show_findings(self, found: Found, sight: Sight) -> None:
        self.found, self.sight = found, sight
        self.findings.take(found)
        self._show_needs()
        self._arrange()

    def _show_needs(self) -> None:
        rows = needs(self.sums, self.findings.listed(self.sight.now.timestamp()), self.sight)
        by_key: dict[Key, Need] = {each.key: each for each in rows}
        self.sections[1].show_page(Page(keys=tuple(by_key), rows=by_key, total=len(by_key)), self.sight)
        self.sections[1].empty = self._said_of_nothing()
        self.turn_to_cursor()

    def _said_of_nothing(self) -> str:
        """What stands there when nothing needs attention."""
        if self.found.at is None:
            return self.found.trouble or (UNKNOWN if self.sight.stale else "looking for findings…")
        return self.found.trouble or (UNSURE if self.found.examination.unchecked else "nothing")

    def _arrange(self) -> None:
        """Give each list its lines, and draw what stands above and between them."""
        width, height = self.top.size.width, self.size.height
        if self.sums is None or not width or not height:
            return
        lines = sum_lines(self.sums, self.trend, self.sight, width)
        counts = tuple(len(each.model.keys) for each in self.sections)
        self._give(shares(height - len(lines) - 4, Shares(*counts)))
        self.top.show(lines)
        self.rule.show([workers_rule(self.sums, self.sight, width)])
        glyphs = self.sight.glyphs
        urgent = sum(each.filter == "" for each in self.sections[1].model.rows.values())
        self.sections[1].heading = (Piece("Needs attention"), Piece(f" {urgent}" if urgent else "", "bad"))
        self.sections[2].heading = (Piece("Last decisions"),)
        self.sections[2].aside = (Piece(f"{glyphs.enter} opens, tab to the next list", "dim"),)
        for each in self.sections:
            each.repaint()

    def _give(self, given: Shares) -> None:
        for section, rows in zip(self.sections, given, strict=True):
            if section.styles.height is None or section.styles.height.value != rows + 1:
                section.styles.height = rows + 1

    def on_resize(self) -> None:
        """Other shares."""
        self._arrange()

    def _ask_trend(self) -> None:
        now = self.sight.now
        is_old = self._trend_at is None or (now - self._trend_at).total_seconds() >= AGAIN_S
        if is_old and not self.sight.stale and self.sums is not None:
            self._trend_at = now
            self.post_message(Asks("trend strip", lambda source: source.trend(SPAN_S, POINTS), self._know, ignore))

    def _know(self, trend: Trend) -> None:
        self.trend = trend
        self._arrange()

    def on_section_left(self, message: Section.Left) -> None:
        """The cursor walks on into the next list that has rows."""
        at = self.sections.index(message.section) + message.way
        while 0 <= at < len(self.sections):
            section = self.sections[at]
            if section.model.keys:
                section.focus(scroll_visible=False)
                section.action_page(-1e6 if message.way > 0 else 1e6)
                return
            at += message.way

    def on_descendant_focus(self) -> None:
        """The list that has the keys is the one that deeds are about."""
        focused = next((each for each in self.sections if each.has_focus), None)
        if focused is not None and focused is not self.current:
            self.current = focused
            for each in self.sections:
                each.is_current = each is focused
                each.repaint()
            self.turn_to_cursor()

    def on_table_moved(self) -> None:
        """Another row is under the cursor."""
        self.turn_to_cursor()

    def on_table_opened(self, message: Table.Opened) -> None:
        """Jobs that wait are shown where jobs are; all else has a page."""
        row = self.row()
        if isinstance(row, Need) and row.listed is None:
            message.stop()
            self.post_message(GoTo("", "jobs", row.filter) if row.filter else GoTo("", "doctor"))

    def turn_to_cursor(self) -> None:
        if not self.keeps_telling_why():
            self.pane.about(self._topic())

    def _topic(self) -> Topic | None:
        key, row = self.current.model.cursor, self.row()
        if key is None:
            return None
        if self.current is self.sections[0]:
            return worker_topic(str(key))
        if isinstance(row, Need):
            return None if row.listed is None else finding_topic(row.listed)
        return claim_topic(int(key), row) if self.current is self.sections[2] else None

    def subjects(self) -> tuple[str, ...]:
        return subjects_of(self.current.model.meant(), self.current.model.rows)

    def concerns(self) -> tuple[str, ...]:
        row = self.row()
        if isinstance(row, Need):
            return () if row.listed is None else row.listed.finding.concerns
        if isinstance(row, ClaimPicture):
            job = (f"job:{row.job_id}",) if row.job_id is not None else ()
            return (f"claim:{row.id}", *job, *((f"worker:{row.worker}",) if row.worker else ()))
        return self.subjects()[:1]

    def meant_findings(self) -> tuple[Finding, ...]:
        rows = [self.current.model.rows.get(key) for key in self.current.model.meant()]
        return tuple(row.listed.finding for row in rows if isinstance(row, Need) and row.listed is not None)

    def acted(self, outcomes: Sequence[Outcome]) -> None:
        self.findings.acted(outcomes, self.sight.now.timestamp())
        self._show_needs()

    def go_to(self, subject: str) -> bool:
        del subject
        return False


def subjects_of(keys: Sequence[Key], rows: Any) -> tuple[str, ...]:
    """What deeds would be about: workers, or what findings are about."""
    found = []
    for key in keys:
        row = rows.get(key)
        if isinstance(row, Need):
            found += [] if row.listed is None else [row.listed.finding.subject]
        elif isinstance(row, ClaimPicture):
            found += [f"claim:{key}"]
        else:
            found += [f"worker:{key}"]
    return tuple(dict.fromkeys(found))


def ignore(error: Exception) -> None:
    """Strips are asked for again soon; that a server is away is told elsewhere."""
    del error
