"""Quantiles of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def quantiles(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """p50, p95, p99 and the most, each a value that occurred (nearest rank)."""
    ranked = sorted(values)
    wanted = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ranked[ceil(share * len(ranked)) - 1], digits) for name, share in wanted.items()}
