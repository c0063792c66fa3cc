"""How long a replica rests after an end, and when it is given up."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from agentd.journal import boottime
from agentd.supervisor.attempt import Attempt
from agentd.supervisor.care import Care, Ends, rest_after
from agentd.supervisor.replica import Replica


def test_rests_grow_and_are_never_longer_than_five_minutes() -> None:
    assert [rest_after(n, Care()) for n in (1, 2, 3, 9, 10, 100, 100_000)] == [1, 2, 4, 256, 300, 300, 300]


def test_rests_begin_anew_after_ten_good_minutes() -> None:
    ends = Ends(Care())
    for _ in range(4):
        ends.note(40, was_ready=True)
    assert (ends.rest_s, ends.loops) == (8, False)
    ends.note(599, was_ready=True)
    assert ends.rest_s == 16
    ends.note(600, was_ready=True)
    assert ends.rest_s == 1


def test_five_quick_ends_in_a_row_are_a_loop_and_one_that_was_not_quick_counts_from_zero() -> None:
    ends, loops = Ends(Care()), []
    for up, was_ready in [(1, True)] * 4 + [(31, True)] + [(29, True)] * 4 + [(400, False)]:
        ends.note(up, was_ready=was_ready)
        loops.append(ends.loops)
    ends.forgive()
    assert [*loops, ends.loops] == [False] * 9 + [True, False]


@pytest.mark.parametrize("lease, rest", [(200, 3600.0), (3600, 200.0)])
def test_in_a_rest_it_wakes_at_its_end_or_at_the_end_of_the_lease(
    attempt: Callable[..., Attempt], tmp_path: Path, lease: int, rest: float
) -> None:
    care = Care(first_rest=rest, longest_rest=rest)._asdict()
    resting = attempt(Replica, argv=["/nowhere"], lease_s=lease, care=care, service=True)
    before = boottime()
    resting.begin()
    assert (resting.spawned, resting.end) == (None, None), "it could not start, and rests"
    assert before < resting.moment() <= boottime() + 200
    (tmp_path / "synced").write_bytes(struct.pack("d", boottime() - lease - 1))
    assert resting.moment() < boottime()
    resting.look()
    assert resting.end is not None
    end = json.loads(resting.end)
    assert (end["outcome"], end["exit_code"]) == ("lease_expired", 127)
