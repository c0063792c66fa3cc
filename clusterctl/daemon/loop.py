"""The loop that every daemon lives in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from clusterctl.clock import LONGEST_PAUSE, Bell, Clock, patience
from clusterctl.model.errors import Outage

# What a cycle answers. True: there is more to do, go on at once. False: nothing now, rest as usual. A float:
# rest so many seconds, be it more or less than usual; 0.0 is the same as True. The bell cuts every rest short.
Rest = bool | float

log = logging.getLogger(__name__)


def keep_running(
    cycle: Callable[[], Rest],
    *,
    every: float,
    clock: Clock,
    bell: Bell,
    stop: Callable[[], bool],
    chance: Callable[[], float] = lambda: 0.0,
    sockets: Callable[[], Sequence[int]] = tuple,
) -> None:
    """Run *cycle* until *stop* says so; it is asked between cycles, so a cycle is never cut.

    Rests as the cycle answers (see ``Rest``; False means *every* seconds), or until *bell* rings or one of
    *sockets* is readable. An outage is waited out with growing patience, deaf to all but *stop*: a daemon
    outlives its database, and what rings meanwhile must not hammer at it. Any other exception is a bug and
    ends the daemon. *chance* draws from [0, 1): it spreads the returns of many daemons (``random.random``;
    by default there is none).
    """
    outages = 0
    while not stop():
        bell.clear()  # before the cycle, so that a ring during it is not lost
        try:
            rest = cycle()
        except Outage as outage:
            pause = patience(outages, chance())
            outages += 1
            # Each step of a growing patience is news; its long tail is not.
            tell = log.warning if pause < LONGEST_PAUSE / 2 or outages % 30 == 0 else log.debug
            tell("%s; trying again in %.1fs (%d in a row)", outage, pause, outages)
            _sit_out(pause, clock, bell, stop)
            continue
        if outages:
            log.info("back after %d failed attempts", outages)
            outages = 0
        seconds = (0.0 if rest else every) if isinstance(rest, bool) else rest
        if seconds > 0 and not stop():
            clock.wait(bell, seconds, sockets())


def _sit_out(pause: float, clock: Clock, bell: Bell, stop: Callable[[], bool]) -> None:
    """Rest for all of *pause*, whatever rings, unless told to stop."""
    until = clock.seconds() + pause
    while not stop() and (left := until - clock.seconds()) > 0:
        clock.wait(bell, left)
        bell.clear()
