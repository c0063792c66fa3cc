"""The console stays cheap at 10,000 jobs and 1,000 workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.console_ui import (
    KEYS,
    LOOKS,
    SCREENS,
    first_paint,
    growth_mb,
    idle_bytes,
    in_a_process_of_its_own,
    key_ms,
    refresh_ms,
)

BUSY = 3  # times: caches that others use too make CPU time longer
REFRESH_MS, KEY_MS, START_MS, IDLE_BYTES, RSS_MB, GROWTH_MB = 16, 50, 700, 2048, 120, 2

# None of these is needed to show a first picture: who needs one imports it then.
LATER = {
    *("psycopg", "redis", "httpx", "h11", "plotext", "textual_serve", "aiohttp", "pygments", "markdown_it", "typer"),
    *("sqlite3", "xml", "email", "multiprocessing", "rich.markdown", "rich.syntax", "rich.traceback"),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_a_refresh_costs_little(screen: str) -> None:
    assert refresh_ms(screen) <= REFRESH_MS * BUSY


def test_a_key_is_answered_at_once() -> None:
    took = key_ms(rounds=10)
    assert set(took) == set(KEYS)
    assert max(took.values()) <= KEY_MS * BUSY, took


@pytest.mark.parametrize("screen", SCREENS)
def test_a_cluster_at_rest_costs_the_line_little(screen: str) -> None:
    assert 0 < idle_bytes(screen, rounds=10) <= IDLE_BYTES


def test_memory_is_bounded() -> None:
    assert in_a_process_of_its_own("memory_mb()") <= RSS_MB


@pytest.mark.timeout(900)
def test_memory_does_not_grow_however_long_it_is_open() -> None:
    assert in_a_process_of_its_own(f"growth_mb({LOOKS})") <= GROWTH_MB


def test_it_is_there_soon_after_it_is_called() -> None:
    assert first_paint().cpu_ms <= START_MS * BUSY


def test_what_is_not_needed_at_first_is_not_imported() -> None:
    code = "import sys, clusterctl.tui.app, clusterctl.tui.source; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert not LATER & set(done.stdout.split())


def test_growth_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr("bench.console_ui.Stand.look", leaking(kept))
    assert growth_mb(300) > GROWTH_MB


def leaking(kept: list[bytes]) -> object:
    """A look that leaves something behind."""
    from bench.console_ui import Stand

    look = Stand.look

    def leak(stand: Stand, changes: int) -> object:
        kept.append(bytes(20_000))
        return look(stand, changes)

    return leak
