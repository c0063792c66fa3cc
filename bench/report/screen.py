"""The table of targets on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.judge import Verdict, judge
from bench.report.page import beside, summary, title
from bench.report.words import bound, number, with_unit

STYLES = {"pass": "green", "missed": "bold red", "noisy": "yellow", "not measured": "dim"}
MEASURED_ALONE = 110  # columns, where nobody says how wide the screen is


def console() -> Console:
    """Of stderr: stdout is data."""
    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else MEASURED_ALONE)


def show(to: Console, report: Mapping[str, object], *, whole: bool) -> None:
    """How each target fared: all of them if it was meant to be the *whole*, else those of what was measured."""
    verdicts = list(judge(report))
    told = [verdict for verdict in verdicts if whole or verdict.measured is not None]
    if told:
        to.print(drawn(told))
    to.print(Text(plain(summary(told))))
    if report.get("quick"):
        to.print(Text("Some were quick runs, smaller than these lines say, and not to be quoted."))
    if len(told) < len(verdicts):
        to.print(Text(f"{len(verdicts) - len(told)} more belong to benchmarks that were not asked for."))
    for name, why in absent(report).items():
        to.print(Text(f"{title(name)}: {why}"))


def drawn(verdicts: Sequence[Verdict]) -> Table:
    """A row a target; a line of its own for each topic."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("target", overflow="fold", ratio=3)
    for name in ("wanted", "measured"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("beside peers", overflow="fold", ratio=2)
    topic = ""
    for verdict in verdicts:
        target = verdict.target
        if target.topic != topic:
            topic = target.topic
            table.add_row(Text(topic, "bold"))
        measured = with_unit(verdict.measured, target.unit)
        word = Text(verdict.word, STYLES[verdict.word])
        table.add_row(Text(f"  {plain(target.what)}"), bound(target), measured, word, Text(plain(beside(verdict))))
    return table


def absent(report: Mapping[str, object]) -> dict[str, str]:
    """Why a peer or a benchmark has no value."""
    results, failed = report.get("results"), report.get("failed")
    beside_us = results.get("side_by_side") if isinstance(results, Mapping) else None
    away = beside_us.get("not_here") if isinstance(beside_us, Mapping) else None
    return {
        str(name): number(why) for found in (away, failed) if isinstance(found, Mapping) for name, why in found.items()
    }


def plain(markdown: str) -> str:
    """Without the marks that a page needs."""
    return markdown.replace("`", "")
