"""The only place in the tests that waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.01  # seconds between two looks
PATIENCE = 60.0  # seconds: nobody's promise, only when a test gives up; what must be quick is measured


def until(predicate: Callable[[], T], timeout: float = PATIENCE, what: str = "") -> T:
    """Ask *predicate* until its answer is true, and return that answer. Fails the test after *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            name = what or getattr(predicate, "__name__", "it")
            raise AssertionError(f"waited {timeout:g} s for {name}; the last answer was {answer!r}")
        time.sleep(PAUSE)
    return answer
