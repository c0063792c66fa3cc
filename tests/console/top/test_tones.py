"""Tones: they can be read on every theme, and nothing is lost without colours."""

from __future__ import annotations

from typing import get_args

import pytest
from rich.color import Color
from rich.style import Style
from textual.theme import BUILTIN_THEMES

from clusterctl.tui.paint.pieces import Tone
from clusterctl.tui.paint.tones import COLOURLESS, DARK, LIGHT, SCHEMES, TERMINAL, Scheme, parsed, scheme_of, themes
from tests.console.top.easel import Easel
from tests.console.top.rows import a_table

TONES = get_args(Tone)
READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3


def styles_of(scheme: Scheme) -> list[str]:
    """All that it draws with."""
    return sorted({*scheme.tones.values(), scheme.bar, scheme.quiet_bar, scheme.thumb})


def luminance(colour: Color) -> float:
    """How bright it is, from 0 to 1, as WCAG defines it."""
    assert colour.triplet is not None
    parts = [each / 255 for each in colour.triplet]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style) -> float:
    """How well it can be read."""
    assert style.color
    assert style.bgcolor
    bright, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast(Style.parse("#ffffff on #000000")) == pytest.approx(21)
    assert contrast(Style.parse("#777777 on #ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("tone", TONES)
def test_every_tone_can_be_read(scheme: Scheme, tone: Tone) -> None:
    for ground in (f"on {scheme.background}", scheme.bar, scheme.quiet_bar):
        style = parsed(ground) + parsed(scheme.tones[tone])
        assert contrast(style) >= READABLE, (scheme.name, tone, str(style))


@pytest.mark.parametrize("scheme", [DARK, LIGHT, TERMINAL, COLOURLESS], ids=lambda scheme: scheme.name)
def test_every_scheme_knows_every_tone(scheme: Scheme) -> None:
    assert set(scheme.tones) == set(TONES)


@pytest.mark.parametrize("style", styles_of(COLOURLESS))
def test_without_colours_there_are_none(style: str) -> None:
    assert parsed(style).without_color == parsed(style)


@pytest.mark.parametrize("style", styles_of(TERMINAL))
def test_the_terminals_own_colours_are_its_sixteen(style: str) -> None:
    colours = [parsed(style).color, parsed(style).bgcolor]
    assert all(each is None or (each.number is not None and each.number < 16) for each in colours)


def test_our_themes_are_not_textuals() -> None:
    assert [theme.name for theme in themes()] == ["console-dark", "console-light"]
    assert TERMINAL.name in BUILTIN_THEMES
    assert set(SCHEMES) == {"console-dark", "console-light", "ansi-dark", "none"}


@pytest.mark.parametrize(
    "theme,scheme",
    [("console-dark", DARK), ("console-light", LIGHT), ("ansi-dark", TERMINAL), ("nord", DARK)],
)
def test_a_theme_has_its_scheme(theme: str, scheme: Scheme) -> None:
    assert scheme_of(Easel(a_table(), theme=theme)) is scheme


def test_no_color_takes_them_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert scheme_of(Easel(a_table())) is COLOURLESS
