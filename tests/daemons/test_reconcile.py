"""The table: what Postgres says that a worker holds, what runs there, and what follows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agentd.reconcile import Difference, reconcile
from clusterctl.model.orders import Holding
from clusterctl.model.states import AllocationStatus, Outcome

MINE, DOUBTFUL, UNKNOWN = "mine", "doubtful", "unknown"


def holding(*, token: str | None = MINE, stop: Outcome | None = None) -> Holding:
    """Allocation 1; without a token it is only reserved."""
    status = AllocationStatus.ALLOCATED if token else AllocationStatus.RESERVED
    return Holding(allocation_id=1, job_id=10, status=status, start_token=token, stop=stop)


def differ(*held: Holding, runs: bool = False, ended: bool = False) -> Difference:
    """Allocation 1 runs here, or its end is on its way, or neither."""
    running = {1: held[0].start_token if held and held[0].start_token else MINE} if runs else {}
    return reconcile(held, running, lambda id, token: id == 1 and (runs or ended), {DOUBTFUL})


@pytest.mark.parametrize("runs, ended", [(True, False), (False, True)])
@pytest.mark.parametrize("token", [MINE, DOUBTFUL, UNKNOWN])
def test_what_runs_or_has_ended_here_is_as_it_should_be(token: str, runs: bool, ended: bool) -> None:
    assert differ(holding(token=token), runs=runs, ended=ended) == Difference()


def test_a_reservation_is_nobodys_concern_yet() -> None:
    assert differ(holding(token=None)) == Difference()


def test_what_is_asked_to_end_is_stopped_while_it_runs() -> None:
    asked = holding(stop=Outcome.CANCELLED)
    assert differ(asked, runs=True).stop == ((1, Outcome.CANCELLED),)
    assert differ(asked, ended=True) == Difference()


def test_a_start_whose_answer_was_lost_is_recalled() -> None:
    assert differ(holding(token=DOUBTFUL)) == Difference(recall=frozenset({DOUBTFUL}))


def test_a_start_that_nobody_here_knows_of_has_never_been() -> None:
    (end,) = differ(holding(token=UNKNOWN)).missing
    assert (end.allocation_id, end.start_token, end.outcome) == (1, UNKNOWN, Outcome.NEVER_STARTED)
    assert (end.exit_code, end.signal) == (None, None)


def test_what_never_was_and_should_end_ends_as_it_was_asked_to() -> None:
    (end,) = differ(holding(token=UNKNOWN, stop=Outcome.CANCELLED)).missing
    assert end.outcome is Outcome.CANCELLED


def test_what_runs_and_is_not_held_is_a_stranger() -> None:
    assert differ(runs=True) == Difference(strangers=(1,))
    assert differ(ended=True) == Difference()


def test_a_start_that_nobody_here_knows_of_and_that_lies_before_a_reboot_was_ended_by_it() -> None:
    (end,) = differ(replace(holding(token=UNKNOWN), rebooted=True)).missing
    assert (end.outcome, end.detail) == (Outcome.WORKER_REBOOTED, "the machine was started anew")


@pytest.mark.parametrize("ours", [holding(token=MINE), holding(token=None)])
def test_what_runs_under_another_token_is_a_stranger_though_its_number_is_held(ours: Holding) -> None:
    found = reconcile([ours], {1: UNKNOWN}, lambda id, token: token == UNKNOWN, {DOUBTFUL})
    assert found.strangers == (1,)
    assert [end.start_token for end in found.missing] == ([MINE] if ours.start_token else [])


def test_a_stop_is_for_the_attempt_that_it_names_and_not_for_a_stranger_of_its_number() -> None:
    asked = holding(stop=Outcome.CANCELLED)
    found = reconcile([asked], {1: UNKNOWN}, lambda id, token: token == UNKNOWN, {DOUBTFUL})
    assert (found.stop, found.strangers) == ((), (1,))


def test_many_are_told_apart() -> None:
    held = [
        Holding(allocation_id=id, job_id=id, status=AllocationStatus.ALLOCATED, start_token=token, stop=None)
        for id, token in [(1, MINE), (2, DOUBTFUL), (3, UNKNOWN), (4, DOUBTFUL)]
    ]
    found = reconcile(held, {1: MINE, 9: MINE}, lambda id, token: id in (1, 9), {DOUBTFUL})
    assert found.recall == {DOUBTFUL}
    assert [end.allocation_id for end in found.missing] == [3]
    assert found.strangers == (9,)
    assert found.stop == ()
