"""What holds for every plan, whatever the cluster."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Snapshot
from clusterctl.scheduling import plan, refusals
from tests.scheduling.pictures import draw_snapshot, snapshots
from tests.scheduling.plain import decide, willing

pairs = st.tuples(snapshots(), st.randoms(use_true_random=False))


def starts_of(outcome: Plan) -> list[tuple[int, int]]:
    return [(start.job_id, start.worker_id) for start in outcome.starts]


def after(snapshot: Snapshot, outcome: Plan) -> Snapshot:
    """The picture once *outcome* has been carried out."""
    group_of = {job: group for group in snapshot.queue for job in group.ids}
    given_to = {start.job_id: start.worker_id for start in outcome.starts}
    reserved = {worker.id: worker.reserved for worker in snapshot.workers}
    used = dict(snapshot.used)
    for job, worker_id in given_to.items():
        group = group_of[job]
        reserved[worker_id] += group.request
        used[group.tenant] = used.get(group.tenant, Resources()) + group.request
    queue = []
    for group in snapshot.queue:
        left = [(job, moment) for job, moment in zip(group.ids, group.submitted, strict=True) if job not in given_to]
        slots = None if group.slots is None else group.slots - (len(group.ids) - len(left))
        if left:
            ids, submitted = zip(*left, strict=True)
            queue.append(replace(group, ids=ids, submitted=submitted, slots=slots))
    workers = tuple(replace(worker, reserved=reserved[worker.id]) for worker in snapshot.workers)
    return replace(snapshot, workers=workers, queue=tuple(queue), used=used)


@given(snapshots())
def test_it_decides_as_the_plain_planner_does(snapshot: Snapshot) -> None:
    starts, waited = decide(snapshot)
    outcome = plan(snapshot)
    assert starts_of(outcome) == starts
    looked_at = [wait.shape for wait in outcome.waits if wait.reason != "round_full"]
    assert looked_at == [snapshot.queue[at].shape for at in waited]


@pytest.mark.parametrize("seed", range(12))
def test_it_decides_as_the_plain_planner_does_on_large_clusters_too(seed: int) -> None:
    snapshot = draw_snapshot(Random(seed), workers=300, groups=30, jobs=40)
    assert starts_of(plan(snapshot)) == decide(snapshot)[0]


@given(pairs)
def test_the_order_in_which_workers_and_groups_are_told_means_nothing(pair: tuple[Snapshot, Random]) -> None:
    snapshot, chance = pair
    workers, queue = list(snapshot.workers), list(snapshot.queue)
    chance.shuffle(workers)
    chance.shuffle(queue)
    assert plan(replace(snapshot, workers=tuple(workers), queue=tuple(queue))) == plan(snapshot)


@given(snapshots())
def test_no_worker_is_given_more_than_it_has_free(snapshot: Snapshot) -> None:
    free = {worker.id: worker.free for worker in snapshot.workers}
    now = after(snapshot, plan(snapshot))
    for worker in now.workers:
        assert worker.free == free[worker.id] or Resources() <= worker.free


@given(snapshots())
def test_no_room_is_left_unused(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    now = after(snapshot, outcome)
    free = {worker.id: worker.free for worker in now.workers}
    waits = {wait.job_id: wait for wait in outcome.waits if wait.reason not in ("round_full", "array_limit")}
    for group in now.queue:
        if group.ids[0] in waits:
            assert not any(willing(worker, group, free) for worker in now.workers)


@given(snapshots())
def test_every_job_group_starts_wholly_or_waits_with_its_first_job_that_did_not_start(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    now = after(snapshot, outcome)
    assert sorted(wait.job_id for wait in outcome.waits) == sorted(group.ids[0] for group in now.queue)


@given(snapshots())
def test_refusals_and_candidates_add_up_to_the_workers(snapshot: Snapshot) -> None:
    for wait in plan(snapshot).waits:
        assert sum(wait.refusals.values()) == (0 if wait.reason == "round_full" else len(snapshot.workers))
    for group in snapshot.queue:
        table = refusals(group, snapshot)
        assert sum(table.removed.values()) + len(table.candidates) == len(snapshot.workers)
        assert bool(table.candidates) != bool(table.reason)


@given(snapshots())
def test_short_rounds_add_up_to_one_long_round(snapshot: Snapshot) -> None:
    whole = starts_of(plan(replace(snapshot, max_starts=10_000)))
    pieces, now, more = [], replace(snapshot, max_starts=2), True
    while more:
        outcome = plan(now)
        pieces += starts_of(outcome)
        now = after(now, outcome)
        more = bool(outcome.starts)
    assert pieces == whole
    assert plan(now).starts == ()


@given(snapshots())
def test_more_is_promised_only_by_a_round_that_started_something(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    assert outcome.starts or not outcome.more
