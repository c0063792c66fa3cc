"""Two dozen histories full of accidents, in which every promise holds after every step."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.embedded_server import Servers
from tests.simulation.history import live_through

SEEDS = 24  # `make simulate` lives through 2,000
FEWEST_FAULTS = 10


@pytest.fixture(autouse=True)
def hushed() -> Iterator[None]:
    """Two daemons and five agents in trouble have much to say."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_whatever_happens_every_promise_holds(seed: int, servers: Servers) -> None:
    story = live_through(seed, servers)
    assert not story.broken, "\n".join([story.broken, *story.trace])
    assert story.faults.total() >= FEWEST_FAULTS
    assert story.jobs


def test_the_same_seed_is_the_same_history_and_another_is_another(servers: Servers) -> None:
    one, same, other = (live_through(seed, servers) for seed in (7, 7, 8))
    assert one.trace == same.trace
    assert one.digest == same.digest != other.digest
