"""Screens told once, of nothing but strange texts: each string field of all that they show has each of them.

Nothing breaks, nothing of them reaches the terminal as a command, and no line is too wide.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterctl.model.console import NAMES
from clusterctl.text import cells
from clusterctl.tui import once
from clusterctl.tui.once import Asked
from tests.console.top.hostile_stage import HostileSource
from tests.console.top.spoiling import TEXTS
from tests.console.top.test_deed_words import CONTROL

SOME = range(0, len(TEXTS), 8)


@pytest.mark.parametrize("width", [0, 80, 160])
def test_a_screen_is_told_once_in_harmless_lines(tmp_path: Path, width: int) -> None:
    source = HostileSource(tmp_path)
    for name in NAMES:
        for number in SOME:
            source.spoiler.turn, source.keeps = number, number % 16 == 0
            plain = Asked(name, cluster=source.spoiler.text("cluster"), width=width, ascii=source.keeps)
            seen = once.see(source, plain)
            told = once.as_text(once.painted(seen, plain), colour=False, ascii=plain.ascii).splitlines()
            assert not width or max(map(cells, told)) <= width, max(told, key=cells)
            assert not CONTROL.search("".join(told))
            assert plain.ascii <= all(map(str.isascii, told))
