"""Accidents. Each picks its victim by the world's chance, and sees that it is mended, sooner or later."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from msgspec.structs import replace

from clusterctl.model.errors import Outage
from tests.simulated import Died
from tests.simulation.world import MARGIN, World
from tests.virtual import Life
from tests.worker import Worker

MOST_WORKERS = 5
DEEPEST = 8  # words to Postgres that a daemon may still say before it is struck


def kill_schedd(world: World) -> None:
    """Now, or in the middle of what it does next; another of its name begins later."""
    if (name := some_schedd(world)) is None:
        return
    world.fault("schedd killed", name)
    life = world.schedds[name]
    if life.can_live and world.chance.random() < 0.5:
        strike(world, life, die)
    else:
        world.kill_schedd(name)
    world.later(world.chance.uniform(0, 25), lambda: world.begin_schedd(name))


def kill_agent(world: World) -> None:
    """Now, in the middle of what it does next, or between winning a start and making the process."""
    found = [worker for worker in world.workers.values() if worker.life and worker.machine.frozen_at is None]
    if not found:
        return
    worker = world.chance.choice(found)
    how = world.chance.choice(["now", "within", "at its next start"])
    world.fault("agent killed", f"{worker.name}, {how}")
    if how == "now" or worker.life is None or not worker.life.can_live:
        worker.die()
    elif how == "within":
        strike(world, worker.life, die)
    else:
        worker.machine.kills_agent_at_start = True
    begin_again(world, worker, 25)


def stop_daemon(world: World) -> None:
    """As by SIGSTOP: between two cycles, or in the middle of one. It wakes up late, with an old picture."""
    lives = [(name, life) for name, life in world.schedds.items() if life.can_live]
    lives += [(worker.name, worker.life) for worker in world.workers.values() if worker.life and worker.life.can_live]
    if not lives:
        return
    name, life = world.chance.choice(lives)
    seconds = world.chance.choice([1, 2.5, 6, 12, 20, 40])
    if world.chance.random() < 0.3:
        world.fault("daemon stopped", f"{name} for {seconds} s")
        life.stopped = True
        world.later(seconds, lambda: go_on(life))
    else:
        world.fault("daemon stopped within a cycle", f"{name} for {seconds} s")
        strike(world, life, lambda life, _: world.hold(life, seconds))


def stop_leader_with_plan(world: World) -> None:
    """It has looked at the cluster, and stands still before it writes what it made of that; another leads meanwhile."""
    lives = [life for life in world.schedds.values() if life.can_live]
    if not lives:
        return
    life, seconds = world.chance.choice(lives), world.chance.choice([6, 14, 20])
    world.fault("leader stopped with a plan", f"for {seconds} s")

    def blow(_: str) -> None:
        if life.db.asked.lstrip().startswith("WITH wanted"):
            life.db.hazard = None
            world.note("a schedd is stopped with a plan")
            world.hold(life, seconds)

    life.db.hazard = blow


def stop_agent_with_orders(world: World) -> None:
    """It has won a start, and stands still before it makes the process, perhaps until all has been given to others."""
    if (worker := some_agent(world)) is None or worker.life is None:
        return
    life, seconds = worker.life, world.chance.choice([6, 12, 20])
    world.fault("agent stopped with orders", f"{worker.name} for {seconds} s")

    def blow(place: str) -> None:
        if place.startswith("after") and world.watchman.unknown_to(worker):
            life.db.hazard = None
            world.note(f"{worker.name} is stopped with orders")
            world.hold(life, seconds)

    life.db.hazard = blow


def kill_agent_with_news(world: World) -> None:
    """An attempt has ended, and its agent dies somewhere on the way to tell it."""
    if (worker := some_agent(world)) is None or worker.life is None:
        return
    life, countdown = worker.life, world.chance.randint(1, 5)
    world.fault("agent killed with news", worker.name)

    def blow(place: str) -> None:
        nonlocal countdown
        countdown -= world.watchman.ended_on(worker)
        if countdown == 0:
            world.note(f"{worker.name} dies with news, {place}")
            raise Died

    life.db.hazard = blow
    begin_again(world, worker, 25)


def reboot(world: World) -> None:
    """The machine is off for a while; what was not on its disk is forgotten."""
    if (worker := some_machine(world)) is None:
        return
    forgets = world.chance.random() < 0.5
    seconds = world.chance.choice([0, 3, 10, 50])
    world.fault("machine rebooted", f"{worker.name}, off for {seconds} s" + ", forgets" * forgets)
    worker.lose_power(forgets=forgets)
    world.later(seconds, lambda: world.power_on(worker))


def reinstall(world: World) -> None:
    """The machine's disk is new: its agent is a stranger, and is let in when nothing is held in its name."""
    if (worker := some_machine(world)) is None:
        return
    world.fault("machine reinstalled", worker.name)
    worker.lose_power(forgets=True)
    worker.registration = replace(worker.registration, agent_id=str(uuid.UUID(int=len(world.trace))))
    world.later(10, lambda: world.power_on(worker))


