"""A screen of the console as plain text, once: for pipes, for dumb terminals, for a ticket. Needs no Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.color import ColorSystem
from rich.style import Style

from clusterctl.model.console import NAMES, OF_FINDINGS, WITH_FINDINGS
from clusterctl.model.errors import BadInput
from clusterctl.model.filters import Filter
from clusterctl.model.findings import Examination
from clusterctl.model.looks import Look, Page, Want
from clusterctl.model.trends import Trend
from clusterctl.text import cells
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.engine.source import Source
from clusterctl.tui.frame.heading import Heading, header
from clusterctl.tui.frame.key_line import ListTitle, list_title
from clusterctl.tui.lists.findings import FindingList, Listed
from clusterctl.tui.lists.known import LISTS
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line, Piece, Sight, fit, in_ascii
from clusterctl.tui.paint.tones import TERMINAL
from clusterctl.tui.painters import attention, trends
from clusterctl.tui.painters.findings import footnotes
from clusterctl.tui.painters.overview import workers_rule
from clusterctl.tui.painters.ruled import rule
from clusterctl.tui.painters.sums import sum_lines
from clusterctl.tui.table.columns import GAP, Column, Placed, place
from clusterctl.tui.table.drawing import Cell, row_cells

MARGIN = 1  # cells before a row
MOST_ROWS = 500
OF_OVERVIEW = (6, 5, 4)  # rows: workers, what needs attention, claims
CHART_LINES = 20
SPAN_S, POINTS = 3600.0, 120
FRAME = 160  # cells of what has no width of its own, where nothing is to be cut
ROOMY = 2000  # cells that any cell of a table may have there


class Seen(NamedTuple):
    """All that one screen shows."""

    look: Look
    found: Found | None = None
    trend: Trend | None = None


class Asked(NamedTuple):
    """What is to be shown, and how. ``filter``: as it was typed; ``width``: 0 is as wide as it is, nothing is cut."""

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

    @property
    def frame(self) -> int:
        """Cells of rules, bars and charts."""
        return self.width or FRAME


def check(asked: Asked) -> Filter | None:
    """The filter that was meant. Raises BadInput: for a screen that is none, a filter or an order that cannot be."""
    if asked.screen not in NAMES:
        raise BadInput(f"no such screen: {asked.screen!a}", f"one of {', '.join(NAMES)}")
    if not asked.filter and not asked.sort:
        return None
    known = LISTS.get(asked.screen)
    if known is None:
        raise BadInput(f"{asked.screen} is no list", f"--filter and --sort are for {', '.join(LISTS)}")
    known.sort(asked.sort)
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
    shows_findings = asked.screen in WITH_FINDINGS
    found = Found(examination=source.findings(), at=look.at) if shows_findings else None
    trend = source.trend(SPAN_S, POINTS) if asked.screen == "trends" else None
    return Seen(look, found, trend)


def painted(seen: Seen, asked: Asked) -> list[Line]:
    """The screen, in lines of at most ``width`` cells, if that is not 0."""
    look, glyphs, width = seen.look, asked.glyphs, asked.frame
    sight = Sight(glyphs=glyphs, at=look.at, silent_after_s=look.silent_after_s, lost_after_s=look.lost_after_s)
    reached = Connection(answered_at=0.0, took_ms=look.took_ms)
    told = Heading(asked.cluster, now=0.0, interval=0.0, postgres=reached, redis=look.redis, at=look.at)
    lines = [header(told, asked.width or max(FRAME, 4 * cells(asked.cluster)), glyphs)]
    if asked.screen == "overview":
        lines += overview(seen, asked, sight)
    elif asked.screen == "trends":
        lines += trends.page(seen.trend, trends.View(), sight, (width, CHART_LINES))
    else:
        lines += listed(seen, asked, sight)
    # In ASCII what a stranger wrote grows after it was measured: each of its letters may become an escape.
    return [fit(line, asked.width, cut=glyphs.cut) for line in lines] if asked.width else lines


def overview(seen: Seen, asked: Asked, sight: Sight) -> Iterator[Line]:
    """The sums, the workers that need a hand, what else does, the newest claims."""
    look, found, width = seen.look, seen.found or Found(), asked.frame
    yield from sum_lines(look.sums, None, sight, width)
    workers, needs, claims = OF_OVERVIEW
    yield workers_rule(look.sums, sight, width)
    yield from rows_of(LISTS["workers"].columns, look.workers or Page(), sight, asked.width, workers)
    findings = FindingList()
    findings.take(found)
    wanted = attention.needs(look.sums, findings.listed(sight.at.timestamp()), sight)
    page: Page[Any] = Page(
        keys=tuple(each.key for each in wanted), rows={each.key: each for each in wanted}, total=len(wanted)
    )
    yield rule([Piece("Needs attention")], width, sight.glyphs)
    yield from rows_of(attention.COLUMNS, page, sight, asked.width, needs, titles=False)
    yield rule([Piece("Last decisions")], width, sight.glyphs)
    yield from rows_of(LISTS["claims"].columns, look.claims or Page(), sight, asked.width, claims, titles=False)


def listed(seen: Seen, asked: Asked, sight: Sight) -> Iterator[Line]:
    """The list of a screen, under its title."""
    known, page = LISTS[asked.screen], page_of(seen, asked)
    sort = ", ".join(asked.sort)
    title = ListTitle(known.title, page.total, filtered=bool(asked.filter), sort=sort)
    yield list_title(title, asked.frame, asked.glyphs)
    yield from rows_of(known.columns, page, sight, asked.width, MOST_ROWS)
    if seen.found is not None:
        yield from footnotes(seen.found, asked.frame)


def page_of(seen: Seen, asked: Asked) -> Page[Any]:
    """The rows of the screen's list; of findings those that were asked for are chosen here."""
    if seen.found is None:
        return getattr(seen.look, asked.screen) or Page()
    findings, at = FindingList(stuck_only=asked.screen == "stuck"), seen.look.at
    findings.take(seen.found)
    return findings.page(at.timestamp(), at=at, filter=check(asked), sort=asked.sort)


