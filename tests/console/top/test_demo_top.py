"""On a terminal the demo is watched in the console."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.console.top.terminal import Terminal
from tests.house.tree import ROOT


def test_the_demo_opens_the_console_and_goes_on_to_its_summary_when_one_leaves_it(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "clusterctl", "demo", "--state-dir", str(tmp_path / "state")]
    with Terminal(argv, env, (120, 40)) as terminal:
        terminal.shows("LIVE", "Last decisions", "w3")
        terminal.press("q")
        assert terminal.ends() == 0
        assert "all as it should be" in terminal.written
        assert terminal.is_clean()
