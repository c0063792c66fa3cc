"""What live allocations hold, by worker. Who looks again reads it anew only of workers whose digest has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending
from clusterctl.store.connection import Database

Digests = Mapping[int, int]  # ``holds_digest`` by worker


class Share(NamedTuple):
    """What the live allocations of one tenant and kind hold on a worker, and how many these are."""

    tenant: str
    kind: str
    request: Resources
    holds: int


T = TypeVar("T")
Found = tuple[int, tuple[T, ...]]  # a digest, and what is true while it is that
NOTHING: Found[Any] = (0, ())
AT = attrgetter("at")


class Kept(Generic[T]):
    """By worker, what was read of its live allocations, beside the digest that these then had.

    The digest is read in one statement with them, so it is theirs, whatever was committed before or since. That it is
    the same again tells that they are, for it follows from what is there, not from the order in which that came to be.
    """

    def __init__(self, read: Callable[[Database, list[int]], dict[int, Found[T]]]) -> None:
        self._read = read
        self._found: dict[int, Found[T]] = {}

    def refresh(self, db: Database, digests: Digests) -> dict[int, tuple[tuple[T, ...], tuple[T, ...]]]:
        """Read what has changed of these workers, and forget all others: what was there before, and what is now."""
        former = self._found
        changed = [worker for worker, digest in digests.items() if worker not in former or former[worker][0] != digest]
        gone = former.keys() - digests.keys()
        if not changed and not gone:
            return {}
        fresh = self._read(db, changed) if changed else {}
        self._found = {worker: fresh.get(worker) or former.get(worker, NOTHING) for worker in digests}
        return {
            worker: (former.get(worker, NOTHING)[1], self._found.get(worker, NOTHING)[1])
            for worker in (*changed, *gone)
        }

    def by_worker(self) -> dict[int, tuple[T, ...]]:
        """All that was read, of workers that hold something."""
        return {worker: each for worker, (_, each) in self._found.items() if each}


class Holdings:
    """What allocations hold on all workers, by tenant and by worker, and when it comes free. Each as of *digests*."""

    def __init__(self) -> None:
        self._shares = Kept(read_shares)
        self._endings = Kept(read_endings)
        self._used: dict[str, tuple[Resources, int]] = {}
        self._enduring: dict[int, Resources] = {}
        self._in_order: tuple[Ending, ...] = ()

    def used(self, db: Database, digests: Digests) -> Mapping[str, tuple[Resources, int]]:
        """What each tenant holds, and how many of its jobs hold it."""
        self._refresh(db, digests)
        return self._used

    def enduring(self, db: Database, digests: Digests) -> Mapping[int, Resources]:
        """By worker, what replicas hold there, if any do."""
        self._refresh(db, digests)
        return self._enduring

    def held(self, db: Database, digests: Digests) -> dict[int, Mapping[str, Resources]]:
        """By worker, what each tenant holds there."""
        self._refresh(db, digests)
        return {worker: by_tenant(shares) for worker, shares in self._shares.by_worker().items()}

    def endings(self, db: Database, digests: Digests) -> tuple[Ending, ...]:
        """Every live allocation whose job has a time limit, the first to end first."""
        if changes := self._endings.refresh(db, digests):
            rest = [ending for ending in self._in_order if ending.worker_id not in changes]
            fresh = sorted(chain.from_iterable(now for _, now in changes.values()), key=AT)
            self._in_order = tuple(sorted(rest + fresh, key=AT))  # two runs in order: merged, not sorted
        return self._in_order

    def _refresh(self, db: Database, digests: Digests) -> None:
        for worker, (before, now) in self._shares.refresh(db, digests).items():
            for share in before:
                self._count(share.tenant, Resources() - share.request, -share.holds)
            for share in now:
                self._count(share.tenant, share.request, share.holds)
            replicas = [share.request for share in now if share.kind == "service"]
            if replicas:
                self._enduring[worker] = sum(replicas, Resources())
            else:
                self._enduring.pop(worker, None)

    def _count(self, tenant: str, request: Resources, holds: int) -> None:
        held, held_by = self._used.get(tenant, (Resources(), 0))
        self._used[tenant] = held + request, held_by + holds
        if held_by + holds == 0:
            del self._used[tenant]


def by_tenant(shares: Iterable[Share]) -> dict[str, Resources]:
    """What each tenant has of them."""
    held: dict[str, Resources] = {}
    for share in shares:
        held[share.tenant] = held.get(share.tenant, Resources()) + share.request
    return held


def read_shares(db: Database, workers: list[int]) -> dict[int, Found[Share]]:
    """Of these workers, what is held there, and the digest of that."""
    rows = db.rows(
        """
        SELECT id, holds_digest, NULL AS tenant, NULL AS kind, NULL AS cpu_milli, NULL AS memory_mb, NULL AS gpus, 0
          FROM workers WHERE id = ANY (%(workers)s)
         UNION ALL
        SELECT worker_id, NULL, tenant, kind, sum(cpu_milli)::bigint, sum(memory_mb)::bigint, sum(gpus)::bigint,
               count(*)
          FROM allocations WHERE live AND worker_id = ANY (%(workers)s) GROUP BY worker_id, tenant, kind
        """,
        workers=workers,
    )
    return by_worker(rows, lambda row: Share(row[2], row[3], Resources(*row[4:7]), row[7]))


def read_endings(db: Database, workers: list[int]) -> dict[int, Found[Ending]]:
    """Of these workers, what ends there and when, and the digest of all that is held there."""
    rows = db.rows(
        """
        SELECT id, holds_digest, NULL AS at, NULL AS cpu_milli, NULL AS memory_mb, NULL AS gpus
          FROM workers WHERE id = ANY (%(workers)s)
         UNION ALL
        SELECT worker_id, NULL, extract(epoch FROM ends_by)::float8, cpu_milli, memory_mb, gpus
          FROM allocations WHERE live AND ends_by IS NOT NULL AND worker_id = ANY (%(workers)s)
        """,
        workers=workers,
    )
    return by_worker(rows, lambda row: Ending(worker_id=row[0], request=Resources(*row[3:6]), at=row[2]))


def by_worker(rows: Iterable[tuple[Any, ...]], noun: Callable[[tuple[Any, ...]], T]) -> dict[int, Found[T]]:
    """Rows that begin with a worker: one with its digest, and others, without one, of what is true while it is that."""
    digests: dict[int, int] = {}
    others: dict[int, list[T]] = defaultdict(list)
    for row in rows:
        if row[1] is None:
            others[row[0]].append(noun(row))
        else:
            digests[row[0]] = row[1]
    return {worker: (digest, tuple(others.get(worker, ()))) for worker, digest in digests.items()}
