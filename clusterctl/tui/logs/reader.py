"""What an attempt wrote, read in a thread of its own: its end first, then what is written, and older text on demand.

It knows files and agents, not Postgres: where an output lies, and whether its attempt has ended, it is told. It posts
what it has read, and never more than a few pieces ahead of whoever shows them: a job may write faster than anybody
reads.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from textual.message import Message

from clusterctl.model.errors import ClusterError
from clusterctl.model.output import OutputPicture
from clusterctl.output.reader import Readers
from clusterctl.tui.engine.messages import Broken
from clusterctl.tui.logs.reading import Kind, Reading

AHEAD = 4  # pieces that are on their way to the screen
REST_S, LONGEST_REST_S = 0.1, 1.0  # between two looks at an output that does not grow

COUNTED: tuple[Kind, ...] = ("text", "older")  # so many of these may be on their way as there is room for


@dataclass
class LogRead(Message):
    """Something was read. ``key``: of which opening.

    ``text``: comes next. ``older``: stands before all that is known; ``whole``: nothing stands before it. ``note``: a
    sentence of ours, next. ``quiet``: nothing more was there just now; ``whole``: not even a file. ``lost``: it is out
    of reach, and why. Whoever has shown a ``text`` or ``older`` calls ``taken``.
    """

    key: int
    kind: Kind
    text: str = ""
    whole: bool = False


class Order(NamedTuple):
    """What the thread is told: to open an output, or to read what is older. Without an output: to rest.

    ``again``: it was open before, and what was read then is still shown.
    """

    key: int
    found: OutputPicture | None = None
    older: bool = False
    again: bool = False


class LogReader:
    """Reads one output at a time. *post* is called from its thread."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(AHEAD)
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._reading: Reading | None = None  # the thread's own
        self._key = 0
        self._is_stopped = False

    @property
    def key(self) -> int:
        """Of the newest opening: what was read of older ones is of no use any more."""
        return self._key

    def open(self, found: OutputPicture) -> int:
        """Read that from now on, from its end; the key of what will come."""
        self._key += 1
        return self._order(found)

    def go_on(self, found: OutputPicture) -> int:
        """Read what was opened last from where that was; all that was read before is shown, or still on its way."""
        return self._order(found, again=True)

    def rest(self) -> None:
        """Read nothing more for now."""
        self._order(None)

    def forget(self) -> None:
        """The same, and what is still on its way is of no use any more."""
        self._key += 1
        self._order(None)

    def older(self) -> None:
        """Read what stands before all that was read."""
        self._orders.put(Order(self._key, older=True))

    def taken(self) -> None:
        """A piece has been shown."""
        self._room.release()

    def stop(self) -> None:
        """End; what is under way is not waited for."""
        self._is_stopped = True
        self._orders.put(None)
        self._room.release()

    def _order(self, found: OutputPicture | None, *, again: bool = False) -> int:
        if not self._thread.is_alive():
            self._thread.start()
        self._orders.put(Order(self._key, found, again=again))
        return self._key

    def _run(self) -> None:
        try:
            with Readers() as readers:
                order = self._orders.get()
                while order is not None and not self._is_stopped:
                    order = self._read(order, readers) if order.found else self._orders.get()
        except Exception as error:  # noqa: BLE001 - a log that no longer grows would look like a job that is silent
            self._post(Broken(error))

    def _read(self, order: Order, readers: Readers) -> Order | None:
        """Read what is asked for, until something else is; that."""
        found = order.found
        assert found is not None  # noqa: S101 - _run sees to it
        try:
            with closing(readers.open(found)) as reader:
                if self._reading is None or not order.again or not self._reading.is_of(found):
                    self._reading = Reading(found)
                return self._follow(self._reading.by(reader, partial(self._tell, order.key)))
        except ClusterError as trouble:
            self._tell(order.key, "lost", f"{trouble}{f' ({trouble.hint})' if trouble.hint else ''}")
            return self._orders.get()

    def _follow(self, reading: Reading) -> Order | None:
        reading.begin()
        rest = 0.0
        while True:
            try:
                order = self._orders.get(timeout=rest) if rest else self._orders.get_nowait()
            except queue.Empty:
                rest = 0.0 if reading.go_on() else min(max(rest * 1.5, REST_S), LONGEST_REST_S)
                continue
            if order is None or not order.older:
                return order
            reading.go_back()

    def _tell(self, key: int, kind: Kind, text: str, whole: bool = False) -> None:
        if key != self._key or self._is_stopped:
            return
        if kind in COUNTED:
            self._room.acquire()
        self._post(LogRead(key, kind, text, whole))
