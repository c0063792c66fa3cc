"""Waiting an outage of Postgres out, in commands that wait anyway."""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from clusterctl.clock import patience
from clusterctl.model.errors import Outage

PATIENCE = 900.0  # seconds without Postgres that a wait survives: as long as the jobs themselves

T = TypeVar("T")


def patiently(look: Callable[[], T], chance: Callable[[], float] = random.random) -> T:
    """*look*, through an absence of Postgres; its Outage if that lasts longer than PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    for outages in itertools.count():
        try:
            return look()
        except Outage as outage:
            if time.monotonic() > deadline:
                raise
            if not outages:
                sys.stderr.write(f"{outage}; still waiting\n")
            time.sleep(patience(outages, chance()))
    raise AssertionError("there is always a next time")
