"""Reports of several runs as one: some benchmarks are too long, or want a quieter hour, to run with the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Report = dict[str, Any]
PARTS = ("results", "noise", "taken", "failed")  # each by benchmark


class CannotJoin(ValueError):
    """Two reports that say nothing together, or what is none. The text is a sentence for people."""


def read(path: Path) -> Report:
    """A report that ``python -m bench`` has written."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotJoin(f"{path}: {error.strerror}") from None
    except ValueError:
        raise CannotJoin(f"{path} is no JSON") from None
    if not isinstance(report, dict) or not isinstance(report.get("results"), dict):
        raise CannotJoin(f"{path} is no report of `python -m bench`")
    return report


def join(reports: Sequence[Report]) -> Report:
    """One report. What was measured in several counts as it was measured last, whatever the order of the files.

    When a benchmark was measured is its own, not its report's. Raises CannotJoin if they are of different machines.
    """
    same("machine", reports)
    last = max(reports, key=lambda report: str(report.get("measured_at", "")))
    joined: Report = {**last, **{part: {} for part in PARTS}}
    joined["quick"] = any(report.get("quick") for report in reports)
    tried = [(report, name) for report in reports for name in (*report["results"], *report.get("failed", {}))]
    for report, name in sorted(tried, key=lambda one: str(taken(*one)["measured_at"])):
        for part in PARTS:  # what it gave before is not quoted, also if this time it failed
            joined[part].pop(name, None)
        if name in report["results"]:
            joined["results"][name] = report["results"][name]
            joined["noise"][name] = report.get("noise", {}).get(name, {})
            joined["taken"][name] = taken(report, name)
        else:
            joined["failed"][name] = report["failed"][name]
    return joined


def same(key: str, reports: Iterable[Report]) -> None:
    """All that know it agree on *key*."""
    known = [report[key] for report in reports if key in report]
    if any(each != known[0] for each in known):
        raise CannotJoin(f"these were not measured on one {key}: {known[0]}, and {known[-1]}")


def taken(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    """When and of which version a benchmark of *report* was measured."""
    whole = {"measured_at": report.get("measured_at"), "version": report.get("version"), "quick": report.get("quick")}
    return {**whole, **report.get("taken", {}).get(name, {})}
