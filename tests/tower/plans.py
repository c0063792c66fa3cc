"""What the tower submits: drawn by seed and number, so that a submitter that was killed asks for the same again."""

from __future__ import annotations

from random import Random
from typing import Literal

import msgspec

Mood = Literal["plain", "stubborn", "parent"]
LOOKS_BACK = 12  # submissions among which a dependent one looks for its parents


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One submission. ``count`` > 1 is an array; ``fails``, ``code`` and ``mood`` are those of ``job.py``.

    ``after`` are pairs of job and condition; ``cancel_after`` is in seconds from the acknowledgement.
    """

    number: int
    cpu_milli: int
    seconds: float
    lines: int
    count: int = 1
    array_limit: int | None = None
    fails: int = 0
    code: int = 0
    retries: int = 0
    mood: Mood = "plain"
    time_limit_s: int | None = None
    lease_s: int = 20
    on_worker_loss: Literal["requeue", "fail", "wait"] = "requeue"
    after: tuple[tuple[int, Literal["ok", "any", "notok"]], ...] = ()
    cancel_after: float | None = None


def draw(seed: int, number: int, known: list[int]) -> Plan:
    """The plan of submission *number*; *known* are jobs that were acknowledged before, oldest first."""
    chance = Random(f"{seed} {number}")
    kind = chance.choices(
        ("single", "array", "flaky", "dependent", "cancelled", "overdue", "stubborn", "parent", "long"),
        (24, 8, 10, 10, 8, 4, 5, 5, 28),
    )[0]
    plan = Plan(
        number=number,
        cpu_milli=chance.choice((500, 1000, 1000, 2000, 3000)),
        seconds=round(
            chance.choices((chance.uniform(0, 1), chance.uniform(1, 4), chance.uniform(6, 14)), (40, 40, 20))[0], 2
        ),
        lines=chance.choice((0, 1, 20, 200, 3000)),
        lease_s=chance.choice((6, 6, 8, 20, 60)),
        on_worker_loss=chance.choices(("requeue", "fail", "wait"), (88, 9, 3))[0],
    )
    return msgspec.structs.replace(plan, **particulars(kind, chance, known[-LOOKS_BACK:]))


def particulars(kind: str, chance: Random, parents: list[int]) -> dict[str, object]:
    """What makes a plan of this *kind* one."""
    match kind:
        case "array":
            return {"count": chance.randint(2, 6), "array_limit": chance.choice((None, None, 2)), "cpu_milli": 500}
        case "flaky":
            fails = chance.randint(1, 2)
            return {"fails": fails, "code": chance.randint(1, 255), "retries": fails - chance.randint(0, 1)}
        case "dependent" if parents:
            chosen = chance.sample(parents, min(len(parents), chance.randint(1, 2)))
            return {"after": tuple((job, chance.choice(("ok", "ok", "any", "notok"))) for job in sorted(chosen))}
        case "cancelled":
            return {"cancel_after": round(chance.uniform(0, 3), 2), "seconds": round(chance.uniform(1, 5), 2)}
        case "overdue":
            return {"time_limit_s": 1, "seconds": 8.0}
        case "stubborn" | "parent":
            return {"mood": kind, "cancel_after": chance.choice((None, None, 1.5))}
        case "long":  # outlives its lease, and the time after which it is lost, on a worker that is cut off
            lease = {"lease_s": chance.choice((6, 6, 6, 60)), "mood": chance.choice(("plain", "stubborn", "parent"))}
            return {"seconds": round(chance.uniform(18, 30), 2), "cpu_milli": 500, **lease}
    return {}
