"""The database allows the steps of ``clusterctl.model.states``, and no others."""

# ruff: noqa: S608  # statements made by hand are the matter of this file

from __future__ import annotations

from itertools import product
from typing import NamedTuple, get_args

import psycopg
import pytest

from clusterctl.model.spec import OnWorkerLoss
from clusterctl.model.states import (
    ALLOCATION_BIRTHS,
    ALLOCATION_STEPS,
    FREE_RETURNS,
    JOB_BIRTHS,
    JOB_STEPS,
    LOSSES,
    TERMINAL,
    AllocationStatus,
    JobState,
    Outcome,
)
from clusterctl.store.connection import Database
from tests.store.refusal import ILLEGAL_STEP
from tests.store.scene import Scene

PLACED = {JobState.SCHEDULED, JobState.RUNNING}
LOSS_BUDGET = 5
KINDS = ("batch", "service")
ON_WORKER_LOSS = get_args(OnWorkerLoss)
UNDONE = "CC999"  # raised by the test itself, after the step


@pytest.fixture
def bare(scene: Scene) -> Database:
    """Jobs and allocations of which only the steps are watched: not whether they agree, nor the sums."""
    for table, laws in {
        "jobs": "DISABLE TRIGGER agree_with_allocations, DISABLE TRIGGER tell_dependents",
        "allocations": "DISABLE TRIGGER count_reserved, DISABLE TRIGGER count_steps",
    }.items():
        scene.db.script(f"ALTER TABLE {table} {laws}")
    worker, (job,) = scene.worker(), scene.jobs()
    scene.reserve(worker, [job])
    return scene.db


