"""The tables of an explanation: the filters, the jobs in the way, and what has delayed the job."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeVar

from clusterctl.cli.display import colours, table
from clusterctl.cli.display.ages import now
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.candidates import Candidate
from clusterctl.model.explanation import Blocker, Delay, Explanation, ReplicaLine, Step, Stretch
from clusterctl.units import about_memory, format_age, format_cpus
from clusterctl.wording.candidates import told_parts
from clusterctl.wording.explanations import best_of, ending, names, rest
from clusterctl.wording.moments import stamp

MOST_STRETCHES = 20  # that a page shows
SHORTEST = 1.0  # seconds: rounds make many that are shorter, and none of them was a wait

T = TypeVar("T")


def show_tables(told: Explanation) -> None:
    """Print those that there are."""
    if told.steps or told.candidates:
        show(STEPS, (*told.steps, rest(told)))
    if told.best is not None and told.best.score is not None:
        show(CANDIDATES, best_of(told.candidate_table))
    show(BLOCKERS, told.blockers, more=told.more_blockers)
    show(REPLICAS, told.replicas)
    show(DELAYS, told.delays)
    show_history(told.history)


def show_history(told: Sequence[Stretch]) -> None:
    """The newest stretches, without those over in no time that nobody wanted: of these, how many there are."""
    long = [each for each in told if each.seconds >= SHORTEST or each.reason == "held"]
    show(STRETCHES, long[:MOST_STRETCHES], more=len(long) - MOST_STRETCHES)
    if short := len(told) - len(long):
        sys.stdout.write(f"… and {short:,} of less than a second\n")


def show(columns: Sequence[Column[T]], rows: Sequence[T], *, more: int = 0) -> None:
    """One of them, if it has rows; and how many *more* there are."""
    if rows:
        sys.stdout.write("\n")
        table.draw(columns, rows)
    if more > 0:
        sys.stdout.write(f"… and {more:,} more\n")


STEPS: list[Column[Step]] = [
    Column("FILTER", lambda step: Cell(step.filter, colours.BOLD if step.filter == "left" else None)),
    Column("WORKERS", lambda step: f"{step.removed:,}", right=True),
    Column("WHICH", names, least=5, spare=True),
    Column("BECAUSE", lambda step: step.sentence, least=16, wraps=True),
]
CANDIDATES: list[Column[Candidate]] = [
    Column("CANDIDATE", lambda each: each.worker, least=6),
    Column("SCORE", lambda each: f"{each.score:.4g}", right=True),
    Column("PARTS", lambda each: told_parts(each.parts), least=16),
]
BLOCKERS: list[Column[Blocker]] = [
    Column("JOB", lambda each: str(each.job_id), right=True),
    Column("WORKER", lambda each: each.worker or "-", least=6, spare=True),
    Column("CPUS", lambda each: format_cpus(round(each.cpus * 1000)) if each.cpus else "-", right=True, spare=True),
    Column("MEM", lambda each: about_memory(each.memory_mb) if each.memory_mb else "-", right=True, spare=True),
    Column("GPUS", lambda each: str(each.gpus) if each.gpus else "-", right=True, spare=True),
    Column("ENDS", lambda each: ending(each, now())),
    Column("BECAUSE", lambda each: each.basis, least=16, wraps=True),
]
REPLICAS: list[Column[ReplicaLine]] = [
    Column("REPLICA", lambda each: str(each.job_id), right=True),
    Column("STATE", lambda each: Cell(each.state, colours.STATES.get(each.state))),
    Column("WORKER", lambda each: each.worker or "-", least=6, spare=True),
    Column("REASON", lambda each: each.reason or "-", least=8, spare=True),
    Column("BECAUSE", lambda each: each.sentence, least=16, wraps=True),
]
DELAYS: list[Column[Delay]] = [
    Column("DELAYED BY", lambda each: each.reason),
    Column("FOR", lambda each: format_age(each.seconds), right=True),
    Column("SHARE", lambda each: f"{100 * each.share:.0f} %", right=True),
]
STRETCHES: list[Column[Stretch]] = [
    Column("FROM", lambda each: stamp(each.since), spare=True),
    Column("FOR", lambda each: format_age(each.seconds), right=True),
    Column("REASON", lambda each: each.reason, least=8),
    Column("BECAUSE", lambda each: each.sentence, least=16, wraps=True),
]
