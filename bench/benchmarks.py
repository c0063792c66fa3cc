"""What there is to measure, in which order, and about how long each takes on two cores."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple


class Bench(NamedTuple):
    """A module of this package with a ``measure``. Seconds are rough: they tell a person how long to wait."""

    name: str
    seconds: float
    quick_seconds: float
    apart: bool = False  # so long that it runs only when it is named

    def about(self, quick: bool) -> float:
        """Seconds that it may take."""
        return self.quick_seconds if quick else self.seconds

    @property
    def method(self) -> str:
        """The docstring of its module: what is measured, and how."""
        source = Path(__file__).with_name(f"{self.name}.py").read_text(encoding="utf-8")  # a list imports nothing
        return ast.get_docstring(ast.parse(source)) or ""

    @property
    def subject(self) -> str:
        """The first sentence of the method."""
        paragraph = " ".join(self.method.split("\n\n")[0].replace("``", "`").split())
        head, dot, _ = paragraph.partition(". ")
        return head + "." if dot else paragraph


# First what suffers most from what was before: servers that are removed leave thousands of deleted files behind.
BENCHES = (
    Bench("limits", 8, 3),
    Bench("throughput", 60, 10),
    Bench("side_by_side", 170, 20),
    Bench("latency", 65, 8),
    Bench("growth", 240, 30),
    Bench("fleet", 120, 40),
    Bench("working", 110, 25),
    Bench("command_line", 90, 20),
    Bench("submit_file", 60, 15),
    Bench("idle", 45, 25),
    Bench("placement", 100, 15),
    Bench("snapshot", 40, 10),
    Bench("rounds", 30, 8),
    Bench("explain", 30, 8),
    Bench("commit", 45, 8),
    Bench("console", 90, 20),
    Bench("console_ui", 120, 30),
    Bench("soak", 1500, 60, apart=True),
)
BY_NAME = {bench.name: bench for bench in BENCHES}
