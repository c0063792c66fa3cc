"""A screen of the console as plain text, once: for pipes, for dumb terminals, for a ticket. Needs no Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.color import ColorSystem
from rich.style import Style

from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter
from clusterctl.model.findings import Examination
from clusterctl.model.looks import Look, Page, Want
from clusterctl.model.trends import Trend
from clusterctl.tui.connection import Connection
from clusterctl.tui.finding_list import FindingList
from clusterctl.tui.findings import Found
from clusterctl.tui.frame.heading import Heading, header
from clusterctl.tui.frame.key_line import ListTitle, list_title
from clusterctl.tui.lists import LISTS, NAMES, OF_FINDINGS
from clusterctl.tui.paint import PLAIN_GLYPHS, Glyphs, Line, Piece, Sight, fit
from clusterctl.tui.painters import attention, trends
from clusterctl.tui.painters.findings import footnotes
from clusterctl.tui.painters.overview import workers_rule
from clusterctl.tui.painters.ruled import rule
from clusterctl.tui.painters.sums import sum_lines
from clusterctl.tui.source import Source
from clusterctl.tui.table.columns import Column, place
from clusterctl.tui.tones import TERMINAL

GAP = " "
MARGIN = 1  # cells before a row
MOST_ROWS = 500
OF_OVERVIEW = (6, 5, 4)  # rows: workers, what needs attention, claims
CHART_LINES = 20
SPAN_S, POINTS = 3600.0, 120


class Seen(NamedTuple):
    """All that one screen shows."""

    look: Look
    found: Found | None = None
    trend: Trend | None = None


class Asked(NamedTuple):
    """What is to be shown, and how. ``filter``: as it was typed."""

    screen: str = "overview"
    filter: str = ""
    sort: tuple[str, ...] = ()
    cluster: str = "cluster"
    width: int = 80
    ascii: bool = False

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with."""
        return PLAIN_GLYPHS if self.ascii else Glyphs()


def check(asked: Asked) -> Filter | None:
    """The filter that was meant. Raises BadInput: for a screen that is none, and a filter that cannot be."""
    if asked.screen not in NAMES:
        raise BadInput(f"no such screen: {asked.screen!a}", f"one of {', '.join(NAMES)}")
    if not asked.filter and not asked.sort:
        return None
    known = LISTS.get(asked.screen)
    if known is None:
        raise BadInput(f"{asked.screen} is no list", f"--filter and --sort are for {', '.join(LISTS)}")
    if not asked.filter:
        return None
    shape = known.shape()
    shape.type(asked.filter)
    if shape.trouble:
        raise BadInput(shape.trouble, shape.hint)
    return shape.filter


def see(source: Source, asked: Asked) -> Seen:
    """Ask for all that is to be shown. Raises Outage and other troubles of ours."""
    wanted = check(asked)
    mine = asked.screen in LISTS and asked.screen not in OF_FINDINGS
    look = source.look(
        Want(
            screen=asked.screen,  # type: ignore[arg-type]  # it was checked
            filter=wanted if mine else None,
            sort=asked.sort if mine else (),
            rows=MOST_ROWS,
        )
    )
    shows_findings = asked.screen in (*OF_FINDINGS, "overview")
    found = Found(examination=source.findings(), at=look.at) if shows_findings else None
    trend = source.trend(SPAN_S, POINTS) if asked.screen == "trends" else None
    return Seen(look, found, trend)


def painted(seen: Seen, asked: Asked) -> list[Line]:
    """The screen, in lines of at most ``width`` cells."""
    look, glyphs, width = seen.look, asked.glyphs, asked.width
    sight = Sight(glyphs=glyphs, at=look.at, silent_after_s=look.silent_after_s, lost_after_s=look.lost_after_s)
    reached = Connection(answered_at=0.0, took_ms=look.took_ms)
    told = Heading(asked.cluster, now=0.0, interval=0.0, postgres=reached, redis=look.redis, at=look.at)
    lines = [header(told, width, glyphs)]
    if asked.screen == "overview":
        return [*lines, *overview(seen, sight, width)]
    if asked.screen == "trends":
        return [*lines, *trends.page(seen.trend, trends.View(), sight, (width, CHART_LINES))]
    return [*lines, *listed(seen, asked, sight)]


