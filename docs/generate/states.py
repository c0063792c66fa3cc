"""``states.md``: states and their legal steps, from the one table that the database is tested against."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from clusterctl.model.states import (
    ALLOCATION_BIRTHS,
    ALLOCATION_STEPS,
    JOB_BIRTHS,
    JOB_STEPS,
    TERMINAL,
    AdminState,
    AllocationStatus,
    JobState,
    LiveState,
)
from docs.generate.markdown import code, document, fence, table

State = TypeVar("State", bound=StrEnum)

JOBS = {
    JobState.HELD: "It was submitted with `--hold`, or somebody held it: it is not placed until it is released.",
    JobState.PENDING: "It waits for a worker, for other jobs, or for the end of a pause after a failure.",
    JobState.SCHEDULED: "A worker holds resources for it (`reserved`). There is no process yet.",
    JobState.RUNNING: "Its agent has won the start (`allocated`). Only now may there be a process.",
    JobState.COMPLETED: "Its last attempt exited with 0.",
    JobState.FAILED: "Its last attempt failed, and no retry was left.",
    JobState.TIMEOUT: "It ran longer than its time limit.",
    JobState.CANCELLED: "Somebody cancelled it, or what it waited for can never happen.",
    JobState.LOST: "Its workers were to blame too often: the loss budget is spent.",
}
ALLOCATIONS = {
    AllocationStatus.RESERVED: "Held for an attempt that has not started. Counts against the worker's capacity.",
    AllocationStatus.ALLOCATED: "Held by an attempt whose start was won, under a token that is written once.",
    AllocationStatus.RELEASED: "History: it holds nothing, and nothing about it changes any more.",
}
ADMIN = {
    AdminState.OPEN: "The operator lets it take new jobs.",
    AdminState.DRAINING: "What runs may end; nothing new is placed here.",
    AdminState.CLOSED: "Nothing is placed here.",
}
LIVE = {
    LiveState.UP: "Its agent syncs with Postgres.",
    LiveState.SILENT: "Unheard for `silent_after`, or signed off (reason `stopped`). It gets no new work.",
    LiveState.LOST: (
        "Silent beyond every fence, or confirmed dead. It holds nothing, and may start nothing before it registers "
        "again."
    ),
}
TESTED = """\
The steps stand in one table, `clusterctl/model/states.py`. Triggers in the database refuse every other step, whoever
writes; `tests/store/test_steps.py` tries all of them against the table."""
CANCELLING = """\
A running job that is cancelled stays `running`, with `cancel_requested_at` set, until all its processes are gone. If it
exits with 0 before that, it is `completed`."""


def page() -> str:
    """The page."""
    return document(
        "States",
        TESTED,
        "## Jobs",
        diagram(JOB_STEPS, JOB_BIRTHS, TERMINAL),
        table(("state", "meaning", "next"), steps(JOB_STEPS, JOBS)),
        CANCELLING,
        "## Allocations",
        diagram(ALLOCATION_STEPS, ALLOCATION_BIRTHS, {AllocationStatus.RELEASED}),
        table(("status", "meaning", "next"), steps(ALLOCATION_STEPS, ALLOCATIONS)),
        "## Workers",
        "A worker has two states: what the operator allows, and what the cluster has heard.",
        table(("admin state", "meaning"), [(code(state), ADMIN[state]) for state in AdminState]),
        table(("live state", "meaning"), [(code(state), LIVE[state]) for state in LiveState]),
    )


def steps(legal: Mapping[State, Collection[State]], meanings: Mapping[State, str]) -> Iterable[tuple[str, str, str]]:
    """A row for each state."""
    for state, following in legal.items():
        yield code(state), meanings[state], ", ".join(code(each) for each in ordered(legal, following)) or "(final)"


def diagram(legal: Mapping[State, Collection[State]], births: Collection[State], ends: Collection[State]) -> str:
    """A mermaid diagram of every legal step."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in ordered(legal, births)]
    lines += [f"    {state} --> {each}" for state in legal for each in ordered(legal, legal[state])]
    lines += [f"    {state} --> [*]" for state in ordered(legal, ends)]
    return fence(lines, "mermaid")


def ordered(legal: Mapping[State, Collection[State]], some: Collection[State]) -> list[State]:
    """*some* in the order of the table: sets have none."""
    return [state for state in legal if state in some]
