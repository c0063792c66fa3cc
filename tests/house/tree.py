"""The source tree as the laws see it: modules with their text and syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("clusterctl", "agentd", "schedd")
EVERYTHING = (*PRODUCT, "tests", "bench")


@dataclass(frozen=True)
class Module:
    """One Python file. ``path`` is relative to the root of the tree, with slashes."""

    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text, self.path)

    @property
    def words(self) -> list[str]:
        """Of its dotted name, without ``__init__``: ``a/b_c.py`` is ``["a", "b_c"]``."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return [part for part in parts if part != "__init__"]

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Where *node* is, as editors and terminals like it."""
        return f"{self.path}:{node.lineno}"


def modules(*folders: str, root: Path = ROOT) -> list[Module]:
    """Every module beneath *folders*, in order. A folder that does not exist has none."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return [Module(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def calls(module: Module, *names: str) -> Iterator[ast.Call]:
    """Calls of a function or method that bears one of *names*, whatever it belongs to."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.Call) -> str:
    """The last word of what is called: ``sleep`` for both ``sleep()`` and ``time.sleep()``; empty if nameless."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def fail_on(offences: Iterable[str], law: str) -> None:
    """Fail, naming the law and every offender, and no traceback: it would be the law's, not the offender's."""
    found = [f"  {offence}" for offence in offences]
    if found:
        pytest.fail("\n".join([law, *found]), pytrace=False)
