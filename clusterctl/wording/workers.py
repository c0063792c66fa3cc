"""What is said of a worker: how it fares, what it holds, why it gets no new work."""

from __future__ import annotations

from collections.abc import Callable

from clusterctl.model.pictures import Amounts, HoldingPicture, WorkerPicture, WorkerSlo
from clusterctl.units import about_memory, format_age
from clusterctl.wording.latencies import latency, rate


def aside_of(worker: WorkerPicture) -> str:
    """``draining``, ``closed``, ``troubled``: that it is told, or wants, to take nothing new; empty if it takes."""
    return worker.admin_state if worker.admin_state != "open" else "troubled" if worker.trouble else ""


def why_of(worker: WorkerPicture) -> str:
    """Why it gets no new work, in its own words or an operator's."""
    return "; ".join(filter(None, (worker.live_reason, worker.admin_reason, worker.trouble))) or "-"


def held_of(amounts: Amounts) -> str:
    """``6/8``: reserved and allocated, of all."""
    return f"{amounts.reserved + amounts.allocated:g}/{amounts.total:g}"


def memory_of(amounts: Amounts) -> str:
    """The same in short units."""
    held = amounts.reserved + amounts.allocated
    return f"{about_memory(held) if held else '0'}/{about_memory(amounts.total)}"


def dominant(slo: WorkerSlo) -> str:
    """``62% sim``: the largest share of the worker that one tenant holds."""
    return f"{slo.dominant_share:.0%} {slo.tenant}" if slo.tenant else "-"


def serves(worker: WorkerPicture) -> str:
    """``3 replicas, p99 85 ms, 0.3% of 1,200 requests violated``: as they reported lately."""
    if not worker.services:
        return ""
    parts = [f"{worker.services} replica{'' if worker.services == 1 else 's'}"]
    if worker.slo.p99_ms is not None:
        parts.append(f"p99 {latency(worker.slo.p99_ms)}")
    if worker.slo.requests:
        parts.append(f"{rate(worker.slo.violation_rate)} of {worker.slo.requests:,} requests violated")
    return ", ".join(parts)


def heard(worker: WorkerPicture, more_s: float = 0.0) -> str:
    """``2.1s ago; its key in Redis lives 57s more``, *more_s* seconds after it was seen so."""
    ttl = None if worker.heartbeat_ttl_s is None else worker.heartbeat_ttl_s - more_s
    key = "it has no key in Redis" if ttl is None or ttl <= 0 else f"its key in Redis lives {format_age(ttl)} more"
    return f"{format_age(worker.heartbeat_age_s + more_s)} ago; {key}"


def amounts(of: Amounts, say: Callable[[float], str] = "{:g}".format) -> str:
    """``8, 2 reserved, 4 allocated, 1.5 used``."""
    used = "" if of.used is None else f", {say(round(of.used, 1))} used"
    return f"{say(of.total)}, {say(of.reserved)} reserved, {say(of.allocated)} allocated{used}"


def lost_after(holding: HoldingPicture, more_s: float = 0.0) -> str:
    """How much longer the worker must be silent until this is declared lost."""
    if holding.lost_in_s is None:
        return "never by itself"
    left = holding.lost_in_s - more_s
    return f"in {format_age(left)}" if left > 0 else "due"
