"""``findings.md``: everything that the doctor looks for, from the checks themselves."""

from __future__ import annotations

from clusterctl.doctor.check import Check
from clusterctl.doctor.registry import CHECKS
from docs.generate.markdown import code, document, table

INTRODUCTION = """\
What `clusterctl doctor` looks for, in this order. *Stuck*: `--fix-stuck` mends it, and so does `--fix`; the others only
`--fix`. A finding may be more or less severe than its kind. How to use it:
[Find out what is wrong, and mend it](../howto/mend-a-cluster.md)."""
BY_HAND = "Left to a person; the finding says what helps."


def page() -> str:
    """The page."""
    rows = [
        (code(check.code), check.severity, "stuck" if check.is_stuck else "", needs(check), check.meaning, cure(check))
        for check in CHECKS
    ]
    return document("Findings", INTRODUCTION, table(("code", "severity", "", "needs", "meaning", "mend"), rows))


def cure(check: Check) -> str:
    """What its mend does."""
    return check.cure or BY_HAND


def needs(check: Check) -> str:
    """Of whom it asks."""
    return ", ".join(check.needs)