def rows_of(
    columns: Sequence[Column[Any]], page: Page[Any], sight: Sight, width: int, most: int, *, titles: bool = True
) -> Iterator[Line]:
    """A table: as many columns as there is room for, the titles over them, and at most so many rows."""
    cut = sight.glyphs.cut
    keys = [key for key in page.keys if key in page.rows]
    rows = [page.rows[key] for key in keys[:most]]
    usual = [each for each in columns if not each.extra]
    placed = place(usual, width - MARGIN) if width else natural(usual, rows, sight)
    if titles and keys:
        named = [fit([Piece(each.column.title, "dim")], each.width, right=each.column.right) for each in placed]
        yield joined([Cell(each.x, each.width, tuple(title)) for each, title in zip(placed, named, strict=True)])
    yield from (joined(row_cells(placed, row, sight)) for row in rows)
    if not keys:
        yield [Piece(" none", "dim")]
    if (more := page.total - min(len(keys), most)) > 0 and keys:
        yield [Piece(f" {cut} {more:,} more", "dim")]


def natural(columns: Sequence[Column[Any]], rows: Sequence[Any], sight: Sight) -> list[Placed]:
    """All of *columns*, each as wide as the widest of its cells: nothing of *rows* is cut."""
    placed, x = [], 0
    for column in columns:
        widths = () if column.bar else (measured(column, row, sight) for row in rows)
        placed.append(Placed(column, max(column.width if column.bar else len(column.title), *widths, 0), x))
        x += placed[-1].width + GAP
    return placed


def measured(column: Column[Any], row: Any, sight: Sight) -> int:
    """Cells of what *column* has to show of *row*."""
    pieces, cut = column.show(row, sight, ROOMY), sight.glyphs.cut
    return sum(cells(piece.text) for piece in (in_ascii(pieces, cut) if cut.isascii() else pieces))


def joined(row: Sequence[Cell]) -> Line:
    """Cells side by side."""
    line, x = [Piece(" " * MARGIN)], 0
    for cell in row:
        line += [Piece(" " * (cell.x - x)), *cell.pieces]
        x = cell.x + cell.width
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


def plain(seen: Seen, asked: Asked) -> dict[str, Any]:
    """The same as data: the look, and beside it what else the screen shows. Each list has its rows in order."""
    told: dict[str, Any] = {name: getattr(seen.look, name) for name in seen.look.__struct_fields__}
    if seen.found is not None:
        examination: Examination = seen.found.examination
        told["findings"] = examination.findings
        if asked.screen in OF_FINDINGS:
            told[asked.screen] = page_of(seen, asked)
    if seen.trend is not None:
        told["trend"] = seen.trend
    return {name: in_order(value) if isinstance(value, Page) else value for name, value in told.items()}


def in_order(page: Page[Any]) -> dict[str, Any]:
    """A list: how many match, and the rows that were read of them, in order; ``keys``: of all, as far as it reaches."""
    rows = [page.rows[key] for key in page.keys if key in page.rows]
    found = [row.finding if isinstance(row, Listed) else row for row in rows]
    return {"total": page.total, "beyond": page.beyond, "keys": page.keys, "rows": found}
