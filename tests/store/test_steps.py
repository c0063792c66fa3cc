"""The database allows the steps of ``clusterctl.model.states``, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import psycopg
import pytest

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


@pytest.fixture
def bare(scene: Scene) -> Iterator[Database]:
    """Jobs and allocations of which only the steps are watched: not whether they agree, nor the sums."""
    for table, laws in {
        "jobs": "DISABLE TRIGGER agree_with_allocations, DISABLE TRIGGER tell_dependents",
        "allocations": "DISABLE TRIGGER count_reserved, DISABLE TRIGGER count_steps",
    }.items():
        scene.db.script(f"ALTER TABLE {table} {laws}")
    worker, (job,) = scene.worker(), scene.jobs()
    scene.reserve(worker, [job])
    yield scene.db


def is_allowed(db: Database, prepare: str, step: str) -> bool:
    """Whether the database lets *step* through once *prepare* was forced upon it. Nothing of it stays."""
    try:
        with db.transaction():
            db.script(
                f"SET LOCAL session_replication_role = replica; {prepare}; SET LOCAL session_replication_role = origin"
            )
            db.script(step)
            db.script("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'CC999'; END $$")
    except psycopg.Error as error:
        assert error.sqlstate in {ILLEGAL_STEP, "CC999"}, error
        return error.sqlstate == "CC999"
    raise AssertionError("the transaction went through")


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


def test_what_becomes_of_a_job_follows_the_table(db: Database) -> None:
    cases = list(
        product(
            Outcome,
            (None, 0, 1),  # exit code
            (False, True),  # cancelling was asked for
            ((0, 0), (0, 1), (1, 1)),  # failures so far, retries granted
            (0, LOSS_BUDGET - 1, LOSS_BUDGET),  # losses so far
            ("requeue", "fail", "wait"),
        )
    )
    rows = db.rows(
        """
        SELECT state_after(outcome, code, cancelled, failures, retries, losses, on_worker_loss)
          FROM unnest(%s::text[], %s::int[], %s::bool[], %s::int[], %s::int[], %s::int[], %s::text[]) WITH ORDINALITY
               c(outcome, code, cancelled, failures, retries, losses, on_worker_loss, n) ORDER BY n
        """,
        [case[0] for case in cases],
        [case[1] for case in cases],
        [case[2] for case in cases],
        [case[3][0] for case in cases],
        [case[3][1] for case in cases],
        [case[4] for case in cases],
        [case[5] for case in cases],
    )
    for case, (state,) in zip(cases, rows, strict=True):
        assert state == expected(*case), case


def expected(
    outcome: Outcome, code: int | None, cancelled: bool, tries: tuple[int, int], losses: int, on_worker_loss: str
) -> JobState:
    """The rule in the words of ``clusterctl.model.states``."""
    if outcome is Outcome.EXITED and code == 0:
        return JobState.COMPLETED
    if cancelled or outcome is Outcome.CANCELLED:
        return JobState.CANCELLED
    if outcome is Outcome.TIME_LIMIT:
        return JobState.TIMEOUT
    if outcome in FREE_RETURNS:
        return JobState.PENDING
    if outcome in LOSSES:
        if on_worker_loss == "fail":
            return JobState.FAILED
        return JobState.PENDING if losses < LOSS_BUDGET else JobState.LOST
    failures, retries = tries
    return JobState.PENDING if failures < retries else JobState.FAILED
