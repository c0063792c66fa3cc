"""Faults, one after the other and across each other, dealt by seed from a shuffled deck; each written down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import redis

from tests.tower.daemons import boottime
from tests.tower.faults import FAULTS, Fault, Place

if TYPE_CHECKING:
    from tests.tower.tower import Tower

LOOK_AFTER_EVERY_S = 0.25


class Schedule:
    """Strikes *tower* about every *every* seconds. ``entries`` are what was done: kind, place, ``began``, ``ended``."""

    def __init__(self, tower: Tower, seed: int, every: float, log: Path, tell: Callable[[str], None]) -> None:
        self.entries: list[dict[str, Any]] = []
        self.failures: list[BaseException] = []
        self._tower = tower
        self._chance = Random(seed)
        self._every = every
        self._log = log
        self._tell = tell
        self._deck: list[Fault] = []
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self, seconds: float) -> None:
        """For so long."""
        deadline = time.monotonic() + seconds
        strike_at = time.monotonic() + self._every / 2
        while (now := time.monotonic()) < deadline and not self.failures:
            if now >= strike_at:
                self._strike()
                strike_at = now + self._chance.uniform(0.5, 1.5) * self._every
            self._tower.look_after()
            self._over.wait(LOOK_AFTER_EVERY_S)

    def stop(self) -> None:
        """Cut every fault short, and see it mended. Raises what went wrong with the tower itself."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def _strike(self) -> None:
        """The next fault of the deck that has a free place now."""
        for _ in FAULTS:
            fault = self._deal()
            places = fault.places(self._tower)
            with self._lock:
                free = [place for place in places if place.name not in self._busy]
                if free:
                    place = self._chance.choice(free)
                    self._busy.add(place.name)
            if free:
                chance = Random(self._chance.random())
                thread = threading.Thread(target=self._carry_out, args=(fault, place, chance), name=fault.kind)
                self._threads.append(thread)
                self._tell(f"{fault.kind} at {place.name}")
                thread.start()
                return

    def _deal(self) -> Fault:
        if not self._deck:
            self._deck = [fault for fault in FAULTS for _ in range(fault.weight)]
            self._chance.shuffle(self._deck)
        return self._deck.pop()

    def _carry_out(self, fault: Fault, place: Place, chance: Random) -> None:
        entry: dict[str, Any] = {"kind": fault.kind, "place": place.name, "began": boottime()}
        try:
            for pause in fault.course(self._tower, place.what, chance):
                self._over.wait(pause)
        except (psycopg.Error, redis.RedisError) as error:  # another fault was there before
            entry["missed"] = str(error).strip().partition("\n")[0]
        except BaseException as error:  # noqa: BLE001  # told by the main thread
            self.failures.append(error)
        entry["ended"] = boottime()
        with self._lock:
            self._busy.discard(place.name)
            self.entries.append(entry)
            with suppress(OSError), self._log.open("a") as log:
                log.write(json.dumps(entry) + "\n")
