"""Measures of fairness and of service: how much somebody has, how evenly it is shared, how slow the slowest are."""

from __future__ import annotations

import math
from collections.abc import Collection

from clusterctl.model.resources import Resources
from clusterctl.scheduling.order import Standing


def dominant_share(used: Resources, capacity: Resources, weight: float = 1.0) -> float:
    """The largest share, over the kinds of resources, of *capacity*, divided by *weight*: what ``order`` goes by.

    (Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.) Of a kind that nobody has, nobody has a share.
    """
    return Standing(used, capacity, weight).share


def jain(shares: Collection[float]) -> float:
    """Jain's index of fairness: 1 if all *shares* (≥ 0) are equal, 1/n if one of n has everything.

    (Jain, Chiu, Hawe, "A quantitative measure of fairness", 1984.) 1 for none at all, and where nobody has anything.
    """
    most = max(shares, default=0.0)
    if not most:
        return 1.0
    return (sum(shares) / math.hypot(*shares)) ** 2 / len(shares)


def p99(samples: Collection[float]) -> float:
    """The 99th percentile by nearest rank: the smallest sample that 99 % of all do not exceed; 0 of none."""
    if not samples:
        return 0.0
    rank = -(-99 * len(samples) // 100)  # ceil(0.99 n), in whole numbers: 0.99 * n is not exact
    return sorted(samples)[rank - 1]
