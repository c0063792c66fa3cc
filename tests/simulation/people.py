"""What users and operators do to a world: submit, cancel, drain, resume, tidy up."""

from __future__ import annotations

from clusterctl.model.errors import Moved, Outage
from clusterctl.model.resources import Resources
from clusterctl.model.spec import After, Spec, Submission
from clusterctl.model.states import AdminState
from clusterctl.store import administration, jobs, releases, submissions
from tests.simulation.world import World

TRIES = 3
SILENT = """
    SELECT name, agent_id::text, incarnation, beat FROM workers WHERE live_state = 'silent' ORDER BY name
"""


def submit(world: World) -> None:
    """An answer that is lost is asked for again, if there is a key to ask by."""
    submission = draw(world)
    for _ in range(TRIES if submission.key else 1):
        try:
            ids = submissions.submit(world.user, submission).ids
        except Outage:
            world.note("a submit was not answered")
        else:
            world.acknowledged += ids
            world.note(f"submitted {ids[0]} to {ids[-1]}: {' '.join(submission.spec.command[1:])}")
            return


def draw(world: World) -> Submission:
    """Some job, or array."""
    chance = world.chance
    manner = chance.choice(["", "", "", "", "stubborn", "unstartable"])
    command = ("simulate", str(chance.randint(1, 30)), str(int(chance.random() < 0.15)), manner)
    parents = chance.sample(world.acknowledged, min(len(world.acknowledged), chance.choice([0, 0, 0, 1, 2])))
    return Submission(
        spec=Spec(command=command),
        request=Resources(chance.choice([500, 1000, 1000, 2000, 3000, 9000]), chance.choice([0, 0, 100, 400]), 0),
        priority=chance.choice([50, 50, 90]),
        tenant=chance.choice(["ann", "bob"]),
        time_limit_s=chance.choice([None, None, 5, 20]),
        retries=chance.choice([0, 0, 1, 2]),
        indices=chance.choice([None, None, (0, 1, 2), tuple(range(6))]),
        after=tuple(After(id, chance.choice(["ok", "any", "notok"])) for id in parents),
        worker=chance.choice([None] * 9 + ["w1"]),
        hold=chance.random() < 0.03,
        on_worker_loss=chance.choice(["requeue", "requeue", "requeue", "fail", "wait"]),
        lease_s=chance.choice([6, 9, 12]),
        key=chance.choice([None, f"key {len(world.trace)}"]),
    )


def cancel(world: World) -> None:
    """Some of those that a user knows of."""
    ids = world.chance.sample(world.acknowledged, min(len(world.acknowledged), world.chance.randint(1, 3)))
    try:
        done = jobs.cancel(world.user, ids)
    except (Outage, Moved) as trouble:
        world.note(f"could not cancel {ids}: {trouble}")
    else:
        world.note(f"cancelled {[f'{each.job_id} {each.outcome}' for each in done]}")


def ring(world: World) -> None:
    """Redis tells an agent that there is something for it; true or not."""
    worker = world.chance.choice(list(world.workers.values()))
    worker.orders.ring()
    if worker.life:
        worker.life.wakes_at = world.clock.seconds()


def drain(world: World) -> None:
    """No new work for one, or work for all again."""
    names = list(world.workers)
    draining = world.chance.random() < 0.5
    chosen, state = ([world.chance.choice(names)], AdminState.DRAINING) if draining else (names, AdminState.OPEN)
    administer(world, chosen, state)


def administer(world: World, names: list[str], state: AdminState) -> None:
    """What ``drain`` and ``resume`` do."""
    try:
        world.note(f"{state}: {administration.administer(world.user, names, state, 'simulated')}")
    except (Outage, Moved) as trouble:
        world.note(f"could not administer: {trouble}")


def release_late(world: World) -> None:
    """What ``doctor --fix-stuck`` does with reservations that nobody starts."""
    try:
        ids = [row[0] for row in world.user.rows("SELECT id FROM allocations WHERE reserved ORDER BY id")]
        released = releases.release_reserved(world.user, ids)
    except (Outage, Moved) as trouble:
        world.note(f"could not release: {trouble}")
    else:
        world.note(f"released by hand: {[each.allocation_id for each in released]}")


def confirm_dead(world: World) -> None:
    """``worker NAME --confirm-dead`` for machines that are off, or were reinstalled since they registered.

    For these only: an operator who is wrong is beyond all promises.
    """
    try:
        for name, agent, incarnation, beat in world.user.rows(SILENT):
            worker = world.workers[name]
            if not worker.machine.is_on or agent != worker.registration.agent_id:
                ended = releases.confirm_dead(world.user, name, incarnation, beat, "confirmed by its operator")
                world.note(f"{name} is confirmed dead, and held {len(ended)}")
    except (Outage, Moved) as trouble:
        world.note(f"could not confirm a death: {trouble}")
