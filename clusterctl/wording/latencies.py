"""How fast something answers, and how often it is too slow."""

from __future__ import annotations


def latency(milliseconds: float | None) -> str:
    """``85ms``, ``1.2s``; a dash where nothing is known."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.3g}ms" if milliseconds < 999.5 else f"{milliseconds / 1000:.3g}s"


def rate(part: float | None) -> str:
    """``0.3%``; a dash where nothing is known."""
    return "-" if part is None else f"{100 * part:.3g}%"