def is_allowed(db: Database, prepare: str, step: str) -> bool:
    """Whether the database lets *step* through once *prepare* was forced upon it. Nothing of it stays."""
    with pytest.raises(psycopg.Error) as caught, db.transaction():  # noqa: PT012  # all of it is one try
        db.script("SET LOCAL session_replication_role = replica")
        db.script(prepare)
        db.script("SET LOCAL session_replication_role = origin")
        db.script(step)
        db.script(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{UNDONE}'; END $$")
    assert caught.value.sqlstate in {ILLEGAL_STEP, UNDONE}, caught.value
    return caught.value.sqlstate == UNDONE


def job_in(state: JobState) -> str:
    """All columns of a job that depend on its state."""
    allocation = "1" if state in PLACED else "NULL"
    finished = "now()" if state in TERMINAL else "NULL"
    return f"state = '{state}', allocation_id = {allocation}, finished_at = {finished}"


def allocation_in(status: AllocationStatus) -> str:
    """All columns of an allocation that depend on its status."""
    started = "'00000000-0000-0000-0000-000000000000', incarnation = 1, allocated_at = now()"
    unstarted = "NULL, incarnation = NULL, allocated_at = NULL"
    released = (
        "now(), release_reason = 'exited'" if status is AllocationStatus.RELEASED else "NULL, release_reason = NULL"
    )
    token = started if status is AllocationStatus.ALLOCATED else unstarted
    return f"status = '{status}', start_token = {token}, released_at = {released}"


def test_a_job_takes_the_steps_of_the_table_and_no_others(bare: Database) -> None:
    allowed = {
        (old, new)
        for old, new in product(JobState, JobState)
        if is_allowed(bare, f"UPDATE jobs SET {job_in(old)}", f"UPDATE jobs SET {job_in(new)}")
    }
    staying = {(state, state) for state in JobState}
    assert allowed == staying | {(old, new) for old, steps in JOB_STEPS.items() for new in steps}


def test_an_allocation_takes_the_steps_of_the_table_and_no_others(bare: Database) -> None:
    allowed = {
        (old, new)
        for old, new in product(AllocationStatus, AllocationStatus)
        if is_allowed(
            bare,
            f"UPDATE allocations SET {allocation_in(old)}",
            f"UPDATE allocations SET {allocation_in(new)}"
            if old is AllocationStatus.RESERVED
            else f"UPDATE allocations SET status = '{new}', released_at = now(), release_reason = 'exited'"
            if new is AllocationStatus.RELEASED
            else f"UPDATE allocations SET status = '{new}'",
        )
    }
    staying = {(status, status) for status in ALLOCATION_STEPS if ALLOCATION_STEPS[status]}  # released rows are history
    assert allowed == staying | {(old, new) for old, steps in ALLOCATION_STEPS.items() for new in steps}


def test_a_job_is_born_in_the_states_of_the_table_and_no_others(bare: Database) -> None:
    born = {
        state
        for state in JobState
        if is_allowed(
            bare,
            "SELECT",
            "INSERT INTO jobs (id, submission_id, cpu_milli, state, allocation_id, finished_at) VALUES (99, 1, 1000, "
            f"'{state}', {'1' if state in PLACED else 'NULL'}, {'now()' if state in TERMINAL else 'NULL'})",
        )
    }
    assert born == JOB_BIRTHS


def test_an_allocation_is_born_in_the_states_of_the_table_and_no_others(bare: Database) -> None:
    copied = """
        INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by,
                                 grace_s, margin_s, start_token, incarnation, allocated_at, released_at, release_reason,
                                 status)
        SELECT job_id, 9, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by, grace_s, margin_s,
    """
    columns = {
        AllocationStatus.RESERVED: "NULL::uuid, NULL::bigint, NULL::timestamptz, NULL::timestamptz, NULL",
        AllocationStatus.ALLOCATED: "gen_random_uuid(), 1, now(), NULL, NULL",
        AllocationStatus.RELEASED: "NULL, NULL, NULL, now(), 'exited'",
    }
    kept = "UPDATE allocations SET status = 'released', released_at = now(), release_reason = 'exited'"
    born = {
        status
        for status in AllocationStatus
        if is_allowed(bare, kept, f"{copied} {columns[status]}, '{status}' FROM allocations")
    }
    assert born == ALLOCATION_BIRTHS


class Case(NamedTuple):
    """What state_after() looks at, in its order."""

    kind: str
    outcome: Outcome
    code: int | None
    cancelled: bool
    failures: int
    retries: int
    losses: int
    on_worker_loss: str


def test_what_becomes_of_a_job_follows_the_table(db: Database) -> None:
    cases = [
        Case(*case)
        for case in product(
            KINDS,
            Outcome,
            (None, 0, 1),
            (False, True),
            (0, 1),
            (0, 1),
            (0, LOSS_BUDGET - 1, LOSS_BUDGET),
            ON_WORKER_LOSS,
        )
    ]
    rows = db.rows(
        """
        SELECT state_after(kind, outcome, code, cancelled, failures, retries, losses, on_loss)
          FROM unnest(%s::text[], %s::text[], %s::int[], %s::bool[], %s::int[], %s::int[], %s::int[], %s::text[])
               WITH ORDINALITY c(kind, outcome, code, cancelled, failures, retries, losses, on_loss, n) ORDER BY n
        """,
        *(list(column) for column in zip(*cases, strict=True)),
    )
    assert [row[0] for row in rows] == [expected(case) for case in cases]


def expected(case: Case) -> JobState:
    """The rule in the words of ``clusterctl.model.states``."""
    if case.kind == "batch" and case.outcome is Outcome.EXITED and case.code == 0:
        return JobState.COMPLETED
    if case.cancelled or case.outcome is Outcome.CANCELLED:
        return JobState.CANCELLED
    if case.outcome is Outcome.HELD:
        return JobState.HELD
    if case.kind == "service" or case.outcome in FREE_RETURNS:
        return JobState.PENDING
    if case.outcome is Outcome.TIME_LIMIT:
        return JobState.TIMEOUT
    if case.outcome in LOSSES:
        if case.on_worker_loss == "fail":
            return JobState.FAILED
        return JobState.PENDING if case.losses < LOSS_BUDGET else JobState.LOST
    return JobState.PENDING if case.failures < case.retries else JobState.FAILED
