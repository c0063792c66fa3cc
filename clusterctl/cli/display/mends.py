"""Findings and the plans of their mends, as they are shown."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from clusterctl.cli.display import colours, listing
from clusterctl.cli.display.ages import ago
from clusterctl.cli.display.listing import Form, Listing, form_of, is_for_people
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.findings import Finding, Mended
from clusterctl.text import visible
from clusterctl.wording import findings as wording

SGR = {"critical": "1;31", "warning": "33", "info": "2"}
LABEL = 10  # cells, before a sentence of the plan
COMMAND = "command"
LONGEST = 2000  # cells of a sentence


Words = tuple[str, str]  # a label, and a sentence


class Outcome(NamedTuple):
    """A finding, and what became of its mend; None if none was tried."""

    finding: Finding
    mended: Mended | None


def show_findings(findings: Sequence[Finding], form: Form | None, *, whole: bool, more: int = 0) -> None:
    """A paragraph for each where somebody reads it; else, and in the wide table, a line for each.

    Not *whole*: some could not be looked for. There are so many *more* that are not shown.
    """
    if not findings:
        listing.write(FINDINGS, [], form_of(form))
        sys.stdout.flush()
        sys.stderr.write(f"no findings{'' if whole else ' among what could be checked'}\n")
        return
    if not is_for_people(form) or form == "wide":
        listing.show(FINDINGS, findings, form, more=more)
        return
    for line in lines(findings, found_words, colours.wanted()):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    listing.tell_more(more)


def show_plan(findings: Sequence[Finding], form: Form | None, *, whole: bool) -> None:
    """What would change, why, and at what risk: on stdout for people, on stderr beside data."""
    stream = sys.stdout if is_for_people(form) else sys.stderr
    for line in lines(findings, plan_words, colours.wanted(stream)):
        stream.write(f"{line}\n")
    if not findings:
        sys.stderr.write(f"nothing to mend{'' if whole else ' among what could be checked'}\n")
    stream.flush()


def show_outcomes(findings: Sequence[Finding], outcomes: Sequence[Mended], form: Form | None) -> None:
    """What became of each: a sentence on stderr for people, the findings with their outcomes as data on stdout."""
    if not is_for_people(form):
        tried = [*outcomes, *[None] * (len(findings) - len(outcomes))]
        rows = [Outcome(*pair) for pair in zip(findings, tried, strict=True)]
        listing.write(OUTCOMES, rows, form_of(form))
        sys.stdout.flush()
        return
    for mended in outcomes:
        said = visible(f"{mended.code} {mended.subject}: {wording.FATES[mended.fate]}: {mended.sentence}", LONGEST)
        sys.stderr.write(f"{said}\n")


def lines(findings: Sequence[Finding], words: Callable[[Finding], Iterator[Words]], colour: bool) -> Iterator[str]:
    """A paragraph for each, in the *words* for it."""
    columns = shutil.get_terminal_size().columns
    for finding in findings:
        severity = colours.painted(finding.severity, SGR[finding.severity], colour)
        head = colours.painted(visible(f"{finding.code}  {finding.subject}", LONGEST), colours.BOLD, colour)
        yield f"{severity}  {head}"
        for label, text in words(finding):
            yield from sentence(label, text, columns)
        yield ""


def found_words(finding: Finding) -> Iterator[Words]:
    """What is wrong, and what to type."""
    yield "what", finding.sentence
    if finding.since is not None:
        yield "since", ago(finding.since)
    if finding.fix.available:
        yield COMMAND, finding.fix.command
    else:
        yield from by_hand(finding)


def plan_words(finding: Finding) -> Iterator[Words]:
    """What would be done, why and at what risk."""
    fix = finding.fix
    yield "why", finding.sentence
    if not fix.available:
        yield from by_hand(finding)
        return
    yield "change", fix.change
    yield "risk", fix.risk
    yield COMMAND, fix.command


def by_hand(finding: Finding) -> Iterator[Words]:
    """What only a person can do."""
    if told := wording.by_hand(finding):
        yield wording.BY_HAND, told
    if finding.fix.command:
        yield COMMAND, finding.fix.command


def sentence(label: str, text: str, columns: int) -> Iterator[str]:
    """A labelled sentence, in lines that fit."""
    text = visible(text, LONGEST)
    whole = label == COMMAND  # to be copied
    parts = [text] if whole else textwrap.wrap(text, max(20, columns - LABEL - 2), break_on_hyphens=False)
    for at, line in enumerate(parts or [""]):
        yield f"  {label if at == 0 else '':{LABEL}}{line}"


def plain_of(outcome: Outcome) -> dict[str, Any]:
    """A finding with its outcome, as data."""
    mended = outcome.mended
    told = None if mended is None else {"fate": mended.fate, "sentence": mended.sentence}
    return {**listing.plain_of(outcome.finding), "outcome": told}


def fix_of(finding: Finding) -> str:
    """What one would type."""
    return finding.fix.command or "-"


COLUMNS: list[Column[Finding]] = [
    Column("SEVERITY", lambda finding: Cell(finding.severity, SGR[finding.severity])),
    Column("CODE", lambda finding: finding.code, least=12),
    Column("SUBJECT", lambda finding: finding.subject, least=10),
    Column("SINCE", lambda finding: ago(finding.since), spare=True),
    Column("WHAT", lambda finding: finding.sentence, least=30),
    Column("FIX", fix_of, wide=True),
]
FIELDS = "severity code subject since sentence stuck fix.available fix.command"
FINDINGS: Listing[Finding] = Listing(
    "findings", COLUMNS, listing.plain_of, FIELDS, "subject", Finding, {"age": ("since", "")}
)
OUTCOMES: Listing[Outcome] = Listing(
    "findings", [], plain_of, f"{FIELDS} fix.change fix.risk outcome.fate outcome.sentence", "subject"
)
