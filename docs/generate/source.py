"""The product's own source, for pages that are read out of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("clusterctl", "schedd", "agentd")


def syntax_of(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module beneath *folders* of the tree: its path with slashes, and its syntax."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
