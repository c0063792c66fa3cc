"""From a seed to a history: what happens when, and whether all is well in the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import psycopg

from clusterctl.model.states import AdminState
from tests.embedded_server import TEMPLATE, Servers
from tests.simulation import faults, people
from tests.simulation.world import World

LASTS = 50.0  # virtual seconds of accidents
BURNT = 0.3  # of all histories end with a machine that never comes back
GAP = 1.0  # between two of them, on average
UNAIDED = 60.0  # after the last accident, in which nobody helps what is stuck
LONGEST_STANDSTILL = 400.0  # of all rows, while something is still to be done; a retry may be put off by 300

HAPPENINGS: dict[Callable[[World], None], int] = {
    people.submit: 36,
    people.cancel: 5,
    people.ring: 5,
    people.drain: 3,
    people.release_late: 2,
    people.confirm_dead: 3,
    faults.kill_schedd: 5,
    faults.kill_agent: 6,
    faults.kill_agent_with_news: 4,
    faults.stop_daemon: 6,
    faults.stop_agent_with_orders: 5,
    faults.stop_leader_with_plan: 3,
    faults.reboot: 4,
    faults.reinstall: 1,
    faults.cut_off: 6,
    faults.end_postgres: 4,
    faults.break_line: 4,
    faults.lose_answer: 6,
    faults.set_clock: 2,
    faults.freeze: 2,
    faults.break_machine: 1,
    faults.join: 2,
    faults.leave: 3,
}


class Story(NamedTuple):
    """What a seed came to: ``ends`` counts why attempts ended; ``broken`` is empty if every promise held."""

    seed: int
    digest: str
    faults: Counter[str]
    ends: Counter[str]
    jobs: int
    trace: list[str]
    broken: str = ""


def live_through(seed: int, servers: Servers) -> Story:
    """One history, in a database of its own. What goes wrong is told, and not raised, with all that led to it."""
    name = f"world_{os.getpid()}_{seed}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        world = World(servers.database(name), servers.admin_url, seed)
        broken = ""
        try:
            live(world)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this seed's
            broken = f"{type(error).__name__}: {error}"
        finally:
            ends = world.watchman.ends()
            world.close()
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    return Story(seed, world.digest, world.faults, ends, len(world.acknowledged), world.trace, broken)


def live(world: World) -> None:
    """Accidents, then rest, then a look back."""
    for name in ("s1", "s2"):
        world.begin_schedd(name)
    for _ in range(world.chance.randint(3, 4)):
        world.new_worker()
    world.ends_at = world.clock.seconds() + LASTS
    world.later(1, lambda: happen(world))
    world.pass_time(LASTS)
    mend(world)
    rest(world)
    world.watchman.look_back()


def happen(world: World) -> None:
    """Something, and a little later something else."""
    if world.clock.seconds() > world.ends_at:
        return
    world.later(world.chance.expovariate(1 / GAP), lambda: happen(world))
    (act,) = world.chance.choices(list(HAPPENINGS), weights=list(HAPPENINGS.values()))
    act(world)
    world.watchman.look()


def mend(world: World) -> None:
    """Everybody is there again, except perhaps a machine that has burnt down; nothing stands in anybody's way."""
    world.note("no more accidents")
    world.server.away = False
    world.server.ahead += 3600  # whatever was put off when the clock went back
    world.user.hazard = None
    for name in ("s1", "s2"):
        world.begin_schedd(name)
    *workers, last = world.workers.values()
    if world.chance.random() < BURNT:
        world.note(f"{last.name} has burnt down")
        world.burnt = last.name
        last.lose_power()
    else:
        workers.append(last)
    for worker in workers:
        worker.cut_off(False)
        worker.machine.broken = worker.machine.kills_agent_at_start = False
        worker.machine.thaw()
        world.power_on(worker)
    for life in world.lives():
        life.stopped = False
        life.db.hazard = None


def rest(world: World) -> None:
    """Let all come to its end."""
    began, aided = world.clock.seconds(), False
    while unrest := world.watchman.unrest():
        passed = world.clock.seconds() - began
        if world.clock.seconds() > world.watchman.changed_at + LONGEST_STANDSTILL:
            raise AssertionError(f"nothing moves any more, though {unrest}")
        if passed > UNAIDED:
            if not aided:
                world.watchman.see_that_nothing_is_stuck()
            aided = True
            people.confirm_dead(world)
        people.administer(world, list(world.workers), AdminState.OPEN)
        world.pass_time(5)
