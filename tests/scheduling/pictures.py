"""Snapshots drawn at random, small enough that everything happens: ties, overlaps, full and broken workers."""

from __future__ import annotations

from itertools import accumulate, pairwise
from random import Random
from typing import get_args

from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup, QueueOrder, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState

NAMES = "abcdefgh"
LABELS: tuple[dict[str, str], ...] = ({}, {}, {"zone": "n"}, {"zone": "s"}, {"zone": "n", "disk": "ssd"})


def draw_snapshot(chance: Random, *, workers: int, groups: int, jobs: int) -> Snapshot:
    """*workers* at most 500; *groups* of 1 to *jobs* jobs, some submitted in the same moment."""
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
        queue_order=chance.choice(get_args(QueueOrder)),
        batch_placement=chance.choice(get_args(Policy)),
        max_starts=chance.choice([3, 10_000, 10_000]),
    )


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Small ones, for Hypothesis."""
    return st.builds(
        draw_snapshot,
        st.randoms(use_true_random=False),
        workers=st.integers(0, 6),
        groups=st.integers(0, 7),
        jobs=st.integers(1, 5),
    )


def _amount(chance: Random, most: int) -> Resources:
    return Resources(chance.randint(0, most), chance.randint(0, most), chance.choice([0, 0, 1, 2]))


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
        tenant=chance.choice(["ann", "bob", "cat"]),
        priority=chance.choice([10, 50, 50]),
        labels=chance.choice(LABELS),
        worker=chance.choice([None] * 6 + ["a0", "nowhere"]),
        slots=chance.choice([None] * 4 + [0, 2]),
        more=chance.choice([True, False]),
        ids=ids,
        submitted=tuple(float(job // 2) for job in ids),
    )
