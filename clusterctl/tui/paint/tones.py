"""What tones look like on a terminal: in the colours of a theme, in the terminal's own sixteen, or without any.

Every text tone can be read on its theme's background and on the cursor bar: a contrast of 4.5 at least (WCAG 2.2,
success criterion 1.4.3), which a test computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.style import Style

from clusterctl.tui.paint.pieces import Glyphs, Tone

if TYPE_CHECKING:
    from textual.theme import Theme


class Scheme(NamedTuple):
    """The colours of one theme, as rich writes them.

    ``bar``: the style of the line that the cursor is on; ``quiet_bar``: the same where the keys go elsewhere;
    ``thumb``: of the cell that shows how far down a list one is. Empty colours are the terminal's own.
    """

    name: str
    dark: bool
    background: str
    foreground: str
    bar: str
    quiet_bar: str
    thumb: str
    tones: Mapping[Tone, str]


DARK = Scheme(
    "console-dark", True, "#11151a", "#d5dae0", "on #17344f", "on #222931", "on #56616e",
    {
        "plain": "#d5dae0", "dim": "#a0aab6", "title": "bold #ffffff", "accent": "bold #67d3f0", "good": "#6fd894",
        "warning": "#e8c465", "bad": "bold #ff928a", "used": "#6fd894", "allocated": "#7cbcff", "reserved": "#d9b4ff",
        "free": "#a0aab6", "unknown": "#a0aab6", "found": "bold #11151a on #e8c465", "gone": "strike #a0aab6",
    },
)  # fmt: skip
LIGHT = Scheme(
    "console-light", False, "#fcfcfd", "#1c2128", "on #cfe4f9", "on #e9ecf0", "on #a3adb8",
    {
        "plain": "#1c2128", "dim": "#505a65", "title": "bold #000000", "accent": "bold #075a78", "good": "#13652b",
        "warning": "#7a4c00", "bad": "bold #b00d28", "used": "#13652b", "allocated": "#0b4f9e", "reserved": "#6a2ab0",
        "free": "#505a65", "unknown": "#505a65", "found": "bold #1c2128 on #f2cf63", "gone": "strike #505a65",
    },
)  # fmt: skip
TERMINAL = Scheme(
    "ansi-dark", True, "", "", "reverse", "underline", "reverse",
    {
        "plain": "", "dim": "dim", "title": "bold", "accent": "bold cyan", "good": "green", "warning": "yellow",
        "bad": "bold red", "used": "green", "allocated": "blue", "reserved": "magenta", "free": "dim",
        "unknown": "dim", "found": "reverse bold", "gone": "strike dim",
    },
)  # fmt: skip
COLOURLESS = Scheme(
    "none", True, "", "", "reverse", "underline", "reverse",
    {
        "plain": "", "dim": "", "title": "bold", "accent": "bold", "good": "", "warning": "bold", "bad": "bold reverse",
        "used": "", "allocated": "", "reserved": "", "free": "", "unknown": "", "found": "reverse", "gone": "strike",
    },
)  # fmt: skip
SCHEMES = {scheme.name: scheme for scheme in (DARK, LIGHT, TERMINAL, COLOURLESS)}


def themes() -> list[Theme]:
    """Our own themes, for Textual to register. ``ansi-dark`` and ``ansi-light`` it has already."""
    from textual.theme import Theme  # noqa: PLC0415 - who prints tones without a console does not need it

    return [
        Theme(
            name=scheme.name,
            dark=scheme.dark,
            background=scheme.background,
            surface=scheme.background,
            panel=scheme.quiet_bar.removeprefix("on "),
            foreground=scheme.foreground,
            primary=scheme.tones["allocated"],
            secondary=scheme.tones["reserved"],
            accent=scheme.tones["accent"].removeprefix("bold "),
            success=scheme.tones["good"],
            warning=scheme.tones["warning"],
            error=scheme.tones["bad"].removeprefix("bold "),
        )
        for scheme in (DARK, LIGHT)
    ]


def scheme_of(app: Any) -> Scheme:
    """The colours of *app* now: any theme but ours is drawn in the nearest of ours."""
    if app.no_color:
        return COLOURLESS
    if app.native_ansi_color:
        return TERMINAL
    known = SCHEMES.get(app.theme)
    return known or (DARK if app.current_theme.dark else LIGHT)


def glyphs_of(app: Any) -> Glyphs:
    """The signs that *app* draws with: also before it has seen anything."""
    found = getattr(app, "glyphs", None)
    return found if isinstance(found, Glyphs) else Glyphs()


def style_of(tone: Tone, app: Any) -> Style:
    """The style of *tone* in this app."""
    return parsed(scheme_of(app).tones[tone])


@lru_cache(512)
def parsed(style: str) -> Style:
    """As rich has it."""
    return Style.parse(style) if style else Style.null()
