"""Many histories at the same time, each process living through one after the other."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator

from tests import embedded_server
from tests.simulation.history import Story, live_through


def stories(seeds: range, processes: int) -> Iterator[Story]:
    """As they come. The servers must have been announced."""
    with multiprocessing.get_context("spawn").Pool(processes, initializer=hush) as pool:
        yield from pool.imap_unordered(one, seeds)


def hush() -> None:
    """What the daemons log is no part of a story."""
    logging.disable(logging.CRITICAL)


def one(seed: int) -> Story:
    """Live through it, in a process that has been told where the servers are."""
    return live_through(seed, embedded_server.servers())
