"""A connection that does not wait for ever: a server that hangs, or a network that swallows, ends as an error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.abc import PQGen
from psycopg.types.json import set_json_loads

T = TypeVar("T")

LOOK_UP_EVERY = 0.1  # seconds between two looks for Ctrl-C while waiting; the driver's own


def loads(text: str | bytes) -> Any:
    """What JSON says. Python's own reader, which takes longer, is asked for what msgspec refuses: lone surrogates."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(text)


set_json_loads(loads)


class Connection(psycopg.Connection[Any]):
    """Waits ``patience`` seconds for an answer, and then asks ``is_hopeless`` whether to wait on.

    Whatever was asked when hope was given up may have been done, or may still be.
    """

    patience: float = 2.5
    is_hopeless: Callable[[], bool] = staticmethod(lambda: True)

    def wait(self, gen: PQGen[T], interval: float = LOOK_UP_EVERY, timeout: float | None = None) -> T:
        """See psycopg.Connection.wait, which every statement goes through."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        while True:
            until = time.monotonic() + self.patience
            try:
                return super().wait(gen, interval, self.patience)
            except psycopg.OperationalError:
                if time.monotonic() < until or self.pgconn.socket < 0:  # refused or cut, not silent
                    raise
            if self.is_hopeless():
                self.pgconn.finish()  # in the middle of an answer: nobody can use it any more
                raise psycopg.OperationalError(f"no answer for {self.patience:g} s")
