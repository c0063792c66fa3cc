"""By which policy a kind of jobs is placed in a round, and what stands in for it where it cannot decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from clusterctl.model.steering import MEASURING, Policy, Steering

Kind = Literal["batch", "service"]
UNMEASURED = "no worker has a fresh measure"


class Rule(NamedTuple):
    """The policy in force.

    ``measures``: it goes by measures, and a worker without one is left out. ``fallback``: why it is not simply the one
    that is set; empty if it is.
    """

    policy: Policy
    measures: bool = False
    fallback: str = ""


def rule_for(kind: Kind, steering: Steering, is_measured: Callable[[], bool]) -> Rule | None:
    """The rule for jobs of *kind*; None if none are to be placed.

    *is_measured* tells whether any worker that takes work has a usable measure.
    With ``use_measures = never`` a policy that measures goes by what is reserved and allocated. So do batch jobs where
    there is no measure; services, which may use far more or less than they hold, are then counted.
    """
    policy = steering.batch_placement if kind == "batch" else steering.service_placement
    if policy == "none":
        return None
    if policy not in MEASURING or steering.use_measures == "never":
        return Rule(policy)
    if is_measured():
        return Rule(policy, measures=True)
    if policy == "resource_usage" and kind == "service":
        return Rule("service_count", fallback=f"{UNMEASURED}: by service_count")
    return Rule(policy, fallback=f"{UNMEASURED}: by what is reserved and allocated")
