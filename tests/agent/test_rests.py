"""How long a replica rests after an end, and when it is given up."""

from __future__ import annotations

from agentd.supervisor.care import Care, Ends, rest_after


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
