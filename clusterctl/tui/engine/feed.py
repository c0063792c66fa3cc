"""Looks, one after another, in a thread of their own: the next begins an interval after the last has ended."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from textual.message import Message

from clusterctl.model.errors import BadInput, ClusterError, Outage
from clusterctl.model.looks import Want
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.engine.messages import Broken, Looked, LookFailed
from clusterctl.tui.engine.source import Source

Post = Callable[[Message], object]
BREATH = 0.05  # seconds between any two looks: whoever scrolls asks for one with every key


class Feed:
    """Asks *source* again and again for what is wanted just then. Whatever comes of it is posted, never returned.

    ``interval``: seconds from the end of a look to the next. *clock* and *chance*: see Connection.
    """

    def __init__(
        self,
        source: Source,
        post: Post,
        *,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.interval = interval
        self._source = source
        self._post = post
        self._clock = clock
        self._chance = chance
        self._want = Want()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._postgres = Connection()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self, want: Want) -> None:
        """Begin, with a look for *want*."""
        self._want = want
        self._thread.start()

    def stop(self) -> None:
        """End; a look that is under way is not waited for."""
        self._stopping.set()
        self._bell.set()

    def ask(self, want: Want) -> None:
        """Look for that from now on, and at once. Asking often costs nothing: there is one look at a time."""
        self._want = want
        self._bell.set()

    def pace(self, interval: float) -> None:
        """Rest so long from now on; a shorter rest begins at once."""
        hurried = interval < self.interval
        self.interval = interval
        if hurried:
            self._bell.set()

    def _run(self) -> None:
        while not self._stopping.wait(BREATH):
            self._bell.clear()  # before the look, so that what is asked during it is not lost
            try:
                self._look(self._want)
            except Exception as error:  # noqa: BLE001 - a thread that died unseen would leave a picture that never moves
                self._post(Broken(error))
                return
            self._bell.wait(self._postgres.wait(self._clock(), self.interval))

    def _look(self, want: Want) -> None:
        try:
            look = self._source.look(want)
        except ClusterError as error:
            if isinstance(error, BadInput) and (want.filter or want.sort):  # that there is no such field is an answer
                self._postgres = self._postgres.answered(self._clock(), self._postgres.took_ms)
            else:
                self._postgres = self._postgres.failed(self._clock(), str(error), self._chance())
            redis = self._source.redis() if isinstance(error, Outage) else None
            self._tell(LookFailed(error, self._postgres, redis, want))
        else:
            self._postgres = self._postgres.answered(self._clock(), look.took_ms)
            self._tell(Looked(look, self._clock(), self._postgres))

    def _tell(self, message: Message) -> None:
        if not self._stopping.is_set():
            self._post(message)
