"""Questions, or deeds, one after another, in a thread of their own, so that looks need not wait for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from textual.message import Message

from clusterctl.model.errors import ClusterError
from clusterctl.tui.engine.messages import Answered, Broken, Unanswered

T = TypeVar("T")


class Errand(NamedTuple):
    """What is asked, and who wants to know."""

    ask: Callable[[], Any]
    then: Callable[[Any], object]
    otherwise: Callable[[Exception], object]


class Errands:
    """Runs them in the order in which they came. A newer errand of the same key takes the place of one that waits."""

    def __init__(self, post: Callable[[Message], object], name: str = "errands") -> None:
        self._post = post
        self._waiting: OrderedDict[str, Errand] = OrderedDict()
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is not waited for, and what waits is not begun."""
        self._stopping.set()
        self._bell.set()

    def run(
        self, key: str, ask: Callable[[], T], then: Callable[[T], object], otherwise: Callable[[Exception], object]
    ) -> None:
        """Ask, and let *then* hear the answer on the console's own thread, or *otherwise* what went wrong."""
        with self._lock:
            # In its place, not at the end: what is asked anew again and again would never have its turn.
            self._waiting[key] = Errand(ask, then, otherwise)
        self._bell.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait()
            self._bell.clear()
            while not self._stopping.is_set() and (errand := self._next()):
                try:
                    self._do(errand)
                except Exception as error:  # noqa: BLE001 - whoever asked would wait for ever, and nobody would know
                    self._tell(Broken(error))
                    return

    def _next(self) -> Errand | None:
        with self._lock:
            return self._waiting.popitem(last=False)[1] if self._waiting else None

    def _do(self, errand: Errand) -> None:
        try:
            answer = errand.ask()
        except ClusterError as error:
            self._tell(Unanswered(errand.otherwise, error))
        else:
            self._tell(Answered(errand.then, answer))

    def _tell(self, message: Message) -> None:
        if not self._stopping.is_set():
            self._post(message)
