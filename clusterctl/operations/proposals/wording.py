"""What all proposals say alike: counts, ages, the sums of workers, how much care a deed asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from clusterctl.model.errors import Changed, Moved, Outage, Refused
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.proposals import MANY, Change, Outcome, Weight
from clusterctl.units import format_age, format_cpus

PROGRAM = "clusterctl"
SUMS = 3  # workers whose sums are told where many things change
SIGNED_OFF = "stopped"  # why a worker is silent whose agent has said so
LOST_WORK = "its work so far is lost, unless it keeps it itself"


class Listed(TypedDict):
    """The changes of a proposal that are told, and how many are not."""

    changes: tuple[Change, ...]
    more: int


class Care(TypedDict):
    """How much care a deed asks for, and what has to be typed."""

    weight: Weight
    typed: str


class Commands(TypedDict):
    """The same deed, as words of a shell."""

    command: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]


def things(count: int, noun: str) -> str:
    """``1 job``, ``12,000 jobs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(changes: Sequence[Change], sums: Sequence[Change] = ()) -> Listed:
    """The first of them, MANY in all, with room kept for the *sums* of a few workers."""
    if not changes:
        return {"changes": (), "more": 0}
    told_sums = tuple(sums[: max(SUMS, MANY - len(changes))])
    told = tuple(changes[: MANY - len(told_sums)])
    return {"changes": (*told, *told_sums), "more": len(changes) + len(sums) - len(told) - len(told_sums)}


def care(weight: Weight, count: int, name: str) -> Care:
    """Of a deed upon so many things, or upon one of that *name*: what is severe asks for the number, or the name."""
    if count > MANY:
        weight = "severe"
    return {"weight": weight, "typed": "" if weight != "severe" else name if count == 1 else str(count)}


def typed_in(*argvs: Sequence[str]) -> Commands:
    """The words of one command, or of several."""
    commands = tuple((PROGRAM, *argv) for argv in argvs)
    return {"command": commands[0] if len(commands) == 1 else (), "commands": commands}


def fewer_reserved(workers: Iterable[WorkerPicture], freed: Mapping[str, float]) -> list[Change]:
    """The sums of those *workers* that get so many CPUs back from reservations: ``reserved 8`` → ``reserved 0``."""
    return [
        Change(
            subject=f"worker:{each.name}",
            before=f"reserved {cpus(each.cpus.reserved)}",
            after=f"reserved {cpus(max(0.0, each.cpus.reserved - freed[each.name]))}",
        )
        for each in workers
        if freed.get(each.name)
    ]


def cpus(count: float) -> str:
    """``8``, ``0.5``."""
    return format_cpus(round(count * 1000))


def heard(worker: WorkerPicture) -> str:
    """``w1 is silent, last heard 5m52s ago``; ``w1 has signed off, last heard 5m52s ago``."""
    state = "has signed off" if worker.live_reason == SIGNED_OFF else f"is {worker.live_state}"
    return f"{worker.name} {state}, last heard {format_age(worker.heartbeat_age_s)} ago"


def age_at(worker: WorkerPicture, moment: datetime) -> str:
    """How long ago *moment* was when the *worker* was seen, by the database's clock."""
    seen_at = worker.last_heartbeat_at + timedelta(seconds=worker.heartbeat_age_s)
    return format_age((seen_at - moment).total_seconds())


def outcome_of(subject: str, act: Callable[[], str], is_so: Callable[[], str]) -> Outcome:
    """What became of one subject: *act* does it and says so; *is_so* says whether others have done it meanwhile."""
    try:
        return Outcome(subject=subject, fate="done", sentence=act())
    except (Changed, Moved) as changed:
        if already := is_so():
            return Outcome(subject=subject, fate="unchanged", sentence=already)
        return Outcome(subject=subject, fate="changed", sentence=str(changed))
    except (Refused, Outage) as refused:
        return Outcome(subject=subject, fate="refused", sentence=str(refused))
