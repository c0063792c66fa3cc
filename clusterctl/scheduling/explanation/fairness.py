"""Whose turn comes first because of what tenants hold: the shares that ``order`` goes by, in words."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.model.explanation import Share
from clusterctl.model.resources import Resources
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.measures import dominant_share
from clusterctl.scheduling.order import capacity_up, order_of, standings

NAMED = 3  # tenants


def share(scene: Scene) -> Share | None:
    """Where the job's tenant stands among those that wait at its level; None where nobody takes turns with it."""
    snapshot, mine = scene.snapshot, scene.group
    if snapshot.steering.queue_order != "drf" or mine.kind == "service":
        return None
    level_of, _ = order_of(scene.snapshot)
    rivals = {group.tenant for group in snapshot.queue if level_of(group) == level_of(mine)} - {mine.tenant}
    if not rivals:
        return None
    all_shares = {tenant: standing.share for tenant, standing in standings(snapshot).items()}
    own, total = all_shares[mine.tenant], capacity_up(snapshot.workers)
    lower = sorted((all_shares[tenant], tenant) for tenant in rivals if all_shares[tenant] < own)
    first = tuple(tenant for _, tenant in lower)
    held = dominant_share(snapshot.used.get(mine.tenant, Resources()), total)
    recent = dominant_share(snapshot.recent.get(mine.tenant, Resources()), total)
    weight = snapshot.weights.get(mine.tenant, 1.0)
    return Share(
        tenant=mine.tenant,
        weight=weight,
        share=own,
        held=held,
        recent=recent,
        rivals=len(rivals),
        first=first,
        sentence=f"{has(mine.tenant, held, recent, weight)}; {turn(first)}",
    )


def has(tenant: str, held: float, recent: float, weight: float) -> str:
    """``sim holds 30 % of the cluster, and held 12 % of late, by weight 2``."""
    of_late = f", and held {100 * recent:.0f} % of late" if recent >= 0.005 else ""
    weighed = f", by weight {weight:g}" if weight != 1 else ""
    return f"{tenant} holds {100 * held:.0f} % of the cluster{of_late}{weighed}"


def turn(first: Sequence[str]) -> str:
    """Who goes first because of that."""
    if not first:
        return "no tenant that waits beside it has less"
    more = f" and {len(first) - NAMED} more" if len(first) > NAMED else ""
    verbs = "has less, and goes" if len(first) == 1 else "have less, and go"
    return f"{', '.join(first[:NAMED])}{more} {verbs} first"
