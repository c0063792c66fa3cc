"""What silence means."""

from __future__ import annotations

import pytest

from clusterctl.model.liveness import Pulse, Standing, Verdict
from clusterctl.model.states import LiveState
from clusterctl.scheduling.liveness import is_crowd, judge

UP, SILENT, LOST = LiveState.UP, LiveState.SILENT, LiveState.LOST


def workers(*states: LiveState, stopped: int = 0) -> list[Pulse]:
    """Workers 1, 2, …; the last *stopped* of them have signed off."""
    return [
        Pulse(
            worker_id=number,
            name=f"w{number}",
            beat=10 * number,
            live_state=state,
            stopped=number > len(states) - stopped,
            holds=True,
        )
        for number, state in enumerate(states, 1)
    ]


def verdict(pulses: list[Pulse], silence: dict[int, float]) -> Verdict:
    return judge(pulses, silence, silent_after=15, lost_after=90)


def test_silence_comes_first_and_loss_much_later() -> None:
    pulses = workers(UP, SILENT, UP, UP, UP)
    assert verdict(pulses, {1: 14.9, 2: 89.9}) == Verdict(silent={}, overdue={})
    assert verdict(pulses, {1: 15.1, 2: 90.1}) == Verdict(silent={1: 10}, overdue={2: Standing(20, 90.1)})


def test_nothing_is_lost_of_a_worker_whose_row_still_says_that_it_is_up() -> None:
    assert verdict(workers(UP), {1: 1000.0}).overdue == {}


@pytest.mark.parametrize(
    "states, is_held",
    [
        ([SILENT], False),
        ([SILENT, SILENT, SILENT], False),
        ([SILENT, SILENT, UP, UP], False),
        ([SILENT, SILENT, SILENT, UP], True),
        ([SILENT] * 4, True),
        ([SILENT] * 3 + [LOST] * 9, False),
        ([SILENT] * 5 + [UP] * 5, False),
        ([SILENT] * 6 + [UP] * 5, True),
    ],
)
def test_more_than_half_of_four_or_more_silent_at_once_holds_loss_back(states: list[LiveState], is_held: bool) -> None:
    pulses = workers(*states)
    silence = {pulse.worker_id: 1000.0 for pulse in pulses if pulse.live_state is SILENT}
    found = verdict(pulses, silence)
    assert bool(found.withheld) == is_held
    assert bool(found.overdue) != is_held


def test_those_who_are_about_to_be_silent_count_too() -> None:
    pulses = workers(SILENT, UP, UP, UP)
    assert verdict(pulses, {1: 1000.0, 2: 20.0, 3: 20.0}).withheld == ("w1",)
    assert verdict(pulses, {1: 1000.0, 2: 20.0}).withheld == ()


def test_who_signed_off_says_nothing_about_the_network() -> None:
    assert not is_crowd(workers(UP, UP, SILENT, SILENT, SILENT, stopped=3))
    assert is_crowd(workers(UP, UP, SILENT, SILENT, SILENT, stopped=0))
