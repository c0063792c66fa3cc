"""The console stays cheap at 10,000 jobs and 1,000 workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.console_ui import (
    DIALOGS,
    KEYS,
    OPENING,
    SCREENS,
    first_paint,
    idle_bytes,
    in_a_process_of_its_own,
    key_ms,
    refresh_ms,
)

LOOKS = 2000  # the bound is 1 MB then; pages and caches take up to 0.7
BUSY = 3  # times: caches that others use too make CPU time longer
REFRESH_MS, KEY_MS, START_MS, IDLE_BYTES, RSS_MB, GROWTH_BYTES = 16, 50, 700, 2048, 120, 500

# None of these is needed to show a first picture: who needs one imports it then.
LATER = {
    *("psycopg", "redis", "httpx", "h11", "plotext", "textual_serve", "aiohttp", "pygments", "markdown_it", "typer"),
    *("sqlite3", "xml", "email", "multiprocessing", "rich.markdown", "rich.syntax", "rich.traceback"),
}


# Leaves something behind with each look; written to, for pages that nobody has touched take no memory.
LEAK = """
from clusterctl.tui.app import Console
kept, taken_in = [], Console.on_looked
def leak(console, message):
    kept.append(b"x" * 8_000)
    taken_in(console, message)
Console.on_looked = leak
"""


@pytest.mark.parametrize("screen", SCREENS)
def test_a_refresh_costs_little(screen: str) -> None:
    assert refresh_ms(screen) <= REFRESH_MS * BUSY


def test_a_key_is_answered_at_once() -> None:
    took = key_ms(rounds=5)
    assert set(took) == {*KEYS, *OPENING}
    assert max(took.values()) <= KEY_MS * BUSY, took


@pytest.mark.parametrize("screen", SCREENS)
def test_a_cluster_at_rest_costs_the_line_little(screen: str) -> None:
    assert 0 < idle_bytes(screen, rounds=10) <= IDLE_BYTES


@pytest.mark.parametrize("key", DIALOGS)
def test_an_open_dialog_costs_the_line_little(key: str) -> None:
    assert 0 < idle_bytes("jobs", rounds=10, key=key) <= IDLE_BYTES


def test_memory_is_bounded() -> None:
    assert in_a_process_of_its_own("memory_mb()") <= RSS_MB


@pytest.mark.timeout(300)
def test_memory_does_not_grow_however_long_it_is_open() -> None:
    assert in_a_process_of_its_own(f"growth_bytes({LOOKS})") <= GROWTH_BYTES


def test_it_is_there_soon_after_it_is_called() -> None:
    assert first_paint().cpu_ms <= START_MS * BUSY


def test_what_is_not_needed_at_first_is_not_imported() -> None:
    code = "import sys, clusterctl.tui.app, clusterctl.tui.engine.source; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert not LATER & set(done.stdout.split())


def test_growth_is_seen() -> None:
    """In a process of its own: memory that earlier tests have freed would hide it."""
    assert (
        in_a_process_of_its_own("growth_bytes(300, settled=300)", first=LEAK) > 8 * GROWTH_BYTES
    )  # caches that fill: 2,000