def overview(seen: Seen, sight: Sight, width: int) -> Iterator[Line]:
    """The sums, the workers that need a hand, what else does, the newest claims."""
    look, found = seen.look, seen.found or Found()
    yield from sum_lines(look.sums, None, sight, width)
    workers, needs, claims = OF_OVERVIEW
    yield workers_rule(look.sums, sight, width)
    yield from rows_of(LISTS["workers"].columns, look.workers or Page(), sight, width, workers)
    findings = FindingList()
    findings.take(found)
    wanted = attention.needs(look.sums, findings.listed(sight.at.timestamp()))
    page: Page[Any] = Page(
        keys=tuple(each.key for each in wanted), rows={each.key: each for each in wanted}, total=len(wanted)
    )
    yield rule([Piece("Needs attention")], width, sight.glyphs)
    yield from rows_of(attention.COLUMNS, page, sight, width, needs, titles=False)
    yield rule([Piece("Last decisions")], width, sight.glyphs)
    yield from rows_of(LISTS["claims"].columns, look.claims or Page(), sight, width, claims, titles=False)


def listed(seen: Seen, asked: Asked, sight: Sight) -> Iterator[Line]:
    """The list of a screen, under its title."""
    known = LISTS[asked.screen]
    if seen.found is not None:
        findings = FindingList(stuck_only=asked.screen == "stuck")
        findings.take(seen.found)
        page: Page[Any] = findings.page(sight.at.timestamp(), at=sight.at, filter=check(asked), sort=asked.sort)
    else:
        page = getattr(seen.look, asked.screen) or Page()
    sort = ", ".join(asked.sort)
    title = ListTitle(known.title, page.total, filtered=bool(asked.filter), sort=sort)
    yield list_title(title, asked.width, asked.glyphs)
    yield from rows_of(known.columns, page, sight, asked.width, MOST_ROWS)
    if seen.found is not None:
        yield from footnotes(seen.found, asked.width)


def rows_of(
    columns: Sequence[Column[Any]], page: Page[Any], sight: Sight, width: int, most: int, *, titles: bool = True
) -> Iterator[Line]:
    """A table: as many columns as there is room for, the titles over them, and at most so many rows."""
    placed = place([each for each in columns if not each.extra], width - MARGIN)
    cut = sight.glyphs.cut
    keys = [key for key in page.keys if key in page.rows]
    if titles and keys:
        named = [fit([Piece(each.column.title, "dim")], each.width, right=each.column.right) for each in placed]
        yield fit(joined(named), width, cut=cut)
    for key in keys[:most]:
        cells = [each.column.show(page.rows[key], sight, each.width) for each in placed]
        pairs = zip(cells, placed, strict=True)
        shown = [fit(cell, each.width, right=each.column.right, cut=cut) for cell, each in pairs]
        yield fit(joined(shown), width, cut=cut)
    if not keys:
        yield [Piece(" none", "dim")]
    if (more := page.total - min(len(keys), most)) > 0 and keys:
        yield [Piece(f" {cut} {more:,} more", "dim")]


def joined(cells: Sequence[Sequence[Piece]]) -> Line:
    """Cells side by side."""
    line = [Piece(" " * MARGIN)]
    for at, cell in enumerate(cells):
        line += [Piece(GAP)] if at else []
        line += cell
    return line


def as_text(lines: Sequence[Line], *, colour: bool, ascii: bool = False) -> str:
    """What is written: without blanks at the ends of lines, and in the terminal's own colours if it has some."""
    cut = (PLAIN_GLYPHS if ascii else Glyphs()).cut
    told = []
    for line in lines:
        pieces = trimmed(fit(line, 10_000, cut=cut))
        told.append("".join(written(piece) if colour else piece.text for piece in pieces))
    return "\n".join(told) + "\n"


def trimmed(pieces: list[Piece]) -> list[Piece]:
    """Without the blanks at the end."""
    while pieces and not pieces[-1].text.strip():
        pieces = pieces[:-1]
    return [*pieces[:-1], Piece(pieces[-1].text.rstrip(), pieces[-1].tone)] if pieces else []


def written(piece: Piece) -> str:
    """A piece with what switches its colour on and off."""
    style = TERMINAL.tones[piece.tone]
    return Style.parse(style).render(piece.text, color_system=ColorSystem.STANDARD) if style else piece.text


def plain(seen: Seen) -> dict[str, Any]:
    """The same as data: the look, and beside it what else the screen shows."""
    more: dict[str, Any] = {}
    if seen.found is not None:
        examination: Examination = seen.found.examination
        more["findings"] = examination.findings
    if seen.trend is not None:
        more["trend"] = seen.trend
    return {**{name: getattr(seen.look, name) for name in seen.look.__struct_fields__}, **more}
