"""When a worker takes itself for a black hole."""

from __future__ import annotations

import pytest

from agentd.mishaps import Mishaps
from agentd.running import Running
from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, order


class Day:
    """Mishaps, and a clock; ``running`` are the allocations that have become processes and run."""

    def __init__(self) -> None:
        self.mishaps = Mishaps()
        self.now = 1000.0
        self.running: dict[int, Running] = {}
        self.number = 0

    def begin(self, submission: int = 0, *, array: bool = False) -> int:
        """Order a job of *submission* (by default one of its own); its allocation."""
        self.number += 1
        job = order(self.number, "x", array=(submission, self.number) if array else None)
        self.mishaps.ordered(job, self.now)
        return self.number

    def end(self, number: int, outcome: Outcome, detail: str = "", exit_code: int | None = None) -> str:
        """Its end, and what is said then."""
        end = End(allocation_id=number, start_token=TOKEN, outcome=outcome, detail=detail, exit_code=exit_code)
        return self.mishaps.ended(end, self.now, self.running)

    def fail(self, after: float = 0.0, outcome: Outcome = Outcome.START_FAILED) -> str:
        """Another job that fails so long after its order."""
        number = self.begin()
        self.now += after
        return self.end(number, outcome, f"failure {number}")


def test_the_third_quick_failure_in_a_row_is_one_too_many() -> None:
    day = Day()
    assert [day.fail(), day.fail(outcome=Outcome.NEVER_STARTED)] == ["", ""]
    assert day.fail() == "3 different jobs in a row could not start here; the last: failure 3"


def test_it_then_counts_from_zero() -> None:
    day = Day()
    assert [bool(day.fail()) for _ in range(7)] == [False, False, True, False, False, True, False]


def test_a_job_that_runs_between_them_proves_the_worker_sound() -> None:
    day = Day()
    day.fail()
    day.fail()
    assert day.end(day.begin(), Outcome.EXITED) == ""
    assert [day.fail(), day.fail()] == ["", ""]


def test_a_job_that_began_between_them_and_still_runs_proves_it_too() -> None:
    day = Day()
    day.fail()
    day.now += 1
    number = day.begin()
    day.running[number] = Running(allocation_id=number, job_id=1, start_token=TOKEN, pid=77)
    assert [day.fail(), day.fail()] == ["", ""]


def test_a_job_that_has_run_since_before_proves_nothing() -> None:
    day = Day()
    number = day.begin()
    day.running[number] = Running(allocation_id=number, job_id=1, start_token=TOKEN, pid=77)
    day.now += 1
    assert [bool(day.fail()) for _ in range(3)] == [False, False, True]


def test_the_tasks_of_an_array_are_one_submission() -> None:
    day = Day()
    numbers = [day.begin(5000, array=True) for _ in range(10)]
    assert {day.end(number, Outcome.START_FAILED) for number in numbers} == {""}


def test_what_fails_after_a_while_was_no_start_that_failed() -> None:
    day = Day()
    assert [day.fail(after=11) for _ in range(4)] == [""] * 4


def test_failures_that_lie_far_apart_are_forgotten() -> None:
    day = Day()
    assert [day.fail(after=0) for _ in range(2)] == ["", ""]
    day.now += 601
    assert [bool(day.fail()) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.SUPERVISOR_LOST, Outcome.WORKER_STOPPED])
def test_an_end_that_says_nothing_about_starting_neither_counts_nor_clears(outcome: Outcome) -> None:
    day = Day()
    day.fail()
    day.fail()
    assert day.end(day.begin(), outcome) == ""
    assert day.fail()


def test_an_end_of_an_earlier_agents_attempt_is_nothing_to_us() -> None:
    day = Day()
    assert {day.end(number, Outcome.NEVER_STARTED) for number in range(900, 910)} == {""}


def test_commands_that_are_not_found_are_rather_typing_errors() -> None:
    day = Day()
    assert [day.end(day.begin(), Outcome.START_FAILED, exit_code=127) for _ in range(9)] == [""] * 9
    assert [bool(day.fail()) for _ in range(3)] == [False, False, True]
