"""A module fits on a few screens, a function on one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeAlias, TypeGuard

from tests.house.tree import EVERYTHING, Module, fail_on, modules

MODULE_LINES = 300
BODY_LINES = 40

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def long_modules(found: Iterable[Module]) -> Iterator[str]:
    """Modules of more than MODULE_LINES lines, blank ones and comments included."""
    for module in found:
        lines = len(module.text.splitlines())
        if lines > MODULE_LINES:
            yield f"{module.path}: {lines} lines"


def long_functions(found: Iterable[Module]) -> Iterator[str]:
    """Functions whose body has more than BODY_LINES lines."""
    for module in found:
        for function in outermost_functions(module.syntax):
            if (lines := body_lines(function)) > BODY_LINES:
                yield f"{module.at(function)}: {function.name} has {lines} lines"


def outermost_functions(node: ast.AST) -> Iterator[Function]:
    """Functions and methods, but none within another: those are lines of the one around them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child
        else:
            yield from outermost_functions(child)


def body_lines(function: Function) -> int:
    """From the first statement to the last; the signature and the docstring are free.

    A text of several lines counts as one: it is a statement of SQL, which the rule of one statement a function keeps
    in one piece, and which has its own layout.
    """
    told = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if told else function.body
    if not body:
        return 0
    texts = [node for part in body for node in ast.walk(part) if is_text(node)]
    folded = sum((text.end_lineno or text.lineno) - text.lineno for text in texts)
    return (function.end_lineno or 0) - body[0].lineno + 1 - folded


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    """A string literal."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_no_module_is_longer_than_300_lines() -> None:
    fail_on(long_modules(modules(*EVERYTHING)), f"A module has {MODULE_LINES} lines at most. Part it by what it knows:")


def test_no_function_body_is_longer_than_40_lines() -> None:
    fail_on(long_functions(modules(*EVERYTHING)), f"A body has {BODY_LINES} lines at most. Name its steps:")


def test_a_module_one_line_too_long_is_caught() -> None:
    assert not list(long_modules([Module("fits.py", "pass\n" * 300)]))
    assert list(long_modules([Module("long.py", "pass\n" * 301)])) == ["long.py: 301 lines"]


def test_a_body_one_line_too_long_is_caught_and_its_docstring_is_free() -> None:
    head = 'class Life:\n    def run(\n        self,\n    ):\n        """Told.\n\n        At length.\n        """\n'
    assert not list(long_functions([Module("fits.py", head + "        pass\n" * 40)]))
    assert list(long_functions([Module("long.py", head + "        pass\n" * 41)])) == ["long.py:2: run has 41 lines"]


def test_a_nested_function_counts_once_within_its_parent() -> None:
    source = "def outer():\n    def inner():\n" + "        pass\n" * 41
    assert list(long_functions([Module("nested.py", source)])) == ["nested.py:1: outer has 42 lines"]


def test_a_statement_of_sql_counts_as_one_line() -> None:
    source = 'def read():\n    return rows(\n        """\n' + "        SELECT 1\n" * 60 + '        """\n    )\n'
    assert not list(long_functions([Module("sql.py", source)]))
