"""What has delayed a job: each moment of its waiting has one reason, and nothing is guessed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.past import Deed, Life, Past, Refusal, Try
from clusterctl.scheduling.explanation.history import STILL_SAID, stretches, sums

LIFE = Life(
    at=1000.0,
    kind="batch",
    state="pending",
    submitted_at=100.0,
    finished_at=None,
    unmet=False,
    parents=[],
    met_at=None,
    log_from=0.0,
)


def lived(**facts: Any) -> Life:
    return replace(LIFE, **facts)


def refusal(since: float, until: float | None, reason: str = "fits_now", said: float | None = None) -> Refusal:
    last = said if said is not None else until if until is not None else LIFE.at
    return Refusal(at=since, last_at=last, closed_at=until, reason=reason, text=f"because of {reason}")


def attempt(number: int, reserved: float, started: float | None, ended: float | None, **facts: Any) -> Try:
    return Try(
        **{
            "attempt": number,
            "worker": "w1",
            "reserved_at": reserved,
            "allocated_at": started,
            "released_at": ended,
            "release_reason": None if ended is None else "exited",
            "exit_code": None if ended is None else 1,
            "signal": None,
            "detail": "",
            "retry_at": None,
            **facts,
        }
    )


def by(verb: Any, at: float, actor: str = "ada", reason: str = "") -> Deed:
    return Deed(at=at, verb=verb, actor=actor, reason=reason)


def told(*refusals: Refusal, life: Life = LIFE, **facts: Any) -> list[tuple[str, float, float]]:
    """Reasons with their spans, oldest first."""
    found = stretches(Past(life=life, refusals=refusals, **facts))
    return [(each.reason, each.since.timestamp(), each.until.timestamp()) for each in reversed(found)]


def test_what_was_said_to_its_shape_counts_from_when_it_was_submitted() -> None:
    assert told(refusal(50, 300), refusal(300, None, "label")) == [("fits_now", 100, 300), ("label", 300, 1000)]


def test_the_newest_comes_first_and_tells_how_long_and_why() -> None:
    (newest, _) = stretches(Past(life=LIFE, refusals=(refusal(100, 900), refusal(900, None, "label"))))
    assert (newest.reason, newest.seconds, newest.sentence) == ("label", 100.0, "because of label")


def test_the_same_said_again_is_one_stretch() -> None:
    assert told(refusal(100, 500), refusal(500, None)) == [("fits_now", 100, 1000)]


def test_a_hold_hides_what_the_rounds_said() -> None:
    found = told(refusal(100, None), deeds=(by("hold", 200), by("release", 300)))
    assert found == [("fits_now", 100, 200), ("held", 200, 300), ("fits_now", 300, 1000)]


def test_what_was_released_before_anybody_held_it_was_submitted_so() -> None:
    past = Past(life=LIFE, deeds=(by("release", 400), by("hold", 600, "bob", "wait"), by("hold", 700)))
    held = [
        (each.since.timestamp(), each.until.timestamp(), each.sentence)
        for each in stretches(past)
        if each.reason == "held"
    ]
    assert held == [(600.0, 1000.0, "held by bob: wait"), (100.0, 400.0, "held since it was submitted")]


def test_a_job_that_is_held_and_of_which_nobody_is_known_to_have_done_it_was_submitted_so() -> None:
    assert told(life=lived(state="held")) == [("held", 100, 1000)]


def test_jobs_that_come_first_count_until_the_last_of_them_has_ended() -> None:
    assert told(refusal(50, None), life=lived(parents=[7], met_at=400.0)) == [
        ("dependency", 100, 400),
        ("fits_now", 400, 1000),
    ]
    assert told(refusal(50, None), life=lived(parents=[7], unmet=True)) == [("dependency", 100, 1000)]


def test_an_attempt_that_came_to_nothing_is_a_delay_and_so_is_its_rest() -> None:
    tries = (attempt(1, 110, 120, 200, retry_at=250.0), attempt(2, 300, 310, None))
    assert told(refusal(100, 110), refusal(200, 300), tries=tries) == [
        ("fits_now", 100, 110),
        ("scheduled", 110, 120),
        ("exited", 120, 200),
        ("not_before", 200, 250),
        ("fits_now", 250, 300),
        ("scheduled", 300, 310),
    ]


def test_the_attempt_that_ended_the_job_was_no_delay() -> None:
    life = lived(state="failed", finished_at=200.0)
    assert told(refusal(100, 110), tries=(attempt(1, 110, 110, 200),), life=life) == [("fits_now", 100, 110)]


def test_what_is_cancelled_while_it_waits_again_has_waited_until_then() -> None:
    life = lived(state="cancelled", finished_at=500.0)
    found = told(refusal(100, 110), refusal(200, None), tries=(attempt(1, 110, 110, 200),), life=life)
    assert found == [("fits_now", 100, 110), ("exited", 110, 200), ("fits_now", 200, 500)]


def test_a_replica_that_ran_has_served_and_was_not_delayed() -> None:
    tries = (attempt(1, 110, 110, 800, release_reason="worker_lost"),)
    assert told(refusal(100, 110), refusal(800, None), tries=tries, life=lived(kind="service")) == [
        ("fits_now", 100, 110),
        ("fits_now", 800, 1000),
    ]


def test_where_the_log_begins_later_nothing_is_guessed() -> None:
    assert told(refusal(500, None), life=lived(log_from=400.0)) == [
        ("not_known", 100, 400),
        ("not_looked_at", 400, 500),
        ("fits_now", 500, 1000),
    ]


def test_a_no_that_nobody_repeats_is_not_believed_for_long() -> None:
    """As while no schedd decides: it would have been said again."""
    found = told(refusal(100, 900, said=200), refusal(900, None, "label"))
    assert found == [
        ("fits_now", 100, 200 + STILL_SAID),
        ("not_looked_at", 200 + STILL_SAID, 900),
        ("label", 900, 1000),
    ]
    assert told(refusal(100, None, said=200))[-1] == ("not_looked_at", 200 + STILL_SAID, 1000)


def test_attempts_that_are_forgotten_are_said_to_be() -> None:
    past = Past(life=LIFE, refusals=(refusal(100, None),), tries=(attempt(3, 600, 610, None),))
    *_, first = stretches(past)
    assert (first.reason, first.sentence) == ("not_known", "its first 2 attempts are forgotten")


def test_the_sums_have_the_longest_first_and_are_all_of_it() -> None:
    found = sums(
        stretches(
            Past(life=LIFE, refusals=(refusal(100, 200, "label"), refusal(200, 900), refusal(900, None, "label")))
        )
    )
    assert [(each.reason, each.seconds) for each in found] == [("fits_now", 700), ("label", 200)]
    assert sum(each.share for each in found) == 1.0
    assert sums(()) == ()


moments = st.integers(0, 1200).map(float)


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """Any past, told by clocks that may disagree."""
    times = sorted(draw(st.lists(moments.filter(lambda at: at >= 100), max_size=9)))
    tries = tuple(
        attempt(number, *triple, retry_at=draw(st.none() | moments))
        for number, triple in enumerate(
            zip(times[::3], times[1::3], times[2::3], strict=False), draw(st.integers(1, 2))
        )
    )
    said = draw(st.lists(st.tuples(moments, st.none() | moments, moments, st.sampled_from("ab")), max_size=5))
    deeds = draw(st.lists(st.tuples(st.sampled_from(["hold", "release"]), moments), max_size=5))
    life = lived(
        kind=draw(st.sampled_from(["batch", "service"])),
        state=draw(st.sampled_from(["pending", "held"])),
        parents=draw(st.sampled_from([[], [7]])),
        met_at=draw(st.none() | moments),
        log_from=draw(st.none() | moments),
        at=1200.0,
    )
    refusals = tuple(
        Refusal(at=at, last_at=last, closed_at=closed, reason=reason, text="") for at, closed, last, reason in said
    )
    return Past(
        life=life,
        tries=tries,
        refusals=tuple(sorted(refusals, key=lambda each: each.at)),
        deeds=tuple(by(verb, at) for verb, at in sorted(deeds, key=lambda each: each[1])),
    )


@given(pasts())
def test_whatever_is_known_each_moment_of_waiting_has_one_reason(past: Past) -> None:
    found = stretches(past)
    spans = [(each.since.timestamp(), each.until.timestamp()) for each in reversed(found)]
    assert all(since < until for since, until in spans)
    assert all(until <= since for (_, until), (since, _) in pairwise(spans))
    ran = [(each.allocated_at, each.released_at) for each in past.tries] if past.life.kind == "service" else []
    served = sum((until or 0.0) - (since or 0.0) for since, until in ran)
    assert sum(each.seconds for each in found) == past.life.at - past.life.submitted_at - served
