"""Measures of fairness: how much of the cluster somebody has, and how evenly it is shared."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.resources import Resources
from clusterctl.scheduling.order import Standing


def dominant_share(used: Resources, capacity: Resources, weight: float = 1.0) -> float:
    """The largest share, over the kinds of resources, of *capacity*, divided by *weight*: what ``order`` goes by.

    (Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.) Of a kind that nobody has, nobody has a share.
    """
    return Standing(used, capacity, weight).share


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 if all *shares* (≥ 0) are equal, 1/n if one of n has everything.

    (Jain, Chiu, Hawe, "A quantitative measure of fairness", 1984.) 1 for none at all, and where nobody has anything.
    """
    most = max(shares, default=0.0)
    if not most:
        return 1.0
    scaled = [share / most for share in shares]  # so that the square of a tiny share is not nothing
    return sum(scaled) ** 2 / (len(scaled) * sum(share * share for share in scaled))
