"""The one table of states, held against itself."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TypeVar

import pytest

from clusterctl.model.states import (
    ALLOCATION_BIRTHS,
    ALLOCATION_STEPS,
    FREE_RETURNS,
    JOB_BIRTHS,
    JOB_STEPS,
    LIVE,
    LOSSES,
    TERMINAL,
    AllocationStatus,
    JobState,
)

J, A = JobState, AllocationStatus
State = TypeVar("State", bound=StrEnum)


def reachable(births: AbstractSet[State], steps: Mapping[State, AbstractSet[State]]) -> set[State]:
    """Every state that a life can pass through."""
    seen: set[State] = set()
    ahead = set(births)
    while ahead:
        state = ahead.pop()
        seen.add(state)
        ahead |= steps[state] - seen
    return seen


def test_every_state_has_its_row() -> None:
    assert set(JOB_STEPS) == set(J)
    assert set(ALLOCATION_STEPS) == set(A)


def test_every_state_can_be_reached() -> None:
    assert reachable(JOB_BIRTHS, JOB_STEPS) == set(J)
    assert reachable(ALLOCATION_BIRTHS, ALLOCATION_STEPS) == set(A)


def test_no_state_steps_to_itself() -> None:
    assert not any(state in steps for state, steps in JOB_STEPS.items())
    assert not any(state in steps for state, steps in ALLOCATION_STEPS.items())


def test_a_job_that_has_ended_never_moves_again() -> None:
    assert {J.COMPLETED, J.FAILED, J.TIMEOUT, J.CANCELLED, J.LOST} == TERMINAL
    assert not any(JOB_STEPS[state] for state in TERMINAL)


def test_a_job_is_either_live_or_has_ended() -> None:
    assert set(J) == LIVE | TERMINAL
    assert not LIVE & TERMINAL


@pytest.mark.parametrize("state", sorted(LIVE))
def test_every_live_job_can_be_cancelled(state: JobState) -> None:
    assert J.CANCELLED in JOB_STEPS[state]


def test_a_job_runs_only_once_it_was_scheduled() -> None:
    assert [state for state, steps in JOB_STEPS.items() if J.RUNNING in steps] == [J.SCHEDULED]


def test_only_a_running_job_ends_by_itself() -> None:
    for end in TERMINAL - {J.CANCELLED}:
        assert [state for state, steps in JOB_STEPS.items() if end in steps] == [J.RUNNING]


def test_an_allocation_is_reserved_before_it_is_allocated_and_released_for_good() -> None:
    assert {A.RESERVED} == ALLOCATION_BIRTHS
    assert {
        A.RESERVED: {A.ALLOCATED, A.RELEASED},
        A.ALLOCATED: {A.RELEASED},
        A.RELEASED: set(),
    } == ALLOCATION_STEPS


def test_no_return_is_both_free_and_a_loss() -> None:
    assert not LOSSES & FREE_RETURNS
