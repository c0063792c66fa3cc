"""What a worker's agent has seen of its use, and how old that is."""

from __future__ import annotations

from agentd.gauge import Gauge
from agentd.sampler import Sampler
from clusterctl.clock import Bell, VirtualClock
from clusterctl.daemon import Agenda
from clusterctl.settings import Settings


def age(gauge: Gauge) -> float | None:
    """Of what is told now; None if nothing is."""
    return gauge.measures.age_s if gauge.measures else None


def test_what_was_seen_is_told_with_its_age_at_that_moment() -> None:
    clock, bell = VirtualClock(), Bell()
    gauge = Gauge(Settings(), Sampler(), Agenda(clock), clock)
    ages = [age(gauge)]
    gauge.look({})
    for seconds in (0.0, 7.5, 2.0):
        clock.wait(bell, seconds)
        ages.append(age(gauge))
    gauge.look({})
    assert [*ages, age(gauge)] == [None, 0.0, 7.5, 9.5, 0.0]
    bell.close()
