"""The docstring of a package is its law."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.house.tree import PRODUCT, Module, fail_on, modules


def lawless_packages(found: Iterable[Module]) -> Iterator[str]:
    """Folders of code without an ``__init__.py``, and packages whose docstring forbids nothing."""
    by_path = {module.path: module for module in found}
    for folder in sorted({PurePosixPath(path).parent for path in by_path}):
        package = by_path.get(f"{folder}/__init__.py")
        if package is None:
            yield f"{folder}: no __init__.py"
        elif "never" not in (ast.get_docstring(package.syntax) or "").lower():
            yield f"{package.path}: its docstring does not say what must never be here"


def test_every_package_says_what_belongs_in_it_and_what_never_does() -> None:
    fail_on(lawless_packages(modules(*PRODUCT)), "A package's docstring is its law:")


def test_packages_without_a_law_are_caught() -> None:
    silent = [
        Module("one/__init__.py", ""),
        Module("two/__init__.py", '"""Holds nouns."""'),
        Module("three/jobs.py", ""),
    ]
    assert len(list(lawless_packages(silent))) == 3


def test_a_package_with_a_law_passes() -> None:
    assert not list(lawless_packages([Module("one/__init__.py", '"""Nouns. Never a verb."""')]))
