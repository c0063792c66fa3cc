"""What can be asked for through the door, by name; and the fork in the way: through it, or here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

from clusterctl.cluster import Cluster
from clusterctl.door.client import Shut, Untold
from clusterctl.model.errors import NotTold

CHANGES = "operations."  # begins the names of what changes something
LOOK = "look whether it was, before you do it again"

P = ParamSpec("P")
R = TypeVar("R")
Served = Callable[Concatenate[Cluster, P], R]
SERVED: dict[str, Callable[..., Any]] = {}  # ``views.jobs.queue`` and so on, as they are done here


def served(function: Served[P, R]) -> Served[P, R]:
    """Offer *function* through the door. Its first parameter is the cluster; all else, and its answer, is data.

    Given a cluster with a door it is asked there, and where nobody is there who could do it, done here as ever. If it
    changes something, and may have done so there, ``Cluster.repeats`` tells it that.
    """
    name = f"{function.__module__.removeprefix('clusterctl.')}.{function.__name__}"
    SERVED[name] = function

    @functools.wraps(function)
    def through_the_door(cluster: Cluster, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if cluster.door is not None:
            try:
                answer: R = cluster.door.ask(name, named(function, args, kwargs), answer_type(function))
            except Shut as shut:
                cluster.leave_door(str(shut))
                if name.startswith(CHANGES):
                    if isinstance(shut, Untold):
                        raise NotTold(f"it may have been done, but {shut}", LOOK) from None
                    cluster.repeats = shut.asked
            else:
                return answer
        elif name.startswith(CHANGES):
            cluster.repeats = False
        return function(cluster, *args, **kwargs)

    return through_the_door


def named(function: Callable[..., Any], args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
    """The arguments of a call by their names, without the cluster. Raises TypeError as the call would."""
    arguments = dict(inspect.signature(function).bind(None, *args, **kwargs).arguments)
    del arguments[next(iter(arguments))]
    return arguments


def answer_type(function: Callable[..., Any]) -> Any:
    """What *function* returns, as its annotation says."""
    return get_type_hints(function, include_extras=True)["return"]
