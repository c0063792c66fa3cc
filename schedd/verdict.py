"""Who may claim services, as the claim log tells it: one row for as long as that is the same."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from clusterctl.model.claim_log import LEAST_FIRST, Said
from clusterctl.model.plan import Eligibility
from clusterctl.model.snapshot import Snapshot, WorkerPicture
from clusterctl.model.states import LiveState
from clusterctl.scheduling.usage import is_usable

MOST_WORKERS = 64  # that a row names: those nearest to the minimum
DIGITS = range(4, 17)  # of a score; more than the first if it takes more to tell two apart
AMOUNT = re.compile(r"[0-9][0-9.]*")


def verdict(found: Eligibility, picture: Snapshot, among: Sequence[str]) -> Said:
    """Who may claim, as a row of the claim log; it is the row of before while the names *among* are.

    Loads change with every sample: their digits make no new row, and neither does who is the least loaded of those who
    may be, unless *among* says so.
    """
    kinds = sorted((name, AMOUNT.sub("#", why)) for name, why in found.reasons.items() if ">" not in why)
    key = repr((found.policy, found.fallback, bool(found.eligible), kinds, sorted(among)))
    return Said(
        event="ClaimEligibility",
        shape=str(uuid.uuid5(uuid.NAMESPACE_OID, key)),
        reason="eligible" if found.eligible else "not_eligible",
        policy=found.policy,
        candidates=len(found.eligible),
        detail=detail(found, picture),
    )


def detail(found: Eligibility, picture: Snapshot) -> dict[str, Any]:
    """The fields of the event, of no more than MOST_WORKERS workers."""
    workers = {worker.name: worker for worker in picture.workers}
    named = nearest(workers, found)
    told: dict[str, Any] = {
        "eligible": bool(found.eligible),
        "policy": found.policy,
        "active_workers": [name for name in named if workers[name].live_state == LiveState.UP],
        "eligible_workers": [name for name in named if name in set(found.eligible)],
        "metrics": {name: found.metrics[name] for name in named if name in found.metrics},
        "min_metrics": found.minimum,
        "usage": {name: usage(workers[name], picture) for name in named},
        "not_eligible_reasons": {name: in_its_sign(found, name) for name in named if name in found.reasons},
    }
    if left_out := len(workers) - len(named):
        told["more"] = left_out
    if found.fallback:
        told["fallback"] = found.fallback
    return told


def in_its_sign(found: Eligibility, name: str) -> str:
    """Why it may not claim; by a policy whose score is better the higher, as that: ``slo:65.07<67.63``."""
    metric, least = found.metrics.get(name), found.minimum
    if found.policy in LEAST_FIRST or metric is None or least is None:
        return found.reasons[name]
    pairs = (tuple(f"{0 - each:.{digits}g}" for each in (metric, least)) for digits in DIGITS)
    mine, best = next((pair for pair in pairs if pair[0] != pair[1]), (repr(0 - metric), repr(0 - least)))
    return f"{found.policy}:{mine}<{best}"


def nearest(names: Iterable[str], found: Eligibility) -> list[str]:
    """Those who may claim, then those who come next to it, then those without a metric."""
    metrics: Mapping[str, float | None] = found.metrics
    eligible = set(found.eligible)

    def distance(name: str) -> tuple[bool, float, str]:
        metric = metrics.get(name)
        return name not in eligible, math.inf if metric is None or math.isnan(metric) else metric, name

    return sorted(names, key=distance)[:MOST_WORKERS]


def usage(worker: WorkerPicture, picture: Snapshot) -> dict[str, Any] | None:
    """What was measured of a worker last: CPU in percent of its registered CPUs; None of what nobody goes by."""
    measured, ttl = worker.measured, picture.steering.measure_ttl
    if measured is None or not is_usable(measured, worker.capacity, picture.at, ttl):
        return None
    percent = 100 * measured.cpu_milli / worker.capacity.cpu_milli
    return {
        "cpu_percent": round(percent, 2),
        "memory_mb": measured.memory_mb,
        "sampled_at": datetime.fromtimestamp(measured.at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
    }
