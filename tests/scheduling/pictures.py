"""Snapshots drawn at random, small enough that everything happens: ties, overlaps, full and broken workers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from math import inf, nan
from random import Random
from typing import get_args

from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Quota, ServiceLevel, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Backfill, Placement, Policy, QueueOrder, Steering, UseMeasures

NAMES = "abcdefgh"
LABELS: tuple[dict[str, str], ...] = ({}, {}, {"zone": "n"}, {"zone": "s"}, {"zone": "n", "disk": "ssd"})
TENANTS = ("ann", "bob", "cat")
NOW = 1000.0
CPU, MEMORY = 100, 128  # of which there is a whole number: as much as an agent may use itself


def draw_snapshot(chance: Random, *, workers: int, groups: int, jobs: int) -> Snapshot:
    """Batch jobs only. *workers* at most 500; *groups* of 1 to *jobs* jobs, some submitted in the same moment."""
    sizes = [chance.randint(1, jobs) for _ in range(groups)]
    ids = list(range(1, sum(sizes) + 1))
    chance.shuffle(ids)
    cuts = pairwise(accumulate(sizes, initial=0))
    return Snapshot(
        at=0.0,
        workers=tuple(_worker(chance, number) for number in range(workers)),
        queue=tuple(_group(chance, tuple(sorted(ids[start:stop]))) for start, stop in cuts),
        used={"ann": _amount(chance, 4), "bob": _amount(chance, 4)},
        weights={"ann": chance.choice([0.5, 1.0, 2.0])},
        steering=Steering(
            queue_order=chance.choice(get_args(QueueOrder)), batch_placement=chance.choice(get_args(Policy))
        ),
        max_starts=chance.choice([3, 10_000, 10_000]),
    )


def draw_whole(chance: Random, *, workers: int, groups: int, jobs: int) -> Snapshot:
    """The same with all that a cluster has: services, measures, quotas, limits, ends, and rules of every kind."""
    drawn = draw_snapshot(chance, workers=workers, groups=groups, jobs=jobs)
    # What it holds is held by somebody: no ending gives back what nobody holds.
    endings = [ending for worker in drawn.workers for ending in _endings(chance, worker)]
    steering = replace(
        drawn.steering,
        batch_placement=chance.choice([drawn.steering.batch_placement] * 8 + ["none"]),
        service_placement=chance.choice(get_args(Placement)),
        service_claims_per_round=chance.choice([1, 1, 2]),
        use_measures=chance.choice([*get_args(UseMeasures), "auto", "auto"]),
        backfill=chance.choice([*get_args(Backfill), "easy", "easy"]),
        starve_after=chance.choice([0.0, 600.0, 5000.0]),
    )
    return replace(
        drawn,
        at=NOW,
        workers=tuple(_loaded(chance, worker) for worker in drawn.workers),
        queue=tuple(_mixed(chance, group, drawn.workers) for group in drawn.queue),
        recent={"ann": _amount(chance, 3), "cat": _amount(chance, 3)},
        quotas=_quotas(chance),
        endings=tuple(endings),
        grace_s=chance.choice([0.0, 5.0]),
        steering=steering,
    )


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Small ones of batch jobs, for Hypothesis."""
    return st.builds(
        draw_snapshot,
        st.randoms(use_true_random=False),
        workers=st.integers(0, 6),
        groups=st.integers(0, 7),
        jobs=st.integers(1, 5),
    )


def whole_snapshots() -> st.SearchStrategy[Snapshot]:
    """Small ones with everything."""
    return st.builds(
        draw_whole,
        st.randoms(use_true_random=False),
        workers=st.integers(0, 6),
        groups=st.integers(0, 8),
        jobs=st.integers(1, 5),
    )


def _amount(chance: Random, most: int) -> Resources:
    return Resources(CPU * chance.randint(0, most), MEMORY * chance.randint(0, most), chance.choice([0, 0, 1, 2]))


def _worker(chance: Random, number: int) -> WorkerPicture:
    return WorkerPicture(
        id=1000 - number,  # by id they stand in another order than by name
        name=f"{NAMES[number % len(NAMES)]}{number // len(NAMES)}",
        capacity=_amount(chance, 9),
        reserved=_amount(chance, 1),
        allocated=_amount(chance, 2),
        admin_state=chance.choice([AdminState.OPEN] * 4 + [AdminState.DRAINING]),
        live_state=chance.choice([LiveState.UP] * 4 + [LiveState.SILENT]),
        labels=chance.choice(LABELS),
    )


def _group(chance: Random, ids: tuple[int, ...]) -> QueueGroup:
    return QueueGroup(
        shape=f"s{ids[0]}",
        request=_amount(chance, 3),
        tenant=chance.choice(TENANTS),
        priority=chance.choice([10, 50, 50]),
        labels=chance.choice(LABELS),
        worker=chance.choice([None] * 6 + ["a0", "nowhere"]),
        slots=chance.choice([None] * 4 + [0, 2]),
        more=chance.choice([True, False]),
        ids=ids,
        submitted=tuple(float(job // 2) for job in ids),
    )


def _mixed(chance: Random, group: QueueGroup, workers: tuple[WorkerPicture, ...]) -> QueueGroup:
    if chance.random() < 0.6:
        return replace(group, time_limit_s=chance.choice([None, 5, 10, 30, 100]))
    crashed_on = chance.choice([*(worker.id for worker in workers), 1]) if chance.random() < 0.3 else None
    return replace(group, kind="service", slots=None, displaced=chance.random() < 0.3, avoid=crashed_on)


def _loaded(chance: Random, worker: WorkerPicture) -> WorkerPicture:
    return replace(
        worker,
        trouble=chance.choice([""] * 8 + ["disk full"]),
        services=chance.randint(0, 3),
        enduring=chance.choice([Resources(), worker.allocated]),
        measured=_measured(chance, worker.capacity),
        charged=chance.choice([Resources(), _amount(chance, 1)]),
        reports=ServiceLevel(p99_ms=chance.choice([0.0, 30.0, 200.0]), violation_rate=chance.choice([0.0, 0.0, 0.2])),
        held_by_tenant={tenant: _amount(chance, 2) for tenant in TENANTS if chance.random() < 0.4},
    )


def _measured(chance: Random, capacity: Resources) -> Measured | None:
    if chance.random() < 0.15:
        return None
    cpu_milli = chance.choice([0.0, 0.0, 50.5, 150.0, 301.5, capacity.cpu_milli, 9900.0, nan, inf, -1.0])
    memory_mb = chance.choice([0.0, 0.0, 60.5, 200.0, 401.5, capacity.memory_mb, 9900.0])
    return Measured(cpu_milli=cpu_milli, memory_mb=memory_mb, at=chance.choice([NOW, NOW, NOW - 120, NOW - 121]))


def _endings(chance: Random, worker: WorkerPicture) -> list[Ending]:
    held = [amount for amount in (worker.reserved, worker.allocated) if chance.random() < 0.7]
    return [
        Ending(
            worker_id=worker.id, request=amount, at=chance.choice([NOW - 100, NOW - 5, NOW + 10, NOW + 20, NOW + 40])
        )
        for amount in held
    ]


def _quotas(chance: Random) -> Mapping[str, Quota]:
    return {
        tenant: Quota(
            cpu_milli=chance.choice([None, 0, 5 * CPU, 8 * CPU]),
            running=chance.choice([None, 1, 3]),
            holds=chance.randint(0, 2),
        )
        for tenant in TENANTS
        if chance.random() < 0.3
    }
