"""All that is served obeys the law of what is served: a cluster comes first, and all else is data."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec import inspect as shapes

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.door.served import SERVED
from clusterctl.model.pictures import JobPicture

# They hand on to what is: with a key, see operations.handing_in; as it was proposed, see operations.proposals.
NOT_SERVED = {"requeue", "submit", "submit_many", "propose", "carry_out"}
NO_DATA = (shapes.AnyType, shapes.CustomType, shapes.RawType, shapes.ExtType)


def offences(function: Callable[..., Any]) -> Iterator[str]:
    """What of a signature cannot go through the door."""
    hints = get_type_hints(function, include_extras=True)
    first, *others = inspect.signature(function).parameters.values()
    if hints.get(first.name) is not Cluster:
        yield "its first parameter is no cluster"
    if "return" not in hints:
        yield "nobody says what it answers"
    for parameter in others:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            yield f"{parameter.name} has no name of its own in a call"
    for name in (*(parameter.name for parameter in others), "return"):
        if name not in hints:
            yield f"{name} has no type"
        else:
            yield from (f"{name} has {each}, which is no data" for each in strangers(hints[name]))


def strangers(hint: Any) -> Iterator[str]:
    """The types within *hint* that msgspec cannot make again from JSON."""
    try:
        msgspec.json.Decoder(hint)
        shape = shapes.type_info(hint)
    except TypeError as error:
        yield str(error)
        return
    waiting, seen = [shape], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, NO_DATA):
            yield repr(each)
        if id(each) not in seen:
            seen.add(id(each))
            waiting.extend(parts_of(each))


def parts_of(shape: Any) -> Iterator[Any]:
    """The shapes directly within *shape*. What an object has under any name is JSON, whatever it is."""
    if isinstance(shape, shapes.DictType) and isinstance(shape.value_type, shapes.AnyType):
        return
    for field in getattr(shape, "__struct_fields__", ()):
        value = getattr(shape, field)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, shapes.Type):
                yield each
            elif isinstance(each, shapes.Field):
                yield each.type


ALL = [getattr(package, name) for package in (operations, views) for name in package.__all__]  # and so, all is known


@pytest.mark.parametrize("name", sorted(SERVED))
def test_what_is_served_is_a_function_from_data_to_data(name: str) -> None:
    assert list(offences(SERVED[name])) == []


def nothing_said(cluster: Cluster, x):  # type: ignore[no-untyped-def]  # that is its offence
    """Serves as an offender."""


def a_path(cluster: Cluster, path: Path) -> int:
    """Serves as an offender."""
    return len(str(path))


def anything(cluster: Cluster, *, x: list[Any]) -> None:
    """Serves as an offender."""


def a_callable(cluster: Cluster, each: Callable[[], int]) -> None:
    """Serves as an offender."""


def no_cluster(name: str) -> None:
    """Serves as an offender."""


def many(cluster: Cluster, *ids: int) -> None:
    """Serves as an offender."""


def an_iterator(cluster: Cluster) -> Iterator[int]:
    """Serves as an offender."""
    yield 1


@pytest.mark.parametrize("offender", [nothing_said, a_path, anything, a_callable, no_cluster, many, an_iterator])
def test_an_offender_is_caught(offender: Callable[..., Any]) -> None:
    assert list(offences(offender))


def a_good_one(cluster: Cluster, ids: Sequence[int], *, deep: bool = False) -> list[JobPicture]:
    """Serves as a good example."""
    return []


def test_a_good_one_is_let_through() -> None:
    assert list(offences(a_good_one)) == []


def test_what_is_no_part_of_a_package_is_none() -> None:
    with pytest.raises(AttributeError, match=r"module 'clusterctl.views' has no attribute 'nothing'"):
        _ = views.nothing  # type: ignore[attr-defined]  # that is the point


@pytest.mark.parametrize("package", [operations, views], ids=["operations", "views"])
def test_all_that_takes_a_cluster_is_served(package: Any) -> None:
    functions = {name: each for name in package.__all__ if inspect.isfunction(each := getattr(package, name))}
    firsts = {name: next(iter(inspect.signature(each).parameters), "") for name, each in functions.items()}
    takers = {name for name, first in firsts.items() if first == "cluster"}
    served = {name for name, each in functions.items() if getattr(each, "__wrapped__", None) in SERVED.values()}
    assert takers - served <= NOT_SERVED
    assert served <= takers
    assert served


def test_who_asks_at_the_door_imports_nothing_that_asks_postgres() -> None:
    asked = "check_schema, explain, job, queue, status, worker_list"
    code = f"import sys; from clusterctl.views import {asked}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith(("clusterctl.store.", "psycopg"))}
    assert loaded == {"clusterctl.store.connection"}
