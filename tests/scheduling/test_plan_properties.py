"""What holds for every plan, whatever the cluster."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, Measured, Snapshot
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling import candidate_table, plan, refusals
from tests.scheduling.pictures import NOW, draw_snapshot, draw_whole, snapshots, whole_snapshots
from tests.scheduling.plain import World
from tests.scheduling.plain_looks import willing

pairs = st.tuples(whole_snapshots(), st.randoms(use_true_random=False))
UNASKED = ("round_full", "policy_disabled")


def starts_of(outcome: Plan) -> list[tuple[int, int]]:
    return [(start.job_id, start.worker_id) for start in outcome.starts]


def after(snapshot: Snapshot, outcome: Plan) -> Snapshot:
    """The picture once *outcome* has been carried out."""
    group_of = {job: group for group in snapshot.queue for job in group.ids}
    given_to = {start.job_id: start.worker_id for start in outcome.starts}
    workers = {worker.id: worker for worker in snapshot.workers}
    used, quotas, endings = dict(snapshot.used), dict(snapshot.quotas), list(snapshot.endings)
    for job, worker_id in given_to.items():
        group, worker = group_of[job], workers[worker_id]
        here = worker.held_by_tenant.get(group.tenant, Resources()) + group.request
        workers[worker_id] = replace(
            worker,
            reserved=worker.reserved + group.request,
            charged=worker.charged + group.request,
            services=worker.services + (group.kind == "service"),
            held_by_tenant={**worker.held_by_tenant, group.tenant: here},
        )
        used[group.tenant] = used.get(group.tenant, Resources()) + group.request
        if group.tenant in quotas:
            quotas[group.tenant] = replace(quotas[group.tenant], holds=quotas[group.tenant].holds + 1)
        if group.time_limit_s is not None:
            over = snapshot.at + group.time_limit_s + snapshot.grace_s
            endings.append(Ending(worker_id=worker_id, request=group.request, at=over))
    queue = []
    for group in snapshot.queue:
        left = [(job, moment) for job, moment in zip(group.ids, group.submitted, strict=True) if job not in given_to]
        slots = None if group.slots is None else group.slots - (len(group.ids) - len(left))
        if left:
            ids, submitted = zip(*left, strict=True)
            queue.append(replace(group, ids=ids, submitted=submitted, slots=slots))
    return replace(
        snapshot,
        workers=tuple(workers.values()),
        queue=tuple(queue),
        used=used,
        quotas=quotas,
        endings=tuple(endings),
    )


def agree(snapshot: Snapshot) -> None:
    """Both planners start the same jobs on the same workers, and keep the same worker; the others wait for the same."""
    world, outcome = World(snapshot), plan(snapshot)
    world.run()
    assert starts_of(outcome) == world.starts
    waits = [wait for wait in outcome.waits if wait.reason != "round_full"]
    assert [wait.shape for wait in waits] == [snapshot.queue[at].shape for at in world.waited]
    for wait, why in zip(waits, world.reasons.values(), strict=True):
        assert why in (wait.reason, "other") or wait.reason == "no_workers"
    kept = None if outcome.shadow is None else (outcome.shadow.worker_id, outcome.shadow.at)
    assert kept == (None if world.kept is None else (world.kept.id, world.kept_until))


@given(whole_snapshots())
def test_it_decides_as_the_plain_planner_does(snapshot: Snapshot) -> None:
    agree(snapshot)


@given(snapshots())
def test_it_decides_as_the_plain_planner_does_where_there_are_only_batch_jobs(snapshot: Snapshot) -> None:
    agree(snapshot)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("draw", [draw_snapshot, draw_whole])
def test_it_decides_as_the_plain_planner_does_on_large_clusters_too(seed: int, draw: Callable[..., Snapshot]) -> None:
    agree(draw(Random(seed), workers=120, groups=30, jobs=20))


@given(pairs)
def test_the_order_in_which_workers_and_groups_are_told_means_nothing(pair: tuple[Snapshot, Random]) -> None:
    snapshot, chance = pair
    workers, queue, endings = list(snapshot.workers), list(snapshot.queue), list(snapshot.endings)
    for told in (workers, queue, endings):
        chance.shuffle(told)
    shuffled = replace(snapshot, workers=tuple(workers), queue=tuple(queue), endings=tuple(endings))
    assert plan(shuffled) == plan(snapshot)


@given(whole_snapshots())
def test_no_worker_is_given_more_than_it_has_free(snapshot: Snapshot) -> None:
    free = {worker.id: worker.free for worker in snapshot.workers}
    now = after(snapshot, plan(snapshot))
    for worker in now.workers:
        assert worker.free == free[worker.id] or Resources() <= worker.free


@given(whole_snapshots())
def test_no_tenant_is_given_more_than_its_quota(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    now, began = after(snapshot, outcome), {start.job_id for start in outcome.starts}
    given_to = {group.tenant for group in snapshot.queue if began & set(group.ids)}
    for tenant, quota in now.quotas.items():
        if tenant in given_to:
            assert quota.running is None or quota.holds <= quota.running
            assert quota.cpu_milli is None or now.used[tenant].cpu_milli <= quota.cpu_milli


@given(whole_snapshots())
def test_no_worker_claims_more_replicas_than_its_share_of_a_round(snapshot: Snapshot) -> None:
    replicas = {job for group in snapshot.queue if group.kind == "service" for job in group.ids}
    claimed = [start.worker_id for start in plan(snapshot).starts if start.job_id in replicas]
    assert all(claimed.count(id) <= snapshot.steering.service_claims_per_round for id in claimed)


@given(whole_snapshots())
def test_nothing_is_started_that_the_database_would_refuse(snapshot: Snapshot) -> None:
    """On a worker that does not take work, or is not the one, of a group beyond its limit, or twice."""
    workers = {worker.id: worker for worker in snapshot.workers}
    groups = {job: group for group in snapshot.queue for job in group.ids}
    starts = plan(snapshot).starts
    assert len({start.job_id for start in starts}) == len(starts)
    for start in starts:
        worker, group = workers[start.worker_id], groups[start.job_id]
        assert (worker.live_state, worker.admin_state, worker.trouble) == (LiveState.UP, AdminState.OPEN, "")
        assert group.worker in (None, worker.name)
        assert group.labels.items() <= worker.labels.items()
    for group in snapshot.queue:
        assert group.slots is None or sum(start.job_id in group.ids for start in starts) <= group.slots


@given(whole_snapshots())
def test_no_room_is_left_unused(snapshot: Snapshot) -> None:
    """By those who wait for nothing but room, nor kept for anybody."""
    outcome = plan(snapshot)
    now = after(snapshot, outcome)
    free = {worker.id: worker.free for worker in now.workers}
    waits = {wait.job_id for wait in outcome.waits if wait.reason == "fits_now" and "fits_load" not in wait.refusals}
    for group in now.queue:
        if group.ids[0] in waits and group.avoid is None:
            left_out = {each.worker for each in candidate_table(group, snapshot) if each.removed_by == "measured"}
            loaded = snapshot.steering.use_measures == "auto"
            for worker in now.workers:
                if worker.name not in left_out and not (loaded and worker.measured):
                    assert not willing(worker, group, free)


@given(whole_snapshots())
def test_every_job_group_starts_wholly_or_waits_with_its_first_job_that_did_not_start(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    now = after(snapshot, outcome)
    assert sorted(wait.job_id for wait in outcome.waits) == sorted(group.ids[0] for group in now.queue)


@given(whole_snapshots())
def test_refusals_and_candidates_add_up_to_the_workers(snapshot: Snapshot) -> None:
    for wait in plan(snapshot).waits:
        assert sum(wait.refusals.values()) == (0 if wait.reason in UNASKED else len(snapshot.workers))
    for group in snapshot.queue:
        table = refusals(group, snapshot)
        assert sum(table.removed.values()) + len(table.candidates) == len(snapshot.workers)
        assert bool(table.candidates) != bool(table.reason)


@given(snapshots(), st.sampled_from([None, 5, 30]))
def test_short_rounds_add_up_to_one_long_round(snapshot: Snapshot, limit: int | None) -> None:
    limited = (replace(group, time_limit_s=limit) for group in snapshot.queue)
    snapshot = replace(snapshot, queue=tuple(limited))
    whole = starts_of(plan(replace(snapshot, max_starts=10_000)))
    pieces, now, more = [], replace(snapshot, max_starts=2), True
    while more:
        outcome = plan(now)
        pieces += starts_of(outcome)
        now = after(now, outcome)
        more = bool(outcome.starts)
    assert pieces == whole
    assert plan(now).starts == ()


@given(whole_snapshots())
def test_more_is_promised_only_by_a_round_that_started_something(snapshot: Snapshot) -> None:
    outcome = plan(snapshot)
    assert outcome.starts or not outcome.more


BAD = [None, *(Measured(cpu_milli=odd, memory_mb=0.0, at=NOW) for odd in (nan, inf, -1.0))]


@given(whole_snapshots(), st.sampled_from([*BAD, Measured(cpu_milli=0.0, memory_mb=0.0, at=NOW - 200)]))
def test_a_measure_of_no_use_draws_nothing_and_blocks_nobody_else(snapshot: Snapshot, bad: Measured | None) -> None:
    """With it, a worker is as if it were not open to jobs that are placed by measures."""
    if not snapshot.workers:
        return
    first, *others = snapshot.workers
    usable = Measured(cpu_milli=0.0, memory_mb=0.0, at=NOW)
    others = [replace(worker, measured=usable, live_state=LiveState.UP, trouble="") for worker in others]
    others = [replace(worker, admin_state=AdminState.OPEN) for worker in others]
    steering = replace(snapshot.steering, use_measures="auto", batch_placement="slo", service_placement="slo")
    queue = tuple(replace(group, worker=None) for group in snapshot.queue)
    there = replace(snapshot, steering=steering, queue=queue, workers=(replace(first, measured=bad), *others))
    if others:
        closed = replace(there, workers=(replace(first, admin_state=AdminState.CLOSED), *others))
        assert starts_of(plan(there)) == starts_of(plan(closed))


@given(whole_snapshots())
def test_the_best_of_the_candidates_is_the_one_that_a_lonely_job_gets(snapshot: Snapshot) -> None:
    """The table that is shown of a decision, and the decision."""
    for group in snapshot.queue:
        alone = replace(snapshot, queue=(replace(group, ids=group.ids[:1], submitted=group.submitted[:1]),))
        scored = [each for each in candidate_table(group, snapshot) if each.score is not None]
        outcome = plan(alone)
        assert bool(outcome.starts) == bool(scored)
        for start in outcome.starts:
            best = max(scored, key=lambda each: (each.score or 0.0, [-ord(letter) for letter in each.worker]))
            (name,) = (worker.name for worker in snapshot.workers if worker.id == start.worker_id)
            assert (name, start.score, start.candidates) == (best.worker, best.score, len(scored))


@given(whole_snapshots())
def test_the_table_of_candidates_counts_as_the_table_of_refusals_does(snapshot: Snapshot) -> None:
    for group in snapshot.queue:
        table, told = refusals(group, snapshot), candidate_table(group, snapshot)
        assert [each.worker for each in told] == sorted(worker.name for worker in snapshot.workers)
        words = [each.removed_by for each in told if each.removed_by]
        assert {word: words.count(word) for word in words} == table.removed
