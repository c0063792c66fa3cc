"""What one who looks again and again has read, so that he reads only what has changed.

Nothing of it is believed for being young, nor for the order in which others commit: each part lies beside what the
database says of it at every look. A worker's picture beside its row; what its allocations hold beside ``holds_digest``,
which follows them by trigger; what the jobs of a shape ask for beside the shape, which is made of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.store.connection import Database
from clusterctl.store.holdings import Holdings
from clusterctl.store.queue import Room


class Memory:
    """The whole of it. ``groups``: of the queue, by shape."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing: what comes next is read as if for the first time."""
        self.muster = Muster()
        self.holdings = Holdings()
        self.groups: dict[str, QueueGroup] = {}


class Seen(NamedTuple):
    """A worker as its row tells it. ``free``: what new jobs could have; None if it takes none."""

    row: tuple[Any, ...]
    picture: WorkerPicture
    free: Resources | None


class Muster:
    """Every worker that is not forgotten, by name; ``digests``: of what each holds; ``room``: what is free on them.

    The same objects as before, for what has not changed.
    """

    def __init__(self) -> None:
        self.workers: tuple[WorkerPicture, ...] = ()
        self.digests: Mapping[int, int] = {}
        self.room = Room(())
        self._rows: list[tuple[Any, ...]] = []
        self._seen: dict[int, Seen] = {}
        self._enduring: dict[int, tuple[WorkerPicture, WorkerPicture]] = {}  # where replicas are: without and with

    def refresh(self, db: Database) -> None:
        """As the workers are now."""
        rows = read_rows(db)
        if rows == self._rows:
            return
        former, self._seen = self._seen, {}
        for row in rows:
            known = former.get(row[0])
            self._seen[row[0]] = known if known is not None and known.row == row else read_seen(row)
        self.workers = tuple(seen.picture for seen in self._seen.values())
        self.digests = {row[0]: row[1] for row in rows}
        self.room = Room([seen.free for seen in self._seen.values() if seen.free is not None])
        self._rows = rows

    def with_enduring(self, enduring: Mapping[int, Resources]) -> tuple[WorkerPicture, ...]:
        """The workers, each with what replicas hold there."""
        former, self._enduring = self._enduring, {}
        for worker in self.workers:
            if (amount := enduring.get(worker.id)) is not None:
                plain, told = former.get(worker.id, (None, worker))
                is_so = plain is worker and told.enduring == amount
                self._enduring[worker.id] = worker, told if is_so else replace(worker, enduring=amount)
        return tuple(self._enduring.get(worker.id, (worker, worker))[1] for worker in self.workers)


def read_seen(row: tuple[Any, ...]) -> Seen:
    """The same of a row as ``read_rows`` reads it."""
    picture = read_picture(row)
    takes = picture.admin_state is AdminState.OPEN and picture.live_state is LiveState.UP and not picture.trouble
    return Seen(row, picture, picture.free if takes else None)


def read_rows(db: Database) -> list[tuple[Any, ...]]:
    """Every worker that is not forgotten, by name: its id, its digest, and what ``read_picture`` reads."""
    return db.rows(
        """
        SELECT id, holds_digest, name, cpu_milli, memory_mb, gpus, reserved_milli, reserved_memory_mb, reserved_gpus,
               allocated_milli, allocated_memory_mb, allocated_gpus, admin_state, live_state, labels::text, trouble
          FROM workers WHERE forgotten_at IS NULL ORDER BY name
        """
    )


def read_picture(row: Sequence[Any]) -> WorkerPicture:
    """A WorkerPicture from such a row."""
    return WorkerPicture(
        id=row[0],
        name=row[2],
        capacity=Resources(*row[3:6]),
        reserved=Resources(*row[6:9]),
        allocated=Resources(*row[9:12]),
        admin_state=AdminState(row[12]),
        live_state=LiveState(row[13]),
        labels=msgspec.json.decode(row[14]),
        trouble=row[15],
    )
