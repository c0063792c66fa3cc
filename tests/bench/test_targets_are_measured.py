"""The keys of every target are such as its benchmark, or what it is made of, can put into a result."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.benchmarks import BENCHES, BY_NAME
from bench.report.targets import TARGETS
from tests.house.tree import ROOT, fail_on

OURS = ("bench", "clusterctl", "agentd")


def source(module: str) -> Path | None:
    """The file of a module of ours."""
    path = ROOT / module.replace(".", "/")
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if found.exists() else None


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules of ours from which *tree* takes anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class Words(NamedTuple):
    """What may be a key: texts and names of fields as they are, and f-strings as patterns."""

    plain: frozenset[str]
    patterns: frozenset[str]


@cache
def words(module: str) -> Words:
    """All that *module* writes."""
    path = source(module)
    plain, patterns = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8") if path else "")):
        match node:
            case ast.Constant(value=str(text)):
                plain.add(text)
            case ast.JoinedStr(values=values):
                patterns.add("".join(re.escape(str(v.value)) if isinstance(v, ast.Constant) else ".+" for v in values))
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.keyword(arg=str(name)):
                plain.add(name)
    return Words(frozenset(plain), frozenset(patterns - {".+"}))


@cache
def made_of(bench: str) -> frozenset[str]:
    """A benchmark, and the modules of ours from which it and its like import."""
    seen, ahead = set[str](), [f"bench.{bench}"]
    while ahead:
        module = ahead.pop()
        path = source(module)
        if path is None or module in seen:
            continue
        seen.add(module)
        if module.startswith("bench."):  # what the product imports is no concern of a benchmark
            ahead += imported(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(seen)


def unknown(bench: str, keys: tuple[str, ...]) -> list[str]:
    """Those of *keys* that the benchmark cannot have written."""
    said = [words(module) for module in made_of(bench)]
    plain = frozenset[str]().union(*(each.plain for each in said))
    patterns = frozenset[str]().union(*(each.patterns for each in said))
    return [key for key in keys if key not in plain and not any(re.fullmatch(each, key) for each in patterns)]


def test_every_key_of_a_target_is_one_that_its_benchmark_writes() -> None:
    fail_on(
        (
            f"{target.what}: {' · '.join(keys)}: {key}?"
            for target in TARGETS
            for keys in (target.keys, target.noise, target.ahead)
            if keys
            for key in unknown(keys[0], keys[1:])
        ),
        "No benchmark writes these keys:",
    )


def test_a_key_that_nobody_writes_is_caught() -> None:
    assert unknown("throughput", ("of_spawn_limit", "of_spawn_limits")) == ["of_spawn_limits"]
    assert unknown("commit", ("batch_500", "reserve_us", "reserved_us")) == ["reserved_us"]


def test_every_target_belongs_to_a_benchmark() -> None:
    assert {target.keys[0] for target in TARGETS} <= set(BY_NAME)


def test_every_measure_is_a_benchmark_and_tells_its_method() -> None:
    measures = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if re.search(r"^def measure\(quick: bool\)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {bench.name for bench in BENCHES} == measures - PARTS
    assert all(bench.method and bench.subject.endswith(".") for bench in BENCHES)


PARTS = {"spawn_limit"}  # measured within another
