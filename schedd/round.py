"""One round: look, decide, commit, wake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from clusterctl.model.plan import Plan, Start
from clusterctl.model.snapshot import MOST_STARTS, Snapshot
from clusterctl.model.timers import Timers
from clusterctl.scheduling import plan
from clusterctl.settings import Settings
from clusterctl.store import allocations, claims, snapshot, steering
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from schedd.verdict import usage

BATCH = 500  # claims in one transaction


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did: ``placed`` jobs on each worker, by name, which took ``reserved_milli`` thousandths of CPUs.

    ``replicas``: how many of them are of services.
    """

    picture: Snapshot
    decided: Plan
    placed: Counter[str]
    replicas: int
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
    memory: Memory | None = None,
) -> Outcome:
    """Look at the cluster, decide, and commit in batches; *wake* is told whom after each. Raises Moved when deposed.

    *may_go_on* is asked between batches: a leader that has not renewed for long stops, and renews first. *memory*: of
    the rounds before, so that the look grows with what has changed.
    """
    rules = steering.in_force(db, settings)
    picture = snapshot.look(db, rules, max_starts=MOST_STARTS, grace_s=settings.term_grace, memory=memory)
    decided = plan(picture)
    replicas = frozenset(replicas_in(picture))
    placed: Counter[str] = Counter()
    committed = reserved_milli = given_replicas = 0
    conflicts: list[tuple[int, int]] = []
    for first in range(0, len(decided.starts), BATCH):
        batch = decided.starts[first : first + BATCH]
        if attempts := [start for start in batch if start.job_id in replicas]:
            announce(db, number, attempts, picture)
        reserved = allocations.reserve(db, term, number, batch, timers(settings), looked_at=picture.at)
        fresh = Counter(each.worker for each in reserved)
        placed += fresh
        reserved_milli += sum(each.cpu_milli for each in reserved)
        given_replicas += sum(each.job_id in replicas for each in reserved)
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
        replicas=given_replicas,
        reserved_milli=reserved_milli,
        unfinished=decided.more or committed < len(decided.starts),
        conflicts=tuple(conflicts),
    )


def replicas_in(picture: Snapshot) -> Iterator[int]:
    """The jobs at the heads of the queue that are replicas of services."""
    for group in picture.queue:
        if group.kind == "service":
            yield from group.ids


def announce(db: Database, number: int, attempts: Sequence[Start], picture: Snapshot) -> None:
    """Say in the claim log which replicas are about to be given to whom, and how the workers were used."""
    workers = {worker.id: worker for worker in picture.workers}
    usages = [usage(workers[start.worker_id], picture) for start in attempts]
    claims.log_attempts(db, number, attempts, usages, picture.at)


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
