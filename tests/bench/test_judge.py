"""A verdict is pass, missed, noisy or not measured, by the rule that the page states."""

from __future__ import annotations

from typing import Any

import pytest

from bench.report.judge import judge
from bench.report.targets import TARGETS, Target

FASTER = Target("Jobs", "pace", ("some", "pace"), "/s", at_least=100.0, noise=("some", "others_percent"))
SOONER = Target("Jobs", "delay", ("some", "delay_ms"), "ms", at_most=100.0, noise=("some", "others_percent"))


def word(target: Target, value: float | None, *, others: float = 0.0, stolen: float = 0.0) -> str:
    """Of a run in which that was measured."""
    result = {"others_percent": others} | ({} if value is None else {target.keys[-1]: value})
    report: dict[str, Any] = {"results": {"some": result}, "noise": {"some": {"stolen_percent": stolen}}}
    (verdict,) = judge(report, [target])
    return verdict.word


@pytest.mark.parametrize("target, good, bad", [(FASTER, 100.0, 99.9), (SOONER, 100.0, 100.1)])
def test_a_bound_belongs_to_what_passes(target: Target, good: float, bad: float) -> None:
    assert (word(target, good), word(target, bad), word(target, None)) == ("pass", "missed", "not measured")


def test_more_than_a_peer_means_more() -> None:
    ahead = Target("Jobs", "pace beside a peer", ("some", "times"), "×", more_than=1.0)
    assert (word(ahead, 1.0), word(ahead, 1.01)) == ("missed", "pass")


@pytest.mark.parametrize("target, bad", [(FASTER, 80.0), (SOONER, 120.0)])
def test_little_noise_excuses_nothing(target: Target, bad: float) -> None:
    assert word(target, bad, others=30.0, stolen=10.0) == "missed"


@pytest.mark.parametrize("noise", [{"others": 31.0}, {"stolen": 20.0}])
@pytest.mark.parametrize("target, bad", [(FASTER, 80.0), (SOONER, 120.0)])
def test_much_noise_excuses_what_it_took(target: Target, bad: float, noise: dict[str, float]) -> None:
    assert word(target, bad, **noise) == "noisy"


def test_noise_takes_no_memory_and_is_no_excuse_for_a_ratio() -> None:
    memory = Target("Jobs", "memory", ("some", "rss_mb"), "MiB", at_most=100.0)
    ahead = Target("Jobs", "pace beside a peer", ("some", "times"), "×", more_than=1.0)
    assert (word(memory, 101.0, stolen=50.0), word(ahead, 0.9, stolen=50.0)) == ("missed", "missed")


@pytest.mark.parametrize("target, far", [(FASTER, 50.0), (SOONER, 200.0)])
def test_noise_excuses_no_more_than_it_took(target: Target, far: float) -> None:
    assert word(target, far, others=40.0) == "missed"


@pytest.mark.parametrize("target, good", [(FASTER, 100.0), (SOONER, 100.0)])
def test_what_is_reached_in_spite_of_noise_is_reached(target: Target, good: float) -> None:
    assert word(target, good, others=90.0, stolen=90.0) == "pass"


@pytest.mark.parametrize("value, narrow", [(109.0, True), (112.0, False), (99.0, False)])
def test_a_narrow_pass_is_known(value: float, narrow: bool) -> None:
    (verdict,) = judge({"results": {"some": {"pace": value}}}, [FASTER])
    assert verdict.narrow is narrow


def test_every_target_has_one_bound() -> None:
    for target in TARGETS:
        assert [target.at_least, target.at_most, target.more_than].count(None) == 2, target.what


def test_no_two_targets_are_called_the_same() -> None:
    names = [(target.topic, target.what) for target in TARGETS]
    assert len(set(names)) == len(names)
