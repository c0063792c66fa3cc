"""By which rules rounds decide: the settings of placement, which operators may change while the cluster runs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

import msgspec

from clusterctl.settings import Settings

Policy = Literal["pack", "spread", "service_count", "resource_usage", "slo", "first_fit"]
Placement = Literal["pack", "spread", "service_count", "resource_usage", "slo", "first_fit", "none"]
QueueOrder = Literal["fifo", "priority", "drf"]
UseMeasures = Literal["auto", "never"]
SloWeightSet = Literal["corrected", "seed", "document"]
Backfill = Literal["easy", "none"]
POLICY_NAMES: tuple[Policy, ...] = get_args(Policy)
MEASURING: frozenset[str] = frozenset({"resource_usage", "slo"})  # policies that go by what is measured


class Steering(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is the setting of that name. Durations are seconds.

    ``usage_cpu_weight`` and ``usage_memory_weight`` weigh measured load; ``fair_half_life`` is that of the use which
    counts against a tenant besides what it holds, 0 for none; ``starve_after``: a job that has waited so long keeps a
    worker free for itself, though nothing tells when it can start there.
    """

    queue_order: QueueOrder = "drf"
    batch_placement: Placement = "pack"
    service_placement: Placement = "resource_usage"
    service_claims_per_round: int = 1
    use_measures: UseMeasures = "auto"
    measure_ttl: float = 120.0
    usage_cpu_weight: float = 0.5
    usage_memory_weight: float = 0.5
    slo_weights: SloWeightSet = "corrected"
    backfill: Backfill = "easy"
    starve_after: float = 600.0
    fair_half_life: float = 3600.0


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator has set for the whole cluster, as it would be written. ``readable``: by this program."""

    name: str
    value: str
    set_by: str
    set_at: datetime
    readable: bool = True


class Steered(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of placement, before and after it was set or unset for the whole cluster, as it would be written.

    ``ruled``: whether an operator had set it before.
    """

    name: str
    before: str
    after: str
    ruled: bool


STEERABLE: tuple[str, ...] = Steering.__struct_fields__


def steering_of(settings: Settings) -> Steering:
    """The rules that a process would follow if nobody had changed any in the database."""
    return Steering(**{name: getattr(settings, name) for name in STEERABLE})
