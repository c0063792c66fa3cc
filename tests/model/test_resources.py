"""Amounts add up, and compare only where every kind agrees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import WorkerPicture

kinds = st.integers(-3, 3)  # few values, so that equal ones meet
resources = st.builds(Resources, kinds, kinds, kinds)
NOTHING = Resources()


@given(resources, resources, resources)
def test_adding_is_commutative_and_associative(a: Resources, b: Resources, c: Resources) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(resources, resources)
def test_taking_away_undoes_adding(a: Resources, b: Resources) -> None:
    assert a + b - b == a
    assert a + NOTHING == a
    assert a - a == NOTHING


@given(resources, resources, resources)
def test_fitting_is_a_partial_order(a: Resources, b: Resources, c: Resources) -> None:
    assert a <= Resources(a.cpu_milli, a.memory_mb, a.gpus)
    assert (a <= b <= a) == (a == b)
    assert a <= c or not a <= b <= c


@given(resources, resources, resources)
def test_what_fits_still_fits_when_both_grow_alike(a: Resources, b: Resources, c: Resources) -> None:
    assert (a <= b) == (a + c <= b + c)
    assert (a <= b) == (b - a >= NOTHING)


@pytest.mark.parametrize("kind", ["cpu_milli", "memory_mb", "gpus"])
def test_too_little_of_one_kind_is_too_little(kind: str) -> None:
    assert not Resources(**{kind: 2}) <= Resources(5, 5, 5) - Resources(**{kind: 4})


def test_two_amounts_may_fit_neither_way() -> None:
    cpus, memory = Resources(cpu_milli=1000), Resources(memory_mb=1024)
    assert not cpus <= memory
    assert not memory <= cpus


def test_an_amount_can_be_a_key_and_cannot_be_changed() -> None:
    assert {Resources(1, 2, 3): "x"}[Resources(1, 2, 3)] == "x"
    with pytest.raises(AttributeError):
        Resources().cpu_milli = 1  # type: ignore[misc]  # that it is refused is what is tested


def test_a_worker_is_free_of_what_is_neither_reserved_nor_allocated() -> None:
    worker = WorkerPicture(
        id=1,
        name="a",
        capacity=Resources(8000, 1000, 2),
        reserved=Resources(1000, 100, 0),
        allocated=Resources(2000, 300, 1),
    )
    assert worker.free == Resources(5000, 600, 1)
