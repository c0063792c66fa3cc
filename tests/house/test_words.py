"""What must not stand in the text: promises to do it later, silenced tools without a reason, sleeping tests."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.house.tree import EVERYTHING, ROOT, Module, calls, fail_on, modules

TEXTS = {".py", ".sql", ".tcss", ".toml", ".md", ".yml", ".yaml", ".sh", ""}
# Put together here, so that this file does not offend itself.
POSTPONED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
SILENCED = re.compile(
    r"#\s*(noqa|type:\s*ignore)(?P<codes>(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w, -]+\]))?(?P<reason>.*)"
)


def postponed(paths: Iterable[Path], root: Path) -> Iterator[str]:
    """Lines that put something off."""
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if POSTPONED.search(line):
                yield f"{path.relative_to(root)}:{number}: {line.strip()}"


def texts(root: Path) -> list[Path]:
    """Everything that people wrote: code, SQL, styles, configuration, documents."""
    inside = [path for folder in (*EVERYTHING, "docs", ".ci") for path in (root / folder).rglob("*")]
    written = [path for path in (*root.iterdir(), *inside) if path.suffix in TEXTS and path.is_file()]
    return sorted(path for path in written if "venv" not in path.parts)


def silenced_without_reason(found: Iterable[Module]) -> Iterator[str]:
    """Comments that silence ruff or mypy without naming the rule, or without saying why."""
    for module in found:
        for token in tokenize.generate_tokens(StringIO(module.text).readline):
            silence = SILENCED.search(token.string) if token.type == tokenize.COMMENT else None
            if silence and not (silence["codes"] and re.search(r"\w{2}", silence["reason"])):
                yield f"{module.path}:{token.start[0]}: {token.string}"


def sleeps(found: Iterable[Module]) -> Iterator[str]:
    """Calls of any ``sleep``, but for the pause between two looks within a function named ``until``."""
    for module in found:
        allowed = {
            call
            for function in ast.walk(module.syntax)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name == "until"
            for call in ast.walk(function)
        }
        for call in calls(module, "sleep"):
            if call not in allowed:
                yield module.at(call)


def test_nothing_is_put_off() -> None:
    fail_on(postponed(texts(ROOT), ROOT), "Do it, or open an issue:")


def test_whatever_is_silenced_has_a_reason_beside_it() -> None:
    fail_on(
        silenced_without_reason(modules(*EVERYTHING)), "Name the rule and the reason, `# noqa: S603  # argv is ours`:"
    )


def test_no_test_sleeps() -> None:
    fail_on(sleeps(modules("tests")), "Wait with until(predicate, timeout), or hand in a VirtualClock:")


def test_putting_off_is_caught_in_code_and_documents(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("All is well.\n" + "TO" + "DO: say more\n")
    (tmp_path / "Makefile").write_text("# " + "FIX" + "ME\n")
    assert len(list(postponed(texts(tmp_path), tmp_path))) == 2


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: S603", "# type: ignore", "# type: ignore[arg-type]"])
def test_silence_without_a_reason_is_caught(comment: str) -> None:
    assert list(silenced_without_reason([Module("quiet.py", f"x = 1  {comment}\n")]))


@pytest.mark.parametrize("comment", ["# noqa: S603, S607  # argv is ours", "# type: ignore[misc]  # no stubs"])
def test_silence_with_a_reason_passes(comment: str) -> None:
    assert not list(silenced_without_reason([Module("quiet.py", f"x = 1  {comment}\n")]))


@pytest.mark.parametrize("source", ["time.sleep(1)", "sleep(0.1)", "async def test_it():\n    await asyncio.sleep(0)"])
def test_sleeping_is_caught(source: str) -> None:
    assert list(sleeps([Module("tests/test_slow.py", source)]))


def test_until_may_pause_between_two_looks() -> None:
    assert not list(
        sleeps([Module("tests/patience.py", "def until(met):\n    while not met():\n        time.sleep(0.01)")])
    )
