"""Reports of several invocations are one report, and nothing is chosen by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.report.joining import CannotJoin, Report, join, read


def report(at: str, version: str = "1", *, quick: bool = False, machine: str = "a", **results: Any) -> Report:
    """What one invocation wrote."""
    return {
        "measured_at": at,
        "version": version,
        "quick": quick,
        "machine": machine,
        "results": results,
        "noise": {name: {"stolen_percent": 0} for name in results},
        "taken": {name: {"measured_at": at, "version": version, "quick": quick, "seconds": 3} for name in results},
        "failed": {},
    }


def test_each_benchmark_tells_when_and_of_what_it_was_measured() -> None:
    joined = join([report("2026-05-01", "1", latency={"p50": 1}), report("2026-05-02", "2", soak={"jobs": 2})])
    assert joined["results"] == {"latency": {"p50": 1}, "soak": {"jobs": 2}}
    assert {name: taken["version"] for name, taken in joined["taken"].items()} == {"latency": "1", "soak": "2"}
    assert joined["noise"] == {"latency": {"stolen_percent": 0}, "soak": {"stolen_percent": 0}}


@pytest.mark.parametrize("turn", [1, -1])
def test_what_was_measured_last_counts_whatever_the_order_of_the_files(turn: int) -> None:
    joined = join([report("2026-05-01", latency={"p50": 9}), report("2026-05-02", latency={"p50": 10})][::turn])
    assert joined["results"] == {"latency": {"p50": 10}}


def test_each_benchmark_counts_by_its_own_time_and_not_by_that_of_its_report() -> None:
    long = report("2026-05-01", latency={"p50": 9}, soak={"jobs": 1})
    long["taken"]["soak"]["measured_at"] = "2026-05-03"
    joined = join([long, report("2026-05-02", latency={"p50": 10}, soak={"jobs": 2})])
    assert joined["results"] == {"latency": {"p50": 10}, "soak": {"jobs": 1}}


def test_one_quick_run_makes_the_whole_quick() -> None:
    assert join([report("1", a={}), report("2", quick=True, b={})])["quick"]
    assert not join([report("1", a={}), report("2", b={})])["quick"]


def test_what_failed_once_and_was_measured_later_has_not_failed() -> None:
    failed = {**report("2026-05-01"), "failed": {"latency": "no compiler", "soak": "no room"}}
    assert join([failed, report("2026-05-02", latency={"p50": 1})])["failed"] == {"soak": "no room"}


def test_what_failed_last_has_failed() -> None:
    failed = {**report("2026-05-03"), "failed": {"latency": "no compiler"}}
    joined = join([failed, report("2026-05-02", latency={"p50": 1})])
    assert (joined["failed"], joined["results"]) == ({"latency": "no compiler"}, {})


def test_reports_of_two_machines_are_refused() -> None:
    with pytest.raises(CannotJoin, match="not measured on one machine"):
        join([report("1", machine="a", latency={}), report("2", machine="b", soak={})])


@pytest.mark.parametrize("text, why", [("{", "is no JSON"), ('{"a": 1}', "is no report"), ("[]", "is no report")])
def test_a_file_that_is_no_report_is_refused_with_its_name(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CannotJoin, match=f"a.json {why}"):
        read(path)


def test_a_report_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(report("1", latency={"p50": 1.5})), encoding="utf-8")
    assert read(path) == report("1", latency={"p50": 1.5})