def cut_off(world: World) -> None:
    """The machine has no way to Postgres, for a moment or for longer than any lease."""
    worker = world.chance.choice(list(world.workers.values()))
    seconds = world.chance.choice([2, 6, 12, 20, 40])
    world.fault("machine cut off", f"{worker.name} for {seconds} s")
    worker.cut_off()
    world.later(seconds, lambda: worker.cut_off(False))


def end_postgres(world: World) -> None:
    """It hangs up on everybody, and lets nobody in."""
    seconds = world.chance.choice([0, 1, 4, 15, 40])
    world.fault("Postgres away", f"for {seconds} s")
    world.hang_up()
    world.later(seconds, lambda: setattr(world.server, "away", False))


def break_line(world: World) -> None:
    """A daemon's connection breaks, before what it says has arrived, or before the answer has."""
    lives = [life for life in world.lives() if life.can_live]
    if not lives:
        return
    world.fault("line broken")
    strike(world, world.chance.choice(lives), hang_up)


def lose_answer(world: World) -> None:
    """The answer to one of the next commits of a daemon, or of a user, is lost."""
    lives: list[Life | None] = [life for life in world.lives() if life.can_live]
    life = world.chance.choice([*lives, None])
    world.fault("answer to COMMIT lost")
    countdown = world.chance.randint(1, 3)

    def blow(place: str) -> None:
        nonlocal countdown
        countdown -= place.startswith("after")
        if countdown == 0:
            db.hazard = None
            world.note("an answer is lost")
            db.close()
            raise Outage("postgres", "the answer was lost")

    db = life.db if life else world.user
    db.hazard = blow


def set_clock(world: World) -> None:
    """Postgres's machine is given another time."""
    jump = world.chance.choice([-90.0, -20.0, -3.0, 3.0, 20.0, 90.0])
    world.server.ahead += jump
    world.fault("database clock set", f"by {jump:+g} s")


def freeze(world: World) -> None:
    """A virtual machine stands still, for less than the margin since its last sync; for longer nothing is promised."""
    worker = some_agent(world)
    seconds = world.chance.uniform(1, MARGIN - 1)
    if worker is None or worker.life is None or worker.machine.frozen_s + seconds > MARGIN - 1:
        return
    world.fault("machine frozen", f"{worker.name} for {seconds:.1f} s")
    life, life.stopped = worker.life, True
    worker.machine.freeze()

    def thaw() -> None:
        worker.machine.thaw()
        life.stopped = False

    world.later(seconds, thaw)


def break_machine(world: World) -> None:
    """Every start fails there, for a while."""
    if (worker := some_machine(world)) is None:
        return
    world.fault("machine broken", worker.name)
    worker.machine.broken = True
    world.later(world.chance.uniform(5, 20), lambda: setattr(worker.machine, "broken", False))


def join(world: World) -> None:
    """One more worker."""
    if len(world.workers) < MOST_WORKERS:
        world.new_worker()


def leave(world: World) -> None:
    """An agent is told to go, with its jobs or without; it may come back with other amounts of everything."""
    if (worker := some_agent(world)) is None:
        return
    stop_jobs = world.chance.random() < 0.5
    world.fault("agent left", f"{worker.name}" + ", with its jobs" * stop_jobs)
    if worker.life:
        worker.life.db.hazard = None
    worker.leave(stop_jobs=stop_jobs)
    if world.chance.random() < 0.5:
        world.offer(worker, world.chance.randint(1, 6), world.chance.choice([500, 1000]))
    begin_again(world, worker, 40)


# --- The parts of an accident


def some_schedd(world: World) -> str | None:
    """One that lives."""
    return world.chance.choice(list(world.schedds)) if world.schedds else None


def some_agent(world: World) -> Worker | None:
    """The worker of one that is not in the middle of something, nor stopped."""
    found = [worker for worker in world.workers.values() if worker.life and worker.life.can_live]
    return world.chance.choice(found) if found else None


def some_machine(world: World) -> Worker | None:
    """One that is on."""
    found = [worker for worker in world.workers.values() if worker.machine.is_on]
    return world.chance.choice(found) if found else None


def begin_again(world: World, worker: Worker, latest: float) -> None:
    """An agent begins there, if none has by then."""
    world.later(world.chance.uniform(0, latest), lambda: world.revive(worker))


def go_on(life: Life) -> None:
    """As by SIGCONT."""
    life.stopped = False


def strike(world: World, life: Life, blow: Callable[[Life, str], None]) -> None:
    """Let *blow* fall on a daemon within its next words to Postgres."""
    countdown = world.chance.randint(1, DEEPEST)

    def count(place: str) -> None:
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            life.db.hazard = None
            world.note(f"struck, {place}")
            blow(life, place)

    life.db.hazard = count


def die(life: Life, place: str) -> None:
    """As by kill -9."""
    raise Died


def hang_up(life: Life, place: str) -> None:
    """Whoever was just speaking finds that nobody is there."""
    life.db.close()
    raise Outage("postgres", f"the connection broke {place}")
