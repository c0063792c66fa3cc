"""What can be asked for through the door, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
SERVED: dict[str, Callable[..., Any]] = {}  # ``views.jobs.queue`` and so on


def served(function: F) -> F:
    """Offer *function* through the door. Its first parameter is the cluster; all else, and its answer, is data."""
    SERVED[f"{function.__module__.removeprefix('clusterctl.')}.{function.__name__}"] = function
    return function
