"""Whether the files that the jobs have left say what they must."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from pathlib import Path

# Of 4√(1-x²) by the trapezoid rule with n steps, at x = 1: -4√2·ζ(-1/2)·n^(-3/2), and then terms of n^(-5/2).
# Source: Navot, "An extension of the Euler-Maclaurin summation formula to functions with a branch singularity" (1961).
FIRST_ERROR, SECOND_ERROR = 1.1759821, 0.05
ROUNDING = 1e-12
DIGITS = 1000


class Wrong(ValueError):
    """A file is missing, or says what it must not."""


def nothing(_: Path) -> str:
    """For jobs that are never to start."""
    return ""


def areas(directory: Path) -> str:
    """Each file of the sweep is as far from π as its number of steps allows, no more and no less."""
    rows = [tuple(map(float, line.split(","))) for path in sorted(directory.glob("area-*.csv")) for line in lines(path)]
    _check_areas(rows)
    return f"{len(rows)} areas, each as far from pi as theory says"


def table(directory: Path) -> str:
    """The table has what the files have."""
    with (directory / "areas.csv").open() as file:
        rows = [(float(row["steps"]), float(row["area"])) for row in csv.DictReader(file)]
    _check_areas(rows)
    return (
        f"{len(rows)} rows; the last one, by {rows[-1][0]:,.0f} trapezoids, is off by {abs(rows[-1][1] - math.pi):.0e}"
    )


def _check_areas(rows: Sequence[tuple[float, ...]]) -> None:
    demand(
        [steps for steps, _ in rows] == [4.0**power for power in range(12)], "steps are missing in the sweep's files"
    )
    for steps, area in rows:
        off = math.pi - area - FIRST_ERROR * steps**-1.5
        demand(abs(off) < SECOND_ERROR * steps**-2.5 + ROUNDING, f"the area by {steps:.0f} trapezoids is {area!r}")


def pi(directory: Path) -> str:
    """π, to the last digits of a float."""
    (text,) = lines(directory / "pi.txt")
    off = abs(float(text) - math.pi)
    demand(off < ROUNDING, f"pi is {text}")
    return f"pi = {float(text):.13f}, off by {off:.0e}"


def e(directory: Path) -> str:
    """A thousand digits of e, put together by two attempts."""
    demand((directory / "e.checkpoint").exists(), "there is no checkpoint")
    (text,) = lines(directory / "e.txt")
    with localcontext() as context:
        context.prec = DIGITS + 10
        known = str(Decimal(1).exp()).replace(".", "")[: DIGITS + 1]
    demand(text == known, f"e is {text[:20]}…")
    return f"e = {text[0]}.{text[1:13]}… to {DIGITS:,} digits"


def champion(directory: Path, blocks: range, size: int, *, longest: tuple[int, int]) -> str:
    """Every block was searched, and the best of their champions is the known one: its start, and its steps."""
    rows = [
        tuple(map(int, line.split(",")))
        for block in blocks
        for line in lines(directory / f"collatz-{block * size}.csv")
    ]
    demand([row[:2] for row in rows] == [(at * size, (at + 1) * size) for at in blocks], "blocks are missing")
    found = max((row[2:] for row in rows), key=lambda pair: pair[1])
    demand(found == longest, f"the longest chain is {found}, and should be {longest}")
    return f"the longest chain below {blocks.stop * size:,} starts at {found[0]:,}: {found[1]} steps"


def lines(path: Path) -> list[str]:
    """The lines of a file. Raises Wrong if there is none."""
    try:
        return path.read_text().splitlines()
    except OSError as error:
        raise Wrong(f"{path.name} is missing") from error


def demand(holds: bool, otherwise: str) -> None:
    """Wrong, unless it holds."""
    if not holds:
        raise Wrong(otherwise)
