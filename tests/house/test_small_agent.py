"""What forks jobs stays small: each job pays for what it imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.house.tree import Module, fail_on, modules

SMALL = ("agentd.warm", "agentd.supervisor", "agentd.journal")


def heavy_imports(found: Iterable[Module]) -> Iterator[str]:
    """Imports, wherever they stand, of anything but the standard library and the small ones themselves.

    ``agentd/__init__.py`` is held to the same: importing any of them runs it.
    """
    for module in found:
        if module.words == ["agentd"] or is_small(".".join(module.words)):
            for node in ast.walk(module.syntax):
                for name in imported(node):
                    if name.split(".")[0] not in sys.stdlib_module_names and not is_small(name):
                        yield f"{module.path}: {name}"


def is_small(name: str) -> bool:
    """Whether *name* is one of the small modules or lives within one."""
    return any(name == small or name.startswith(f"{small}.") for small in SMALL)


def imported(node: ast.AST) -> list[str]:
    """Full names of what *node* imports; relative imports keep their dots, and so are nobody's friends."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module="agentd", names=names, level=0):
            return [f"agentd.{alias.name}" for alias in names]
        case ast.ImportFrom(module=name, level=level):
            return ["." * level + (name or "")]
    return []


def test_the_small_ones_import_the_standard_library_and_each_other() -> None:
    found = modules("agentd")
    missing = set(SMALL) - {".".join(module.words) for module in found}
    assert not missing, f"this law guards modules that are gone: {missing}"
    fail_on(heavy_imports(found), "These live beside every job, and import nothing heavy:")


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec",
        "from clusterctl.model import states",
        "from agentd import loop",
        "from . import loop",
        "def later():\n    import psutil",
    ],
)
def test_a_heavy_import_is_caught(source: str) -> None:
    assert list(heavy_imports([Module("agentd/warm.py", source)]))
    assert not list(heavy_imports([Module("agentd/loop.py", source)]))


def test_the_standard_library_and_each_other_are_light() -> None:
    source = "import os, json\nfrom agentd import journal\nfrom agentd.supervisor import run"
    assert not list(heavy_imports([Module("agentd/warm.py", source)]))
