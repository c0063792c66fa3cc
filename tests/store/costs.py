"""What a call costs Postgres: its processor time, which neighbours on the machine do not lengthen."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from clusterctl.store.connection import Database


def cpu_seconds(db: Database, action: Callable[[], object]) -> float:
    """Seconds of processor time that *db*'s server process spends on *action*; the clock ticks in hundredths."""
    server = psutil.Process(db.value("SELECT pg_backend_pid()"))
    before = server.cpu_times()
    action()
    after = server.cpu_times()
    return float(after.user + after.system - before.user - before.system)
