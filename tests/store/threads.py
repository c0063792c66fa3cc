"""Doing things at the same moment, or while another waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from clusterctl.store.connection import Database

T = TypeVar("T")

PATIENCE = 60.0  # seconds that a thread of a test may take


def at_once(*actions: Callable[[], T]) -> list[T | Exception]:
    """Do all of them at the same moment, each in its own thread; their answers, or what they raised."""
    answers: list[T | Exception] = [AssertionError("did not end in time")] * len(actions)
    gate = threading.Barrier(len(actions))

    def act(number: int, action: Callable[[], T]) -> None:
        gate.wait(PATIENCE)
        try:
            answers[number] = action()
        except Exception as error:  # noqa: BLE001  # handed to the test, which judges it
            answers[number] = error

    threads = [threading.Thread(target=act, args=each, daemon=True) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return answers


def waits_for_a_lock(db: Database) -> bool:
    """Whether somebody on this database is waiting for somebody else's lock."""
    return bool(
        db.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    )


def in_background(action: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Begin *action* in a thread; what it returned or raised will stand in the list."""
    answer: list[object] = []

    def act() -> None:
        try:
            answer.append(action())
        except Exception as error:  # noqa: BLE001  # handed to the test, which judges it
            answer.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread, answer
