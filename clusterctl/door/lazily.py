"""Packages of which a command imports only what it uses: PEP 562."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, parts: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of *package*: imports a part when one of its names is first asked for.

    *parts*: a module's name → the names that the package has from it, with spaces between.
    """
    where = {name: part for part, names in parts.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{where[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


class Later:
    """A module that is imported when something of it is first used: by whoever does what others only ask for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def later(package: str, modules: str) -> tuple[Any, ...]:
    """These *modules* of *package*, with spaces between, each as a Later."""
    return tuple(Later(f"{package}.{name}") for name in modules.split())
