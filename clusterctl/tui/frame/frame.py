"""Draws all that stands around the screen, from what the console knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from clusterctl.model.console import OF_FINDINGS
from clusterctl.tui.frame.filter_bar import FilterBar
from clusterctl.tui.frame.heading import heading_lines
from clusterctl.tui.frame.key_line import Hint, ListTitle, key_line, key_name, list_title
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.frame.tabs import Tab, tab_line
from clusterctl.tui.paint.pieces import Line, Piece, Tone, fit

if TYPE_CHECKING:
    from clusterctl.tui.app import Console
    from clusterctl.tui.screens.screen import ConsoleScreen

OWN = ""
LEAST = (60, 16)  # columns and lines: below, nothing could be told
WIDE = 120  # columns from which the detail stands beside its list
# What is told first at the bottom, where not all fits. What only one screen has comes at OWN.
ORDER = (
    "open",
    "filter",
    "deeds",
    "deed",
    "why",
    OWN,
    "visit",
    "sort",
    "mark",
    "pause",
    "command_palette",
    "help",
    "quit",
)
LAST = tuple(map(ORDER.index, ("command_palette", "help", "quit")))
FOR_QUIT = 100  # columns from which there is room to say how one leaves
SEVERITIES: dict[str | None, Tone] = {"critical": "bad", "warning": "warning", "info": "dim"}


def draw(app: Console) -> None:
    """All of it; what has not changed is not drawn again."""
    if not app.is_standing or app.screen_stack[0].query_one_optional("#too-small") is None:
        return
    below = app.screen_stack[0]
    width, height = app.size
    heading = app.outlook.heading(app.clock(), held=is_held(app.here))
    below.query_one("#header", Painted).show(heading_lines(heading, width, app.glyphs))
    below.query_one("#tabs", Painted).show([tab_line(tabs_of(app), width, app.glyphs)])
    below.query_one("#title", Painted).show(title_of(app, width))
    if len(app.screen_stack) == 1:  # a dialog says its keys itself
        below.query_one("#keys", Painted).show([keys_of(app, width)])
    too_small = f" terminal {width}x{height}, needs {LEAST[0]}x{LEAST[1]}"
    below.query_one("#too-small", Painted).show([fit([Piece(too_small, "warning")], width)])
    below.query_one(FilterBar).count(matches_of(app))


def tabs_of(app: Console) -> list[Tab]:
    """The screens that have a number, and how much is wrong behind them."""
    from clusterctl.tui.app import SCREENS  # noqa: PLC0415 - it is what draws this that knows them

    badges = {"stuck": len(app.found.stuck), "doctor": len(app.found.findings)}
    tone = SEVERITIES.get(app.found.worst, "warning")
    return [
        Tab(
            key,
            screen.title,
            here=screen.name_of == app.places.here,
            badge=badges.get(screen.name_of, 0),
            tone=tone,
            name=screen.name_of,
            guest=not key.isdecimal(),
        )
        for key, screen in SCREENS
        if key.isdecimal() or screen.name_of == app.places.here
    ]


def is_held(screen: ConsoleScreen) -> bool:
    """Whether its order stands still because somebody wants that."""
    order = getattr(screen.table, "order", None)
    return bool(getattr(order, "held", False))


def title_of(app: Console, width: int) -> list[Line]:
    """Over a list: how many rows, in which order."""
    here, table = app.here, app.here.table
    if table is None or not here.has_title_line or app.look is None or not table.is_known:
        return []
    shape, model = here.shape, table.model
    field = shape.sort[0] if shape.sort else ""
    names = {column.sort: column.title for column in table.columns if column.sort}
    way = app.glyphs.falling if field.startswith("-") else app.glyphs.rising
    told = ListTitle(
        name=here.title,
        total=model.total,
        filtered=bool(shape.text.strip()) and shape.filter is not None,
        faults=shape.faults,
        marked=len(model.chosen()),
        hidden=here.hidden_marks(),
        reached=len(model.keys),
        sort=f"{names.get(field.lstrip('-'), field.lstrip('-'))} {way}" if field else "",
        as_of=here.seen_at(app.sight()) if app.sight().stale or here.name_of in OF_FINDINGS else None,
        held="order held" if is_held(here) else "",
        looking=here.is_behind,
    )
    return [list_title(told, width, app.glyphs)]


def matches_of(app: Console) -> Line:
    """Beside the filter: how many match."""
    table = app.here.table
    if table is None or not app.here.shape.text:
        return []
    words = f"looking{app.glyphs.cut}" if table.is_behind else f"{table.model.total:,} match"
    return [Piece(f" {words}   "), Piece("esc", "accent"), Piece(" clear ")]


def way_back(app: Console) -> str:
    """Where esc leads, if that is not plain to see."""
    if app.here.table is not None and app.here.table.model.range_from is not None and app.here.table.has_focus:
        return "end range"
    if app.here.has_class("-zoomed"):
        return "unzoom"
    if app.here.has_class("-opened") and app.size.width < WIDE:
        return "back to the list"
    return f"back to {app.places.came_from}" if app.places.came_from else ""


def keys_of(app: Console, width: int) -> Line:
    """The keys that do something now; those first that one needs most."""
    found = bound(app)
    is_typing = isinstance(app.focused, Input)
    if not is_typing and (where := way_back(app)):
        found.insert(0, (0, Hint("esc", where)))
    last = [hint for rank, hint in found if rank in LAST and (width >= FOR_QUIT or ORDER[rank] != "quit")]
    first = [hint for rank, hint in found if rank not in LAST]
    return key_line(first, last, width, app.glyphs)


def bound(app: Console) -> list[tuple[int, Hint]]:
    """The bindings that are told, with their ranks, in order."""
    found: dict[str, tuple[int, Hint]] = {}
    is_typing = isinstance(app.focused, Input)
    for key, (node, binding, enabled, _) in app.screen.active_bindings.items():
        if not (binding.show and binding.description) or (is_typing and node is not app.focused):  # letters are typed
            continue
        name = binding.key_display or key_name(key, app.glyphs)
        hint = Hint(name, binding.description.lower(), enabled)
        found.setdefault(binding.description, (rank_of(binding.action, own=node is not app), hint))
    return sorted(found.values(), key=lambda each: each[0])


def rank_of(action: str, *, own: bool) -> int:
    """Where a key stands at the bottom; *own*: it is the screen's, not the console's."""
    name = action.rpartition(".")[2].partition("(")[0]
    return ORDER.index(name) if name in ORDER else ORDER.index(OWN) if own else len(ORDER)
