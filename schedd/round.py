"""One round: look, decide, commit, wake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from clusterctl.model.plan import Plan, Start
from clusterctl.model.snapshot import MOST_STARTS, Snapshot
from clusterctl.model.timers import Timers
from clusterctl.scheduling import plan
from clusterctl.settings import Settings
from clusterctl.store import allocations, claims, snapshot
from clusterctl.store.connection import Database

BATCH = 500  # claims in one transaction


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did: ``placed`` jobs on each worker, by name, which took ``reserved_milli`` thousandths of CPUs."""

    picture: Snapshot
    decided: Plan
    placed: Counter[str]
    reserved_milli: int
    unfinished: bool  # there is more to decide or to commit, at once
    conflicts: tuple[tuple[int, int], ...]  # (job, worker) that the world no longer allowed


def run(
    db: Database,
    settings: Settings,
    term: int,
    number: int,
    *,
    wake: Callable[[Sequence[str]], object],
    may_go_on: Callable[[], bool],
) -> Outcome:
    """Look at the cluster, decide, and commit in batches; *wake* is told whom after each. Raises Moved when deposed.

    *may_go_on* is asked between batches: a leader that has not renewed for long stops, and renews first.
    """
    picture = snapshot.look(
        db, queue_order=settings.queue_order, batch_placement=settings.batch_placement, max_starts=MOST_STARTS
    )
    decided = plan(picture)
    placed: Counter[str] = Counter()
    committed = reserved_milli = 0
    conflicts: list[tuple[int, int]] = []
    for first in range(0, len(decided.starts), BATCH):
        batch = decided.starts[first : first + BATCH]
        reserved = allocations.reserve(db, term, number, batch, timers(settings), looked_at=picture.at)
        fresh = Counter(each.worker for each in reserved)
        placed += fresh
        reserved_milli += sum(each.cpu_milli for each in reserved)
        conflicts += refused(batch, {each.job_id for each in reserved})
        wake(list(fresh))
        committed += len(batch)
        if not may_go_on():
            break
    if conflicts:
        claims.log_conflicts(db, number, conflicts, picture.at)
    return Outcome(
        picture=picture,
        decided=decided,
        placed=placed,
        reserved_milli=reserved_milli,
        unfinished=decided.more or committed < len(decided.starts),
        conflicts=tuple(conflicts),
    )


def refused(batch: Sequence[Start], reserved: set[int]) -> list[tuple[int, int]]:
    """What was decided and not granted."""
    return [(start.job_id, start.worker_id) for start in batch if start.job_id not in reserved]


def timers(settings: Settings) -> Timers:
    """What each allocation is told about time."""
    return Timers(
        start_timeout_s=max(1, round(settings.start_timeout)),
        grace_s=max(1, round(settings.term_grace)),
        margin_s=max(1, round(settings.lease_margin)),
    )
