"""``python -m schedd``: run a scheduler here, in the foreground, until told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import random
import socket
import sys
from collections.abc import Callable
from contextlib import closing

from clusterctl import live
from clusterctl.clock import Bell, SystemClock
from clusterctl.daemon import Rest, Signals, keep_running, live_as, tell_systemd
from clusterctl.model.errors import Moved, Outage, Refused
from clusterctl.settings import Settings
from clusterctl.store import bell as bells
from clusterctl.store.connection import Database
from schedd import identity
from schedd.doorkeeper import Doorkeeper
from schedd.leadership import Chair
from schedd.loop import Scheduler

log = logging.getLogger(__name__)


def main() -> int:
    """Parse, prepare, run; the exit code."""
    arguments = parse()
    return live_as("schedd", lambda settings: run(settings, arguments.name, once=arguments.once))


def parse() -> argparse.Namespace:
    """The daemon's own flags; everything else is a setting."""
    parser = argparse.ArgumentParser(prog="schedd", description="The scheduler of a clusterctl cluster.")
    parser.add_argument("--name", default=socket.gethostname(), help="how the leader's row names it")
    parser.add_argument("--once", action="store_true", help="hold one round and stop")
    return parser.parse_args()


def run(settings: Settings, name: str, *, once: bool) -> None:
    """Live until a signal; with *once*, for one round."""
    bell, clock = Bell(), SystemClock()
    redis = live.Connection(settings.redis_url, settings.redis_prefix)
    db = connect(settings)
    chair = Chair(db, identity.holder(name), clock, identity.is_dead)
    with Signals(bell) as signals:
        scheduler = Scheduler(settings, db, redis, chair, clock, asked_now=signals.asked_now)
        if once:
            scheduler.cycle()
            if chair.term is None:
                raise Refused("another schedd leads, nothing was decided")
        else:
            log.info("schedd %s started, pid %s", name, os.getpid())
            decide_and_serve(settings, scheduler, db, bell, signals.stopping)
    leave(chair)
    db.close()


def decide_and_serve(
    settings: Settings, scheduler: Scheduler, db: Database, bell: Bell, stop: Callable[[], bool]
) -> None:
    """Hold rounds, and keep the door, until told to stop."""
    clock = SystemClock()
    with closing(Doorkeeper(settings, clock)) as door:

        def cycle() -> Rest:
            door.look()
            return scheduler.cycle()

        door.look()
        tell_systemd("READY=1")
        keep_running(
            cycle,
            every=settings.round_every,
            clock=clock,
            bell=bell,
            stop=stop,
            chance=random.random,
            sockets=lambda: (*db.sockets(), *door.sockets()),
        )
        tell_systemd("STOPPING=1")


def leave(chair: Chair) -> None:
    """Resign, if Postgres will hear it; otherwise the next one waits out our silence."""
    try:
        chair.resign()
    except (Outage, Moved) as trouble:
        log.warning("could not resign: %s", trouble)


def connect(settings: Settings) -> Database:
    """A connection that cannot hold anybody up.

    What a crash of Postgres may forget of a round is decided again, so its commits need not wait for the disk;
    the next durable commit of anybody flushes them too.
    """
    return Database(
        settings.database_url,
        name="schedd",
        listen=bells.SCHEDD,
        synchronous_commit="off",
        idle_in_transaction_session_timeout="3s",
        lock_timeout="2s",
        statement_timeout="5s",
        answer_within=8,
        # Everything that schedd reads has an index; until a table is first analysed the planner would not know.
        enable_seqscan="off",
        plan_cache_mode="force_generic_plan",  # to plan one start anew takes longer than to make it
    )


if __name__ == "__main__":
    sys.exit(main())
