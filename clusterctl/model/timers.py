"""Timers that two processes must agree on: written into each allocation when it is reserved."""

from __future__ import annotations

import msgspec


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. An allocation is declared lost only after lease + grace + margin of silence."""

    start_timeout_s: int = 60
    grace_s: int = 30
    margin_s: int = 60
